// Small values on two sectors, with power cut at and inside every flash operation.
#include <check.h>

#include "firmware/core/slot/mote_meta.h"
#include "firmware/port/sim/sim_flash.h"
#include "firmware/port/sim/sim_random.h"

static void fill(uint8_t *p, size_t len, unsigned key, unsigned round)
{
    for (size_t i = 0; i < len; i++) {
        p[i] = (uint8_t)(key * 77 + round * 13 + i);
    }
}

static size_t len_of(unsigned key, unsigned round)
{
    return key == MOTE_META_TRUST ? 90 : 8 + (key * 5 + round) % 20;
}

static void assert_value(const struct mote_meta *m, unsigned key, unsigned round)
{
    uint8_t want[128], got[128];
    fill(want, len_of(key, round), key, round);
    ck_assert_int_eq(mote_meta_get(m, key, got, sizeof(got)), (int)len_of(key, round));
    ck_assert_mem_eq(got, want, len_of(key, round));
}

static int put(struct mote_meta *m, unsigned key, unsigned round)
{
    uint8_t value[128];
    fill(value, len_of(key, round), key, round);
    return mote_meta_put(m, key, value, len_of(key, round));
}

START_TEST(values_survive_and_missing_ones_are_told)
{
    struct sim_flash f;
    struct mote_meta m;
    uint8_t buf[128];
    ck_assert_int_eq(sim_flash_init(&f, 4096, 1024, 8), 0);
    ck_assert_int_eq(mote_meta_mount(&m, &f.flash, 1024), MOTE_OK);
    ck_assert_int_eq(mote_meta_get(&m, MOTE_META_APP, buf, sizeof(buf)), MOTE_E_NOT_FOUND);
    for (unsigned round = 0; round < 200; round++) {
        ck_assert_int_eq(put(&m, 1 + round % 5, round), MOTE_OK);
        ck_assert_int_eq(mote_meta_mount(&m, &f.flash, 1024), MOTE_OK);
        for (unsigned back = 0; back < 5 && back <= round; back++) {
            assert_value(&m, 1 + (round - back) % 5, round - back);
        }
    }
    ck_assert_int_eq(mote_meta_get(&m, MOTE_META_TRUST, buf, 10), MOTE_E_SPACE);
    ck_assert_int_eq(mote_meta_put(&m, MOTE_META_APP, buf, 600), MOTE_E_SPACE);
    ck_assert_int_eq(mote_meta_put(&m, 0, buf, 1), MOTE_E_ARG);
    ck_assert_int_eq(mote_meta_put(&m, MOTE_META_KEYS, buf, 1), MOTE_E_ARG);
    ck_assert_int_eq(mote_meta_mount(&m, &f.flash, 3072), MOTE_E_ARG);
    ck_assert_int_eq(mote_meta_mount(&m, &f.flash, 100), MOTE_E_ARG);
    ck_assert_ptr_null(f.violation);
    ck_assert_uint_eq(f.erases[0] + f.erases[3], 0);
    sim_flash_release(&f);
}
END_TEST

static const uint32_t unit[] = {1, 8, 32};

