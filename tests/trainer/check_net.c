// Every layer's gradients against finite differences, and every kernel variant against the plain one.
#include "common/err.h"
#include "trainer/net.h"

#include <check.h>
#include <math.h>

#define SAMPLES 3

static struct rng rng;

static void fill(float *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        p[i] = rng_normal(&rng);
    }
}

// The loss of the tests: a fixed random weighting of the outputs.
static double loss(const struct net *n, struct lane *l, const float *pick)
{
    rng_seed(&l->rng, 5, 5); // the same dropout every time
    net_forward(n, l, true);
    double sum = 0;
    size_t len = shape_len(net_output(n)) * SAMPLES;
    for (size_t i = 0; i < len; i++) {
        sum += (double)l->y[n->layers - 1][i] * (double)pick[i];
    }
    return sum;
}

static void compare(struct net *n, struct lane *l, const float *pick, float *at, float slope,
                    const char *what, size_t i)
{
    const float step = 2e-3f;
    float keep = *at;
    *at = keep + step;
    double up = loss(n, l, pick);
    *at = keep - step;
    double down = loss(n, l, pick);
    *at = keep;
    double expect = (up - down) / (2.0 * (double)step);
    double limit = 0.02 * fabs(expect) + 0.02;
    ck_assert_msg(fabs(expect - (double)slope) < limit, "%s %zu (%s): slope %g, by differences %g",
                  what, i, n->kern->name, (double)slope, expect);
}

static void check_slopes(struct net *n)
{
    struct err e;
    struct lane l;
    ck_assert_int_eq(net_start(n, &rng, &e), OK);
    ck_assert_int_eq(lane_init(&l, n, SAMPLES, true, &e), OK);
    l.n = SAMPLES;
    size_t out = shape_len(net_output(n)) * SAMPLES, in = shape_len(n->layer[0].y) * SAMPLES;
    float *pick = malloc(out * sizeof(float));
    fill(pick, out);
    fill(l.y[0], in);
    for (size_t i = 0; i < n->params; i++) {
        n->param[i] += 0.1f * rng_normal(&rng);
    }
    loss(n, &l, pick);
    memcpy(l.dy[n->layers - 1], pick, out * sizeof(float));
    net_turn(n);
    net_backward(n, &l);
    float *grad = malloc((n->params + 1) * sizeof(float));
    memcpy(grad, l.grad, n->params * sizeof(float));
    size_t step = n->params / 40 + 1;
    for (size_t i = 0; i < n->params; i += step) {
        compare(n, &l, pick, &n->param[i], grad[i], "parameter", i);
    }
    free(grad);
    free(pick);
    lane_release(&l);
}

static const struct kern *kern[KERN_MAX];
static size_t kerns;

static void begin(struct net *n, struct shape s, size_t k)
{
    struct err e;
    rng_seed(&rng, 1, 1);
    kerns = kern_all(kern);
    ck_assert_int_eq(net_init(n, s, kern[k % kerns], &e), OK);
}

static int put(struct net *n, struct layer l)
{
    struct err e = {0};
    int rc = net_add(n, l, &e);
    ck_assert_msg(rc > 0, "%s", e.msg);
    return rc;
}

#define PREV(n) {(n)->layers - 1, -1}

START_TEST(dense_slopes)
{
    struct net n;
    begin(&n, (struct shape){1, 1, 7}, (size_t)_i);
    put(&n, (struct layer){
                .kind = LAYER_DENSE, .in = PREV(&n), .units = 19, .bias = true, .act = ACT_RELU6});
    put(&n, (struct layer){.kind = LAYER_DENSE, .in = PREV(&n), .units = 33, .bias = true});
    put(&n, (struct layer){.kind = LAYER_DENSE, .in = PREV(&n), .units = 5, .bias = true});
    check_slopes(&n);
    net_release(&n);
}
END_TEST

START_TEST(conv_slopes)
{
    struct net n;
    begin(&n, (struct shape){7, 6, 3}, (size_t)_i);
    put(&n, (struct layer){.kind = LAYER_DENSE, .in = PREV(&n), .units = 7 * 6 * 3, .bias = true});
    n.layer[1].y = (struct shape){7, 6, 3};
    put(&n, (struct layer){.kind = LAYER_CONV,
                           .in = PREV(&n),
                           .units = 5,
                           .kh = 3,
                           .kw = 3,
                           .same = true,
                           .bias = true});
    put(&n, (struct layer){.kind = LAYER_CONV,
                           .in = PREV(&n),
                           .units = 18,
                           .kh = 1,
                           .kw = 1,
                           .bias = true,
                           .act = ACT_RELU});
    put(&n, (struct layer){.kind = LAYER_CONV,
                           .in = PREV(&n),
                           .units = 4,
                           .kh = 2,
                           .kw = 3,
                           .sh = 2,
                           .sw = 2,
                           .same = true,
                           .bias = true});
    put(&n, (struct layer){
                .kind = LAYER_CONV, .in = PREV(&n), .units = 3, .kh = 2, .kw = 2, .bias = true});
    check_slopes(&n);
    net_release(&n);
}
END_TEST

