// The ring between collectors and the labeler: order, what a slow reader misses, several writers, and who is asked
// again when.
#include "common/live.h"
#include "common/err.h"
#include "tests/support/store_fixture.h"

#include <check.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

static char dir[] = "/tmp/moteloop-live-XXXXXX";
static struct live *ring;

static void set_up(void)
{
    struct err e = {0};
    memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert_msg(live_open(&ring, dir, &e) == OK, "%s", e.msg);
}

static void tear_down(void)
{
    live_close(ring);
    support_remove_tree(dir);
}

START_TEST(messages_come_in_order_to_another_program)
{
    struct live *other;
    struct live_message m;
    struct err e = {0};
    int64_t after = 0;
    ck_assert_int_eq(live_open(&other, dir, &e), OK);
    ck_assert(!live_next(other, &after, &m));
    ck_assert_int_eq(live_put(ring, "pump", "acc", "one", 3), OK);
    ck_assert_int_eq(live_put(ring, "pump", "mic", "two", 3), OK);
    ck_assert(live_next(other, &after, &m));
    ck_assert_str_eq(m.stream, "acc");
    ck_assert_mem_eq(m.block, "one", 3);
    ck_assert(live_next(other, &after, &m));
    ck_assert_str_eq(m.stream, "mic");
    ck_assert_int_eq(after, 2);
    ck_assert(!live_next(other, &after, &m));
    live_close(other);
}
END_TEST

START_TEST(a_slow_reader_misses_the_oldest_only)
{
    struct live_message m;
    int64_t after = 1;
    for (int i = 1; i <= LIVE_SLOTS + 10; i++) {
        ck_assert_int_eq(live_put(ring, "pump", "acc", &i, sizeof(i)), OK);
    }
    ck_assert(live_next(ring, &after, &m));
    ck_assert_int_eq(after, 11);
    int i;
    memcpy(&i, m.block, sizeof(i));
    ck_assert_int_eq(i, 11);
    after = 1000000; // of a ring that is no more
    ck_assert(!live_next(ring, &after, &m));
}
END_TEST

START_TEST(a_block_has_a_ceiling)
{
    static uint8_t big[LIVE_BLOCK_MAX + 1];
    ck_assert_int_eq(live_put(ring, "pump", "acc", big, LIVE_BLOCK_MAX), OK);
    ck_assert_int_eq(live_put(ring, "pump", "acc", big, LIVE_BLOCK_MAX + 1), E_LIMIT);
    ck_assert_int_eq(live_last(ring), 1);
}
END_TEST

START_TEST(without_room_on_the_disk_there_is_no_ring)
{
    struct live *other;
    struct err e = {0};
    char full[64];
    snprintf(full, sizeof(full), "%s/full", dir);
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &(struct rlimit){1 << 20, 1 << 20}),
                     0); // as a disk of a megabyte
    ck_assert_int_lt(live_open(&other, full, &e), 0);
    ck_assert_ptr_nonnull(strstr(e.msg, "cannot take"));
    ck_assert_ptr_null(other);
}
END_TEST

static void *write_many(void *arg)
{
    uint8_t bytes[512];
    memset(bytes, *(int *)arg, sizeof(bytes));
    for (int i = 0; i < 20000; i++) {
        if (live_put(ring, "pump", "acc", bytes, sizeof(bytes))) {
            return arg;
        }
    }
    return NULL;
}

START_TEST(what_is_read_is_whole_while_two_write)
{
    pthread_t thread[2];
    int fill[2] = {1, 2};
    struct live_message m;
    int64_t after = 0, seen = 0;
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(pthread_create(&thread[i], NULL, write_many, &fill[i]), 0);
    }
    while (live_last(ring) < 40000 || live_next(ring, &after, &m)) {
        if (live_next(ring, &after, &m)) {
            seen++;
            ck_assert(m.block[0] == 1 || m.block[0] == 2);
            for (size_t i = 1; i < m.len; i++) {
                ck_assert_int_eq(m.block[i], m.block[0]);
            }
        }
    }
    for (int i = 0; i < 2; i++) {
        void *failed;
        pthread_join(thread[i], &failed);
        ck_assert_ptr_null(failed);
    }
    ck_assert_int_gt(seen, 0);
}
END_TEST

START_TEST(a_stream_is_asked_for_again_after_a_while)
{
    char name[20];
    ck_assert(live_renew(ring, "pump", "acc", 1000000));
    ck_assert(!live_renew(ring, "pump", "acc", 1000000 + LIVE_RENEW_MS - 1));
    ck_assert(live_renew(ring, "pump", "mic", 1000000));
    ck_assert(live_renew(ring, "pump", "acc", 1000000 + LIVE_RENEW_MS));
    ck_assert(live_renew(ring, "pump", "acc", 5)); // a clock that was set back
    for (int i = 0; i < LIVE_WATCHES; i++) {
        snprintf(name, sizeof(name), "pump-%d", i);
        ck_assert(live_renew(ring, name, "acc", 2000000 + i));
    }
    ck_assert(live_renew(ring, "pump", "acc", 2000000)); // its place was taken
}
END_TEST

int main(void)
{
    Suite *s = suite_create("live");
    TCase *t = tcase_create("live");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, messages_come_in_order_to_another_program);
    tcase_add_test(t, a_slow_reader_misses_the_oldest_only);
    tcase_add_test(t, a_block_has_a_ceiling);
    tcase_add_test(t, without_room_on_the_disk_there_is_no_ring);
    tcase_add_test(t, what_is_read_is_whole_while_two_write);
    tcase_add_test(t, a_stream_is_asked_for_again_after_a_while);
    suite_add_tcase(s, t);
    SRunner *sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? 1 : 0;
}