// Puts until the cut; then each value must be the old one or, for the one that was put last, the
// new one.
static bool cut_run(uint32_t prog_unit, struct sim_cut cut, struct sim_cut again)
{
    struct sim_flash f;
    struct mote_meta m;
    unsigned round = 0, at[MOTE_META_KEYS];
    ck_assert_int_eq(sim_flash_init(&f, 1024, 512, prog_unit), 0);
    ck_assert_int_eq(mote_meta_mount(&m, &f.flash, 0), MOTE_OK);
    for (unsigned key = 1; key < 4; key++) {
        ck_assert_int_eq(put(&m, key, 0), MOTE_OK);
        at[key] = 0;
    }
    bool cut_met = false;
    for (unsigned power = 0; power < 2; power++) {
        sim_flash_power_on(&f);
        f.cut = power == 0 ? cut : again;
        if (power == 1 && again.op == 0) {
            break;
        }
        unsigned key = 1;
        for (unsigned i = 0; i < 30; i++) {
            key = 1 + (round + 1) % 3;
            if (put(&m, key, round + 1) != MOTE_OK) {
                break;
            }
            at[key] = ++round;
        }
        cut_met = f.off;
        if (!cut_met) {
            break;
        }
        sim_flash_power_on(&f);
        ck_assert_int_eq(mote_meta_mount(&m, &f.flash, 0), MOTE_OK);
        uint8_t got[128], want[128];
        fill(want, len_of(key, round + 1), key, round + 1);
        int n = mote_meta_get(&m, key, got, sizeof(got));
        if (n == (int)len_of(key, round + 1) && memcmp(got, want, (size_t)n) == 0) {
            at[key] = ++round;
        }
        for (unsigned k = 1; k < 4; k++) {
            assert_value(&m, k, at[k]);
        }
    }
    // It goes on as if nothing had been.
    sim_flash_power_on(&f);
    for (unsigned i = 0; i < 20; i++, round++) {
        ck_assert_int_eq(put(&m, 1 + round % 3, round), MOTE_OK);
        assert_value(&m, 1 + round % 3, round);
    }
    ck_assert_msg(f.violation == NULL, "%s", f.violation);
    sim_flash_release(&f);
    return cut_met;
}

START_TEST(no_cut_mixes_values)
{
    static const struct {
        enum sim_tear tear;
        uint32_t bytes;
    } kind[] = {{SIM_TEAR_BEFORE, 0}, {SIM_TEAR_AFTER, 0},  {SIM_TEAR_BITS, 0},
                {SIM_TEAR_PREFIX, 1}, {SIM_TEAR_PREFIX, 7}, {SIM_TEAR_PREFIX, 20},
                {SIM_TEAR_SUFFIX, 2}, {SIM_TEAR_SUFFIX, 40}};
    bool more = true;
    for (uint64_t op = 1; more; op++) {
        for (unsigned v = 0; v < ARRAY_LEN(kind) && more; v++) {
            struct sim_cut cut = {op, kind[v].tear, kind[v].bytes, op};
            more = cut_run(unit[_i], cut, (struct sim_cut){0});
            for (uint64_t second = 1; second < 12 && more; second++) {
                (void)cut_run(
                    unit[_i], cut,
                    (struct sim_cut){second, kind[second % 8].tear, kind[second % 8].bytes, op});
            }
        }
    }
}
END_TEST

START_TEST(any_bytes_mount_as_something)
{
    uint64_t random = 5;
    for (unsigned round = 0; round < 2000; round++) {
        struct sim_flash f;
        struct mote_meta m;
        uint8_t buf[512];
        ck_assert_int_eq(sim_flash_init(&f, 1024, 512, 4), 0);
        ck_assert_int_eq(mote_meta_mount(&m, &f.flash, 0), MOTE_OK);
        for (unsigned i = 0; i < 1 + round % 20; i++) {
            ck_assert_int_eq(put(&m, 1 + i % 3, i), MOTE_OK);
        }
        for (unsigned i = 0; i < 1 + round % 9; i++) {
            f.bytes[sim_random(&random) % 1024] = (uint8_t)sim_random(&random);
        }
        ck_assert_int_eq(mote_meta_mount(&m, &f.flash, 0), MOTE_OK);
        for (unsigned k = 1; k < MOTE_META_KEYS; k++) {
            int n = mote_meta_get(&m, k, buf, sizeof(buf));
            ck_assert(n >= 0 || n == MOTE_E_NOT_FOUND);
        }
        sim_flash_release(&f);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("meta");
    TCase *t = tcase_create("meta");
    tcase_add_test(t, values_survive_and_missing_ones_are_told);
    tcase_add_loop_test(t, no_cut_mixes_values, 0, ARRAY_LEN(unit));
    tcase_add_test(t, any_bytes_mount_as_something);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
