// Random SIGKILL of collectors, broker and devices, a proxy that delays, drops, cuts and truncates, a wall clock that
// jumps, a disk that is slow or full: in the end every block that a device was told is stored is there once, byte for
// byte, and every block that a device still held has arrived. MOTELOOP_FAULT_SECONDS of faults (6), MOTELOOP_FAULT_SEED;
// MOTELOOP_LONG: and at least a million blocks.
#include <check.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/io.h"
#include "common/project.h"
#include "tests/support/broker.h"
#include "tests/support/load.h"
#include "tests/support/proxy.h"
#include "tests/support/store_fixture.h"

#define FAKETIME "/usr/lib/" FAKETIME_ARCH "-linux-gnu/faketime/libfaketime.so.1"
#ifdef __aarch64__
#define FAKETIME_ARCH "aarch64"
#else
#define FAKETIME_ARCH "x86_64"
#endif

#ifdef __SANITIZE_ADDRESS__
#define SANITIZED true // must be loaded first, as libfaketime; and keeps what was freed for a while
#else
#define SANITIZED false
#endif

static struct broker broker;
static struct proxy *proxy;
static struct store_fixture fix;
static struct load_conf conf;
static struct load *load;
static pid_t collectors[2]; // one, unless they share
static size_t sharing = 1;
static char
    clock_file[300]; // what the collectors' wall clock is off by; "" where it cannot be moved
static int proxy_port;
static uint64_t randomness;

static uint32_t roll(uint32_t below)
{
    randomness = randomness * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(randomness >> 33) % below;
}

static int64_t number_from(const char *name, int64_t fallback)
{
    const char *text = getenv(name);
    return text ? strtoll(text, NULL, 10) : fallback;
}

static void start_one(size_t n)
{
    char program[512], number[8];
    const char *bin = getenv("MOTELOOP_BIN");
    snprintf(program, sizeof program, "%s/moteloop-collector", bin ? bin : "build/bin");
    snprintf(number, sizeof number, "%zu", n + 1);
    collectors[n] = fork();
    if (collectors[n] == 0) {
        if (!getenv("V")) {
            (void)!freopen("/dev/null", "w",
                           stderr); // it says in many lines what this test does to it
        }
        if (clock_file[0]) {
            setenv("LD_PRELOAD", FAKETIME, 1);
            setenv("FAKETIME_TIMESTAMP_FILE", clock_file, 1);
            setenv("FAKETIME_NO_CACHE", "1", 1);
            setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1", 1); // that one never jumps
        }
        execl(program, program, "--project", fix.dir, "--number", number, (char *)NULL);
        _exit(127);
    }
}

static void end_one(size_t n, int signal_number)
{
    int status = 0;
    kill(collectors[n], signal_number);
    ck_assert_int_eq(waitpid(collectors[n], &status, 0), collectors[n]);
    collectors[n] = 0;
    if (signal_number == SIGTERM) {
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a collector ended badly (%d)",
                      status);
    }
}

static void start_collectors(void)
{
    for (size_t n = 0; n < sharing; n++) {
        start_one(n);
    }
}

static void end_collectors(void)
{
    for (size_t n = 0; n < sharing; n++) {
        end_one(n, SIGTERM);
    }
}

static void kill_broker(void)
{
    kill(broker.pid, SIGKILL);
    waitpid(broker.pid, NULL, 0);
    broker.pid = 0;
    ck_assert_int_eq(broker_resume(&broker), 0);
}

static void write_conf(void)
{
    struct project_conf c;
    struct err e;
    char path[300];
    project_conf_defaults(&c);
    c.broker_port = proxy_port;
    c.max_devices = 1000;
    c.collectors = (int64_t)sharing;
    char *text = project_conf_text(&c);
    snprintf(path, sizeof path, "%s/moteloop.conf", fix.dir);
    ck_assert_msg(io_write_atomic(path, text, strlen(text), 0600, &e) == OK, "%s", e.msg);
    free(text);
}

