// Tasks, blind answers, review, agreement and gold items over the API, as annotators and a reviewer use them.
#include "common/err.h"
#include "tests/labeler/http.h"
#include "tests/labeler/seed.h"
#include "tests/support/store_fixture.h"

#include <check.h>
#include <math.h>

static char dir[] = "/tmp/moteloop-task-XXXXXX";
static struct lab lab;
static struct http ada, ann, bob; // administrator, two annotators

static void sign_in(struct http *h, const char *name, const char *role)
{
    char body[160];
    struct http_answer a;
    (void)snprintf(body, sizeof(body),
                   "{\"name\":\"%s\",\"password\":\"correct horse\",\"role\":\"%s\"}", name, role);
    ck_assert_int_eq(http_status(&ada, "POST", "/api/users", body), 201);
    *h = (struct http){.lab = &lab};
    http_send(h, "POST", "/api/login", body, &a);
    ck_assert_int_eq(a.status, 200);
    http_release(&a);
}

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
    sign_in(&ann, "ann", "annotator");
    sign_in(&bob, "bob", "annotator");
}

static void tear_down(void)
{
    lab_close(&lab);
    support_remove_tree(dir);
}

// Posts a task as the administrator; its number.
static int64_t add_task(const char *body)
{
    struct http_answer a;
    http_send(&ada, "POST", "/api/tasks", body, &a);
    ck_assert_msg(a.status == 201, "%s", http_text(&a, "error.message"));
    int64_t id = http_number(&a, "id");
    http_release(&a);
    return id;
}

static int put_answer(struct http *h, int64_t task, int64_t rec, const char *regions, bool done)
{
    char path[80], body[400];
    (void)snprintf(path, sizeof(path), "/api/tasks/%lld/answers/%lld", (long long)task,
                   (long long)rec);
    (void)snprintf(body, sizeof(body), "{\"regions\":[%s],\"done\":%s,\"took_ms\":1500}", regions,
                   done ? "true" : "false");
    return http_status(h, "PUT", path, body);
}

static json_t *get(struct http *h, const char *what, int64_t id, const char *rest)
{
    char path[100];
    struct http_answer a;
    (void)snprintf(path, sizeof(path), "/api/%s%lld%s", what, (long long)id, rest);
    http_send(h, "GET", path, NULL, &a);
    ck_assert_msg(a.status == 200, "%s: %s", path, http_text(&a, "error.message"));
    json_t *v = json_incref(a.json);
    http_release(&a);
    return v;
}

static int64_t todo(struct http *h, int64_t task, json_t **items)
{
    json_t *v = get(h, "tasks/", task, "/todo?limit=100");
    int64_t n = (int64_t)json_array_size(json_object_get(v, "items"));
    if (items) {
        *items = json_incref(json_object_get(v, "items"));
    }
    json_decref(v);
    return n;
}

static int64_t rec_at(json_t *items, size_t i)
{
    return json_integer_value(json_object_get(json_array_get(items, i), "rec"));
}

static const char *review_body(char *out, size_t cap, int64_t rec, const char *person, bool accept)
{
    (void)snprintf(
        out, cap,
        "{\"items\":[{\"rec\":%lld,\"person\":\"%s\"}],\"accept\":%s,\"note\":\"look again\"}",
        (long long)rec, person, accept ? "true" : "false");
    return out;
}

START_TEST(work_is_dealt_out_once_and_becomes_labels_at_once)
{
    json_t *mine, *theirs;
    int64_t id = add_task("{\"name\":\"first "
                          "look\",\"people\":[\"ann\",\"bob\"],\"filter\":{\"unlabelled\":true,"
                          "\"stream\":\"acc\"},\"limit\":6}");
    ck_assert_int_eq(todo(&ann, id, &mine), 3);
    ck_assert_int_eq(todo(&bob, id, &theirs), 3);
    for (size_t i = 0; i < 3; i++) {
        for (size_t k = 0; k < 3; k++) {
            ck_assert_int_ne(rec_at(mine, i), rec_at(theirs, k));
        }
    }
    ck_assert_int_eq(put_answer(&ann, id, rec_at(theirs, 0), "{\"label\":\"off\"}", true), 404);
    ck_assert_int_eq(put_answer(&ann, id, rec_at(mine, 0), "{\"label\":\"off\"}", true), 200);
    ck_assert_int_eq(todo(&ann, id, NULL), 2);
    json_t *labels = get(&ann, "recordings/", rec_at(mine, 0), "/labels");
    ck_assert_int_eq((int)json_array_size(json_object_get(labels, "regions")), 1);
    json_decref(labels);
    json_decref(mine);
    json_decref(theirs);
}
END_TEST

