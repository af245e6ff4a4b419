// Building networks from recipes. See arch.h.
#include "trainer/arch.h"
#include "common/err.h"

// Appends layers to a network's end; remembers the first failure, so that calls need no check each.
struct builder {
    struct net *n;
    const struct recipe *r;
    int rc;
    struct err *e;
};

static int put(struct builder *b, struct layer l)
{
    if (b->rc) {
        return 0;
    }
    if (l.in[0] == 0 && l.in[1] == 0) { // not said: the layer before
        l.in[0] = b->n->layers - 1;
        l.in[1] = -1;
    }
    int at = net_add(b->n, l, b->e);
    b->rc = at < 0 ? at : OK;
    return at < 0 ? 0 : at;
}

static int last(const struct builder *b)
{
    return b->n->layers - 1;
}

static int scaled(const struct builder *b, int filters)
{
    int f = (int)((double)filters * b->r->width + 0.5);
    return f < 4 ? 4 : f; // a multiple of four serves devices' kernels best
}

static void norm(struct builder *b, enum act act)
{
    put(b, (struct layer){.kind = LAYER_NORM, .act = act});
}

// Convolution, with normalisation where the recipe wants it.
static void conv(struct builder *b, int filters, int kh, int kw, int stride_h, int stride_w,
                 enum act act)
{
    bool with_norm = b->r->norm;
    put(b, (struct layer){.kind = LAYER_CONV,
                          .units = filters,
                          .kh = kh,
                          .kw = kw,
                          .sh = stride_h,
                          .sw = stride_w,
                          .same = true,
                          .bias = !with_norm,
                          .act = with_norm ? ACT_NONE : act});
    if (with_norm) {
        norm(b, act);
    }
}

static void depthwise(struct builder *b, int kh, int kw, int stride, enum act act)
{
    bool with_norm = b->r->norm;
    put(b, (struct layer){.kind = LAYER_DWCONV,
                          .kh = kh,
                          .kw = kw,
                          .sh = stride,
                          .sw = stride,
                          .same = true,
                          .bias = !with_norm,
                          .act = with_norm ? ACT_NONE : act});
    if (with_norm) {
        norm(b, act);
    }
}

static void head(struct builder *b, int outputs)
{
    if (b->r->dropout > 0) {
        put(b, (struct layer){.kind = LAYER_DROPOUT, .rate = (float)b->r->dropout});
    }
    put(b, (struct layer){.kind = LAYER_DENSE, .units = outputs, .bias = true});
}

static void hidden_layers(struct builder *b, bool with_dropout)
{
    int64_t units[RECIPE_LIST];
    size_t n = 0;
    if (b->rc == OK) {
        b->rc = recipe_numbers(b->r->hidden, 1, 65536, units, RECIPE_LIST, &n, b->e);
    }
    for (size_t i = 0; i < n; i++) {
        put(b, (struct layer){
                   .kind = LAYER_DENSE, .units = (int)units[i], .bias = true, .act = ACT_RELU});
        if (with_dropout && b->r->dropout > 0 && i + 1 < n) {
            put(b, (struct layer){.kind = LAYER_DROPOUT, .rate = (float)b->r->dropout});
        }
    }
}

static void build_mlp(struct builder *b, int outputs)
{
    hidden_layers(b, true);
    head(b, outputs);
}

// Mirrored dense layers; the outputs are the features again.
static void build_autoencoder(struct builder *b, int outputs)
{
    hidden_layers(b, false);
    head(b, outputs);
}

static void build_cnn(struct builder *b, int outputs, bool two_dimensions)
{
    int64_t filters[RECIPE_LIST];
    size_t n = 0;
    b->rc = recipe_numbers(b->r->filters, 1, 4096, filters, RECIPE_LIST, &n, b->e);
    int k = (int)b->r->kernel, pool = (int)b->r->pool;
    for (size_t i = 0; i < n; i++) {
        conv(b, scaled(b, (int)filters[i]), two_dimensions ? k : 1, k, 1, 1, ACT_RELU);
        struct shape s = net_output(b->n);
        int ph = two_dimensions && s.h >= pool ? pool : 1, pw = s.w >= pool ? pool : 1;
        if (pool > 1 && i + 1 < n) {
            put(b, (struct layer){.kind = LAYER_MAXPOOL, .kh = ph, .kw = pw, .sh = ph, .sw = pw});
        }
    }
    put(b, (struct layer){.kind = LAYER_AVGPOOL});
    head(b, outputs);
}

