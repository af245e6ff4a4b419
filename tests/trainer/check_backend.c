// Results and gradients of the layers that carry the arithmetic, against oneDNN and OpenBLAS: code that shares nothing
// with ours.
#include "common/err.h"
#include "trainer/net.h"

#include <cblas.h>
#include <check.h>
#include <math.h>
#include <oneapi/dnnl/dnnl.h>

#define SAMPLES 3
#define PARTS_MAX 4

static struct rng rng;

static void ok(dnnl_status_t s)
{
    ck_assert_msg(s == dnnl_success, "oneDNN: status %d", (int)s);
}

static void fill(float *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        p[i] = rng_normal(&rng);
    }
}

static void near(const float *is, const float *should, size_t n, const char *what)
{
    for (size_t i = 0; i < n; i++) {
        ck_assert_msg(fabsf(is[i] - should[i]) < 1e-3f * (1 + fabsf(should[i])),
                      "%s at %zu: %g, oneDNN says %g", what, i, (double)is[i], (double)should[i]);
    }
}

struct part { // an argument of a oneDNN primitive
    int arg;
    const dnnl_memory_desc_t *shape;
    float *data;
};

static void run(dnnl_engine_t engine, const_dnnl_op_desc_t op, const struct part *part, int parts)
{
    dnnl_primitive_desc_t pd;
    dnnl_primitive_t p;
    dnnl_stream_t stream;
    dnnl_exec_arg_t args[PARTS_MAX];
    ok(dnnl_primitive_desc_create(&pd, op, NULL, engine, NULL));
    ok(dnnl_primitive_create(&p, pd));
    ok(dnnl_stream_create(&stream, engine, dnnl_stream_default_flags));
    for (int i = 0; i < parts; i++) {
        args[i].arg = part[i].arg;
        ok(dnnl_memory_create(&args[i].memory, part[i].shape, engine, part[i].data));
    }
    ok(dnnl_primitive_execute(p, stream, parts, args));
    ok(dnnl_stream_wait(stream));
    for (int i = 0; i < parts; i++) {
        ok(dnnl_memory_destroy(args[i].memory));
    }
    ok(dnnl_stream_destroy(stream));
    ok(dnnl_primitive_destroy(p));
    ok(dnnl_primitive_desc_destroy(pd));
}

// A net whose second layer is on trial; the first is there to receive its slope.
struct trial {
    struct net net;
    struct lane lane;
    const struct layer *l;
    float *y, *dx; // what net_forward gave, and the slope that reached the layer's input
    float *dy;
};

static void begin(struct trial *t, struct shape in, struct layer l)
{
    struct err e = {0};
    memset(t, 0, sizeof(*t));
    ck_assert_int_eq(net_init(&t->net, in, kern_best(), &e), OK);
    struct layer first = {.kind = LAYER_CONV, .in = {0, -1}, .units = in.c, .kh = 1, .kw = 1};
    ck_assert_int_eq(net_add(&t->net, first, &e), 1);
    l.in[0] = 1;
    l.in[1] = -1;
    ck_assert_msg(net_add(&t->net, l, &e) == 2, "%s", e.msg);
    ck_assert_int_eq(net_start(&t->net, &rng, &e), OK);
    ck_assert_int_eq(lane_init(&t->lane, &t->net, SAMPLES, true, &e), OK);
    t->l = &t->net.layer[2];
    t->lane.n = SAMPLES;
    fill(t->net.param, t->net.params);
    fill(t->lane.y[0], shape_len(in) * SAMPLES);
    size_t out = shape_len(t->l->y) * SAMPLES;
    net_forward(&t->net, &t->lane, true);
    t->dy = malloc(out * sizeof(float));
    fill(t->dy, out);
    memcpy(t->lane.dy[2], t->dy, out * sizeof(float));
    net_turn(&t->net);
    net_backward(&t->net, &t->lane);
    t->y = t->lane.y[2];
    t->dx = t->lane.dy[1];
}

static void end(struct trial *t)
{
    free(t->dy);
    lane_release(&t->lane);
    net_release(&t->net);
}

static dnnl_memory_desc_t nhwc(struct shape s)
{
    dnnl_memory_desc_t m;
    dnnl_dims_t dims = {SAMPLES, s.c, s.h, s.w};
    ok(dnnl_memory_desc_init_by_tag(&m, 4, dims, dnnl_f32, dnnl_nhwc));
    return m;
}