START_TEST(people_do_not_see_each_others_answers)
{
    json_t *items, *again;
    int64_t id = add_task("{\"name\":\"blind\",\"people\":[\"ann\",\"bob\"],\"each\":2,\"filter\":{"
                          "\"unlabelled\":true,\"stream\":\"acc\"},\"limit\":4}");
    ck_assert_int_eq(todo(&ann, id, &items), 4);
    ck_assert_int_eq(put_answer(&bob, id, rec_at(items, 0), "{\"label\":\"bearing\"}", true), 200);
    char path[60], answer[200];
    (void)snprintf(path, sizeof(path), "/api/tasks/%lld/answers", (long long)id);
    ck_assert_int_eq(http_status(&ann, "GET", path, NULL), 403);
    ck_assert_int_eq(http_status(&ann, "GET", "/api/quality", NULL), 403);
    ck_assert_int_eq(todo(&ann, id, &again), 4);
    char *text = json_dumps(again, 0);
    ck_assert_ptr_null(strstr(text, "bearing"));
    free(text);
    // Nor do they become labels, before a reviewer accepts them; then the other one is settled.
    json_t *labels = get(&ann, "recordings/", rec_at(items, 0), "/labels");
    ck_assert_int_eq((int)json_array_size(json_object_get(labels, "regions")), 0);
    json_decref(labels);
    ck_assert_int_eq(put_answer(&ann, id, rec_at(items, 0), "{\"label\":\"normal\"}", true), 200);
    (void)snprintf(path, sizeof(path), "/api/tasks/%lld/review", (long long)id);
    ck_assert_int_eq(
        http_status(&ann, "POST", path,
                    review_body(answer, sizeof(answer), rec_at(items, 0), "bob", true)),
        403);
    ck_assert_int_eq(
        http_status(&ada, "POST", path,
                    review_body(answer, sizeof(answer), rec_at(items, 0), "bob", true)),
        200);
    labels = get(&ann, "recordings/", rec_at(items, 0), "/labels");
    json_t *region = json_array_get(json_object_get(labels, "regions"), 0);
    ck_assert_str_eq(json_string_value(json_object_get(region, "label")), "bearing");
    ck_assert_str_eq(json_string_value(json_object_get(region, "author")), "bob");
    json_decref(labels);
    ck_assert_int_eq(put_answer(&ann, id, rec_at(items, 0), "{\"label\":\"off\"}", true), 409);
    json_decref(items);
    json_decref(again);
}
END_TEST

START_TEST(a_returned_answer_comes_back_first_with_the_reason)
{
    json_t *items;
    char path[60], body[200];
    int64_t id = add_task("{\"name\":\"review\",\"people\":[\"ann\"],\"review\":true,\"filter\":{"
                          "\"stream\":\"acc\"},\"limit\":3}");
    ck_assert_int_eq(todo(&ann, id, &items), 3);
    int64_t rec = rec_at(items, 2);
    json_decref(items);
    ck_assert_int_eq(put_answer(&ann, id, rec, "{\"label\":\"off\"}", false), 200);
    (void)snprintf(path, sizeof(path), "/api/tasks/%lld/review", (long long)id);
    ck_assert_int_eq(
        http_status(&ada, "POST", path, review_body(body, sizeof(body), rec, "ann", true)), 409);
    ck_assert_int_eq(put_answer(&ann, id, rec, "{\"label\":\"off\"}", true), 200);
    ck_assert_int_eq(todo(&ann, id, NULL), 2);
    ck_assert_int_eq(
        http_status(&ada, "POST", path, review_body(body, sizeof(body), rec, "ann", false)), 200);
    ck_assert_int_eq(todo(&ann, id, &items), 3);
    ck_assert_int_eq(rec_at(items, 0), rec);
    ck_assert_str_eq(json_string_value(json_object_get(json_array_get(items, 0), "note")),
                     "look again");
    ck_assert_int_eq((int)json_array_size(json_object_get(json_array_get(items, 0), "regions")), 1);
    json_decref(items);
}
END_TEST