START_TEST(conv1d_slopes)
{
    struct net n;
    begin(&n, (struct shape){1, 21, 3}, (size_t)_i);
    put(&n, (struct layer){.kind = LAYER_CONV,
                           .in = PREV(&n),
                           .units = 9,
                           .kh = 1,
                           .kw = 5,
                           .sw = 2,
                           .same = true,
                           .bias = true});
    put(&n, (struct layer){.kind = LAYER_NORM, .in = PREV(&n), .act = ACT_RELU});
    put(&n, (struct layer){
                .kind = LAYER_CONV, .in = PREV(&n), .units = 6, .kh = 1, .kw = 3, .bias = false});
    check_slopes(&n);
    net_release(&n);
}
END_TEST

START_TEST(depthwise_slopes)
{
    struct net n;
    begin(&n, (struct shape){6, 5, 2}, (size_t)_i);
    put(&n, (struct layer){
                .kind = LAYER_CONV, .in = PREV(&n), .units = 19, .kh = 1, .kw = 1, .bias = true});
    put(&n,
        (struct layer){
            .kind = LAYER_DWCONV, .in = PREV(&n), .kh = 3, .kw = 3, .same = true, .bias = true});
    put(&n, (struct layer){.kind = LAYER_DWCONV,
                           .in = PREV(&n),
                           .kh = 3,
                           .kw = 2,
                           .sh = 2,
                           .sw = 2,
                           .same = true,
                           .bias = true});
    check_slopes(&n);
    net_release(&n);
}
END_TEST

START_TEST(pool_slopes)
{
    struct net n;
    begin(&n, (struct shape){7, 5, 3}, (size_t)_i);
    put(&n, (struct layer){
                .kind = LAYER_CONV, .in = PREV(&n), .units = 4, .kh = 1, .kw = 1, .bias = true});
    put(&n, (struct layer){.kind = LAYER_MAXPOOL,
                           .in = PREV(&n),
                           .kh = 2,
                           .kw = 2,
                           .sh = 2,
                           .sw = 2,
                           .same = true});
    put(&n, (struct layer){.kind = LAYER_AVGPOOL,
                           .in = PREV(&n),
                           .kh = 3,
                           .kw = 3,
                           .sh = 1,
                           .sw = 1,
                           .same = true});
    put(&n, (struct layer){.kind = LAYER_AVGPOOL, .in = PREV(&n)});
    check_slopes(&n);
    net_release(&n);
}
END_TEST

START_TEST(join_slopes)
{
    struct net n;
    begin(&n, (struct shape){1, 8, 4}, (size_t)_i);
    int a = put(&n, (struct layer){.kind = LAYER_CONV,
                                   .in = {0, -1},
                                   .units = 4,
                                   .kh = 1,
                                   .kw = 3,
                                   .same = true,
                                   .bias = true});
    int b = put(&n, (struct layer){.kind = LAYER_CONV,
                                   .in = {a, -1},
                                   .units = 4,
                                   .kh = 1,
                                   .kw = 3,
                                   .same = true,
                                   .bias = true});
    int c = put(&n, (struct layer){.kind = LAYER_ADD, .in = {a, b}, .act = ACT_RELU});
    int d = put(&n, (struct layer){.kind = LAYER_CONCAT, .in = {c, a}});
    put(&n, (struct layer){.kind = LAYER_DROPOUT, .in = {d, -1}, .rate = 0.3f});
    put(&n, (struct layer){.kind = LAYER_DENSE, .in = PREV(&n), .units = 3, .bias = true});
    check_slopes(&n);
    net_release(&n);
}
END_TEST

