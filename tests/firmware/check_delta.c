// Delta payloads: what is built reads back, in any pieces; sizes that were promised; malformed
// input.
#include <check.h>
#include <math.h>

#include "firmware/core/pkg/mote_delta.h"
#include "firmware/port/sim/sim_random.h"

#define LEN 20000

struct bytes {
    const uint8_t *p;
    uint32_t len;
};

static int read_bytes(void *ctx, uint32_t at, void *buf, uint32_t len)
{
    const struct bytes *b = ctx;
    ck_assert_msg(at <= b->len && len <= b->len - at, "asked for bytes beyond the end");
    memcpy(buf, b->p + at, len);
    return MOTE_OK;
}

// Weights as a network has them: near a bell.
static void make_weights(uint8_t *p, size_t len, uint64_t seed, double sigma, const uint8_t *around)
{
    for (size_t i = 0; i < len; i++) {
        double sum = -6;
        for (unsigned k = 0; k < 12; k++) {
            sum += (double)(sim_random(&seed) >> 11) / 9007199254740992.0;
        }
        p[i] = (uint8_t)(lrint(sum * sigma) + (around ? around[i] : 0));
    }
}

static int apply(const uint8_t *payload, size_t n, const uint8_t *base, size_t base_len,
                 uint8_t *out, size_t len, uint32_t piece)
{
    static struct mote_delta d;
    struct bytes p = {payload, (uint32_t)n}, b = {base, (uint32_t)base_len};
    int status = mote_delta_open(&d, read_bytes, &p, (uint32_t)n, read_bytes, &b,
                                 (uint32_t)base_len, (uint32_t)len);
    for (size_t at = 0; at < len && status == MOTE_OK; at += piece) {
        status = mote_delta_next(&d, out + at, len - at < piece ? (uint32_t)(len - at) : piece);
    }
    if (status == MOTE_OK) {
        ck_assert_int_eq(mote_delta_next(&d, out, 1), MOTE_E_ARG);
    }
    return status;
}

static uint8_t base[LEN], model[LEN], got[LEN], payload[2 * LEN];

static int build_and_check(size_t base_len, size_t len, const struct mote_delta_segment *s,
                           size_t count)
{
    int n = mote_delta_build(payload, sizeof(payload), base, base_len, model, len, s, count);
    ck_assert_int_gt(n, 0);
    static const uint32_t piece[] = {1, 7, 256, LEN};
    for (size_t i = 0; i < ARRAY_LEN(piece); i++) {
        memset(got, 0x55, sizeof(got));
        ck_assert_int_eq(apply(payload, (size_t)n, base, base_len, got, len, piece[i]), MOTE_OK);
        ck_assert_mem_eq(got, model, len);
    }
    for (size_t cap = 0; cap < (size_t)n; cap += 97) {
        ck_assert_int_eq(mote_delta_build(payload, cap, base, base_len, model, len, s, count),
                         MOTE_E_SPACE);
    }
    return mote_delta_build(payload, sizeof(payload), base, base_len, model, len, s, count);
}

START_TEST(sizes_are_near_what_entropy_allows)
{
    static const struct {
        double sigma;
        unsigned percent; // of the model, at most; the entropy of the differences is below it
    } cases[] = {{0.0001, 1}, {0.3, 10}, {1, 28}, {4, 54}, {16, 78}};
    make_weights(base, LEN, 1, 30, NULL);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        make_weights(model, LEN, 2 + i, cases[i].sigma, base);
        int n = build_and_check(LEN, LEN, NULL, 0);
        ck_assert_msg(n <= (int)(LEN * cases[i].percent / 100), "sigma %g: %d bytes",
                      cases[i].sigma, n);
    }
    // Anew, where nothing is alike: no worse than the bytes' own entropy.
    make_weights(model, LEN, 9, 30, NULL);
    struct mote_delta_segment all = {MOTE_DELTA_LITERAL, 0, LEN};
    ck_assert_int_le(build_and_check(LEN, LEN, &all, 1), LEN * 89 / 100);
}
END_TEST

