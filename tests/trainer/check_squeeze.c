// Squeezing: folding and shrinking keep the function, exported weights keep the rules that they
// were trained under, and training with rounding brings back what calibration alone loses.
#include "common/buf.h"
#include "common/err.h"
#include "trainer/arch.h"
#include "trainer/par.h"
#include "trainer/quant.h"
#include "trainer/quant_sim.h"
#include "trainer/squeeze_net.h"
#include "trainer/squeeze_tune.h"

#include <check.h>
#include <math.h>

#define N 600
#define TEST 300
#define IN 12
#define CLASSES 4

static float x[N + TEST][IN], target[N + TEST][CLASSES];
static struct par *par;

static void fill(void *ctx, int lane, uint32_t sample, uint64_t key, float *out)
{
    (void)lane;
    (void)key;
    memcpy(out, x[sample + *(const uint32_t *)ctx], sizeof(x[0]));
}
static const uint32_t from_start = 0, from_test = N;

static struct fit_data training(void)
{
    return (struct fit_data){
        .n = N, .ctx = (void *)(uintptr_t)&from_start, .fill = fill, .target = &target[0][0]};
}
static struct fit_data testing(void)
{
    return (struct fit_data){
        .n = TEST, .ctx = (void *)(uintptr_t)&from_test, .fill = fill, .target = &target[N][0]};
}

// Classes that lie around two centres each, so that hidden units are needed.
static void make_data(void)
{
    struct rng g;
    float centre[2 * CLASSES][IN];
    rng_seed(&g, 11, 1);
    for (int i = 0; i < 2 * CLASSES; i++) {
        for (int j = 0; j < IN; j++) {
            centre[i][j] = 1.1f * rng_normal(&g);
        }
    }
    for (int i = 0; i < N + TEST; i++) {
        int which = i % (2 * CLASSES);
        target[i][which % CLASSES] = 1;
        for (int j = 0; j < IN; j++) {
            x[i][j] = centre[which][j] + 0.8f * rng_normal(&g);
        }
    }
}

static void make_net(struct net *n, const char *text, struct mote_dsp_shape shape, int classes)
{
    struct err e = {0};
    struct recipe r;
    struct rng g;
    char recipe[512];
    snprintf(recipe, sizeof(recipe), "[data]\nstream = a\n[network]\n%s", text);
    ck_assert_msg(recipe_parse(&r, "test", recipe, strlen(recipe), &e) == OK, "%s", e.msg);
    rng_seed(&g, 5, 5);
    ck_assert_int_eq(net_init(n, arch_input(&r, shape), kern_best(), &e), OK);
    ck_assert_msg(arch_build(n, &r, classes, &e) == OK, "%s", e.msg);
    ck_assert_int_eq(net_start(n, &g, &e), OK);
    for (size_t i = 0; i < n->states; i++) {
        n->state[i] = fabsf(n->state[i] + 0.3f * rng_normal(&g)) + 0.2f;
    }
    recipe_release(&r);
}

// Largest difference of two networks' outputs on random inputs.
static float difference(const struct net *a, const struct net *b)
{
    struct err e = {0};
    struct lane la, lb;
    struct rng g;
    float worst = 0;
    rng_seed(&g, 9, 9);
    ck_assert_int_eq(lane_init(&la, a, 4, false, &e), OK);
    ck_assert_int_eq(lane_init(&lb, b, 4, false, &e), OK);
    la.n = lb.n = 4;
    for (size_t i = 0; i < 4 * shape_len(a->layer[0].y); i++) {
        la.y[0][i] = lb.y[0][i] = rng_normal(&g);
    }
    net_forward(a, &la, false);
    net_forward(b, &lb, false);
    for (size_t i = 0; i < 4 * shape_len(net_output(a)); i++) {
        worst = fmaxf(worst, fabsf(la.y[a->layers - 1][i] - lb.y[b->layers - 1][i]));
    }
    lane_release(&la);
    lane_release(&lb);
    return worst;
}

static const struct {
    const char *recipe;
    struct mote_dsp_shape shape;
} nets[] = {
    {"type = mlp\nhidden = 24, 16\n", {1, IN, 1}},
    {"type = cnn2d\nfilters = 8, 12\nkernel = 3\n", {12, 10, 2}},
    {"type = dscnn\nwidth = 0.25\nblocks = 2\n", {20, 10, 1}},
    {"type = mobilenet2\nwidth = 0.25\n", {24, 24, 3}},
    {"type = resnet8\nwidth = 0.5\n", {16, 16, 3}},
    {"type = tcresnet\nwidth = 0.5\n", {40, 13, 1}},
};

