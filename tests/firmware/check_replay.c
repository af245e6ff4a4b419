// Files as a sensor: pieces by file and by labelled stretch, in device time.
#include "common/err.h"
#include "common/io.h"
#include "firmware/port/posix/replay.h"

#include <check.h>
#include <unistd.h>

static char base[48], dir[64];
static struct err e;
static struct posix_clock device_clock;
static struct replay r;

static void put(const char *name, const char *text, int rows)
{
    char path[192];
    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    char *slash = strrchr(path, '/');
    *slash = 0;
    ck_assert_int_eq(io_mkdirs(path, 0700, &e), OK);
    *slash = '/';
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    for (int i = 0; i < rows; i++) {
        fprintf(f, "%d,%d\n", i, -i);
    }
    ck_assert_int_eq(fclose(f), 0);
}

static const char *map(const char *text)
{
    static char path[128];
    put("../map", text, 0);
    (void)snprintf(path, sizeof(path), "%s/../map", dir);
    return path;
}

static void setup(void)
{
    (void)snprintf(base, sizeof(base), "/tmp/mote-replay-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(base));
    (void)snprintf(dir, sizeof(dir), "%s/data", base);
    posix_clock_init(&device_clock, 0.01); // hardly moves but by skips
    memset(&r, 0, sizeof(r));
}
static void teardown(void)
{
    char command[96];
    replay_close(&r);
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", base);
    ck_assert_int_eq(system(command), 0);
}

static enum replay_state wait_state(void)
{
    while (replay_state(&r) == REPLAY_READING) {
        usleep(1000);
    }
    return replay_state(&r);
}

// Plays the piece that is ready; returns its frames.
static size_t play(double *first)
{
    static uint8_t frames[1 << 16];
    size_t total = 0;
    uint64_t t;
    replay_play(&r);
    while (replay_state(&r) == REPLAY_PLAYING) {
        int n = r.sensor.read(r.sensor.ctx, 0, frames, 64, &t);
        ck_assert_int_ge(n, 0);
        if (n > 0 && total == 0) {
            *first = r.info.type == MOTE_F32 ? (double)mote_getf(frames)
                                             : (double)(int16_t)mote_get16(frames);
            *first *= r.info.type == MOTE_F32 ? 1 : (double)r.info.scale;
        }
        total += (size_t)n;
        if (n == 0) {
            posix_clock_skip(&device_clock, 100000);
        }
    }
    return total;
}

START_TEST(every_file_is_a_piece_with_its_folder_as_label)
{
    double first;
    put("walk/a.csv", "x,y\n", 250);
    put("sit/b.csv", "x,y\n", 100);
    put("sit/c.csv", "x,y,z\n1,2,3\n4,5,6\n", 0); // looks different: left out
    ck_assert_msg(
        replay_open(&r, dir, map("[stream]\nname = acc\nrate = 50\n"), &device_clock, &e) == OK,
        "%s", e.msg);
    ck_assert_str_eq(r.sensor.streams[0].name, "acc");
    ck_assert_uint_eq(r.sensor.streams[0].channels, 2);
    ck_assert_uint_eq(r.sensor.streams[0].interval_ns, 20000000);
    ck_assert_int_eq(wait_state(), REPLAY_READY);
    ck_assert_str_eq(r.piece.label, "sit");
    ck_assert_uint_eq(r.piece.duration_us, 2000000);
    ck_assert_uint_eq(play(&first), 100);
    ck_assert_int_eq(wait_state(), REPLAY_READY);
    ck_assert_str_eq(r.piece.label, "walk");
    ck_assert_uint_eq(play(&first), 250);
    ck_assert_int_eq(wait_state(), REPLAY_ENDED);
    ck_assert_uint_eq(r.left_out, 1);
}
END_TEST

START_TEST(labelled_stretches_are_pieces_of_their_own)
{
    double first;
    put("a.csv", "x,y\n", 300);
    put("labels.csv", "file,label,start,end\na.csv,up,1,2\na.csv,down,4,5.5\n", 0);
    ck_assert_msg(replay_open(&r, dir,
                              map("[files]\nlabel = none\nskip = labels.csv\n[stream]\nrate = "
                                  "50\n[labels]\nfile = labels.csv\n"),
                              &device_clock, &e) == OK,
                  "%s", e.msg);
    ck_assert_str_eq(r.piece.label, "up");
    ck_assert_uint_eq(play(&first), 50);
    ck_assert_double_eq_tol(first, 50, 0.01);
    ck_assert_int_eq(wait_state(), REPLAY_READY);
    ck_assert_str_eq(r.piece.label, "down");
    ck_assert_uint_eq(play(&first), 75);
    ck_assert_int_eq(wait_state(), REPLAY_ENDED);
}
END_TEST

START_TEST(frames_come_as_time_passes)
{
    uint8_t frames[4096];
    uint64_t t;
    put("a/a.csv", "x,y\n", 300);
    ck_assert_int_eq(replay_open(&r, dir, map("[stream]\nrate = 50\n"), &device_clock, &e), OK);
    ck_assert_int_eq(r.sensor.read(r.sensor.ctx, 0, frames, 100, &t), 0); // not played yet
    replay_play(&r);
    posix_clock_skip(&device_clock, 101000);
    ck_assert_int_eq(r.sensor.read(r.sensor.ctx, 0, frames, 100, &t), 6);
    ck_assert_int_eq(r.sensor.read(r.sensor.ctx, 0, frames, 100, &t), 0);
    uint64_t before = r.start_us;
    posix_clock_skip(&device_clock, 20000);
    ck_assert_int_eq(r.sensor.read(r.sensor.ctx, 0, frames, 100, &t), 1);
    ck_assert_uint_eq(t - before, 6 * 20000);
}
END_TEST

START_TEST(nothing_to_replay_says_so)
{
    put("readme.txt", "nothing\n", 0);
    ck_assert_int_ne(replay_open(&r, dir, NULL, &device_clock, &e), OK);
    ck_assert_uint_gt(strlen(e.msg), 0);
    replay_close(&r);
    ck_assert_int_ne(replay_open(&r, "/nonexistent", NULL, &device_clock, &e), OK);
    replay_close(&r);
    ck_assert_int_ne(replay_open(&r, dir, map("[stream]\nrat = 50\n"), &device_clock, &e), OK);
    ck_assert_ptr_nonnull(strstr(e.msg, "rat"));
}
END_TEST

START_TEST(closing_early_ends_the_thread)
{
    put("a/a.csv", "x,y\n", 300);
    put("a/b.csv", "x,y\n", 300);
    ck_assert_int_eq(replay_open(&r, dir, map("[stream]\nrate = 50\n"), &device_clock, &e), OK);
    replay_play(&r);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("replay");
    TCase *t = tcase_create("replay");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, every_file_is_a_piece_with_its_folder_as_label);
    tcase_add_test(t, labelled_stretches_are_pieces_of_their_own);
    tcase_add_test(t, frames_come_as_time_passes);
    tcase_add_test(t, nothing_to_replay_says_so);
    tcase_add_test(t, closing_early_ends_the_thread);
    suite_add_tcase(s, t);
    SRunner *sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
