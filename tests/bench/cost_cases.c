// Writes models of a single int8 operator with random shapes, for the cost model of common/board:
//     cost_cases DIR COUNT [MODEL...]
// gives DIR/N.tflite, .in, .out and lines "N.K KIND FEATURE..." (operator K of model N) on standard
// output. MODELs are whole .tflite files whose operators are listed as well (N is then the path).
#include "common/board/board.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/io.h"
#include "common/parse.h"
#include "common/tflite/reader.h"
#include "converter/cvt_model.h"
#include "converter/cvt_run.h"

#define WEIGHTS_MAX (64 * 64 * 25)

static uint32_t seed = 12345;

static uint32_t step(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed;
}

static int32_t pick(int32_t lo, int32_t hi)
{
    return lo + (int32_t)(step() % (uint32_t)(hi - lo + 1));
}

struct one_op {
    struct tflite_tensor t[5];
    struct tflite_op op;
    size_t tensors;
    int8_t weight[WEIGHTS_MAX];
    int32_t bias[512], shape[4];
    float weight_scale[512], bias_scale[512];
};
static const float act_scale[2] = {0.05f, 0.06f};
static const int32_t act_zero[2] = {3, -7};

static void activation(struct one_op *m, size_t i, uint8_t rank, const int32_t *dims, size_t quant)
{
    m->t[i] = (struct tflite_tensor){.name = i ? "y" : "x",
                                     .type = TFLITE_INT8,
                                     .rank = rank,
                                     .scale = &act_scale[quant],
                                     .zero_point = &act_zero[quant],
                                     .scales = 1};
    memcpy(m->t[i].dims, dims, 4u * rank);
}

// Weight (tensor 1) and bias (tensor 2) of `channels` outputs along dimension `axis`.
static void weights(struct one_op *m, uint8_t rank, const int32_t *dims, int32_t axis,
                    int32_t channels)
{
    size_t n = 1;
    for (uint8_t i = 0; i < rank; i++) {
        n *= (size_t)dims[i];
    }
    for (size_t i = 0; i < n; i++) {
        m->weight[i] = (int8_t)pick(-127, 127);
    }
    for (int32_t i = 0; i < channels; i++) {
        m->weight_scale[i] = 0.001f + 0.0001f * (float)(i % 7);
        m->bias_scale[i] = m->weight_scale[i] * act_scale[0];
        m->bias[i] = pick(-3000, 3000);
    }
    size_t scales = axis < 0 ? 1 : (size_t)channels;
    m->t[1] = (struct tflite_tensor){.name = "w",
                                     .type = TFLITE_INT8,
                                     .rank = rank,
                                     .data = m->weight,
                                     .bytes = n,
                                     .scale = m->weight_scale,
                                     .scales = scales,
                                     .quantized_dim = axis < 0 ? 0 : axis};
    memcpy(m->t[1].dims, dims, 4u * rank);
    m->t[2] = (struct tflite_tensor){.name = "b",
                                     .type = TFLITE_INT32,
                                     .rank = 1,
                                     .dims = {channels},
                                     .data = m->bias,
                                     .bytes = 4u * (size_t)channels,
                                     .scale = m->bias_scale,
                                     .scales = scales};
}

static void make_conv(struct one_op *m, bool depthwise, bool pointwise)
{
    int32_t window = pick(2, 4);
    bool even = pick(0, 2) != 0; // networks are mostly made of multiples of 4
    int32_t h = pick(3, 24), w = pick(3, 24), c = even ? 4 * pick(1, 16) : pick(1, 10) * pick(1, 6);
    int32_t multiplier = depthwise && pick(0, 3) == 0 ? pick(2, 8) : 1;
    c = multiplier > 1 ? pick(1, 12) : c;
    int32_t o = depthwise ? c * multiplier
                : even    ? 4 * pick(1, 16)
                          : pick(1, 10) * pick(1, 6),
            stride = pointwise ? 1 : pick(1, 2);
    int32_t kh = pointwise                  ? 1
                 : depthwise && window == 3 ? 3
                                            : pick(1, 5),
            kw = pointwise                  ? 1
                 : depthwise && window == 3 ? 3
                                            : pick(2, 5);
    kh = kh > h ? h : kh;
    kw = kw > w ? w : kw;
    bool same = pick(0, 1);
    int32_t oh = same ? (h + stride - 1) / stride : (h - kh) / stride + 1,
            ow = same ? (w + stride - 1) / stride : (w - kw) / stride + 1;
    activation(m, 0, 4, (int32_t[]){1, h, w, c}, 0);
    weights(m, 4, depthwise ? (int32_t[]){1, kh, kw, o} : (int32_t[]){o, kh, kw, c},
            depthwise ? 3 : 0, o);
    activation(m, 3, 4, (int32_t[]){1, oh, ow, o}, 1);
    m->tensors = 4;
    m->op = (struct tflite_op){.code = depthwise ? TFLITE_DEPTHWISE_CONV_2D : TFLITE_CONV_2D,
                               .ins = 3,
                               .outs = 1,
                               .in = {0, 1, 2},
                               .out = {3},
                               .options = {.padding = same ? TFLITE_PAD_SAME : TFLITE_PAD_VALID,
                                           .stride_h = stride,
                                           .stride_w = stride,
                                           .depth_multiplier = multiplier}};
}