// Hello Edge's DS-CNN: one full convolution of 10 x 4, then depthwise separable blocks.
static void build_dscnn(struct builder *b, int outputs)
{
    int f = scaled(b, 64);
    struct shape in = net_output(b->n);
    conv(b, f, in.h < 10 ? in.h : 10, in.w < 4 ? in.w : 4, 2, in.w > 16 ? 2 : 1, ACT_RELU);
    for (int64_t i = 0; i < b->r->blocks; i++) {
        depthwise(b, 3, 3, 1, ACT_RELU);
        conv(b, f, 1, 1, 1, 1, ACT_RELU);
    }
    put(b, (struct layer){.kind = LAYER_AVGPOOL});
    head(b, outputs);
}

static void build_mobilenet1(struct builder *b, int outputs)
{
    static const struct {
        int filters, stride;
    } block[] = {{64, 1}, {128, 2}, {128, 1}, {256, 2}, {256, 1}, {512, 2}, {512, 1},
                 {512, 1}, {512, 1}, {512, 1}, {512, 1}, {1024, 2}, {1024, 1}};
    struct shape in = net_output(b->n);
    int first = in.h >= 64 ? 2 : 1; // small pictures keep their size at the start
    conv(b, scaled(b, 32), 3, 3, first, first, ACT_RELU);
    for (size_t i = 0; i < ARRAY_LEN(block); i++) {
        int stride = net_output(b->n).h > 2 ? block[i].stride : 1;
        depthwise(b, 3, 3, stride, ACT_RELU);
        conv(b, scaled(b, block[i].filters), 1, 1, 1, 1, ACT_RELU);
    }
    put(b, (struct layer){.kind = LAYER_AVGPOOL});
    head(b, outputs);
}

static void inverted_residual(struct builder *b, int expand, int filters, int stride)
{
    int from = last(b);
    int c = net_output(b->n).c;
    if (expand > 1) {
        conv(b, c * expand, 1, 1, 1, 1, ACT_RELU6);
    }
    depthwise(b, 3, 3, stride, ACT_RELU6);
    conv(b, filters, 1, 1, 1, 1, ACT_NONE);
    if (stride == 1 && c == filters) {
        put(b, (struct layer){.kind = LAYER_ADD, .in = {from, last(b)}});
    }
}

static void build_mobilenet2(struct builder *b, int outputs)
{
    static const struct {
        int expand, filters, repeat, stride;
    } stage[] = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 3, 2}, {6, 64, 4, 2},
                 {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};
    int first = net_output(b->n).h >= 64 ? 2 : 1;
    conv(b, scaled(b, 32), 3, 3, first, first, ACT_RELU6);
    for (size_t i = 0; i < ARRAY_LEN(stage); i++) {
        for (int j = 0; j < stage[i].repeat; j++) {
            int stride = j == 0 && net_output(b->n).h > 2 ? stage[i].stride : 1;
            inverted_residual(b, stage[i].expand, scaled(b, stage[i].filters), stride);
        }
    }
    conv(b, b->r->width > 1 ? scaled(b, 1280) : scaled(b, 640), 1, 1, 1, 1, ACT_RELU6);
    put(b, (struct layer){.kind = LAYER_AVGPOOL});
    head(b, outputs);
}

static void residual(struct builder *b, int filters, int kh, int kw, int stride)
{
    int from = last(b);
    bool project = stride > 1 || net_output(b->n).c != filters;
    int stride_h = kh > 1 ? stride : 1;
    conv(b, filters, kh, kw, stride_h, stride, ACT_RELU);
    conv(b, filters, kh, kw, 1, 1, ACT_NONE);
    int through = last(b);
    if (project) {
        bool with_norm = b->r->norm;
        put(b, (struct layer){.kind = LAYER_CONV,
                              .in = {from, -1},
                              .units = filters,
                              .kh = 1,
                              .kw = 1,
                              .sh = stride_h,
                              .sw = stride,
                              .same = true,
                              .bias = !with_norm});
        if (with_norm) {
            norm(b, ACT_NONE);
        }
        from = last(b);
    }
    put(b, (struct layer){.kind = LAYER_ADD, .in = {through, from}, .act = ACT_RELU});
}