START_TEST(folding_keeps_the_function)
{
    struct net n, folded;
    struct err e = {0};
    make_net(&n, nets[_i].recipe, nets[_i].shape, 5);
    ck_assert_msg(squeeze_fold(&n, &folded, &e) == OK, "%s", e.msg);
    for (int i = 0; i < folded.layers; i++) {
        ck_assert_int_ne(folded.layer[i].kind, LAYER_NORM);
    }
    ck_assert_float_le(difference(&n, &folded), 2e-3f);
    net_release(&n);
    net_release(&folded);
}
END_TEST

// Every second filter of each layer is made nothing; taking half of the channels out must then
// change nothing.
START_TEST(channels_without_weight_are_the_ones_that_go)
{
    struct net n, folded, small;
    struct err e = {0};
    int removed = 0;
    make_net(&n, nets[_i].recipe, nets[_i].shape, 5);
    ck_assert_int_eq(squeeze_fold(&n, &folded, &e), OK);
    for (int i = 1; i < folded.layers - 1; i++) {
        const struct layer *l = &folded.layer[i];
        size_t c = (size_t)l->y.c;
        for (size_t j = 0; j < l->w_len; j++) {
            folded.param[l->w + j] *= j % c % 2 == 0;
        }
        for (size_t j = 0; j < l->b_len; j++) {
            folded.param[l->b + j] *= j % 2 == 0;
        }
    }
    ck_assert_msg(squeeze_channels(&folded, 0.5, false, &small, &removed, &e) == OK, "%s", e.msg);
    ck_assert_int_gt(removed, 0);
    ck_assert_uint_lt(small.params, folded.params * 3 / 4);
    ck_assert_uint_lt(net_macs(&small), net_macs(&folded));
    ck_assert_float_le(difference(&folded, &small), 1e-3f);
    net_release(&n);
    net_release(&folded);
    net_release(&small);
}
END_TEST

static void train(struct net *n, int epochs, float rate, const struct fit_hook *hook)
{
    struct err e = {0};
    struct fit_data data = training(), none = {0};
    struct fit_result r;
    struct fit_options o = {.epochs = epochs,
                            .batch = 32,
                            .lanes = 2,
                            .schedule = FIT_COSINE,
                            .rate = rate,
                            .seed = 3,
                            .hook = hook};
    ck_assert_msg(fit_run(n, &data, &none, &o, par, NULL, NULL, &r, &e) == OK, "%s", e.msg);
}

static void ranges(const struct net *n, struct graph *g, enum quant_method method)
{
    struct err e = {0};
    struct fit_data data = training();
    struct quant_options o = {.method = method, .percentile = 99.9, .lanes = 2, .par = par};
    ck_assert_int_eq(graph_from_net(g, n, true, &e), OK);
    ck_assert_int_eq(quant_ranges(g, n, &data, &o, &e), OK);
}

static struct squeeze_tune *tune(struct net *n, const struct squeeze_rules *rules)
{
    struct err e = {0};
    struct graph narrow, wide;
    ranges(n, &narrow, QUANT_PERCENTILE);
    ranges(n, &wide, QUANT_MIN_MAX);
    struct squeeze_tune *t = squeeze_tune_new(n, &narrow, &wide, rules, &e);
    ck_assert_msg(t != NULL, "%s", e.msg);
    graph_release(&narrow);
    graph_release(&wide);
    train(n, rules->epochs, 0.004f, squeeze_tune_hook(t));
    squeeze_tune_settle(t, n);
    return t;
}

static void finish(struct graph *g, bool per_channel)
{
    struct err e = {0};
    quant_scales(g);
    ck_assert_int_eq(quant_weights(g, per_channel, &e), OK);
}

static int top(const float *v)
{
    int best = 0;
    for (int c = 1; c < CLASSES; c++) {
        best = v[c] > v[best] ? c : best;
    }
    return best;
}

