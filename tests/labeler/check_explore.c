// The explorer: projections of made clusters, the job over a seeded project, errors and proposals over the API.
#include "common/err.h"
#include "common/store/store_explore.h"
#include "labeler/explore.h"
#include "labeler/plane.h"
#include "tests/labeler/http.h"
#include "tests/labeler/seed.h"
#include "tests/support/store_fixture.h"

#include <check.h>
#include <math.h>

#define N 120
#define D 7

static char dir[] = "/tmp/moteloop-explore-XXXXXX";
static struct lab lab;
static struct http ada;

static void set_up(void)
{
    struct err e = {0};
    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert_msg(seed_project(dir, 24, &e) == 0, "%s", e.msg);
    ck_assert_msg(lab_open(&lab, dir, &e) == 0, "%s", e.msg);
    ada = (struct http){.lab = &lab};
    ck_assert_int_eq(http_status(&ada, "POST", "/api/setup",
                                 "{\"token\":\"" SEED_SETUP_TOKEN
                                 "\",\"name\":\"ada\",\"password\":\"correct horse\"}"),
                     200);
}

static void tear_down(void)
{
    lab_close(&lab);
    support_remove_tree(dir);
}

// Three clusters far apart, of noise that only the index decides.
static void clusters(float *x)
{
    uint32_t state = 7;
    for (int i = 0; i < N; i++) {
        for (int c = 0; c < D; c++) {
            state = state * 1664525u + 1013904223u;
            float noise = (float)(state >> 8) / 16777216.0f - 0.5f;
            x[i * D + c] = noise + (c % 3 == i % 3 ? 10.0f : 0.0f);
        }
    }
}

// How many points' nearest neighbour is of their own cluster.
static int neighbours(const float *xy)
{
    int right = 0;
    for (int i = 0; i < N; i++) {
        int best = -1;
        float least = INFINITY;
        for (int j = 0; j < N; j++) {
            float dx = xy[i * 2] - xy[j * 2], dy = xy[i * 2 + 1] - xy[j * 2 + 1];
            if (j != i && dx * dx + dy * dy < least) {
                least = dx * dx + dy * dy;
                best = j;
            }
        }
        right += best % 3 == i % 3;
    }
    return right;
}

START_TEST(two_components_keep_three_clusters_apart_and_repeat)
{
    float x[N * D], again[N * D], a[N * 2], b[N * 2];
    double share[2];
    clusters(x);
    clusters(again);
    ck_assert_int_eq(plane_pca(x, N, D, 2, 1, a, share), OK);
    ck_assert_int_eq(plane_pca(again, N, D, 2, 99, b, NULL), OK);
    ck_assert_msg(share[0] + share[1] > 0.95, "%f of the variance", share[0] + share[1]);
    ck_assert(share[0] >= share[1]);
    ck_assert_int_eq(neighbours(a), N);
    for (int i = 0; i < N; i++) {
        float da = hypotf(a[i * 2], a[i * 2 + 1]), db = hypotf(b[i * 2], b[i * 2 + 1]);
        ck_assert_msg(fabsf(da - db) < 0.05f, "another start, the same plane: %f %f", (double)da,
                      (double)db);
    }
}
END_TEST

START_TEST(values_that_are_constant_or_not_numbers_do_no_harm)
{
    float x[4 * 3] = {1, NAN, 5, 1, 2, 5, 1, INFINITY, 5, 1, 4, 5}, out[8];
    ck_assert_int_eq(plane_pca(x, 4, 3, 2, 1, out, NULL), OK);
    plane_fit(out, 4);
    for (int i = 0; i < 8; i++) {
        ck_assert(isfinite(out[i]) && out[i] >= -1 && out[i] <= 1);
    }
}
END_TEST

static int count_tick(void *ctx, double part)
{
    ck_assert(part >= 0 && part < 1);
    ++*(int *)ctx;
    return 0;
}

