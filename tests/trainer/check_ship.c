// Every kind of network, random weights: float file and int8 file in the device runtime against the trainer's own
// float network and integer arithmetic.
#include "common/buf.h"
#include "common/err.h"
#include "firmware/core/nn/mote_nn.h"
#include "trainer/arch.h"
#include "trainer/export.h"
#include "trainer/par.h"
#include "trainer/quant.h"
#include "trainer/quant_sim.h"
#include "trainer/ship.h"

#include <check.h>
#include <math.h>

#define SAMPLES 24

struct world {
    struct net net;
    struct graph g;
    struct par *par;
    float *x;
    size_t in, out;
    struct fit_data data;
};

static void fill(void *ctx, int lane, uint32_t sample, uint64_t key, float *x)
{
    struct world *w = ctx;
    (void)lane;
    (void)key;
    memcpy(x, w->x + sample * w->in, w->in * sizeof(float));
}

static void begin(struct world *w, const char *recipe, struct mote_dsp_shape shape, int classes,
                  enum quant_method method, bool wide)
{
    struct err e = {0};
    struct recipe r;
    struct rng g;
    char text[512];
    snprintf(text, sizeof(text), "[data]\nstream = a\n[network]\n%s", recipe);
    ck_assert_msg(recipe_parse(&r, "test", text, strlen(text), &e) == OK, "%s", e.msg);
    *w = (struct world){0};
    rng_seed(&g, 3, 3);
    ck_assert_int_eq(net_init(&w->net, arch_input(&r, shape), kern_best(), &e), OK);
    ck_assert_msg(arch_build(&w->net, &r, classes, &e) == OK, "%s", e.msg);
    ck_assert_int_eq(net_start(&w->net, &g, &e), OK);
    for (size_t i = 0; i < w->net.states;
         i++) { // as after training: means around 0, variances around 1
        w->net.state[i] = fabsf(w->net.state[i] + 0.3f * rng_normal(&g)) + 0.2f;
    }
    w->in = shape_len(w->net.layer[0].y);
    w->out = (size_t)classes;
    w->x = malloc(SAMPLES * w->in * sizeof(float));
    for (size_t i = 0; i < SAMPLES * w->in; i++) {
        w->x[i] = rng_normal(&g);
    }
    w->par = par_new(2, &e);
    w->data = (struct fit_data){.n = SAMPLES, .ctx = w, .fill = fill};
    ck_assert_msg(graph_from_net(&w->g, &w->net, true, &e) == OK, "%s", e.msg);
    ck_assert_msg(!wide || graph_widen(&w->g, &e) == OK, "%s", e.msg);
    struct quant_options q = {.method = method,
                              .percentile = 99.9,
                              .per_channel_dense = method != QUANT_MIN_MAX,
                              .lanes = 2,
                              .par = w->par};
    ck_assert_msg(quant_run(&w->g, &w->net, &w->data, &q, &e) == OK, "%s", e.msg);
    recipe_release(&r);
}

static void end(struct world *w)
{
    graph_release(&w->g);
    net_release(&w->net);
    par_free(w->par);
    free(w->x);
}

static void *open_file(const struct world *w, bool int8, struct mote_nn *nn, void **arena)
{
    struct err e = {0};
    struct buf b = {0};
    struct mote_nn_diag d = {0};
    size_t need = 0;
    ck_assert_msg(export_tflite(&w->g, int8, "test", NULL, 0, &b, &e) == OK, "%s", e.msg);
    void *file = ship_aligned(b.data, b.len);
    ck_assert_msg(mote_nn_arena_size(file, b.len, &mote_nn_ops_all, 0, &need, &d) == MOTE_OK,
                  "%s %s", d.op_name, d.reason);
    *arena = aligned_alloc(64, (need + 63) & ~(size_t)63);
    ck_assert_msg(mote_nn_open(nn, file, b.len, &mote_nn_ops_all, 0, *arena, need, &d) == MOTE_OK,
                  "%s %s", d.op_name, d.reason);
    buf_release(&b);
    return file;
}

static void check_int8(const struct world *w)
{
    struct err e = {0};
    struct mote_nn nn;
    struct mote_nn_tensor in, out;
    void *arena, *file = open_file(w, true, &nn, &arena);
    struct quant_sim *sim = quant_sim_new(&w->g, &e);
    int16_t *q = calloc(w->in, sizeof(*q)); // int8 takes half of it
    for (size_t s = 0; s < SAMPLES; s++) {
        ck_assert_int_eq(mote_nn_input(&nn, 0, &in), MOTE_OK);
        ck_assert_int_eq(mote_pipe_quantize(w->x + s * w->in, w->in, &in), MOTE_OK);
        memcpy(q, in.data, in.bytes);
        ck_assert_int_eq(mote_nn_invoke(&nn), MOTE_OK);
        ck_assert_int_eq(mote_nn_output(&nn, 0, &out), MOTE_OK);
        ck_assert_int_eq(memcmp(quant_sim_run(sim, q), out.data, out.bytes), 0);
    }
    quant_sim_free(sim);
    free(q);
    free(arena);
    free(file);
}

