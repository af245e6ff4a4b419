// Classical learners: results that scikit-learn gives for the same data (tests/golden/classic.py),
// and graphs whose integers decide as the learners do, byte for byte in the device runtime.
#include "common/buf.h"
#include "common/err.h"
#include "firmware/core/nn/mote_nn.h"
#include "tests/golden/classic.h"
#include "trainer/classic_graph.h"
#include "trainer/export.h"
#include "trainer/quant_sim.h"
#include "trainer/ship.h"

#include <check.h>
#include <math.h>

#define N GOLDEN_N
#define D GOLDEN_D
#define K GOLDEN_K

static float x[N * D];
static uint32_t row[N];
static uint16_t label[N];
static struct classic_data data = {x, row, label, NULL, N, D, K};

// The same numbers as the script's, from whole-number arithmetic alone.
static void make_data(void)
{
    uint32_t state = 12345;
    for (size_t i = 0; i < N; i++) {
        label[i] = (uint16_t)(i % K);
        row[i] = (uint32_t)i;
        for (size_t j = 0; j < D; j++) {
            uint32_t sum = 0;
            for (int k = 0; k < 4; k++) {
                state = state * 1664525u + 1013904223u;
                sum += state >> 16;
            }
            uint32_t middle = (uint32_t)(i % K) * 7 * (uint32_t)(j + 1) % 11;
            x[i * D + j] = ((float)sum / 65536 - 2) * 2 + (float)middle * 0.25f;
        }
    }
}

START_TEST(logistic_finds_the_known_optimum)
{
    float w[D * K], b[K], shift = 0;
    int rounds = 0;
    struct err e = {0};
    ck_assert_int_eq(classic_logistic(&data, GOLDEN_PENALTY, w, b, &rounds, &e), OK);
    for (size_t j = 0; j < D; j++) {
        for (size_t c = 0; c < K; c++) {
            ck_assert_float_eq_tol(w[j * K + c], golden_logistic_w[c][j], 5e-3f);
        }
    }
    for (size_t c = 0; c < K; c++) { // biases are free: known but for a common constant
        shift += (b[c] - golden_logistic_b[c]) / K;
    }
    for (size_t c = 0; c < K; c++) {
        ck_assert_float_eq_tol(b[c] - shift, golden_logistic_b[c], 1e-2f);
    }
}
END_TEST

START_TEST(machines_find_the_known_optimum)
{
    float w[D * GOLDEN_PAIRS], b[GOLDEN_PAIRS];
    struct err e = {0};
    ck_assert_uint_eq(classic_pairs(K), GOLDEN_PAIRS);
    ck_assert_int_eq(classic_svm(&data, GOLDEN_PENALTY, 1, w, b, &e), OK);
    for (size_t p = 0; p < GOLDEN_PAIRS; p++) {
        for (size_t j = 0; j < D; j++) {
            ck_assert_float_eq_tol(w[j * GOLDEN_PAIRS + p], golden_svm_w[p][j], 2e-2f);
        }
        ck_assert_float_eq_tol(b[p], golden_svm_b[p], 4e-2f);
    }
}
END_TEST

START_TEST(kmeans_is_as_tight_as_the_known_one)
{
    struct classic_mixture m;
    struct err e = {0};
    double best = INFINITY;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        ck_assert_int_eq(classic_kmeans(&data, K, seed, &m, &e), OK);
        best = fmin(best, (double)(m.deviation[0] * m.deviation[0]) * D * N);
        classic_mixture_release(&m);
    }
    ck_assert_double_le(best, GOLDEN_KMEANS_INERTIA * 1.01);
    ck_assert_double_ge(best, GOLDEN_KMEANS_INERTIA * 0.99);
}
END_TEST