START_TEST(tsne_keeps_neighbours_together)
{
    float x[N * D], xy[N * 2], scores[N * 4];
    int ticks = 0;
    clusters(x);
    ck_assert_int_eq(plane_pca(x, N, D, 4, 1, scores, NULL), OK);
    for (int i = 0; i < N; i++) {
        xy[i * 2] = scores[i * 4];
        xy[i * 2 + 1] = scores[i * 4 + 1];
    }
    ck_assert_int_eq(plane_tsne(scores, N, 4, 20, 300, xy, count_tick, &ticks), OK);
    ck_assert_int_eq(neighbours(xy), N);
    ck_assert_int_eq(ticks, 30);
}
END_TEST

static int on_projection(void *ctx, const struct store_projection *p)
{
    *(struct store_projection *)ctx = *p;
    ck_assert_str_eq(p->state, "done");
    return OK;
}

static int64_t run(const char *method, int64_t limit, int64_t *windows)
{
    struct err e = {0};
    struct store_projection p = {.method = method,
                                 .stream = "acc",
                                 .model = "",
                                 .window_limit = limit,
                                 .seed = 3,
                                 .author = "ada"},
                            seen = {0};
    ck_assert_int_eq(store_projection_add(lab.store, &p, &e), OK);
    ck_assert_msg(explore_run(&lab.project, lab.store, p.projection_id, &e) == OK, "%s", e.msg);
    ck_assert_int_eq(store_projection_walk(lab.store, p.projection_id, on_projection, &seen, &e),
                     OK);
    *windows = seen.windows;
    return p.projection_id;
}

static json_t *ask(const char *path, int status)
{
    struct http_answer a;
    http_send(&ada, "GET", path, NULL, &a);
    ck_assert_msg(a.status == status, "%s: %d %s", path, a.status, http_text(&a, "error.message"));
    json_t *v = json_incref(a.json);
    http_release(&a);
    return v;
}

START_TEST(the_job_projects_a_stream_with_its_present_labels)
{
    int64_t all, few;
    char path[60];
    int64_t id = run("pca", 5000, &all);
    ck_assert_int_ge(all, 24 * 9);
    (void)snprintf(path, sizeof(path), "/api/projections/%lld", (long long)id);
    json_t *v = ask(path, 200);
    ck_assert_int_eq((int)json_array_size(json_object_get(v, "x")), all);
    ck_assert_int_eq((int)json_array_size(json_object_get(v, "names")), 4);
    int labelled = 0;
    for (size_t i = 0; i < (size_t)all; i++) {
        labelled += json_integer_value(json_array_get(json_object_get(v, "label"), i)) >= 0;
        ck_assert_int_eq(json_integer_value(json_array_get(json_object_get(v, "said"), i)), -1);
    }
    ck_assert_int_ge(labelled, 8 * 9);
    json_decref(v);
    (void)run("tsne", 60, &few);
    ck_assert(few > 20 && few <= 60);
}
END_TEST

START_TEST(a_job_that_cannot_run_says_why)
{
    struct err e = {0};
    struct store_projection p = {
        .method = "pca", .stream = "nothing", .model = "", .window_limit = 100, .author = "ada"};
    ck_assert_int_eq(store_projection_add(lab.store, &p, &e), OK);
    ck_assert_int_eq(explore_run(&lab.project, lab.store, p.projection_id, &e), E_NOT_FOUND);
    json_t *v = ask("/api/projections", 200),
           *first = json_array_get(json_object_get(v, "projections"), 0);
    ck_assert_str_eq(json_string_value(json_object_get(first, "state")), "failed");
    ck_assert_ptr_nonnull(strstr(json_string_value(json_object_get(first, "note")), "nothing"));
    json_decref(v);
    json_decref(ask("/api/projections/999", 404));
    ck_assert_int_eq(
        http_status(&ada, "POST", "/api/projections", "{\"stream\":\"acc\",\"method\":\"magic\"}"),
        400);
    ck_assert_int_eq(
        http_status(&ada, "POST", "/api/projections", "{\"stream\":\"acc\",\"model\":\"nope\"}"),
        404);
}
END_TEST

