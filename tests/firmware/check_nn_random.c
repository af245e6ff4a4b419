// Fast kernels against the portable reference, over random shapes, strides, paddings, scales and bytes; and
// what happens to models whose bytes were changed at random.
#include "tests/firmware/nn_file.h"
#include "tests/support/nn_random.h"

#include "common/buf.h"
#include "common/err.h"
#include "firmware/core/nn/nn_quant.h"

#include <check.h>
#include <math.h>

#define MODELS 400

// Output of the model for that seed's input; the caller frees it. NULL where the model is refused.
static uint8_t *run(const void *file, size_t len, uint32_t flags, uint32_t seed, size_t *bytes,
                    struct mote_nn_diag *diag)
{
    struct mote_nn nn;
    struct mote_nn_tensor t;
    size_t need;
    if (mote_nn_arena_size(file, len, &mote_nn_ops_all, flags, &need, diag) != MOTE_OK) {
        return NULL;
    }
    void *arena = aligned_alloc(16, need);
    ck_assert_int_eq(mote_nn_open(&nn, file, len, &mote_nn_ops_all, flags, arena, need, diag),
                     MOTE_OK);
    ck_assert_int_eq(mote_nn_input(&nn, 0, &t), MOTE_OK);
    nn_random_input(seed, t.data, t.bytes);
    ck_assert_int_eq(mote_nn_invoke(&nn), MOTE_OK);
    ck_assert_int_eq(mote_nn_output(&nn, 0, &t), MOTE_OK);
    uint8_t *out = malloc(t.bytes + 1);
    memcpy(out, t.data, t.bytes);
    *bytes = t.bytes;
    free(arena);
    return out;
}

static void *aligned_copy(const struct buf *b)
{
    void *p = NULL;
    ck_assert_int_eq(posix_memalign(&p, 16, b->len), 0);
    memcpy(p, b->data, b->len);
    return p;
}

START_TEST(fast_kernels_give_the_bytes_of_the_reference)
{
    for (uint32_t seed = 1; seed <= MODELS; seed++) {
        struct buf b = {0};
        struct err e = {0};
        struct mote_nn_diag diag;
        size_t n_fast = 0;
        size_t n_ref = 0;
        ck_assert_msg(nn_random_model((enum nn_random_kind)_i, seed, &b, &e) == OK, "%s", e.msg);
        void *file = aligned_copy(&b);
        uint8_t *fast = run(file, b.len, 0, seed, &n_fast, &diag);
        uint8_t *ref = run(file, b.len, MOTE_NN_REFERENCE, seed, &n_ref, &diag);
        ck_assert_msg(ref != NULL ||
                          (diag.reason != NULL && strstr(diag.reason, "proportion") != NULL),
                      "seed %u: %s", seed, diag.reason);
        ck_assert_uint_eq(n_fast, n_ref);
        ck_assert_msg(n_ref == 0 || memcmp(fast, ref, n_ref) == 0,
                      "kind %d seed %u: outputs differ", _i, seed);
        free(fast);
        free(ref);
        free(file);
        buf_release(&b);
    }
}
END_TEST

START_TEST(short_rescaling_equals_the_reference)
{
    uint32_t state = 7;
    static const int32_t edges[] = {
        0, 1, -1, 2, -2, INT32_MAX, INT32_MIN, INT32_MIN + 1, 1 << 30, -(1 << 30)};
    for (int i = 0; i < 500000; i++) {
        int32_t x = i % 3 == 0 ? edges[nn_random_next(&state) % ARRAY_LEN(edges)]
                               : (int32_t)nn_random_next(&state);
        x >>= i % 7 == 0 ? nn_random_next(&state) % 31 : 0;
        int32_t m =
            i % 5 == 0 ? 1 << 30 : (int32_t)(nn_random_next(&state) >> 2 | 1u << 30) & INT32_MAX;
        int32_t shift = -2 - (int32_t)(nn_random_next(&state) % 30);
        ck_assert_msg(nn_rescale_right(x, m, shift) == nn_rescale(x, m, shift), "%d %d %d", x, m,
                      shift);
    }
}
END_TEST

