// Many threads that save at once: nothing is lost, nothing is saved twice, a stale version is refused to its thread alone.
#include "common/err.h"
#include "labeler/lab_save.h"
#include "tests/labeler/seed.h"
#include "tests/support/store_fixture.h"

#include <check.h>
#include <pthread.h>
#include <unistd.h>

#define THREADS 8
#define ROUNDS 25

static char dir[] = "/tmp/moteloop-save-XXXXXX";
static const char *const names[] = {"t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7"};

struct one {
    pthread_t thread;
    struct lab lab;
    int number, won, lost, failed;
};

static struct store_region region(const char *name, const char *author)
{
    return (struct store_region){.rec_id = 1,
                                 .region = name,
                                 .label = "normal",
                                 .author = author,
                                 .source = "human",
                                 .model = "",
                                 .whole = true};
}

static int on_region(void *ctx, const struct store_region *g)
{
    if (strcmp(g->region, "shared") == 0) {
        *(int64_t *)ctx = g->version;
    }
    return OK;
}

// Each raises the version of one region that all share, and has a region of its own that it sets and deletes.
static void *work(void *arg)
{
    struct one *o = arg;
    for (int i = 0; i < ROUNDS; i++) {
        struct err e = {0};
        int64_t seen = 0;
        struct store_region own = region(names[o->number], names[o->number]),
                            shared = region("shared", names[o->number]);
        own.deleted = i % 3 == 2;
        o->failed += lab_save(&o->lab, &own, -1, &e) != OK;
        o->failed += store_label_walk(o->lab.store, 1, on_region, &seen, &e) != OK;
        int rc = lab_save(&o->lab, &shared, seen, &e);
        o->won += rc == OK;
        o->lost += rc == E_CONFLICT;
        o->failed += rc != OK && rc != E_CONFLICT;
    }
    return NULL;
}

static int count_event(void *ctx, const struct store_region *g)
{
    int *n = ctx;
    n[0] += strcmp(g->region, "shared") == 0;
    n[1] += g->region[0] == 't';
    return OK;
}

START_TEST(threads_save_together_and_lose_nothing)
{
    struct one o[THREADS];
    struct err e = {0};
    int won = 0, lost = 0, events[2] = {0};
    int64_t version = 0;
    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert_msg(seed_project(dir, 8, &e) == 0, "%s", e.msg);
    for (int i = 0; i < THREADS; i++) {
        o[i] = (struct one){.number = i};
        ck_assert_msg(lab_open(&o[i].lab, dir, &e) == 0, "%s", e.msg);
    }
    for (int i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_create(&o[i].thread, NULL, work, &o[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(o[i].thread, NULL);
        ck_assert_int_eq(o[i].failed, 0);
        won += o[i].won;
        lost += o[i].lost;
    }
    ck_assert_int_eq(won + lost, THREADS * ROUNDS);
    ck_assert_int_eq(store_label_walk(o[0].lab.store, 1, on_region, &version, &e), OK);
    ck_assert_int_eq(version, won);
    ck_assert_int_eq(store_label_history(o[0].lab.store, 1, 0, count_event, events, &e), OK);
    ck_assert_int_eq(events[0], won);
    ck_assert_int_eq(events[1], THREADS * ROUNDS);
    for (int i = 0; i < THREADS; i++) {
        lab_close(&o[i].lab);
    }
    support_remove_tree(dir);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("save");
    TCase *t = tcase_create("save");
    tcase_add_test(t, threads_save_together_and_lose_nothing);
    suite_add_tcase(suite, t);
    SRunner *r = srunner_create(suite);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
