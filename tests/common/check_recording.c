// A recording put together from encoded blocks: order, gaps, cuts, pictures, ceilings.
#include <check.h>

#include "common/err.h"
#include "common/recording.h"
#include "common/store/store_sample.h"
#include "firmware/core/wire/mote_wire.h"
#include "tests/support/store_fixture.h"

static struct store_fixture fix;
static struct err e;
static int64_t session, stream;
static int64_t rec_id;

#define OKAY(call) ck_assert_msg((call) == OK, "%s: %s", #call, e.msg)

static void set_up(void)
{
    static const uint8_t uid[12] = {0};
    struct store_stream st = {.device = "d",
                              .name = "acc",
                              .units = "m/s2",
                              .type = MOTE_I16,
                              .channels = 2,
                              .scale = 0.5,
                              .interval_ns = 10000000};
    store_fixture_make(&fix);
    OKAY(store_stream_put(fix.store, &st, &e));
    stream = st.stream_id;
    OKAY(store_session_put(fix.store, "d", uid, 0, true, &session, &e));
}

static void tear_down(void)
{
    store_fixture_remove(&fix);
}

static void put(struct mote_block b, int64_t end_us)
{
    uint8_t bytes[512];
    b.recording = 1;
    int len = mote_block_encode(bytes, sizeof bytes, &b);
    ck_assert_int_gt(len, 0);
    struct store_block row = {.session_id = session,
                              .stream_id = stream,
                              .seq = (int64_t)b.seq,
                              .rec_no = 1,
                              .t_us = (int64_t)b.t_us,
                              .end_us = end_us,
                              .frames = 4,
                              .bytes = bytes,
                              .len = (size_t)len,
                              .device = "d"};
    ck_assert_int_eq(store_block_put(fix.store, &row, &rec_id, &e), STORE_BLOCK_NEW);
}

// Four frames of two channels, 10 ms apart: values 8 * seq + 0..7.
static void put_samples(unsigned seq, uint64_t t_us)
{
    uint8_t data[16];
    for (unsigned i = 0; i < 8; i++) {
        mote_put16(data + 2 * i, (uint16_t)(8 * seq + i));
    }
    put((struct mote_block){.seq = seq,
                            .t_us = t_us,
                            .interval_ns = 10000000,
                            .type = MOTE_I16,
                            .channels = 2,
                            .scale = 0.5f,
                            .data = data,
                            .data_len = sizeof data},
        (int64_t)t_us + 40000);
}

START_TEST(blocks_join_in_order_of_sequence)
{
    struct rec_samples r;
    put_samples(1, 40000);
    put_samples(0, 0);
    put_samples(2, 80001);
    OKAY(rec_load(fix.store, rec_id, "acc", INT64_MIN, INT64_MAX, 100, &r, &e));
    ck_assert_uint_eq(r.frames, 12);
    ck_assert_uint_eq(r.runs, 1);
    ck_assert_str_eq(r.units, "m/s2");
    ck_assert_float_eq(rec_value(&r, 5, 1), 0.5f * 11);
    rec_release(&r);
}
END_TEST

START_TEST(a_gap_makes_a_run)
{
    struct rec_samples r;
    put_samples(0, 0);
    put_samples(1, 1000000);
    OKAY(rec_load(fix.store, rec_id, "acc", INT64_MIN, INT64_MAX, 100, &r, &e));
    ck_assert_uint_eq(r.runs, 2);
    ck_assert_uint_eq(r.run[1].first_frame, 4);
    ck_assert_int_eq(r.run[1].start_us, 1000000);
    rec_release(&r);
}
END_TEST

START_TEST(a_piece_is_cut_at_frames)
{
    struct rec_samples r;
    put_samples(0, 0);
    put_samples(1, 40000);
    OKAY(rec_load(fix.store, rec_id, "acc", 25000, 60000, 100, &r, &e));
    ck_assert_uint_eq(r.frames, 3);
    ck_assert_int_eq(r.run[0].start_us, 30000);
    ck_assert_float_eq(rec_value(&r, 0, 0), 3);
    rec_release(&r);
    OKAY(rec_load(fix.store, rec_id, "acc", 900000, 990000, 100, &r, &e));
    ck_assert_uint_eq(r.frames, 0);
    rec_release(&r);
}
END_TEST

START_TEST(refusals_say_why)
{
    struct rec_samples r;
    put_samples(0, 0);
    ck_assert_int_eq(rec_load(fix.store, rec_id, "mic", INT64_MIN, INT64_MAX, 100, &r, &e),
                     E_NOT_FOUND);
    ck_assert_int_eq(rec_load(fix.store, rec_id, "acc", INT64_MIN, INT64_MAX, 3, &r, &e), E_LIMIT);
    uint8_t data[2] = {0};
    put((struct mote_block){.seq = 1,
                            .interval_ns = 10000000,
                            .type = MOTE_I16,
                            .channels = 1,
                            .scale = 0.5f,
                            .data = data,
                            .data_len = 2},
        1);
    ck_assert_int_eq(rec_load(fix.store, rec_id, "acc", INT64_MIN, INT64_MAX, 100, &r, &e),
                     E_FORMAT);
    ck_assert_msg(strstr(e.msg, "block 1"), "%s", e.msg);
}
END_TEST

START_TEST(parts_of_a_picture_join)
{
    struct rec_samples r;
    uint8_t data[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    struct mote_block b = {.seq = 0,
                           .t_us = 5,
                           .type = MOTE_U8,
                           .channels = 3,
                           .scale = 1.0f,
                           .width = 4,
                           .height = 2,
                           .data = data,
                           .data_len = 12};
    put(b, 6);
    b.seq = 1;
    put(b, 6);
    b.seq = 2;
    b.t_us = 7;
    put(b, 8);
    OKAY(rec_load(fix.store, rec_id, "acc", 0, 7, 100, &r, &e));
    ck_assert_uint_eq(r.runs, 1);
    ck_assert_uint_eq(r.frames, 8);
    ck_assert_uint_eq(r.width, 4);
    ck_assert_float_eq(rec_value(&r, 5, 2), 6);
    rec_release(&r);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("recording");
    TCase *t = tcase_create("recording");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, blocks_join_in_order_of_sequence);
    tcase_add_test(t, a_gap_makes_a_run);
    tcase_add_test(t, a_piece_is_cut_at_frames);
    tcase_add_test(t, refusals_say_why);
    tcase_add_test(t, parts_of_a_picture_join);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