static double real(json_t *o, const char *key)
{
    return json_number_value(json_object_get(o, key));
}

START_TEST(agreement_is_counted_per_label_and_between_two)
{
    json_t *items;
    int64_t id = add_task("{\"name\":\"agree\",\"people\":[\"ann\",\"bob\"],\"each\":2,\"filter\":{"
                          "\"stream\":\"acc\"},\"limit\":10}");
    // Krippendorff's first example: alpha 0.095 over ten items of two labels.
    static const char a[] = "0100000010", b[] = "1110010000";
    ck_assert_int_eq(todo(&ann, id, &items), 10);
    for (size_t i = 0; i < 10; i++) {
        char mark[160], other[160];
        long long start = 0;
        json_t *rec = get(&ada, "recordings/", rec_at(items, i), "");
        start = json_integer_value(json_object_get(rec, "start_us"));
        json_decref(rec);
        (void)snprintf(mark, sizeof(mark),
                       "{\"label\":\"l%c\"},{\"label\":\"hit\",\"start_us\":%lld,\"end_us\":%lld}",
                       a[i], start, start + 1000000);
        (void)snprintf(other, sizeof(other),
                       "{\"label\":\"l%c\"},{\"label\":\"hit\",\"start_us\":%lld,\"end_us\":%lld}",
                       b[i], start + 500000, start + 1500000);
        ck_assert_int_eq(put_answer(&ann, id, rec_at(items, i), mark, true), 200);
        ck_assert_int_eq(put_answer(&bob, id, rec_at(items, i), other, true), 200);
    }
    json_decref(items);
    json_t *v = get(&ada, "quality?task=", id, "");
    ck_assert_msg(fabs(real(v, "alpha") - 0.095) < 0.0006, "alpha is %f", real(v, "alpha"));
    ck_assert_int_eq(json_integer_value(json_object_get(v, "pairable")), 20);
    ck_assert_int_eq((int)json_array_size(json_object_get(v, "differ")), 4);
    json_t *pair = json_array_get(json_object_get(v, "pairs"), 0);
    ck_assert_int_eq(json_integer_value(json_object_get(pair, "items")), 10);
    ck_assert_int_eq(json_integer_value(json_object_get(pair, "same")), 6);
    size_t i;
    json_t *label;
    bool seen = false;
    json_array_foreach(json_object_get(v, "labels"), i, label) {
        if (strcmp(json_string_value(json_object_get(label, "label")), "hit") == 0) {
            ck_assert_msg(fabs(real(label, "overlap") - 1.0 / 3) < 1e-9,
                          "half of each overlaps: a third of both");
            seen = true;
        }
    }
    ck_assert(seen);
    json_decref(v);
}
END_TEST

START_TEST(gold_items_tell_how_well_somebody_answers)
{
    json_t *items;
    ck_assert_int_eq(http_status(&ada, "PUT", "/api/gold/2", "{\"label\":\"normal\"}"), 200);
    ck_assert_int_eq(http_status(&ann, "PUT", "/api/gold/3", "{\"label\":\"normal\"}"), 403);
    ck_assert_int_eq(http_status(&ada, "PUT", "/api/gold/999", "{\"label\":\"normal\"}"), 404);
    int64_t id = add_task("{\"name\":\"gold\",\"people\":[\"ann\",\"bob\"],\"gold\":1,\"filter\":{"
                          "\"device\":\"fan-03\",\"stream\":\"acc\"},\"limit\":4}");
    ck_assert_int_eq(todo(&ann, id, &items), 3);
    json_decref(items);
    ck_assert_int_eq(put_answer(&ann, id, 2, "{\"label\":\"normal\"}", true), 200);
    ck_assert_int_eq(put_answer(&bob, id, 2, "{\"label\":\"off\"}", true), 200);
    json_t *v = get(&ada, "tasks/", id, ""), *people = json_object_get(v, "people");
    ck_assert_int_eq(json_integer_value(json_object_get(json_array_get(people, 0), "gold_right")),
                     1);
    ck_assert_int_eq(json_integer_value(json_object_get(json_array_get(people, 1), "gold_wrong")),
                     1);
    ck_assert_int_eq(json_integer_value(json_object_get(json_array_get(people, 0), "took_ms")),
                     1500);
    json_decref(v);
    // A gold answer is a measurement: it does not change the label.
    v = get(&ada, "recordings/", 2, "/labels");
    size_t i;
    json_t *g;
    json_array_foreach(json_object_get(v, "regions"), i, g) {
        ck_assert_str_ne(json_string_value(json_object_get(g, "label")), "off");
    }
    json_decref(v);
}
END_TEST