static void compare_conv(struct shape in, struct layer l)
{
    struct trial t;
    begin(&t, in, l);
    const struct layer *c = t.l;
    const bool depthwise = c->kind == LAYER_DWCONV;
    dnnl_engine_t engine;
    ok(dnnl_engine_create(&engine, dnnl_cpu, 0));
    dnnl_memory_desc_t x = nhwc(c->x), y = nhwc(c->y), w, b;
    dnnl_dims_t full = {c->units, c->x.c, c->kh, c->kw}, each = {c->x.c, 1, 1, c->kh, c->kw},
                outputs = {c->y.c};
    ok(depthwise ? dnnl_memory_desc_init_by_tag(&w, 5, each, dnnl_f32, dnnl_hwigo)
                 : dnnl_memory_desc_init_by_tag(&w, 4, full, dnnl_f32, dnnl_hwio));
    ok(dnnl_memory_desc_init_by_tag(&b, 1, outputs, dnnl_f32, dnnl_a));
    dnnl_dims_t stride = {c->sh, c->sw}, none = {0, 0}, before = {c->pad_t, c->pad_l};
    dnnl_dims_t after = {c->ph - c->x.h - c->pad_t, c->pw - c->x.w - c->pad_l};
    float *own_x = t.lane.y[1], *param = t.net.param;
    float *got = calloc(c->w_len + shape_len(c->y) * SAMPLES + shape_len(c->x) * SAMPLES + c->b_len,
                        sizeof(float));
    float *got_w = got, *got_y = got_w + c->w_len, *got_x = got_y + shape_len(c->y) * SAMPLES;
    float *got_b = got_x + shape_len(c->x) * SAMPLES;
    dnnl_convolution_desc_t d;
    ok(dnnl_dilated_convolution_forward_desc_init(&d, dnnl_forward_training,
                                                  dnnl_convolution_direct, &x, &w, &b, &y, stride,
                                                  none, before, after));
    run(engine, &d,
        (struct part[]){{DNNL_ARG_SRC, &x, own_x},
                        {DNNL_ARG_WEIGHTS, &w, param + c->w},
                        {DNNL_ARG_BIAS, &b, param + c->b},
                        {DNNL_ARG_DST, &y, got_y}},
        4);
    near(t.y, got_y, shape_len(c->y) * SAMPLES, "result");
    ok(dnnl_dilated_convolution_backward_weights_desc_init(&d, dnnl_convolution_direct, &x, &w, &b,
                                                           &y, stride, none, before, after));
    run(engine, &d,
        (struct part[]){{DNNL_ARG_SRC, &x, own_x},
                        {DNNL_ARG_DIFF_DST, &y, t.dy},
                        {DNNL_ARG_DIFF_WEIGHTS, &w, got_w},
                        {DNNL_ARG_DIFF_BIAS, &b, got_b}},
        4);
    near(t.lane.grad + c->w, got_w, c->w_len, "slope of the weights");
    near(t.lane.grad + c->b, got_b, c->b_len, "slope of the bias");
    ok(dnnl_dilated_convolution_backward_data_desc_init(&d, dnnl_convolution_direct, &x, &w, &y,
                                                        stride, none, before, after));
    run(engine, &d,
        (struct part[]){{DNNL_ARG_DIFF_DST, &y, t.dy},
                        {DNNL_ARG_WEIGHTS, &w, param + c->w},
                        {DNNL_ARG_DIFF_SRC, &x, got_x}},
        3);
    near(t.dx, got_x, shape_len(c->x) * SAMPLES, "slope of the input");
    free(got);
    ok(dnnl_engine_destroy(engine));
    end(&t);
}

START_TEST(convolutions)
{
    rng_seed(&rng, 11, 1);
    const struct shape in[] = {{9, 7, 5}, {1, 33, 3}, {12, 12, 16}};
    for (size_t i = 0; i < ARRAY_LEN(in); i++) {
        for (int stride = 1; stride <= 2; stride++) {
            for (int same = 0; same < 2; same++) {
                int kh = in[i].h > 1 ? 3 : 1;
                struct layer l = {.kind = LAYER_CONV,
                                  .units = 7,
                                  .kh = kh,
                                  .kw = 3,
                                  .sh = in[i].h > 1 ? stride : 1,
                                  .sw = stride,
                                  .same = same,
                                  .bias = true};
                compare_conv(in[i], l);
                l.kind = LAYER_DWCONV;
                compare_conv(in[i], l);
            }
        }
    }
}
END_TEST