static void set_up(void)
{
    ck_assert_int_eq(broker_start(&broker, "allow_anonymous true\nmax_queued_messages 0\n"), 0);
    proxy = proxy_start(broker.port, &proxy_port);
    ck_assert_ptr_nonnull(proxy);
    randomness = (uint64_t)number_from("MOTELOOP_FAULT_SEED", 7);
    conf = (struct load_conf){.prefix = "ml/1",
                              .port = proxy_port,
                              .devices = 12,
                              .connections = 4,
                              .block_bytes = 600,
                              .blocks = 1000000,
                              .window = 32,
                              .per_recording = 50,
                              .resend_us = 500000,
                              .seed = 5};
}

static void tear_down(void)
{
    for (size_t n = 0; n < ARRAY_LEN(collectors); n++) {
        if (collectors[n]) {
            end_one(n, SIGKILL);
        }
    }
    load_free(load);
    proxy_stop(proxy);
    broker_stop(&broker);
    if (fix.dir[0]) {
        store_fixture_remove(&fix);
    }
}

static void open_store(void)
{
    store_fixture_make(&fix);
    store_close(fix.store);
    fix.store = NULL;
    write_conf();
}

// --- the check at the end, by a look at the tables of its own -----------------------------------------

static int64_t count(sqlite3 *db, const char *text)
{
    sqlite3_stmt *st = NULL;
    ck_assert_int_eq(sqlite3_prepare_v2(db, text, -1, &st, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    return n;
}

static uint64_t check_session(sqlite3 *db, size_t device, uint32_t boot)
{
    uint8_t uid[MOTE_SESSION_LEN], expect[MOTE_BLOCK_MAX];
    char name[32];
    sqlite3_stmt *st = NULL;
    uint64_t seq = 0;
    load_session(&conf, device, boot, uid);
    snprintf(name, sizeof name, "load-%zu", device);
    ck_assert_int_eq(
        sqlite3_prepare_v2(db,
                           "SELECT b.seq, b.bytes FROM session s JOIN block b USING (session_id)"
                           " WHERE s.device = ? AND s.uid = ? ORDER BY b.seq",
                           -1, &st, NULL),
        SQLITE_OK);
    sqlite3_bind_text(st, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_blob(st, 2, uid, sizeof uid, SQLITE_STATIC);
    while (sqlite3_step(st) == SQLITE_ROW) {
        ck_assert_msg((uint64_t)sqlite3_column_int64(st, 0) == seq,
                      "device %zu boot %u: block %d is %lld", device, boot, (int)seq,
                      (long long)sqlite3_column_int64(st, 0));
        int len = load_block(&conf, device, boot, seq, expect);
        ck_assert_int_eq(sqlite3_column_bytes(st, 1), len);
        ck_assert_mem_eq(sqlite3_column_blob(st, 1), expect, (size_t)len);
        seq++;
    }
    sqlite3_finalize(st);
    ck_assert_uint_eq(seq, load_acknowledged(load, device, boot));
    return seq;
}

static uint64_t check_store(void)
{
    char path[300];
    sqlite3 *db = NULL;
    uint64_t blocks = 0;
    snprintf(path, sizeof path, "%s/blocks.db", fix.dir);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    for (size_t d = 0; d < conf.devices; d++) {
        for (uint32_t boot = 0; boot < load_boots(load, d); boot++) {
            blocks += check_session(db, d, boot);
        }
    }
    ck_assert_int_eq(count(db, "SELECT count(*) FROM block"), (int64_t)blocks);
    ck_assert_int_eq(count(db, "SELECT count(*) FROM conflict"), 0);
    ck_assert_int_eq(count(db, "SELECT sum(blocks) FROM recording_stream"), (int64_t)blocks);
    ck_assert_int_eq(count(db, "SELECT sum(frames) FROM block"),
                     count(db, "SELECT sum(frames) FROM recording_stream"));
    sqlite3_close(db);
    return blocks;
}

static void run_load(int64_t us, bool (*until)(void))
{
    int64_t end = clock_mono_us() + us;
    while (clock_mono_us() < end && !(until && until())) {
        load_step(load, 10);
    }
}

static bool all_done(void)
{
    return load_done(load);
}

// No new blocks from now on; what is owed still goes.
static void expect_all_to_arrive(void)
{
    load_stop_growing(load);
    run_load(60000000, all_done);
    struct load_stats s;
    load_get(load, &s);
    ck_assert_msg(load_done(load),
                  "%llu of %llu blocks, sent again %llu times, are still not acknowledged after a "
                  "minute without faults",
                  (unsigned long long)(s.sent - s.acknowledged), (unsigned long long)s.sent,
                  (unsigned long long)s.resent);
}

// The collectors' wall clock, up to a day forth or back.
static void jump(void)
{
    FILE *f = clock_file[0] ? fopen(clock_file, "w") : NULL;
    if (f) {
        fprintf(f, "%+d\n", (int)roll(2 * 86400) - 86400);
        ck_assert_int_eq(fclose(f), 0);
    }
}

static void prepare_clock(void)
{
    if (SANITIZED || access(FAKETIME, R_OK) != 0) {
        printf("%s: the clock does not jump\n",
               SANITIZED ? "a build with sanitizers" : "libfaketime is not here");
        return;
    }
    snprintf(clock_file, sizeof clock_file, "%s/clock", fix.dir);
    FILE *f = fopen(clock_file, "w");
    ck_assert_ptr_nonnull(f);
    fputs("+0\n", f);
    ck_assert_int_eq(fclose(f), 0);
}

static void fault(void)
{
    size_t n = roll((uint32_t)sharing);
    switch (roll(10)) {
    case 0:
    case 1:
        end_one(n, SIGKILL);
        run_load(roll(300000), NULL); // while another has the work alone
        start_one(n);
        break;
    case 2:
        kill_broker();
        break;
    case 3:
        load_break(load, roll((uint32_t)conf.connections));
        break;
    case 4:
        load_reboot(load, roll((uint32_t)conf.devices));
        break;
    case 5:
        proxy_stall(proxy, (int)roll(400));
        break;
    case 6:
        proxy_cut(proxy);
        break;
    case 7:
        proxy_swallow(proxy, (int)roll(300));
        break;
    case 8:
        jump();
        break;
    default:
        proxy_truncate(proxy);
        break;
    }
}

static void run_faults(int64_t seconds, uint64_t least)
{
    struct load_stats s;
    open_store();
    prepare_clock();
    load = load_new(&conf);
    ck_assert_ptr_nonnull(load);
    start_collectors();
    int64_t end = clock_mono_us() + seconds * 1000000;
    int faults = 0;
    do {
        run_load(50000 + roll(500000), NULL);
        fault();
        faults++;
        load_get(load, &s);
    } while (clock_mono_us() < end || s.acknowledged < least);
    expect_all_to_arrive();
    end_collectors();
    load_get(load, &s);
    uint64_t blocks = check_store();
    ck_assert_uint_gt(blocks, 100);
    printf("%zu collector%s: %llu blocks under %d faults, %llu sent again, %llu reconnects\n",
           sharing, sharing > 1 ? "s" : "", (unsigned long long)blocks, faults,
           (unsigned long long)s.resent, (unsigned long long)s.reconnects);
}

START_TEST(nothing_acknowledged_is_lost_and_nothing_is_stored_twice)
{
    run_faults(number_from("MOTELOOP_FAULT_SECONDS", 6), getenv("MOTELOOP_LONG") ? 1000000 : 0);
}
END_TEST

START_TEST(two_collectors_share_a_store_and_are_killed_in_turn)
{
    sharing = 2;
    run_faults(number_from("MOTELOOP_FAULT_SECONDS", 5), 0);
}
END_TEST

static long resident_kb(pid_t pid)
{
    char path[64];
    struct buf b = {0};
    struct err e;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    const char *at = io_read_file(path, 1 << 16, &b, &e) == OK ? strstr(b.data, "VmRSS:") : NULL;
    long kb = at ? strtol(at + 6, NULL, 10) : 0;
    buf_release(&b);
    return kb;
}

// Another program's lock makes every commit wait, as a disk does that is far too slow.
START_TEST(a_slow_disk_slows_acknowledgements_and_not_memory)
{
    char path[300];
    sqlite3 *db = NULL;
    struct load_stats s;
    long most = 0;
    conf.devices = 200;
    conf.block_bytes = 2000; // a window of each is 13 MB
    open_store();
    snprintf(path, sizeof path, "%s/blocks.db", fix.dir);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    load = load_new(&conf);
    start_collectors();
    run_load(1000000, NULL);
    long before = resident_kb(collectors[0]);
    for (int i = 0; i < 8; i++) {
        ck_assert_int_eq(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
        run_load(400000, NULL);
        ck_assert_int_eq(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
        run_load(20000, NULL);
        long now = resident_kb(collectors[0]);
        most = now > most ? now : most;
    }
    sqlite3_close(db);
    load_get(load, &s);
    ck_assert_int_gt(before, 0);
    ck_assert_msg(SANITIZED || most - before < 40 * 1024, "resident memory grew from %ld to %ld KB",
                  before, most); // the queue's 16 MiB, and its items
    expect_all_to_arrive();
    end_collectors();
    uint64_t blocks = check_store();
    printf("slow disk: resident %ld KB, at most %ld KB; %llu blocks\n", before, most,
           (unsigned long long)blocks);
}
END_TEST

START_TEST(the_log_stays_small_under_a_stream_without_a_pause)
{
    struct load_stats s;
    int64_t most = 0;
    conf.devices = 50;
    conf.block_bytes = 2000;
    open_store();
    load = load_new(&conf);
    start_collectors();
    store_fixture_reopen(&fix, STORE_WRITE);
    for (int i = 0; i < 40; i++) {
        run_load(100000, NULL);
        int64_t now = store_log_bytes(fix.store);
        most = now > most ? now : most;
    }
    load_get(load, &s);
    printf("log of at most %.0f MB while %.0f MB were stored\n", (double)most / 1e6,
           (double)s.acknowledged * 2e-3);
    ck_assert_int_lt(
        most, 160 << 20); // what a second brings, beyond the 32 MiB at which it is started anew
    expect_all_to_arrive();
    end_collectors();
}
END_TEST

// A file system of 24 MiB that only this process and its children see; false where that is not allowed.
static bool small_disk(const char *dir)
{
    if (geteuid() == 0 ? unshare(CLONE_NEWNS) != 0 : unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) {
        return false;
    }
    (void)mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL); // where it fails the next one does
    return mount("tmpfs", dir, "tmpfs", 0, "size=24m") == 0;
}

static bool is_full(void)
{
    struct load_stats s;
    static uint64_t before;
    static int64_t since;
    load_get(load, &s);
    if (s.acknowledged != before) {
        before = s.acknowledged;
        since = clock_mono_us();
    }
    return before > 0 && clock_mono_us() - since > 1500000;
}

START_TEST(a_full_disk_stops_acknowledgements_and_recovers)
{
    char base[] = "/tmp/mote-disk-XXXXXX", ballast[64];
    ck_assert_ptr_nonnull(mkdtemp(base));
    if (!small_disk(base)) {
        rmdir(base);
        printf("SKIP: a small file system cannot be mounted here (root, or a user namespace, is "
               "needed)\n");
        return;
    }
    snprintf(ballast, sizeof ballast, "%s/ballast", base);
    setenv("TMPDIR", base, 1);
    open_store();
    int rc =
        system("head -c 16M /dev/zero > $TMPDIR/ballast"); // what somebody else left on the disk
    ck_assert_int_eq(rc, 0);
    load = load_new(&conf);
    start_collectors();
    run_load(30000000, is_full);
    ck_assert(is_full());
    int status;
    ck_assert_msg(waitpid(collectors[0], &status, WNOHANG) == 0,
                  "the collector died of a full disk");
    ck_assert_int_eq(unlink(ballast), 0);
    expect_all_to_arrive();
    end_collectors();
    ck_assert_uint_gt(check_store(), 100);
    store_fixture_remove(&fix);
    fix.dir[0] = 0;
    umount2(base, MNT_DETACH);
    rmdir(base);
}
END_TEST

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    Suite *suite = suite_create("ingest under faults");
    TCase *t = tcase_create("faults");
    tcase_set_timeout(t, (double)number_from("MOTELOOP_FAULT_SECONDS", 6) +
                             (getenv("MOTELOOP_LONG") ? 3600 : 120));
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, nothing_acknowledged_is_lost_and_nothing_is_stored_twice);
    tcase_add_test(t, two_collectors_share_a_store_and_are_killed_in_turn);
    tcase_add_test(t, a_slow_disk_slows_acknowledgements_and_not_memory);
    tcase_add_test(t, the_log_stays_small_under_a_stream_without_a_pause);
    tcase_add_test(t, a_full_disk_stops_acknowledgements_and_recovers);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