// Test samples that the int8 graph gets right, by plain integer arithmetic.
static int right_int8(const struct graph *g)
{
    struct err e = {0};
    struct quant_sim *s = quant_sim_new(g, &e);
    const struct gtensor *in = &g->t[g->input];
    int right = 0;
    ck_assert_ptr_nonnull(s);
    for (int i = N; i < N + TEST; i++) {
        int8_t q[IN];
        float y[CLASSES];
        for (int j = 0; j < IN; j++) {
            float v = roundf(x[i][j] / in->scale) + (float)in->zero_point;
            q[j] = (int8_t)(v < -128 ? -128 : v > 127 ? 127 : v);
        }
        const int8_t *out = quant_sim_run(s, q);
        for (int c = 0; c < CLASSES; c++) {
            y[c] = out[c];
        }
        right += top(y) == top(target[i]);
    }
    quant_sim_free(s);
    return right;
}

static int right_float(const struct net *n)
{
    struct err e = {0};
    struct fit_data data = testing();
    static float y[TEST][CLASSES];
    int right = 0;
    ck_assert_int_eq(fit_predict(n, &data, 2, par, &y[0][0], &e), OK);
    for (int i = 0; i < TEST; i++) {
        right += top(y[i]) == top(target[N + i]);
    }
    return right;
}

START_TEST(zeros_and_clusters_reach_the_exported_weights)
{
    struct net n;
    struct graph g;
    make_net(&n, "type = mlp\nhidden = 32, 24\n", nets[0].shape, CLASSES);
    train(&n, 15, 0.01f, NULL);
    int before = right_float(&n);
    struct squeeze_rules rules = {
        .sparsity = 0.6, .ramp = true, .clusters = 8, .per_channel_dense = _i, .epochs = 12};
    squeeze_tune_free(tune(&n, &rules));
    ranges(&n, &g, QUANT_MIN_MAX);
    finish(&g, _i);
    for (int i = 0; i < g.ops; i++) {
        const struct gop *o = &g.op[i];
        bool seen[256] = {false};
        size_t zeros = 0;
        int codes = 0;
        for (size_t j = 0; o->qw && j < o->w_len; j++) {
            zeros += o->qw[j] == 0;
            codes += !seen[o->qw[j] + 128];
            seen[o->qw[j] + 128] = true;
        }
        if (o->qw) {
            ck_assert_int_le(codes, 8);
            ck_assert_uint_ge(zeros, (size_t)(0.59 * (double)o->w_len));
        }
    }
    ck_assert_int_ge(right_int8(&g), before - TEST / 25);
    graph_release(&g);
    net_release(&n);
}
END_TEST

// Hidden units of very different size under one scale: a function that float does not mind and
// calibration cannot serve.
static void stretch_units(struct net *n)
{
    const struct layer *a = &n->layer[1], *b = &n->layer[2];
    size_t units = (size_t)a->units;
    for (size_t u = 0; u < units; u++) {
        float by = powf(200, (float)(u % 5) / 4);
        for (size_t i = u; i < a->w_len; i += units) {
            n->param[a->w + i] *= by;
        }
        n->param[a->b + u] *= by;
        for (size_t j = 0; j < (size_t)b->units; j++) {
            n->param[b->w + u * (size_t)b->units + j] /= by;
        }
    }
}

START_TEST(training_with_rounding_wins_back_what_calibration_loses)
{
    struct net n;
    struct graph plain, tuned;
    struct err e = {0};
    make_net(&n, "type = mlp\nhidden = 20, 12\n", nets[0].shape, CLASSES);
    train(&n, 20, 0.01f, NULL);
    stretch_units(&n);
    int in_float = right_float(&n);
    ranges(&n, &plain, QUANT_PERCENTILE);
    finish(&plain, false);
    int calibrated = right_int8(&plain);
    struct squeeze_rules rules = {.round = true, .epochs = 12};
    struct squeeze_tune *t = tune(&n, &rules);
    ck_assert_int_eq(graph_from_net(&tuned, &n, true, &e), OK);
    squeeze_tune_ranges(t, &tuned);
    finish(&tuned, false);
    int rounded = right_int8(&tuned);
    ck_assert_msg(calibrated <= in_float - TEST / 20, "float %d, calibrated %d: nothing was lost",
                  in_float, calibrated);
    ck_assert_msg(rounded >= calibrated + TEST / 25 && rounded >= in_float - TEST / 25,
                  "float %d, calibrated %d, rounded %d", in_float, calibrated, rounded);
    squeeze_tune_free(t);
    graph_release(&plain);
    graph_release(&tuned);
    net_release(&n);
}
END_TEST