static void check_float(const struct world *w)
{
    struct err e = {0};
    struct mote_nn nn;
    struct mote_nn_tensor in, out;
    void *arena, *file = open_file(w, false, &nn, &arena);
    float *y = malloc(SAMPLES * w->out * sizeof(float));
    ck_assert_int_eq(fit_predict(&w->net, &w->data, 2, w->par, y, &e), OK);
    loss_softmax(y, SAMPLES, (int)w->out);
    for (size_t s = 0; s < SAMPLES; s++) {
        ck_assert_int_eq(mote_nn_input(&nn, 0, &in), MOTE_OK);
        ck_assert_int_eq(mote_pipe_quantize(w->x + s * w->in, w->in, &in), MOTE_OK);
        ck_assert_int_eq(mote_nn_invoke(&nn), MOTE_OK);
        ck_assert_int_eq(mote_nn_output(&nn, 0, &out), MOTE_OK);
        for (size_t c = 0; c < w->out; c++) {
            ck_assert_float_eq_tol(mote_getf((const uint8_t *)out.data + 4 * c), y[s * w->out + c],
                                   1e-3f);
        }
    }
    free(y);
    free(arena);
    free(file);
}

static const struct {
    const char *recipe;
    struct mote_dsp_shape shape;
} cases[] = {
    {"type = mlp\nhidden = 19, 7\n", {1, 33, 1}},
    {"type = cnn1d\nfilters = 5, 9, 12\nkernel = 5\n", {64, 1, 3}},
    {"type = cnn2d\nfilters = 6, 10\nkernel = 3\nnorm = no\n", {14, 11, 3}},
    {"type = dscnn\nwidth = 0.2\nblocks = 2\n", {49, 10, 1}},
    {"type = mobilenet1\nwidth = 0.1\n", {32, 32, 3}},
    {"type = mobilenet2\nwidth = 0.1\n", {24, 24, 3}},
    {"type = resnet8\nwidth = 0.4\n", {16, 16, 3}},
    {"type = tcresnet\nwidth = 0.4\n", {40, 13, 1}},
    {"type = custom\nlayer = conv filters=6 kernel=3 norm=yes act=relu name=a\nlayer = dwconv "
     "kernel=3 stride=2 act=relu6\n"
     "layer = avgpool size=2 stride=2 pad=same\nlayer = conv filters=4 kernel=1 name=b "
     "from=a\nlayer = concat from=a+b\n"
     "layer = maxpool size=3 stride=2\nlayer = dropout rate=0.1\nlayer = dense units=8 "
     "act=relu\nlayer = dense\n",
     {12, 10, 2}},
};

START_TEST(int8_equals_runtime_byte_for_byte)
{
    static const enum quant_method methods[] = {QUANT_MIN_MAX, QUANT_PERCENTILE, QUANT_MSE,
                                                QUANT_ENTROPY};
    struct world w;
    begin(&w, cases[_i].recipe, cases[_i].shape, 5, methods[_i % 4], false);
    check_int8(&w);
    end(&w);
}
END_TEST

// 16x8: int16 activations, where every operator of the network has that form.
static const struct {
    const char *recipe;
    struct mote_dsp_shape shape;
} wide[] = {
    {"type = mlp\nhidden = 19, 7\n", {1, 33, 1}},
    {"type = cnn1d\nfilters = 5, 9, 12\nkernel = 5\npool = 1\n", {64, 1, 3}},
    {"type = dscnn\nwidth = 0.2\nblocks = 2\n", {49, 10, 1}},
    {"type = mobilenet1\nwidth = 0.1\n", {32, 32, 3}},
    {"type = custom\nlayer = conv filters=6 kernel=3 act=relu6\nlayer = dense units=8 "
     "act=relu\nlayer = dense\n",
     {7, 6, 2}},
};

START_TEST(wide_equals_runtime_byte_for_byte)
{
    struct world w;
    begin(&w, wide[_i].recipe, wide[_i].shape, 5, QUANT_MIN_MAX, true);
    check_int8(&w);
    end(&w);
}
END_TEST

START_TEST(says_which_operator_has_no_wide_form)
{
    struct world w;
    struct graph g;
    struct err e = {0};
    begin(&w, cases[6].recipe, cases[6].shape, 5, QUANT_MIN_MAX, false);
    ck_assert_int_eq(graph_from_net(&g, &w.net, true, &e), OK);
    ck_assert_int_eq(graph_widen(&g, &e), E_FORMAT);
    ck_assert_ptr_nonnull(strstr(e.msg, "ADD"));
    graph_release(&g);
    end(&w);
}
END_TEST

START_TEST(float_file_gives_what_the_network_gives)
{
    struct world w;
    begin(&w, cases[_i].recipe, cases[_i].shape, 5, QUANT_MIN_MAX, false);
    check_float(&w);
    end(&w);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("ship");
    tcase_add_loop_test(t, int8_equals_runtime_byte_for_byte, 0, (int)ARRAY_LEN(cases));
    tcase_add_loop_test(t, float_file_gives_what_the_network_gives, 0, (int)ARRAY_LEN(cases));
    tcase_add_loop_test(t, wide_equals_runtime_byte_for_byte, 0, (int)ARRAY_LEN(wide));
    tcase_add_test(t, says_which_operator_has_no_wide_form);
    Suite *s = suite_create("ship");
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