static void make_dense(struct one_op *m)
{
    int32_t in = pick(0, 2) ? 8 * pick(1, 50) : pick(1, 400), out = pick(1, 160);
    activation(m, 0, 2, (int32_t[]){1, in}, 0);
    weights(m, 2, (int32_t[]){out, in}, -1, out);
    activation(m, 3, 2, (int32_t[]){1, out}, 1);
    m->tensors = 4;
    m->op = (struct tflite_op){
        .code = TFLITE_FULLY_CONNECTED, .ins = 3, .outs = 1, .in = {0, 1, 2}, .out = {3}};
}

static void make_pool(struct one_op *m)
{
    int32_t h = pick(4, 20), w = pick(4, 20), c = pick(1, 64), k = pick(2, 4);
    activation(m, 0, 4, (int32_t[]){1, h, w, c}, 0);
    activation(m, 1, 4, (int32_t[]){1, h / k, w / k, c}, 0);
    m->tensors = 2;
    m->op = (struct tflite_op){.code = TFLITE_AVERAGE_POOL_2D,
                               .ins = 1,
                               .outs = 1,
                               .in = {0},
                               .out = {1},
                               .options = {.padding = TFLITE_PAD_VALID,
                                           .stride_h = k,
                                           .stride_w = k,
                                           .filter_h = k,
                                           .filter_w = k}};
}

// The second input is a constant with a scale of its own, as in a network: equal scales rescale in
// another way.
static void make_add(struct one_op *m)
{
    int32_t dims[] = {1, pick(1, 16), pick(1, 16), pick(1, 32)};
    size_t n = (size_t)dims[1] * (size_t)dims[2] * (size_t)dims[3];
    activation(m, 0, 4, dims, 0);
    activation(m, 1, 4, dims, 1);
    activation(m, 2, 4, dims, 1);
    for (size_t i = 0; i < n; i++) {
        m->weight[i] = (int8_t)pick(-128, 127);
    }
    m->t[1].data = m->weight;
    m->t[1].bytes = n;
    m->tensors = 3;
    m->op = (struct tflite_op){.code = TFLITE_ADD, .ins = 2, .outs = 1, .in = {0, 1}, .out = {2}};
}

static void make_simple(struct one_op *m, enum tflite_builtin code)
{
    static const float soft_scale = 1.0f / 256;
    static const int32_t soft_zero = -128;
    int32_t n = code == TFLITE_SOFTMAX ? pick(2, 64) : pick(1, 4000);
    activation(m, 0, 2, (int32_t[]){1, n}, 0);
    activation(m, 1, 2, (int32_t[]){1, n}, 1);
    if (code == TFLITE_SOFTMAX || code == TFLITE_LOGISTIC) {
        m->t[1].scale = &soft_scale;
        m->t[1].zero_point = &soft_zero;
    }
    m->tensors = 2;
    m->op = (struct tflite_op){.code = code, .ins = 1, .outs = 1, .in = {0}, .out = {1}};
    if (code == TFLITE_RESHAPE) {
        activation(m, 1, 1, (int32_t[]){n}, 0);
        m->op.options.new_rank = 1;
        m->op.options.new_shape[0] = n;
    }
}