START_TEST(every_byte_value_survives_every_kind)
{
    for (unsigned i = 0; i < 65536 && i < LEN; i++) {
        base[i] = (uint8_t)(i / 3);
        model[i] = (uint8_t)(i * 151);
    }
    memcpy(model + 100, base + 5000, 400);
    struct mote_delta_segment s[] = {{MOTE_DELTA_RESIDUAL, 11, 100},
                                     {MOTE_DELTA_COPY, 5000, 400},
                                     {MOTE_DELTA_LITERAL, 7, 4000},
                                     {MOTE_DELTA_RESIDUAL, 0, 7000}};
    (void)build_and_check(10000, 11500, s, 4);
    (void)build_and_check(10000, 11500, NULL, 0);
    (void)build_and_check(11500, 10000, NULL, 0);
    (void)build_and_check(1, 1, NULL, 0);
}
END_TEST

START_TEST(misuse_is_refused)
{
    struct mote_delta_segment s[] = {{MOTE_DELTA_LITERAL, 0, 50}, {MOTE_DELTA_COPY, 50, 50}};
    memset(base, 1, 100);
    memset(model, 1, 100);
    ck_assert_int_gt(mote_delta_build(payload, sizeof(payload), base, 100, model, 100, s, 2), 0);
#define REFUSED(change)                                                                            \
    do {                                                                                           \
        struct mote_delta_segment keep[2];                                                         \
        memcpy(keep, s, sizeof(s));                                                                \
        change;                                                                                    \
        ck_assert_int_eq(mote_delta_build(payload, sizeof(payload), base, 100, model, 100, s, 2),  \
                         MOTE_E_ARG);                                                              \
        memcpy(s, keep, sizeof(s));                                                                \
    } while (0)
    REFUSED(s[0].len = 49);
    REFUSED(s[0].len = 51);
    REFUSED(s[1].len = 0);
    REFUSED(s[1].base = 51);
    REFUSED(s[1].base = UINT32_MAX);
    REFUSED(s[1].kind = 3);
    base[99] = 2;
    REFUSED((void)0);
    base[99] = 1;
    ck_assert_int_eq(mote_delta_build(payload, sizeof(payload), base, 0, model, 100, NULL, 0),
                     MOTE_E_ARG);
}
END_TEST

START_TEST(malformed_payloads_stay_in_bounds)
{
    make_weights(base, 2000, 1, 30, NULL);
    make_weights(model, 2000, 3, 2, base);
    struct mote_delta_segment s[] = {{MOTE_DELTA_RESIDUAL, 0, 900},
                                     {MOTE_DELTA_LITERAL, 0, 200},
                                     {MOTE_DELTA_RESIDUAL, 1100, 900}};
    int n = mote_delta_build(payload, sizeof(payload), base, 2000, model, 2000, s, 3);
    ck_assert_int_gt(n, 0);
    for (int cut = 0; cut < n; cut++) {
        uint8_t *exact = malloc((size_t)cut + 1);
        memcpy(exact, payload, (size_t)cut);
        int status = apply(exact, (size_t)cut, base, 2000, got, 2000, 256);
        // Less than header and table is refused; less of the coded bytes gives other bytes, which
        // the digest tells.
        ck_assert(cut < 16 + 3 * 12 ? status == MOTE_E_FORMAT : status == MOTE_OK);
        free(exact);
    }
    uint64_t random = 5;
    for (unsigned round = 0; round < 20000; round++) {
        int at = (int)(sim_random(&random) % (round % 2 ? 52 : (unsigned)n));
        uint8_t keep = payload[at];
        payload[at] = (uint8_t)sim_random(&random);
        (void)apply(payload, (size_t)n, base, 2000, got, 2000, 512);
        payload[at] = keep;
    }
    ck_assert_int_eq(apply(payload, (size_t)n, base, 1999, got, 2000, 256), MOTE_E_MISMATCH);
    ck_assert_int_eq(apply(payload, (size_t)n, base, 2000, got, 1999, 256), MOTE_E_MISMATCH);
    payload[14] = 1;
    ck_assert_int_eq(apply(payload, (size_t)n, base, 2000, got, 2000, 256), MOTE_E_LIMIT);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("delta");
    TCase *t = tcase_create("delta");
    tcase_add_test(t, sizes_are_near_what_entropy_allows);
    tcase_add_test(t, every_byte_value_survives_every_kind);
    tcase_add_test(t, misuse_is_refused);
    tcase_add_test(t, malformed_payloads_stay_in_bounds);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
