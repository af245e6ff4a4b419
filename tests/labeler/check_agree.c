// Agreement against the worked examples of Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), and
// overlap of regions against sums made by hand.
#include "labeler/agree.h"

#include <check.h>
#include <math.h>

// A row of text per observer, a letter per item, '.' where it was not judged; into values sorted by item.
static size_t values_of(const char *const *rows, int raters, struct agree_value *out)
{
    size_t n = 0;
    for (size_t u = 0; rows[0][u]; u++) {
        for (int r = 0; r < raters; r++) {
            if (rows[r][u] != '.') {
                out[n++] = (struct agree_value){(int64_t)u, r, rows[r][u] - '0'};
            }
        }
    }
    return n;
}

static void expect(const char *const *rows, int raters, int classes, double alpha, int64_t pairable)
{
    struct agree_value v[64];
    double got;
    int64_t pairs;
    ck_assert(agree_alpha(v, values_of(rows, raters, v), classes, -1, &got, &pairs));
    ck_assert_msg(fabs(got - alpha) < 0.0006, "alpha is %.4f, not %.3f", got, alpha);
    ck_assert_int_eq(pairs, pairable);
}

START_TEST(alpha_of_two_observers_of_binary_data_is_published)
{
    static const char *const rows[] = {"0100000010", "1110010000"};
    expect(rows, 2, 2, 0.095, 20);
}
END_TEST

START_TEST(alpha_of_two_observers_of_nominal_data_is_published)
{
    // Letters a to e as 0 to 4.
    static const char *const rows[] = {"001132224330", "101112224333"};
    expect(rows, 2, 5, 0.692, 24);
}
END_TEST

START_TEST(alpha_with_missing_values_is_published)
{
    static const char *const rows[] = {"123321412...", "1233224125.3", ".3332342251.",
                                       "12332441251."};
    expect(rows, 4, 6, 0.743, 40);
}
END_TEST

START_TEST(alpha_is_one_where_all_agree_and_undefined_without_pairs)
{
    static const char *const same[] = {"0101", "0101"}, *const one[] = {"00", "00"},
                             *const alone[] = {"01..", "..10"};
    struct agree_value v[16];
    double got;
    int64_t pairs;
    expect(same, 2, 2, 1.0, 8);
    ck_assert(!agree_alpha(v, values_of(one, 2, v), 2, -1, &got, &pairs));
    ck_assert(got >= 1 && got <= 1);
    ck_assert(!agree_alpha(v, values_of(alone, 2, v), 2, -1, &got, &pairs));
    ck_assert_int_eq(pairs, 0);
}
END_TEST

START_TEST(alpha_of_one_label_sees_that_label_alone)
{
    // Everybody agrees on 0; 1 and 2 are mixed up throughout.
    static const char *const rows[] = {"000121212", "000212121"};
    struct agree_value v[32];
    double zero, one;
    int64_t pairs;
    size_t n = values_of(rows, 2, v);
    ck_assert(agree_alpha(v, n, 3, 0, &zero, &pairs));
    ck_assert(agree_alpha(v, n, 3, 1, &one, &pairs));
    ck_assert(zero > 0.999 && one < 0);
}
END_TEST

START_TEST(overlap_counts_time_once)
{
    struct agree_span a[] = {{50, 60}, {0, 10}, {5, 20}}, b[] = {{10, 30}, {55, 58}, {100, 110}};
    int64_t both, either;
    agree_overlap(a, 3, b, 3, &both, &either);
    ck_assert_int_eq(both, 10 + 3);
    ck_assert_int_eq(either, 30 + 33 - 13);
    agree_overlap(a, 0, b, 3, &both, &either);
    ck_assert_int_eq(both, 0);
    ck_assert_int_eq(either, 33);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("agree");
    TCase *t = tcase_create("agree");
    tcase_add_test(t, alpha_of_two_observers_of_binary_data_is_published);
    tcase_add_test(t, alpha_of_two_observers_of_nominal_data_is_published);
    tcase_add_test(t, alpha_with_missing_values_is_published);
    tcase_add_test(t, alpha_is_one_where_all_agree_and_undefined_without_pairs);
    tcase_add_test(t, alpha_of_one_label_sees_that_label_alone);
    tcase_add_test(t, overlap_counts_time_once);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
