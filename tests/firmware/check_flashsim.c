// The simulator must be at least as strict as the flash it stands for, or its tests prove nothing.
#include <check.h>

#include "firmware/port/sim/sim_flash.h"
#include "firmware/port/sim/sim_random.h"
#include "firmware/port/sim/sim_transport.h"

static struct sim_flash f;

static void setup(void)
{
    ck_assert_int_eq(sim_flash_init(&f, 4096, 1024, 8), 0);
}

static void teardown(void)
{
    sim_flash_release(&f);
}

static int prog(uint32_t addr, uint8_t value, uint32_t len)
{
    uint8_t buf[256];
    memset(buf, value, sizeof(buf));
    return f.flash.prog(&f, addr, buf, len);
}

START_TEST(programs_and_erases)
{
    uint8_t got[16];
    ck_assert_int_eq(prog(1024, 0x5a, 16), MOTE_OK);
    ck_assert_int_eq(f.flash.read(&f, 1020, got, 16), MOTE_OK);
    ck_assert(got[3] == 0xff && got[4] == 0x5a && got[15] == 0x5a);
    ck_assert_int_eq(f.flash.erase(&f, 1024), MOTE_OK);
    ck_assert_uint_eq(f.bytes[1024], 0xff);
    ck_assert_uint_eq(f.erases[1], 1);
    ck_assert_uint_eq(f.ops, 2);
    ck_assert_ptr_eq(f.flash.map, f.bytes);
    ck_assert_ptr_null(f.violation);
}
END_TEST

START_TEST(breaking_a_rule_is_an_error_that_stays)
{
    static const struct {
        uint32_t addr, len;
    } bad[] = {{4, 8}, {8, 4}, {0, 0}, {4096, 8}, {4088, 16}};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        f.violation = NULL;
        ck_assert_int_eq(prog(bad[i].addr, 0, bad[i].len), MOTE_E_IO);
        ck_assert_ptr_nonnull(f.violation);
    }
    f.violation = NULL;
    ck_assert_int_eq(prog(0, 0xff, 8), MOTE_OK);
    ck_assert_int_eq(prog(0, 0x0f, 8), MOTE_E_IO); // even though it reads as erased
    ck_assert_str_eq(f.violation, "program of a unit that is not erased");
    f.violation = NULL;
    ck_assert_int_eq(f.flash.erase(&f, 512), MOTE_E_IO);
    ck_assert_int_eq(f.flash.erase(&f, 4096), MOTE_E_IO);
    uint8_t b;
    ck_assert_int_eq(f.flash.read(&f, 4096, &b, 1), MOTE_E_IO);
    ck_assert_ptr_nonnull(f.violation);
}
END_TEST

START_TEST(a_cut_tears_a_program_and_power_stays_off)
{
    static const struct {
        enum sim_tear tear;
        unsigned done; // of 16 bytes
    } cases[] = {
        {SIM_TEAR_BEFORE, 0}, {SIM_TEAR_PREFIX, 5}, {SIM_TEAR_SUFFIX, 11}, {SIM_TEAR_AFTER, 16}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        ck_assert_int_eq(f.flash.erase(&f, 0), MOTE_OK);
        f.ops = 0;
        f.cut = (struct sim_cut){2, cases[i].tear, 5, 1};
        ck_assert_int_eq(prog(512, 0, 8), MOTE_OK);
        ck_assert_int_eq(prog(0, 0x11, 16), MOTE_E_IO);
        uint8_t b;
        ck_assert_int_eq(f.flash.read(&f, 0, &b, 1), MOTE_E_IO);
        ck_assert_int_eq(prog(128, 0, 8), MOTE_E_IO);
        ck_assert_int_eq(f.flash.erase(&f, 0), MOTE_E_IO);
        sim_flash_power_on(&f);
        unsigned done = 0;
        for (unsigned k = 0; k < 16; k++) {
            done += f.bytes[k] == 0x11;
        }
        ck_assert_uint_eq(done, cases[i].done);
        ck_assert_uint_eq(f.bytes[128], 0xff);
    }
    ck_assert_ptr_null(f.violation);
}
END_TEST

START_TEST(a_torn_erase_must_be_repeated)
{
    ck_assert_int_eq(prog(0, 0, 64), MOTE_OK);
    f.cut = (struct sim_cut){f.ops + 1, SIM_TEAR_BITS, 0, 3};
    ck_assert_int_eq(f.flash.erase(&f, 0), MOTE_E_IO);
    sim_flash_power_on(&f);
    unsigned mixed = 0;
    for (unsigned i = 0; i < 64; i++) {
        mixed += f.bytes[i] != 0 && f.bytes[i] != 0xff;
    }
    ck_assert_uint_gt(mixed, 30);
    ck_assert_int_eq(prog(0, 0, 8), MOTE_E_IO);
    f.violation = NULL;
    ck_assert_int_eq(f.flash.erase(&f, 0), MOTE_OK);
    ck_assert_int_eq(prog(0, 0, 8), MOTE_OK);
}
END_TEST