// What the network gives with rounding on is what the exported integers give, within a step or two
// of the output.
START_TEST(rounded_network_simulates_the_exported_one)
{
    struct net n;
    struct graph g;
    struct err e = {0};
    struct lane l;
    make_net(&n, "type = mlp\nhidden = 20, 12\n", nets[0].shape, CLASSES);
    train(&n, 15, 0.01f, NULL);
    struct squeeze_rules rules = {.round = true, .per_channel_dense = true, .epochs = 4};
    struct squeeze_tune *t = tune(&n, &rules);
    ck_assert_int_eq(graph_from_net(&g, &n, false, &e), OK);
    struct graph with_softmax;
    ck_assert_int_eq(graph_from_net(&with_softmax, &n, true, &e), OK);
    squeeze_tune_ranges(t, &with_softmax);
    for (int i = 0; i < g.tensors; i++) {
        g.t[i].lo = with_softmax.t[i].lo;
        g.t[i].hi = with_softmax.t[i].hi;
    }
    finish(&g, true);
    const struct net *view = squeeze_tune_hook(t)->view(squeeze_tune_hook(t)->ctx, &n);
    struct quant_sim *s = quant_sim_new(&g, &e);
    const struct gtensor *in = &g.t[g.input], *out = &g.t[g.output];
    ck_assert_int_eq(lane_init(&l, view, 1, false, &e), OK);
    int near = 0, all = 0;
    for (int i = N; i < N + TEST; i++) {
        int8_t q[IN];
        l.n = 1;
        memcpy(l.y[0], x[i], sizeof(x[i]));
        net_forward(view, &l, false);
        for (int j = 0; j < IN; j++) {
            float v = rintf(x[i][j] / in->scale) + (float)in->zero_point;
            q[j] = (int8_t)(v < -128 ? -128 : v > 127 ? 127 : v);
        }
        const int8_t *y = quant_sim_run(s, q);
        for (int c = 0; c < CLASSES; c++, all++) {
            float theirs = (float)(y[c] - out->zero_point) * out->scale;
            near += fabsf(theirs - l.y[view->layers - 1][c]) <= 1.01f * out->scale;
        }
    }
    ck_assert_msg(near >= all * 99 / 100, "%d of %d outputs within a step", near, all);
    lane_release(&l);
    quant_sim_free(s);
    squeeze_tune_free(t);
    graph_release(&g);
    graph_release(&with_softmax);
    net_release(&n);
}
END_TEST

START_TEST(the_same_run_gives_the_same_bytes)
{
    struct net a, b;
    struct squeeze_rules rules = {
        .sparsity = 0.5, .ramp = true, .clusters = 12, .round = true, .epochs = 4};
    make_net(&a, nets[0].recipe, nets[0].shape, CLASSES);
    make_net(&b, nets[0].recipe, nets[0].shape, CLASSES);
    squeeze_tune_free(tune(&a, &rules));
    struct par *two = par;
    struct err e = {0};
    par = par_new(1, &e);
    squeeze_tune_free(tune(&b, &rules));
    par_free(par);
    par = two;
    ck_assert_int_eq(memcmp(a.param, b.param, a.params * sizeof(float)), 0);
    net_release(&a);
    net_release(&b);
}
END_TEST

int main(void)
{
    struct err e = {0};
    make_data();
    par = par_new(2, &e);
    TCase *c = tcase_create("squeeze");
    tcase_add_loop_test(c, folding_keeps_the_function, 0, (int)ARRAY_LEN(nets));
    tcase_add_loop_test(c, channels_without_weight_are_the_ones_that_go, 0, (int)ARRAY_LEN(nets));
    tcase_add_loop_test(c, zeros_and_clusters_reach_the_exported_weights, 0, 2);
    tcase_add_test(c, training_with_rounding_wins_back_what_calibration_loses);
    tcase_add_test(c, rounded_network_simulates_the_exported_one);
    tcase_add_test(c, the_same_run_gives_the_same_bytes);
    tcase_set_timeout(c, 60);
    Suite *s = suite_create("squeeze");
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_set_fork_status(r, CK_NOFORK); // the team of threads does not survive a fork
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    par_free(par);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