// Products of awkward sizes, all variants against the plain one.
START_TEST(gemm_equals_reference)
{
    kerns = kern_all(kern);
    rng_seed(&rng, 2, 2);
    enum { LARGE = 70 };
    float a[LARGE * LARGE], b[LARGE * LARGE], bias[LARGE], c0[LARGE * LARGE], c1[LARGE * LARGE];
    int32_t rows[LARGE];
    for (int round = 0; round < 60; round++) {
        int m = 1 + (int)rng_below(&rng, LARGE), n = 1 + (int)rng_below(&rng, LARGE),
            k = 1 + (int)rng_below(&rng, LARGE / 2);
        fill(a, LARGE * LARGE);
        fill(b, LARGE * LARGE);
        fill(bias, LARGE);
        fill(c0, LARGE * LARGE);
        memcpy(c1, c0, sizeof(c0));
        for (int i = 0; i < m; i++) {
            rows[i] = i * LARGE;
        }
        struct kern_gemm g = {.m = m,
                              .n = n,
                              .segs = 2,
                              .k = k,
                              .a = a,
                              .a_row = rows,
                              .a_seg = k,
                              .a_k = 1,
                              .b = b,
                              .b_seg = k * LARGE,
                              .b_k = LARGE,
                              .c = c0,
                              .c_row = rows,
                              .bias = bias,
                              .add = round % 3 == 0,
                              .act = (enum act)(round % 3)};
        kern_ref()->gemm(&g);
        g.c = c1;
        kern[(size_t)_i % kerns]->gemm(&g);
        for (int i = 0; i < LARGE * LARGE; i++) {
            ck_assert_msg(fabsf(c0[i] - c1[i]) < 1e-3f, "%d x %d x %d at %d: %g, should be %g", m,
                          n, k, i, (double)c1[i], (double)c0[i]);
        }
    }
}
END_TEST

static void near(const float *is, const float *should, size_t n, float within, const char *what,
                 int c)
{
    for (size_t i = 0; i < n; i++) {
        ck_assert_msg(fabsf(is[i] - should[i]) < within,
                      "%s, %d channels, at %zu: %g, should be %g", what, c, i, (double)is[i],
                      (double)should[i]);
    }
}

// Channels below, at and between the widths of vectors.
static const int channels[] = {1, 3, 8, 16, 17, 64, 83};
enum { WIDE = 83, ROWS = 25 };

START_TEST(norm_equals_reference)
{
    const struct kern *k = (kerns = kern_all(kern), kern[(size_t)_i % kerns]), *ref = kern_ref();
    rng_seed(&rng, 4, 4);
    static float x[ROWS * WIDE], y[2][ROWS * WIDE], dy[ROWS * WIDE], dx[2][ROWS * WIDE],
        col[2][3][WIDE], rest[WIDE];
    for (size_t j = 0; j < ARRAY_LEN(channels); j++) {
        int c = channels[j];
        size_t n = (size_t)(ROWS * c);
        enum act act = (enum act)(j % 3);
        fill(x, n);
        fill(dy, n);
        fill(dx[0], n);
        fill(rest, WIDE);
        memcpy(dx[1], dx[0], sizeof(dx[0]));
        for (size_t i = 0; i < n; i++) {
            x[i] = 100 + 3 * x[i]; // a mean far from zero: squares of values would cancel
        }
        const struct kern *both[] = {ref, k};
        for (int b = 0; b < 2; b++) {
            struct kern_norm d = {.rows = ROWS, .c = c, .x = x, .y = y[b], .dy = dy, .act = act};
            both[b]->norm_stats(x, ROWS, c, col[b][0], col[b][1]);
            for (int i = 0; i < c; i++) {
                rest[i] = -col[0][0][i];
                col[b][2][i] = 1;
            }
            both[b]->norm_apply(&d, col[0][2], rest);
            d.y = y[0];
            both[b]->norm_slope(&d, col[0][1], col[0][2], rest, j % 2 == 1, dx[b]);
        }
        near(col[1][0], col[0][0], (size_t)c, 1e-3f, "mean", c);
        near(col[1][1], col[0][1], (size_t)c, 1e-2f, "variance", c);
        near(y[1], y[0], n, 1e-4f, "result", c);
        near(dx[1], dx[0], n, 1e-2f, "slope", c);
        for (int b = 0; b < 2; b++) {
            struct kern_norm d = {.rows = ROWS, .c = c, .x = x, .y = y[0], .dy = dy, .act = act};
            both[b]->norm_sums(&d, col[0][0], col[b][1], col[b][2]);
        }
        near(col[1][1], col[0][1], (size_t)c, 1e-3f, "sum", c);
        near(col[1][2], col[0][2], (size_t)c, 1e-2f, "product", c);
    }
}
END_TEST