START_TEST(a_single_failure_leaves_power_on)
{
    f.fail_op = 1;
    ck_assert_int_eq(prog(0, 0, 8), MOTE_E_IO);
    ck_assert_int_eq(prog(8, 0, 8), MOTE_OK);
    ck_assert_ptr_null(f.violation);
}
END_TEST

START_TEST(copies_are_equal_and_independent)
{
    struct sim_flash g;
    ck_assert_int_eq(sim_flash_init(&g, 4096, 1024, 8), 0);
    ck_assert_int_eq(prog(0, 1, 8), MOTE_OK);
    sim_flash_copy(&g, &f);
    ck_assert_mem_eq(g.bytes, f.bytes, 4096);
    ck_assert_int_eq(prog(8, 1, 8), MOTE_OK);
    ck_assert_uint_eq(g.bytes[8], 0xff);
    uint8_t one[8] = {0};
    ck_assert_int_eq(g.flash.prog(&g, 0, one, 8), MOTE_E_IO);
    sim_flash_release(&g);
}
END_TEST

START_TEST(the_transport_delivers_in_order_until_it_breaks)
{
    struct sim_transport t;
    uint8_t in[3000], out[3000];
    sim_transport_init(&t, 1);
    t.piece = 7;
    t.open_calls = 2;
    ck_assert_int_eq(t.device.send(&t, in, 1), MOTE_E_CLOSED);
    ck_assert_int_eq(t.device.open(&t), MOTE_E_AGAIN);
    ck_assert_int_eq(t.device.open(&t), MOTE_E_AGAIN);
    ck_assert_int_eq(t.device.open(&t), MOTE_OK);
    for (size_t i = 0; i < sizeof(in); i++) {
        in[i] = (uint8_t)(i * 7);
    }
    size_t sent = 0, got = 0;
    while (got < sizeof(in)) {
        int n = t.device.send(&t, in + sent, sizeof(in) - sent);
        ck_assert(n >= 0 && n <= 7);
        sent += (size_t)n;
        got += sim_server_recv(&t, out + got, sizeof(out) - got);
    }
    ck_assert_mem_eq(in, out, sizeof(in));
    ck_assert_uint_eq(sim_server_send(&t, in, 100), 100);
    int n = t.device.recv(&t, out, 100);
    ck_assert(n >= 1 && n <= 7 && memcmp(in, out, (size_t)n) == 0);
    sim_transport_break(&t);
    ck_assert_int_eq(t.device.recv(&t, out, 100), MOTE_E_CLOSED);
    ck_assert_uint_eq(sim_server_send(&t, in, 100), 0);
    t.refuse = true;
    ck_assert_int_eq(t.device.open(&t), MOTE_E_IO);
    t.refuse = false;
    t.open_calls = 0;
    ck_assert_int_eq(t.device.open(&t), MOTE_OK);
    ck_assert_int_eq(t.device.recv(&t, out, 100), 0); // what was on its way is lost
    t.break_one_in = 1;
    ck_assert_int_eq(t.device.send(&t, in, 1), MOTE_E_CLOSED);
    ck_assert_uint_eq(t.broken, 2);
}
END_TEST

START_TEST(chance_and_time_are_the_test_s)
{
    uint64_t seed = 1, again = 1, now = 5;
    uint8_t a[16], b[16];
    struct mote_entropy e = sim_entropy(&seed), g = sim_entropy(&again);
    struct mote_clock c = sim_clock(&now);
    ck_assert_int_eq(e.fill(e.ctx, a, 16), MOTE_OK);
    ck_assert_int_eq(g.fill(g.ctx, b, 16), MOTE_OK);
    ck_assert_mem_eq(a, b, 16);
    ck_assert_uint_eq(c.now_us(c.ctx), 5);
    now = 9;
    ck_assert_uint_eq(c.now_us(c.ctx), 9);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("flashsim");
    TCase *t = tcase_create("flashsim");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, programs_and_erases);
    tcase_add_test(t, breaking_a_rule_is_an_error_that_stays);
    tcase_add_test(t, a_cut_tears_a_program_and_power_stays_off);
    tcase_add_test(t, a_torn_erase_must_be_repeated);
    tcase_add_test(t, a_single_failure_leaves_power_on);
    tcase_add_test(t, copies_are_equal_and_independent);
    tcase_add_test(t, the_transport_delivers_in_order_until_it_breaks);
    tcase_add_test(t, chance_and_time_are_the_test_s);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
