// The demo's scores: truth from the simulator's file, windows that count and windows that do not.
#include "common/err.h"
#include "ops/demo_score.h"

#include <check.h>

static const char text[] = "session,t_us,state,cause\n"
                           "aa,0,normal,start\n"
                           "aa,10000000,imbalance,control\n"
                           "aa,12000000,imbalance,relay\n"
                           "aa,20000000,off,decision\n";

START_TEST(truth_holds_only_when_settled_and_unchanged)
{
    struct truth t = {0};
    struct err e = {0};
    ck_assert_int_eq(truth_parse(&t, text, &e), OK);
    ck_assert_uint_eq(t.count, 4);
    ck_assert_str_eq(truth_at(&t, 5000000, 6000000, 2500000), "normal");
    ck_assert_ptr_null(truth_at(&t, 9500000, 10500000, 2500000));  // changes inside
    ck_assert_ptr_null(truth_at(&t, 11000000, 12000000, 2500000)); // not settled yet
    // The same state said again does not start the settling anew.
    ck_assert_str_eq(truth_at(&t, 13000000, 14000000, 2500000), "imbalance");
    ck_assert_str_eq(truth_at(&t, 23000000, 24000000, 2500000), "off");
    truth_release(&t);
}
END_TEST

START_TEST(truth_of_an_earlier_session_is_over)
{
    struct truth t = {0};
    struct err e = {0};
    ck_assert_int_eq(truth_parse(&t, "aa,0,normal,x\nbb,0,off,x\n", &e), OK);
    ck_assert_uint_eq(t.count, 1);
    ck_assert_str_eq(t.row[0].state, "off");
    truth_release(&t);
}
END_TEST

START_TEST(truth_refuses_a_bad_line_but_not_a_half_written_last_one)
{
    struct truth t = {0};
    struct err e = {0};
    ck_assert_int_eq(truth_parse(&t, "aa,x,normal,y\naa,0,off,z\n", &e), E_FORMAT);
    truth_release(&t);
    ck_assert_int_eq(truth_parse(&t, "aa,0,normal,y\naa,1", &e), OK);
    ck_assert_uint_eq(t.count, 1);
    truth_release(&t);
}
END_TEST

START_TEST(scores_count_by_state)
{
    struct score s = {0};
    score_add(&s, "normal", "normal", false);
    score_add(&s, "normal", "off", true);
    score_add(&s, "looseness", "normal", true);
    ck_assert_double_eq_tol(score_accuracy(&s, "looseness"), 0.5, 1e-9);
    ck_assert_double_eq_tol(score_accuracy(&s, NULL), 1.0 / 3, 1e-9);
    ck_assert_double_eq_tol(score_flagged(&s, "looseness"), 0.5, 1e-9);
    ck_assert_int_eq(score_of(&s, "looseness")->flagged, 1);
    ck_assert_ptr_null(score_of(&s, "rub"));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("demo_score");
    TCase *t = tcase_create("score");
    tcase_add_test(t, truth_holds_only_when_settled_and_unchanged);
    tcase_add_test(t, truth_of_an_earlier_session_is_over);
    tcase_add_test(t, truth_refuses_a_bad_line_but_not_a_half_written_last_one);
    tcase_add_test(t, scores_count_by_state);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
