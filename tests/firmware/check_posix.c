// The POSIX port: files as flash, the device's configuration, the simulated machine's hand and
// truth.
#include "common/buf.h"
#include "common/err.h"
#include "common/io.h"
#include "firmware/port/posix/device_conf.h"
#include "firmware/port/posix/posix_flash.h"
#include "firmware/port/posix/sim_machine.h"

#include <check.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64];
static struct err e;

static void setup(void)
{
    (void)snprintf(dir, sizeof(dir), "/tmp/mote-posix-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
}
static void teardown(void)
{
    char command[96];
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", dir);
    ck_assert_int_eq(system(command), 0);
}

static const char *in_dir(const char *name)
{
    static char path[4][128];
    static int next;
    next = (next + 1) % 4;
    (void)snprintf(path[next], sizeof(path[next]), "%s/%s", dir, name);
    return path[next];
}

static void put(const char *name, const char *text)
{
    FILE *f = fopen(in_dir(name), "w");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_ge(fputs(text, f), 0);
    ck_assert_int_eq(fclose(f), 0);
}

START_TEST(flash_clears_bits_and_keeps_them)
{
    struct posix_flash f;
    uint8_t x[8] = {0xf0, 1, 2, 3, 4, 5, 6, 7},
            y[8] = {0x3c, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, z[8];
    ck_assert_int_eq(posix_flash_open(&f, in_dir("f.bin"), 8192, &e), OK);
    ck_assert_uint_eq(f.flash.map[8191], 0xff);
    ck_assert_int_eq(f.flash.prog(f.flash.ctx, 4096, x, 8), MOTE_OK);
    ck_assert_int_eq(f.flash.prog(f.flash.ctx, 4096, y, 8), MOTE_OK);
    posix_flash_close(&f);
    ck_assert_int_eq(posix_flash_open(&f, in_dir("f.bin"), 8192, &e), OK);
    ck_assert_int_eq(f.flash.read(f.flash.ctx, 4096, z, 8), MOTE_OK);
    ck_assert_uint_eq(z[0], 0x30);
    ck_assert_uint_eq(z[7], 7);
    ck_assert_int_eq(f.flash.prog(f.flash.ctx, 4, x, 8), MOTE_E_IO);
    ck_assert_int_eq(f.flash.prog(f.flash.ctx, 8192, x, 8), MOTE_E_IO);
    ck_assert_int_eq(f.flash.read(f.flash.ctx, 8190, z, 8), MOTE_E_IO);
    ck_assert_int_eq(f.flash.erase(f.flash.ctx, 4096), MOTE_OK);
    ck_assert_uint_eq(f.flash.map[4096], 0xff);
    posix_flash_close(&f);
}
END_TEST

START_TEST(flash_of_another_size_or_in_use_is_refused)
{
    struct posix_flash f, g;
    ck_assert_int_eq(posix_flash_open(&f, in_dir("f.bin"), 8192, &e), OK);
    ck_assert_int_eq(posix_flash_open(&g, in_dir("f.bin"), 8192, &e), E_BUSY);
    posix_flash_close(&f);
    ck_assert_int_eq(posix_flash_open(&g, in_dir("f.bin"), 12288, &e), E_FORMAT);
    ck_assert_ptr_nonnull(strstr(e.msg, "has 8192 bytes"));
    ck_assert_int_eq(posix_flash_open(&g, in_dir("f.bin"), 1000, &e), E_USAGE);
    ck_assert_int_eq(posix_flash_open(&g, in_dir("none/f.bin"), 8192, &e), E_IO);
}
END_TEST

#define ROOT                                                                                       \
    "04aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbbbbbbbbbbb" \
    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

START_TEST(configuration_is_read_with_defaults_of_the_class)
{
    struct device_conf c;
    put("d.conf", "[device]\nid = dev-7\nclass = 0\n[mqtt]\nport = 4711\npassword = "
                  "s3cret\n[trust]\nroot = " ROOT "\n");
    ck_assert_msg(device_conf_load(&c, in_dir("d.conf"), &e) == OK, "%s", e.msg);
    ck_assert_str_eq(c.id, "dev-7");
    ck_assert_int_eq(c.port, 4711);
    ck_assert_str_eq(c.password, "s3cret");
    ck_assert_str_eq(c.prefix, "ml/1");
    ck_assert_uint_eq(c.root[64], 0xbb);
    struct device_conf big;
    put("d.conf", "[device]\nid = dev-7\nclass = 2\n[trust]\nroot = " ROOT "\n");
    ck_assert_int_eq(device_conf_load(&big, in_dir("d.conf"), &e), OK);
    ck_assert_int_gt(big.slot_bytes, c.slot_bytes);
    ck_assert_int_gt(big.arena, c.arena);
}
END_TEST

static void conf_says(const char *text, const char *words)
{
    struct device_conf c;
    put("d.conf", text);
    ck_assert_int_ne(device_conf_load(&c, in_dir("d.conf"), &e), OK);
    ck_assert_msg(strstr(e.msg, words) != NULL, "%s", e.msg);
}

START_TEST(a_configuration_that_is_off_says_where)
{
    conf_says("[device]\nid = Dev\n[trust]\nroot = " ROOT "\n", "[device] id must be");
    conf_says("[device]\nid = dev\n", "[trust] root is missing");
    conf_says("[device]\nid = dev\n[trust]\nroot = 04ff\n", "130 hex digits");
    conf_says("[device]\nid = dev\nclass = 3\n[trust]\nroot = " ROOT "\n", "d.conf:3");
    conf_says("[device]\nid = dev\nboards = x\n[trust]\nroot = " ROOT "\n", "board");
}
END_TEST

// --- the simulated machine ---------------------------------------------------------------------
static struct posix_clock device_clock;
static struct sim_machine m;
static char control[128], truth[128];

static void start_machine(bool actuate)
{
    (void)snprintf(control, sizeof(control), "%s/control", dir);
    (void)snprintf(truth, sizeof(truth), "%s/truth.csv", dir);
    posix_clock_init(&device_clock, 0.01); // hardly moves but by skips
    sim_machine_init(&m,
                     &(struct sim_machine_config){.device = "dev-1",
                                                  .seed = 1,
                                                  .mic = true,
                                                  .start = FAN_NORMAL,
                                                  .actuate = actuate,
                                                  .stop_on = "imbalance bearing",
                                                  .stop_after = 2,
                                                  .control_path = control,
                                                  .truth_path = truth},
                     &device_clock);
    ck_assert_int_eq(sim_machine_begin(&m, (const uint8_t *)"\1\2\3", 3, &e), OK);
}

static void truth_ends_with(const char *state, const char *cause)
{
    struct buf b = {0};
    char want[64];
    ck_assert_int_eq(io_read_file(truth, 4096, &b, &e), OK);
    (void)snprintf(want, sizeof(want), ",%s,%s\n", state, cause);
    ck_assert_msg(b.len > strlen(want) && strcmp(b.data + b.len - strlen(want), want) == 0, "%s",
                  b.data);
    ck_assert_int_eq(strncmp(b.data, "session,t_us,state,cause\n010203,", 32), 0);
    buf_release(&b);
}

START_TEST(sensors_give_what_device_time_allows)
{
    static int16_t frames[65536];
    uint64_t t;
    start_machine(false);
    posix_clock_skip(&device_clock, 500000);
    int n = m.sensor.read(m.sensor.ctx, 0, frames, 1000, &t);
    ck_assert_int_ge(n, 50);
    ck_assert_int_le(n, 52);
    ck_assert_uint_eq(t, 0);
    ck_assert_int_eq(m.sensor.read(m.sensor.ctx, 2, frames, 1000, &t), 1000);
    ck_assert_int_eq(m.sensor.read(m.sensor.ctx, 2, frames, 1000, &t), 1000);
    ck_assert_uint_eq(t, 125000);
    posix_clock_skip(&device_clock, 5000000); // a FIFO of a second runs over
    n = m.sensor.read(m.sensor.ctx, 0, frames, 1000, &t);
    ck_assert_int_eq(n, 100);
    ck_assert_uint_ge(t, 4500000);
}
END_TEST

START_TEST(a_hand_changes_the_state_and_the_truth_is_told)
{
    start_machine(false);
    truth_ends_with("normal", "start");
    put("control", "state bearing\n");
    ck_assert_int_eq(sim_machine_poll(&m, &e), OK);
    truth_ends_with("bearing", "control");
    put("control", "stop\n");
    ck_assert_int_eq(sim_machine_poll(&m, &e), OK);
    truth_ends_with("off", "control");
    put("control", "start\n");
    ck_assert_int_eq(sim_machine_poll(&m, &e), OK);
    truth_ends_with("bearing", "control");
    put("control", "state on fire\n");
    ck_assert_int_eq(sim_machine_poll(&m, &e), E_FORMAT);
    ck_assert_ptr_nonnull(strstr(e.msg, "is none of: state off|normal|"));
    ck_assert_int_eq(sim_machine_poll(&m, &e), OK); // said once
    put("control", "state norm");                   // still being written
    ck_assert_int_eq(sim_machine_poll(&m, &e), OK);
    truth_ends_with("bearing", "control");
    put("control", "state normal\n");
    ck_assert_int_eq(sim_machine_poll(&m, &e), OK);
    truth_ends_with("normal", "control");
}
END_TEST

static void decide(const char *label, bool uncertain)
{
    m.actuator.decision(m.actuator.ctx,
                        &(struct mote_decision){.label = label, .uncertain = uncertain});
}

START_TEST(certain_faults_in_a_row_stop_the_fan)
{
    uint8_t value;
    uint64_t t;
    start_machine(true);
    decide("bearing", false);
    decide("normal", false);
    decide("bearing", false);
    decide("bearing", true);
    decide("bear", false);
    decide("bearing", false);
    ck_assert_int_eq(m.sensor.read(m.sensor.ctx, 1, &value, 1, &t), 0);
    decide("imbalance", false);
    truth_ends_with("off", "decision");
    ck_assert_int_eq(m.sensor.read(m.sensor.ctx, 1, &value, 1, &t), 1);
    ck_assert_uint_eq(value, 1);
    put("control", "start\n");
    ck_assert_int_eq(sim_machine_poll(&m, &e), OK);
    truth_ends_with("normal", "control");
    ck_assert_int_eq(m.sensor.read(m.sensor.ctx, 1, &value, 1, &t), 1);
    ck_assert_uint_eq(value, 0);
}
END_TEST

START_TEST(without_actuate_decisions_move_nothing)
{
    start_machine(false);
    for (int i = 0; i < 5; i++) {
        decide("bearing", false);
    }
    truth_ends_with("normal", "start");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("posix");
    TCase *t = tcase_create("posix");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, flash_clears_bits_and_keeps_them);
    tcase_add_test(t, flash_of_another_size_or_in_use_is_refused);
    tcase_add_test(t, configuration_is_read_with_defaults_of_the_class);
    tcase_add_test(t, a_configuration_that_is_off_says_where);
    tcase_add_test(t, sensors_give_what_device_time_allows);
    tcase_add_test(t, a_hand_changes_the_state_and_the_truth_is_told);
    tcase_add_test(t, certain_faults_in_a_row_stop_the_fan);
    tcase_add_test(t, without_actuate_decisions_move_nothing);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