// MLPerf Tiny's image classifier: three stages of one residual block.
static void build_resnet8(struct builder *b, int outputs)
{
    conv(b, scaled(b, 16), 3, 3, 1, 1, ACT_RELU);
    residual(b, scaled(b, 16), 3, 3, 1);
    residual(b, scaled(b, 32), 3, 3, 2);
    residual(b, scaled(b, 64), 3, 3, 2);
    put(b, (struct layer){.kind = LAYER_AVGPOOL});
    head(b, outputs);
}

// TC-ResNet8: convolutions over time alone, the coefficients being channels.
static void build_tcresnet(struct builder *b, int outputs)
{
    conv(b, scaled(b, 16), 1, 3, 1, 1, ACT_RELU);
    residual(b, scaled(b, 24), 1, 9, 2);
    residual(b, scaled(b, 32), 1, 9, 2);
    residual(b, scaled(b, 48), 1, 9, 2);
    put(b, (struct layer){.kind = LAYER_AVGPOOL});
    head(b, outputs);
}

// One machine for each pair of classes, then their votes (session_classic.c fills in both).
static void build_svm(struct builder *b, int outputs)
{
    put(b, (struct layer){.kind = LAYER_DENSE,
                          .units = outputs * (outputs - 1) / 2,
                          .bias = true,
                          .act = ACT_RELU6});
    put(b, (struct layer){.kind = LAYER_DENSE, .units = outputs, .bias = true});
}

// FOMO's idea: the first stages of MobileNetV2, an eighth of the picture's size left, and every cell classified.
static void build_fomo(struct builder *b, int outputs)
{
    static const struct {
        int expand, filters, repeat, stride;
    } stage[] = {{1, 16, 1, 1}, {6, 24, 2, 2}, {6, 32, 3, 2}};
    conv(b, scaled(b, 32), 3, 3, 2, 2, ACT_RELU6);
    for (size_t i = 0; i < ARRAY_LEN(stage); i++) {
        for (int j = 0; j < stage[i].repeat; j++) {
            inverted_residual(b, stage[i].expand, scaled(b, stage[i].filters),
                              j == 0 ? stage[i].stride : 1);
        }
    }
    conv(b, scaled(b, 64), 1, 1, 1, 1, ACT_RELU6);
    if (b->r->dropout > 0) {
        put(b, (struct layer){.kind = LAYER_DROPOUT, .rate = (float)b->r->dropout});
    }
    put(b, (struct layer){.kind = LAYER_CONV,
                          .units = outputs,
                          .kh = 1,
                          .kw = 1,
                          .sh = 1,
                          .sw = 1,
                          .same = true,
                          .bias = true});
}

struct shape arch_input(const struct recipe *r, struct mote_dsp_shape f)
{
    switch (r->network) {
    case NET_MLP:
    case NET_LOGISTIC:
    case NET_SVM:
    case NET_AUTOENCODER: return (struct shape){1, 1, (int)(f.rows * f.cols * f.planes)};
    case NET_CNN1D:
    case NET_TCRESNET: return (struct shape){1, (int)f.rows, (int)(f.cols * f.planes)};
    default: return (struct shape){(int)f.rows, (int)f.cols, (int)f.planes};
    }
}

int arch_build(struct net *n, const struct recipe *r, int outputs, struct err *e)
{
    struct builder b = {n, r, OK, e};
    switch (r->network) {
    case NET_MLP: build_mlp(&b, outputs); break;
    case NET_CNN1D: build_cnn(&b, outputs, false); break;
    case NET_CNN2D: build_cnn(&b, outputs, true); break;
    case NET_DSCNN: build_dscnn(&b, outputs); break;
    case NET_MOBILENET1: build_mobilenet1(&b, outputs); break;
    case NET_MOBILENET2: build_mobilenet2(&b, outputs); break;
    case NET_RESNET8: build_resnet8(&b, outputs); break;
    case NET_TCRESNET: build_tcresnet(&b, outputs); break;
    case NET_AUTOENCODER: build_autoencoder(&b, outputs); break;
    case NET_LOGISTIC:
        put(&b, (struct layer){.kind = LAYER_DENSE, .units = outputs, .bias = true});
        break;
    case NET_SVM: build_svm(&b, outputs); break;
    case NET_FOMO: build_fomo(&b, outputs); break;
    case NET_CUSTOM: b.rc = arch_custom(n, r, outputs, e); break;
    default: b.rc = err_set(e, E_FORMAT, "unknown network"); break;
    }
    return b.rc ? err_wrap(e, "build network") : OK;
}