START_TEST(normalisation)
{
    rng_seed(&rng, 12, 1);
    struct trial t;
    begin(&t, (struct shape){5, 6, 19}, (struct layer){.kind = LAYER_NORM});
    const struct layer *n = t.l;
    dnnl_engine_t engine;
    ok(dnnl_engine_create(&engine, dnnl_cpu, 0));
    dnnl_memory_desc_t x = nhwc(n->x), stat, scale;
    int c = n->x.c;
    ok(dnnl_memory_desc_init_by_tag(&stat, 1, (dnnl_dims_t){c}, dnnl_f32, dnnl_a));
    ok(dnnl_memory_desc_init_by_tag(&scale, 2, (dnnl_dims_t){2, c}, dnnl_f32, dnnl_ab));
    float got[5 * 6 * 19 * SAMPLES], mean[19], var[19], gamma_beta[2 * 19], slope[2 * 19];
    memcpy(gamma_beta, t.net.param + n->w, 19 * sizeof(float));
    memcpy(gamma_beta + 19, t.net.param + n->b, 19 * sizeof(float));
    dnnl_batch_normalization_desc_t d;
    ok(dnnl_batch_normalization_forward_desc_init(&d, dnnl_forward_training, &x, NET_NORM_EPS,
                                                  dnnl_use_scaleshift));
    dnnl_primitive_desc_t pd;
    dnnl_primitive_t p;
    dnnl_stream_t stream;
    ok(dnnl_stream_create(&stream, engine, dnnl_stream_default_flags));
    struct part part[] = {
        {DNNL_ARG_SRC, &x, t.lane.y[1]}, {DNNL_ARG_MEAN, &stat, mean},
        {DNNL_ARG_VARIANCE, &stat, var}, {DNNL_ARG_SCALE_SHIFT, &scale, gamma_beta},
        {DNNL_ARG_DST, &x, got},         {DNNL_ARG_DIFF_DST, &x, t.dy},
        {DNNL_ARG_DIFF_SRC, &x, got},    {DNNL_ARG_DIFF_SCALE_SHIFT, &scale, slope}};
    dnnl_exec_arg_t args[ARRAY_LEN(part)];
    for (size_t i = 0; i < ARRAY_LEN(part); i++) {
        args[i].arg = part[i].arg;
        ok(dnnl_memory_create(&args[i].memory, part[i].shape, engine, part[i].data));
    }
    dnnl_primitive_desc_t forward;
    ok(dnnl_primitive_desc_create(&forward, &d, NULL, engine, NULL));
    ok(dnnl_primitive_create(&p, forward));
    ok(dnnl_primitive_execute(p, stream, 5, args));
    ok(dnnl_stream_wait(stream));
    near(t.y, got, ARRAY_LEN(got), "result");
    near(t.lane.seen, mean, 19, "mean");
    near(t.lane.seen + 19, var, 19, "variance");
    ok(dnnl_primitive_destroy(p));
    ok(dnnl_batch_normalization_backward_desc_init(&d, dnnl_backward, &x, &x, NET_NORM_EPS,
                                                   dnnl_use_scaleshift));
    ok(dnnl_primitive_desc_create(&pd, &d, NULL, engine, forward));
    ok(dnnl_primitive_create(&p, pd));
    ok(dnnl_primitive_execute(p, stream, (int)ARRAY_LEN(args), args));
    ok(dnnl_stream_wait(stream));
    near(t.dx, got, ARRAY_LEN(got), "slope of the input");
    near(t.lane.grad + n->w, slope, 19, "slope of gamma");
    near(t.lane.grad + n->b, slope + 19, 19, "slope of beta");
    ok(dnnl_primitive_destroy(p));
    ok(dnnl_primitive_desc_destroy(pd));
    ok(dnnl_primitive_desc_destroy(forward));
    for (size_t i = 0; i < ARRAY_LEN(part); i++) {
        ok(dnnl_memory_destroy(args[i].memory));
    }
    ok(dnnl_stream_destroy(stream));
    ok(dnnl_engine_destroy(engine));
    end(&t);
}
END_TEST

START_TEST(dense)
{
    rng_seed(&rng, 13, 1);
    struct trial t;
    enum { IN = 2 * 3 * 7, OUT = 37 };
    begin(&t, (struct shape){2, 3, 7},
          (struct layer){.kind = LAYER_DENSE, .units = OUT, .bias = true});
    const float *x = t.lane.y[1], *w = t.net.param + t.l->w;
    float y[SAMPLES * OUT], dx[SAMPLES * IN], dw[IN * OUT];
    for (int s = 0; s < SAMPLES; s++) {
        memcpy(y + s * OUT, t.net.param + t.l->b, OUT * sizeof(float));
    }
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, SAMPLES, OUT, IN, 1, x, IN, w, OUT, 1, y,
                OUT);
    near(t.y, y, ARRAY_LEN(y), "result");
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, IN, OUT, SAMPLES, 1, x, IN, t.dy, OUT, 0,
                dw, OUT);
    near(t.lane.grad + t.l->w, dw, ARRAY_LEN(dw), "slope of the weights");
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, SAMPLES, IN, OUT, 1, t.dy, OUT, w, OUT, 0,
                dx, IN);
    near(t.dx, dx, ARRAY_LEN(dx), "slope of the input");
    end(&t);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("backend");
    tcase_add_test(t, convolutions);
    tcase_add_test(t, normalisation);
    tcase_add_test(t, dense);
    Suite *s = suite_create("backend");
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
