// Measures whose values are known by hand: curves, calibration, streams of decisions, and a page
// that hostile names cannot break.
#include "common/buf.h"
#include "common/err.h"
#include "trainer/judge_curves.h"
#include "trainer/report.h"
#include "trainer/stream_eval.h"
#include "trainer/windows.h"

#include <check.h>

static char *labels[] = {"rest", "work"}, *groups[] = {"a", "b"};
static const struct name_list label = {labels, 2}, group = {groups, 2};

static void add(struct judge *j, int truth, float score, int g)
{
    float s[2] = {1 - score, score};
    struct judged w = {.label = (uint16_t)truth,
                       .group = (uint16_t)g,
                       .answer = score > 0.5f,
                       .score = score > 0.5f ? score : 1 - score};
    ck_assert_int_eq(judge_add(j, w, s), OK);
}

static double at(const json_t *list, size_t i, size_t k)
{
    return json_number_value(json_array_get(json_array_get(list, i), k));
}

// Scores of "work" 0.9 0.8 0.7 0.6, truths 1 0 1 0: of four pairs three are in order.
START_TEST(curves_are_those_by_hand)
{
    struct judge j;
    judge_init(&j, 2);
    add(&j, 1, 0.9f, 0);
    add(&j, 0, 0.8f, 0);
    add(&j, 1, 0.7f, 1);
    add(&j, 0, 0.6f, 1);
    json_t *c = judge_curves(&j, &label, &group),
           *work = json_array_get(json_object_get(c, "classes"), 1);
    ck_assert_double_eq_tol(json_number_value(json_object_get(work, "roc_area")), 0.75, 1e-9);
    ck_assert_double_eq_tol(json_number_value(json_object_get(work, "average_precision")),
                            0.5 * 1 + 0.5 * 2 / 3, 1e-9);
    const json_t *roc = json_object_get(work, "roc");
    ck_assert_uint_eq(json_array_size(roc), 5);
    ck_assert_double_eq_tol(at(roc, 1, 0), 0, 1e-9);
    ck_assert_double_eq_tol(at(roc, 1, 1), 0.5, 1e-9);
    ck_assert_double_eq_tol(at(roc, 4, 0), 1, 1e-9);
    ck_assert_double_eq_tol(at(roc, 4, 1), 1, 1e-9);
    const json_t *t =
        json_object_get(c, "thresholds"); // at 0.75: two windows are left, one of them right
    ck_assert_double_eq_tol(at(t, 30, 0), 0.75, 1e-9);
    ck_assert_double_eq_tol(at(t, 30, 1), 0.5, 1e-9);
    ck_assert_double_eq_tol(at(t, 30, 2), 0.5, 1e-9);
    json_decref(c);
    judge_release(&j);
}
END_TEST

// One class, then the other: the corner stays however much is thinned out.
START_TEST(thinning_keeps_corners)
{
    struct judge j;
    judge_init(&j, 2);
    for (int i = 0; i < 4000; i++) {
        add(&j, i < 2000, 1 - (float)i / 4000, 0);
    }
    json_t *c = judge_curves(&j, &label, &group);
    const json_t *roc = json_object_get(json_array_get(json_object_get(c, "classes"), 1), "roc");
    bool corner = false;
    for (size_t i = 0; i < json_array_size(roc); i++) {
        corner = corner || (at(roc, i, 0) <= CURVE_GRAIN && at(roc, i, 1) >= 1 - CURVE_GRAIN);
    }
    ck_assert(corner);
    ck_assert_uint_le(json_array_size(roc), 500);
    json_decref(c);
    judge_release(&j);
}
END_TEST

START_TEST(equal_scores_are_one_step)
{
    struct judge j;
    judge_init(&j, 2);
    for (int i = 0; i < 6; i++) {
        add(&j, i % 2, 0.7f, 0);
    }
    json_t *c = judge_curves(&j, &label, &group),
           *work = json_array_get(json_object_get(c, "classes"), 1);
    ck_assert_double_eq_tol(json_number_value(json_object_get(work, "roc_area")), 0.5, 1e-9);
    json_decref(c);
    judge_release(&j);
}
END_TEST

START_TEST(two_forms_are_compared_window_by_window)
{
    struct judge a, b;
    judge_init(&a, 2);
    judge_init(&b, 2);
    add(&a, 1, 0.9f, 0);
    add(&b, 1, 0.8f, 0);
    add(&a, 1, 0.6f, 0);
    add(&b, 1, 0.4f, 0);
    json_t *c = judge_compare(&a, &b);
    ck_assert_double_eq_tol(json_number_value(json_object_get(c, "same_class")), 0.5, 1e-9);
    ck_assert_double_eq_tol(json_number_value(json_object_get(c, "score_difference_max")), 0.2,
                            1e-6);
    ck_assert_int_eq(json_integer_value(json_object_get(c, "right_first_only")), 1);
    ck_assert_int_eq(json_integer_value(json_object_get(c, "right_second_only")), 0);
    json_decref(c);
    judge_release(&a);
    judge_release(&b);
}
END_TEST

// Windows of 10 frames every 10; rest over 0..40, work over 40..80, then 20 frames without a label.
#define WINDOWS 10
static struct stream_window window[WINDOWS];
static float score[WINDOWS][2];
static struct stream_event event[2] = {{0, 0, 40, 0}, {0, 40, 80, 1}};
static struct mote_pipe_config config = {.task = MOTE_TASK_CLASSIFY, .classes = 2};