START_TEST(gaussians_are_as_likely_as_the_known_ones)
{
    struct classic_mixture m;
    struct err e = {0};
    double best = -INFINITY;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        double sum = 0, all;
        ck_assert_int_eq(classic_gaussians(&data, K, 1e-3, seed, &m, &e), OK);
        for (size_t i = 0; i < N; i++) {
            ck_assert_double_le(classic_mixture_log(&m, x + i * D, &all), all);
            sum += all / N;
        }
        best = fmax(best, sum);
        classic_mixture_release(&m);
    }
    ck_assert_double_ge(best, GOLDEN_GMM_LOGLIKELIHOOD - 0.02);
}
END_TEST

struct world {
    struct graph g;
    struct mote_nn nn;
    struct quant_sim *sim;
    void *file, *arena;
    float scale;
    int32_t zero;
};

static void open_graph(struct world *w)
{
    struct err e = {0};
    struct buf b = {0};
    struct mote_nn_diag d = {0};
    size_t need = 0;
    ck_assert_msg(export_tflite(&w->g, true, "test", NULL, 0, &b, &e) == OK, "%s", e.msg);
    w->file = ship_aligned(b.data, b.len);
    ck_assert_msg(mote_nn_arena_size(w->file, b.len, &mote_nn_ops_all, 0, &need, &d) == MOTE_OK,
                  "%s %s", d.op_name, d.reason);
    w->arena = aligned_alloc(64, (need + 63) & ~(size_t)63);
    ck_assert_int_eq(mote_nn_open(&w->nn, w->file, b.len, &mote_nn_ops_all, 0, w->arena, need, &d),
                     MOTE_OK);
    w->sim = quant_sim_new(&w->g, &e);
    ck_assert_ptr_nonnull(w->sim);
    buf_release(&b);
}

static void close_graph(struct world *w)
{
    quant_sim_free(w->sim);
    graph_release(&w->g);
    free(w->file);
    free(w->arena);
}

// Runs a row; the runtime and the simulation must agree. out: dequantized.
static void run_row(struct world *w, const float *in, float *out)
{
    struct mote_nn_tensor ti, to;
    int8_t code[D];
    for (size_t j = 0; j < D; j++) {
        code[j] = classic_code(in[j], w->scale, w->zero);
    }
    ck_assert_int_eq(mote_nn_input(&w->nn, 0, &ti), MOTE_OK);
    ck_assert_int_eq(mote_pipe_quantize(in, D, &ti), MOTE_OK);
    ck_assert_int_eq(memcmp(ti.data, code, D), 0);
    ck_assert_int_eq(mote_nn_invoke(&w->nn), MOTE_OK);
    ck_assert_int_eq(mote_nn_output(&w->nn, 0, &to), MOTE_OK);
    ck_assert_int_eq(memcmp(quant_sim_run(w->sim, code), to.data, to.bytes), 0);
    for (size_t c = 0; c < to.bytes; c++) {
        out[c] = mote_pipe_dequantize(&to, c);
    }
}

static void grow(struct classic_forest *f, struct world *w, int8_t *code, size_t trees,
                 size_t depth, size_t inputs)
{
    struct err e = {0};
    struct classic_forest_options o = {
        .trees = trees, .depth = depth, .leaf = 2, .inputs = inputs, .seed = 7};
    classic_input_scale(&data, 0.999, 1, &w->scale, &w->zero);
    for (size_t i = 0; i < N * D; i++) {
        code[i] = classic_code(x[i], w->scale, w->zero);
    }
    ck_assert_msg(classic_forest_grow(&data, code, &o, f, &e) == OK, "%s", e.msg);
}

static size_t top_of(const float *v)
{
    size_t best = 0;
    for (size_t c = 1; c < K; c++) {
        best = v[c] > v[best] ? c : best;
    }
    return best;
}

static const struct {
    size_t trees, depth, inputs;
} forests[] = {{1, 1, 0}, {1, 6, 0}, {12, 5, 0}, {32, 8, 3}};