START_TEST(work_is_handed_over_but_never_twice_to_one)
{
    char path[60];
    int64_t id = add_task(
        "{\"name\":\"hand\",\"people\":[\"ann\"],\"filter\":{\"stream\":\"acc\"},\"limit\":5}");
    (void)snprintf(path, sizeof(path), "/api/tasks/%lld/hand-over", (long long)id);
    ck_assert_int_eq(http_status(&bob, "POST", path, "{\"from\":\"ann\",\"to\":\"bob\"}"), 403);
    ck_assert_int_eq(http_status(&ann, "POST", path, "{\"to\":\"nobody\"}"), 400);
    ck_assert_int_eq(http_status(&ann, "POST", path, "{\"to\":\"bob\"}"), 200);
    ck_assert_int_eq(todo(&ann, id, NULL), 0);
    ck_assert_int_eq(todo(&bob, id, NULL), 5);
    int64_t both = add_task("{\"name\":\"both\",\"people\":[\"ann\",\"bob\"],\"each\":2,\"filter\":"
                            "{\"stream\":\"acc\"},\"limit\":5}");
    (void)snprintf(path, sizeof(path), "/api/tasks/%lld/hand-over", (long long)both);
    ck_assert_int_eq(http_status(&ada, "POST", path, "{\"from\":\"ann\",\"to\":\"bob\"}"), 200);
    ck_assert_int_eq(todo(&ann, both, NULL), 5);
}
END_TEST

START_TEST(bad_tasks_are_refused_with_a_reason)
{
    static const char *const bodies[] = {
        "{\"name\":\"x\"}",
        "{\"name\":\"x\",\"people\":[]}",
        "{\"name\":\"x\",\"people\":[1]}",
        "{\"name\":\"x\",\"people\":[\"eve\"]}",
        "{\"name\":\"\",\"people\":[\"ann\"]}",
        "{\"name\":\"x\",\"people\":[\"ann\"],\"each\":2}",
        "{\"name\":\"x\",\"people\":[\"ann\"],\"filter\":{\"device\":\"' OR 1=1 --\"}}",
        "{\"name\":\"x\",\"people\":[\"ann\"],\"limit\":0}"};
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        ck_assert_int_eq(http_status(&ada, "POST", "/api/tasks", bodies[i]), 400);
    }
    ck_assert_int_eq(
        http_status(&ann, "POST", "/api/tasks", "{\"name\":\"x\",\"people\":[\"ann\"]}"), 403);
    ck_assert_int_eq(http_status(&ann, "GET", "/api/tasks/999/todo", NULL), 404);
    ck_assert_int_eq(http_status(&ada, "POST", "/api/tasks/1/review",
                                 "{\"items\":[{\"rec\":1,\"person\":\"ann\"}],\"accept\":false}"),
                     400);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("task");
    TCase *t = tcase_create("task");
    tcase_add_unchecked_fixture(t, set_up, tear_down);
    tcase_add_test(t, work_is_dealt_out_once_and_becomes_labels_at_once);
    tcase_add_test(t, people_do_not_see_each_others_answers);
    tcase_add_test(t, a_returned_answer_comes_back_first_with_the_reason);
    tcase_add_test(t, agreement_is_counted_per_label_and_between_two);
    tcase_add_test(t, gold_items_tell_how_well_somebody_answers);
    tcase_add_test(t, work_is_handed_over_but_never_twice_to_one);
    tcase_add_test(t, bad_tasks_are_refused_with_a_reason);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    // One process: the project is made once, and tests see what those before them wrote.
    srunner_set_fork_status(r, CK_NOFORK);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