static void make(struct one_op *m, int n)
{
    switch (n % 10) {
    case 0:
    case 1:
        make_conv(m, false, false);
        break;
    case 2:
    case 3:
        make_conv(m, false, true);
        break;
    case 4:
    case 5:
        make_conv(m, true, false);
        break;
    case 6:
        make_dense(m);
        break;
    case 7:
        make_pool(m);
        break;
    case 8:
        make_add(m);
        break;
    default:
        make_simple(m, (enum tflite_builtin[]){TFLITE_SOFTMAX, TFLITE_RESHAPE,
                                               TFLITE_LOGISTIC}[n / 10 % 3]);
    }
}

static void list_ops(const char *name, const struct tflite_graph *g)
{
    for (size_t i = 0; i < g->ops; i++) {
        struct board_features f;
        board_op_features(g, &g->op[i], &f);
        printf("%s %zu %s", name, i, board_kind_name(f.kind));
        for (size_t k = 0; k < BOARD_FEATURES; k++) {
            printf(" %.0f", f.f[k]);
        }
        printf("\n");
    }
}

static int write_file(const char *dir, int n, const char *ending, const void *data, size_t len,
                      struct err *e)
{
    char path[IO_PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/%d.%s", dir, n, ending);
    return io_write_atomic(path, data, len, 0644, e);
}

// Model, input and the output that the host's runtime gives.
static int write_case(const char *dir, int n, const struct one_op *m, struct err *e)
{
    char path[IO_PATH_MAX], name[16];
    static const int32_t in = 0;
    int32_t out = m->op.out[0];
    struct tflite_graph g = {.description = "cost",
                             .tensor = m->t,
                             .tensors = m->tensors,
                             .op = &m->op,
                             .ops = 1,
                             .input = &in,
                             .output = &out,
                             .inputs = 1,
                             .outputs = 1};
    struct buf file = {0}, result = {0};
    struct cvt_model model = {0};
    struct cvt_run run = {0};
    uint8_t *input = NULL;
    (void)snprintf(path, sizeof path, "%s/%d.tflite", dir, n);
    int rc = tflite_write(&g, &file, e);
    rc = rc == OK ? write_file(dir, n, "tflite", file.data, file.len, e) : rc;
    rc = rc == OK ? cvt_model_open(&model, path, NULL, e) : rc;
    rc = rc == OK ? cvt_run_open(&run, &model, 0, e) : rc;
    if (rc == OK) {
        input = cvt_arena(run.in_bytes);
        for (size_t i = 0; input && i < run.in_bytes; i++) {
            input[i] = (uint8_t)step();
        }
        run.in = input;
        rc = input ? cvt_run_feed(&run, e) : E_MEM;
    }
    rc = rc == OK ? cvt_run_invoke(&run, e) : rc;
    rc = rc == OK ? cvt_run_collect(&run, &result, e) : rc;
    rc = rc == OK ? write_file(dir, n, "in", input, run.in_bytes, e) : rc;
    rc = rc == OK ? write_file(dir, n, "out", result.data, result.len, e) : rc;
    if (rc == OK) {
        (void)snprintf(name, sizeof name, "%d", n);
        list_ops(name, &g);
    }
    free(input);
    cvt_run_close(&run);
    cvt_model_release(&model);
    buf_release(&file);
    buf_release(&result);
    return rc;
}

int main(int argc, char **argv)
{
    static struct one_op m;
    struct err e = {0};
    int64_t count;
    if (argc < 3 || parse_i64(argv[2], 1, 100000, &count) != OK) {
        fprintf(stderr, "usage: cost_cases DIR COUNT [MODEL...]\n");
        return 2;
    }
    int rc = io_mkdirs(argv[1], 0755, &e);
    for (int n = 0; n < count && rc == OK; n++) {
        make(&m, n);
        rc = write_case(argv[1], n, &m, &e);
    }
    for (int i = 3; i < argc && rc == OK; i++) {
        struct cvt_model file;
        struct tflite_model t;
        rc = cvt_model_open(&file, argv[i], NULL, &e);
        rc = rc == OK ? tflite_read(&t, file.file, file.len, &e) : rc;
        if (rc == OK) {
            list_ops(argv[i], &t.graph);
            tflite_model_release(&t);
        }
        cvt_model_release(&file);
    }
    if (rc != OK) {
        fprintf(stderr, "cost_cases: %s\n", e.msg);
    }
    return rc == OK ? 0 : 1;
}