// The graph gives every tree's decision, so its chances are the forest's but for the weights'
// rounding.
START_TEST(forest_graph_decides_as_the_trees)
{
    struct world w = {0};
    struct classic_forest f;
    struct err e = {0};
    static int8_t code[N * D];
    size_t right = 0, used = 0;
    bool seen[D] = {false};
    grow(&f, &w, code, forests[_i].trees, forests[_i].depth, forests[_i].inputs);
    ck_assert_msg(classic_forest_graph(&f, w.scale, w.zero, &w.g, &e) == OK, "%s", e.msg);
    open_graph(&w);
    for (size_t i = 0; i < N; i++) {
        float want[K], have[K];
        classic_forest_ask(&f, code + i * D, want);
        run_row(&w, x + i * D, have);
        for (size_t c = 0; c < K; c++) {
            ck_assert_float_eq_tol(have[c], fminf(want[c], 255.0f / 256),
                                   1.6f / 256 + 0.004f * want[c]);
        }
        right += top_of(want) == label[i];
    }
    for (size_t t = 0; t < f.trees; t++) {
        for (size_t i = 0; i < f.tree[t].nodes; i++) {
            used += !seen[f.tree[t].node[i].feature];
            seen[f.tree[t].node[i].feature] = true;
        }
    }
    ck_assert_uint_le(used, forests[_i].inputs ? forests[_i].inputs : D);
    if (forests[_i].trees >= 12) {
        ck_assert_uint_ge(right, N * 8 / 10);
    }
    classic_forest_release(&f);
    close_graph(&w);
}
END_TEST

START_TEST(forest_is_about_as_right_as_the_known_one)
{
    struct world w = {0};
    struct classic_forest f;
    static int8_t code[N * D];
    const size_t half = N / 2;
    size_t right = 0;
    data.n = half;
    grow(&f, &w, code, 32, 8, 0);
    data.n = N;
    for (size_t i = half; i < N; i++) {
        float chance[K];
        classic_forest_ask(&f, code + i * D, chance);
        right += top_of(chance) == label[i];
    }
    ck_assert_double_ge((double)right / (double)(N - half), GOLDEN_FOREST_ACCURACY - 0.04);
    classic_forest_release(&f);
}
END_TEST

// Scores follow the log-density, rise with distance, and stop at the span.
START_TEST(mixture_graph_scores_as_the_density)
{
    struct world w = {0};
    struct classic_mixture m;
    struct err e = {0};
    int rc =
        _i ? classic_gaussians(&data, 3, 0.05, 1, &m, &e) : classic_kmeans(&data, 3, 1, &m, &e);
    ck_assert_int_eq(rc, OK);
    double reference = -INFINITY, span = 60, worst = 0;
    for (size_t i = 0; i < N; i++) {
        reference = fmax(reference, classic_mixture_log(&m, x + i * D, NULL));
    }
    classic_input_scale(&data, 0.999, 1.5f, &w.scale, &w.zero);
    ck_assert_msg(classic_mixture_graph(&m, reference, span, w.scale, w.zero, &w.g, &e) == OK, "%s",
                  e.msg);
    open_graph(&w);
    for (size_t i = 0; i < N; i++) {
        float score;
        double want = reference - classic_mixture_log(&m, x + i * D, NULL);
        run_row(&w, x + i * D, &score);
        worst = fmax(worst, fabs((double)score - want));
    }
    ck_assert_double_le(worst, 1.5);
    float far[D], score;
    for (size_t j = 0; j < D; j++) {
        far[j] = 1000;
    }
    run_row(&w, far, &score);
    ck_assert_float_ge(score, (float)span * 0.8f);
    classic_mixture_release(&m);
    close_graph(&w);
}
END_TEST

int main(void)
{
    make_data();
    TCase *t = tcase_create("classic");
    tcase_add_test(t, logistic_finds_the_known_optimum);
    tcase_add_test(t, machines_find_the_known_optimum);
    tcase_add_test(t, kmeans_is_as_tight_as_the_known_one);
    tcase_add_test(t, gaussians_are_as_likely_as_the_known_ones);
    tcase_add_loop_test(t, forest_graph_decides_as_the_trees, 0, (int)ARRAY_LEN(forests));
    tcase_add_test(t, forest_is_about_as_right_as_the_known_one);
    tcase_add_loop_test(t, mixture_graph_scores_as_the_density, 0, 2);
    Suite *s = suite_create("classic");
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