START_TEST(windows_equal_reference)
{
    const struct kern *both[] = {kern_ref(), (kerns = kern_all(kern), kern[(size_t)_i % kerns])};
    rng_seed(&rng, 6, 6);
    enum { SIDE = 9 };
    static float x[SIDE * SIDE * WIDE], w[9 * WIDE], y[2][SIDE * SIDE * WIDE],
        dx[2][SIDE * SIDE * WIDE], dw[2][9 * WIDE];
    static int32_t won[2][WIDE];
    for (size_t j = 0; j < ARRAY_LEN(channels) * 4; j++) {
        int c = channels[j / 4], stride = 1 + (int)(j % 2), kw = j % 4 < 2 ? 3 : 2,
            out = (SIDE - 3) / stride + 1;
        fill(x, ARRAY_LEN(x));
        fill(w, ARRAY_LEN(w));
        fill(y[0], ARRAY_LEN(y[0]));
        memset(dx, 0, sizeof(dx));
        memset(dw, 0, sizeof(dw));
        memcpy(y[1], y[0], sizeof(y[0]));
        for (int b = 0; b < 2; b++) {
            struct kern_dw d = {.oh = out,
                                .ow = out,
                                .c = c,
                                .kh = 3,
                                .kw = kw,
                                .stride_h = stride,
                                .stride_w = stride,
                                .x_line = SIDE * c,
                                .x = x,
                                .w = w,
                                .bias = j % 3 ? w : NULL,
                                .y = y[b],
                                .add = j % 5 == 0,
                                .act = (enum act)(j % 3)};
            both[b]->dw_forward(&d);
            d.y = y[0];
            both[b]->dw_weights(&d, dw[b]);
            both[b]->dw_inputs(&d, dx[b]);
        }
        near(y[1], y[0], ARRAY_LEN(y[0]), 1e-4f, "depthwise", c);
        near(dw[1], dw[0], ARRAY_LEN(dw[0]), 1e-3f, "depthwise weights", c);
        near(dx[1], dx[0], ARRAY_LEN(dx[0]), 1e-3f, "depthwise inputs", c);
        for (int b = 0; b < 2; b++) {
            struct kern_max m = {
                .h = 3, .w = kw, .c = c, .x_line = SIDE * c, .x = x, .y = y[b], .won = won[b]};
            both[b]->max_window(&m);
            both[b]->max_back(&m, w, dx[b]);
        }
        near(y[1], y[0], (size_t)c, 1e-9f, "largest", c);
        ck_assert_int_eq(memcmp(won[0], won[1], (size_t)c * sizeof(int32_t)), 0);
        near(dx[1], dx[0], ARRAY_LEN(dx[0]), 1e-3f, "slope of the largest", c);
    }
}
END_TEST

START_TEST(adam_equals_reference)
{
    kerns = kern_all(kern);
    rng_seed(&rng, 3, 3);
    float w[2][37], m[2][37] = {{0}}, v[2][37] = {{0}}, g[37];
    fill(w[0], 37);
    memcpy(w[1], w[0], sizeof(w[0]));
    struct kern_adam k = {
        .rate = 0.01f, .beta1 = 0.9f, .beta2 = 0.999f, .eps = 1e-7f, .decay = 1e-4f, .scale = 0.5f};
    for (int i = 0; i < 5; i++) {
        fill(g, 37);
        kern_ref()->adam(&k, w[0], m[0], v[0], g, 37);
        kern[(size_t)_i % kerns]->adam(&k, w[1], m[1], v[1], g, 37);
    }
    for (int i = 0; i < 37; i++) {
        ck_assert_float_eq_tol(w[0][i], w[1][i], 1e-4f);
    }
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("net");
    tcase_add_loop_test(t, dense_slopes, 0, 4);
    tcase_add_loop_test(t, conv_slopes, 0, 4);
    tcase_add_loop_test(t, conv1d_slopes, 0, 4);
    tcase_add_loop_test(t, depthwise_slopes, 0, 4);
    tcase_add_loop_test(t, pool_slopes, 0, 4);
    tcase_add_loop_test(t, join_slopes, 0, 4);
    tcase_add_loop_test(t, gemm_equals_reference, 1, 4);
    tcase_add_loop_test(t, norm_equals_reference, 1, 4);
    tcase_add_loop_test(t, windows_equal_reference, 1, 4);
    tcase_add_loop_test(t, adam_equals_reference, 1, 4);
    Suite *s = suite_create("net");
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