START_TEST(factors_have_the_roundings_of_a_double)
{
    uint32_t state = 99;
    for (int i = 0; i < 300000; i++) {
        float f[3];
        for (int k = 0; k < 3; k++) {
            uint32_t bits =
                (nn_random_next(&state) & 0x7fffffu) | (90u + nn_random_next(&state) % 60u) << 23;
            memcpy(&f[k], &bits, 4);
        }
        int shift;
        double q = frexp((double)f[0] * (double)f[1] / (double)f[2], &shift);
        int64_t m = llround(q * 2147483648.0);
        if (m == (int64_t)1 << 31) {
            m /= 2;
            shift++;
        }
        struct nn_scale s;
        bool fits = nn_scale_from(f[0], f[1], f[2], 0, &s);
        ck_assert_int_eq(fits, shift <= 30);
        ck_assert_int_eq(s.multiplier, shift < -31 ? 0 : m);
        ck_assert_int_eq(s.shift, shift < -31 ? -31 : shift);
    }
}
END_TEST

// Flips, overwrites and cuts; whatever opens must run within its arena (the sanitizer build watches).
static void mutate_and_run(const uint8_t *model, size_t len, uint32_t *state)
{
    uint8_t *file = NULL;
    size_t cut = nn_random_next(state) % 8 == 0 ? nn_random_next(state) % len : len;
    ck_assert_int_eq(posix_memalign((void **)&file, 16, cut + 1), 0);
    memcpy(file, model, cut);
    // Most of the structure lies at the ends of a file; constants in the middle change nothing but values.
    for (uint32_t n = nn_random_next(state) % 4; n < 5 && cut > 0; n++) {
        size_t at = nn_random_next(state) % (cut < 3000 ? cut : 3000);
        at = nn_random_next(state) % 2 == 0 ? at : cut - 1 - at;
        file[at] = nn_random_next(state) % 2 == 0 ? (uint8_t)nn_random_next(state)
                                                  : (uint8_t)(file[at] ^ 1u << n);
    }
    struct mote_nn_diag diag = {0};
    size_t need = 0;
    int rc = mote_nn_arena_size(file, cut, &mote_nn_ops_all, 0, &need, &diag);
    ck_assert_msg(rc == MOTE_OK || diag.reason != NULL, "refused without a reason");
    if (rc == MOTE_OK && need < 20000) {
        struct mote_nn nn;
        uint64_t macs = 0;
        void *arena = aligned_alloc(16, need);
        memset(arena, 0, need);
        ck_assert_int_eq(mote_nn_open(&nn, file, cut, &mote_nn_ops_all, 0, arena, need, &diag),
                         MOTE_OK);
        for (size_t i = 0; i < mote_nn_op_count(&nn); i++) {
            macs += mote_nn_op_macs(&nn, i);
        }
        if (macs < 1000000) {
            ck_assert_int_eq(mote_nn_invoke(&nn), MOTE_OK);
        }
        free(arena);
    }
    free(file);
}

START_TEST(changed_models_are_refused_or_run_within_their_arena)
{
    uint32_t state = 4711;
    for (uint32_t seed = 1; seed <= 60; seed++) {
        struct buf b = {0};
        struct err e = {0};
        ck_assert_int_eq(
            nn_random_model((enum nn_random_kind)(seed % NN_RANDOM_KINDS), seed, &b, &e), OK);
        for (int i = 0; i < 60; i++) {
            mutate_and_run((const uint8_t *)b.data, b.len, &state);
        }
        buf_release(&b);
    }
    static const char *const golden[] = {"hello_world_int8", "hello_world_float",
                                         "trained_lstm_int8", "keyword_scrambled_8bit"};
    for (size_t g = 0; g < ARRAY_LEN(golden); g++) {
        char name[128];
        snprintf(name, sizeof name, "golden/%s.tflite", golden[g]);
        struct nn_test_file f = nn_read_file(nn_shared_path(name));
        for (int i = 0; f.data != NULL && i < 400; i++) {
            mutate_and_run(f.data, f.len, &state);
        }
        free(f.data);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("nn_random");
    TCase *tc = tcase_create("random");
    tcase_add_loop_test(tc, fast_kernels_give_the_bytes_of_the_reference, 0, NN_RANDOM_KINDS);
    tcase_add_test(tc, short_rescaling_equals_the_reference);
    tcase_add_test(tc, factors_have_the_roundings_of_a_double);
    tcase_add_test(tc, changed_models_are_refused_or_run_within_their_arena);
    suite_add_tcase(s, tc);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? 0 : 1;
}