static struct stream_track track(const float *work)
{
    for (int i = 0; i < WINDOWS; i++) {
        window[i] = (struct stream_window){.piece = 0, .frame = (uint32_t)(10 * i)};
        score[i][1] = work[i];
        score[i][0] = 1 - work[i];
    }
    return (struct stream_track){.w = window,
                                 .score = &score[0][0],
                                 .event = event,
                                 .windows = WINDOWS,
                                 .events = 2,
                                 .classes = 2,
                                 .frame_s = 0.1,
                                 .window = 10,
                                 .stride = 10,
                                 .hours = 8.0 / 3600};
}

static struct stream_point measure(const struct stream_track *t, int smooth, float threshold,
                                   int suppress)
{
    struct err e = {0};
    struct stream_point p = {.smooth = smooth, .threshold = threshold, .suppress = suppress};
    ck_assert_int_eq(stream_measure(t, &config, &p, &e), OK);
    return p;
}

START_TEST(streams_count_alarms_misses_and_delay)
{
    //                     rest                    work                    nothing labelled
    const float work[] = {0.1f, 0.9f, 0.1f, 0.1f, 0.4f, 0.8f, 0.9f, 0.9f, 0.9f, 0.1f};
    struct stream_track t = track(work);
    struct stream_point p = measure(&t, 1, 0.7f, 0);
    ck_assert_uint_eq(p.decisions, 9); // the 0.4 is uncertain
    ck_assert_uint_eq(p.wrong, 1);     // work at frame 10
    ck_assert_uint_eq(p.unjudged, 2);
    ck_assert_uint_eq(p.found, 2);
    ck_assert_double_eq_tol(p.false_per_hour, 450, 1e-6);
    ck_assert_double_eq_tol(p.delay_s, (1.0 + 2.0) / 2,
                            1e-9); // rest by its first window, work by its second
    p = measure(&t, 1, 0.95f, 0);
    ck_assert_uint_eq(p.decisions, 0);
    ck_assert_double_eq_tol(p.missed, 1, 1e-9);
    p = measure(&t, 1, 0.7f, 16);
    ck_assert_uint_eq(p.decisions, 1); // then silence
    p = measure(&t, 4, 0.6f, 0);
    // The stray window does not carry, but the mean still says rest for the first two windows of
    // work.
    ck_assert_uint_eq(p.wrong, 2);
    ck_assert_double_eq_tol(p.delay_s, (1.0 + 4.0) / 2, 1e-9);
}
END_TEST

START_TEST(choice_lies_on_the_front_and_keeps_the_limit)
{
    static struct stream_point grid[STREAM_GRID];
    const float work[] = {0.1f, 0.9f, 0.1f, 0.1f, 0.4f, 0.8f, 0.9f, 0.9f, 0.9f, 0.1f};
    struct stream_track t = track(work);
    struct err e = {0};
    size_t count, chosen;
    ck_assert_int_eq(stream_choose(&t, &config, 1, grid, &count, &chosen, &e), OK);
    ck_assert(grid[chosen].on_front);
    ck_assert_uint_eq(grid[chosen].wrong, 0);
    ck_assert_uint_eq(grid[chosen].found, 2);
    for (size_t i = 0; i < count; i++) {
        bool beaten = grid[i].found > 0 && grid[i].false_per_hour <= grid[chosen].false_per_hour &&
                      grid[i].missed <= grid[chosen].missed &&
                      grid[i].delay_s < grid[chosen].delay_s;
        ck_assert(!beaten);
    }
}
END_TEST

START_TEST(pages_cannot_be_broken_by_names)
{
    struct buf b = {0};
    struct err e = {0};
    struct judge j;
    char *evil[] = {"<script>alert(1)</script>", "\"><img src=x onerror=y>"};
    const struct name_list names = {evil, 2};
    judge_init(&j, 2);
    add(&j, 1, 0.9f, 0);
    add(&j, 0, 0.2f, 1);
    json_t *m = judge_json(&j, &names, &names), *r = json_object();
    json_object_set_new(m, "curves", judge_curves(&j, &names, &names));
    json_object_set_new(r, "int8", m);
    json_object_set_new(r, "labels", json_pack("[s,s]", evil[0], evil[1]));
    json_object_set_new(r, "model", json_string("0123"));
    ck_assert_int_eq(report_html(r, &b, &e), OK);
    ck_assert_ptr_null(strstr(b.data, "<script"));
    ck_assert_ptr_null(strstr(b.data, "<img"));
    ck_assert_ptr_nonnull(strstr(b.data, "&lt;script&gt;alert(1)"));
    ck_assert_ptr_null(strstr(b.data, "http")); // nothing is loaded from anywhere
    json_decref(r);
    buf_release(&b);
    judge_release(&j);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("judge");
    tcase_add_test(t, curves_are_those_by_hand);
    tcase_add_test(t, thinning_keeps_corners);
    tcase_add_test(t, equal_scores_are_one_step);
    tcase_add_test(t, two_forms_are_compared_window_by_window);
    tcase_add_test(t, streams_count_alarms_misses_and_delay);
    tcase_add_test(t, choice_lies_on_the_front_and_keeps_the_limit);
    tcase_add_test(t, pages_cannot_be_broken_by_names);
    Suite *s = suite_create("judge");
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