START_TEST(errors_and_proposals_follow_from_what_was_said)
{
    struct err e = {0};
    char path[120];
    // Recording 1 is labelled "off"; 2 and 3 are not labelled.
    const struct store_projection_window w[] = {
        {.n = 0,
         .rec_id = 1,
         .start_us = 100000000,
         .end_us = 102000000,
         .said = "bearing",
         .score = 0.97},
        {.n = 1,
         .rec_id = 1,
         .start_us = 102000000,
         .end_us = 104000000,
         .said = "off",
         .score = 0.99},
        {.n = 2,
         .rec_id = 2,
         .start_us = 100000000,
         .end_us = 102000000,
         .said = "normal",
         .score = 0.9},
        {.n = 3,
         .rec_id = 2,
         .start_us = 102000000,
         .end_us = 104000000,
         .said = "normal",
         .score = 0.8},
        {.n = 4,
         .rec_id = 3,
         .start_us = 100000000,
         .end_us = 102000000,
         .said = "normal",
         .score = 0.5},
        {.n = 5,
         .rec_id = 3,
         .start_us = 102000000,
         .end_us = 104000000,
         .said = "off",
         .score = 0.4},
    };
    struct store_projection p = {
        .method = "pca", .stream = "acc", .model = "", .window_limit = 100, .author = "ada"};
    ck_assert_int_eq(store_projection_add(lab.store, &p, &e), OK);
    ck_assert_int_eq(store_projection_put(lab.store, p.projection_id, w, ARRAY_LEN(w), &e), OK);
    (void)snprintf(path, sizeof(path), "/api/projections/%lld/errors", (long long)p.projection_id);
    json_t *v = ask(path, 200), *list = json_object_get(v, "windows");
    ck_assert_int_eq((int)json_array_size(list), 1);
    ck_assert_str_eq(json_string_value(json_object_get(json_array_get(list, 0), "said")),
                     "bearing");
    json_decref(v);
    (void)snprintf(path, sizeof(path), "/api/projections/%lld/errors?label=off&said=off",
                   (long long)p.projection_id);
    v = ask(path, 200);
    ck_assert_int_eq((int)json_array_size(json_object_get(v, "windows")), 1);
    json_decref(v);
    (void)snprintf(path, sizeof(path), "/api/projections/%lld/proposals?least=50",
                   (long long)p.projection_id);
    v = ask(path, 200);
    list = json_object_get(v, "proposals");
    ck_assert_int_eq((int)json_array_size(list), 1);
    ck_assert_int_eq(json_integer_value(json_object_get(json_array_get(list, 0), "rec")), 2);
    ck_assert(fabs(json_number_value(json_object_get(json_array_get(list, 0), "score")) - 0.85) <
              1e-9);
    json_decref(v);
    (void)snprintf(path, sizeof(path), "/api/projections/%lld/proposals?unlabelled=0",
                   (long long)p.projection_id);
    v = ask(path, 200);
    ck_assert_int_eq((int)json_array_size(json_object_get(v, "proposals")), 3);
    json_decref(v);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("explore");
    TCase *t = tcase_create("explore");
    tcase_add_unchecked_fixture(t, set_up, tear_down);
    tcase_add_test(t, two_components_keep_three_clusters_apart_and_repeat);
    tcase_add_test(t, values_that_are_constant_or_not_numbers_do_no_harm);
    tcase_add_test(t, tsne_keeps_neighbours_together);
    tcase_add_test(t, the_job_projects_a_stream_with_its_present_labels);
    tcase_add_test(t, a_job_that_cannot_run_says_why);
    tcase_add_test(t, errors_and_proposals_follow_from_what_was_said);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    // One process: the project is made once, and tests see what those before them wrote.
    srunner_set_fork_status(r, CK_NOFORK);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
