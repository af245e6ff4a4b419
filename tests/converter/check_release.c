// converter/cvt_release, cvt_pack, cvt_golden: from a model to what devices are offered.
#include "common/store/store_dataset.h"
#include "common/store/store_release.h"
#include "converter/cvt_delta.h"
#include "firmware/core/pkg/mote_delta.h"
#include "tests/converter/conv_fixture.h"

static struct conv_fixture f;

static void setup(void)
{
    conv_setup(&f);
}

static void teardown(void)
{
    conv_teardown(&f);
}

static struct cvt_released released(const char *model)
{
    struct cvt_released r;
    struct err e = {0};
    struct cvt_release_options o = {.model = model, .health_us = 2000000};
    ck_assert_msg(cvt_release_make(&r, &f.p, f.store.store, &o, &e) == OK, "%s", e.msg);
    return r;
}

static struct conv_message manifest_of(const struct cvt_released *r, struct mote_manifest *m,
                                       const struct mote_keyset *set, int expect)
{
    char topic[128];
    struct err e = {0};
    snprintf(topic, sizeof topic, "r/%s/m", r->digest_text);
    static struct conv_message message; // the manifest's text points into it
    message = conv_message(&f, topic);
    ck_assert(message.found && message.retain);
    ck_assert_int_eq(cvt_unpack(m, message.payload, message.len, set, &e), expect);
    return message;
}

START_TEST(a_release_round_trips_through_the_outbox)
{
    struct mote_manifest m;
    struct cvt_released r = released(NULL);
    ck_assert_int_eq(r.seq, 1);
    ck_assert_str_eq(r.name, "fan");
    (void)manifest_of(&r, &m, &f.set, OK);
    ck_assert_uint_eq(m.seq, 1);
    ck_assert_uint_eq(m.size, f.kit.model.len);
    ck_assert_uint_eq(m.health_us, 2000000);
    ck_assert(mote_str_is(m.stream, "acc") && mote_str_is(m.model, "fan") &&
              mote_str_is(m.dsp_variant, "f32-1"));
    ck_assert(mote_str_is(m.ops, "FULLY_CONNECTED SOFTMAX"));
    ck_assert_mem_eq(m.pipeline, f.kit.manifest.pipeline, MOTE_DIGEST_LEN);
    char model[HEX_DIGEST_TEXT];
    hex_encode(model, m.digest, MOTE_DIGEST_LEN);
    ck_assert_str_eq(model, f.model);
    size_t at = 0;
    for (unsigned i = 0; at < m.size; i++) {
        char topic[128];
        snprintf(topic, sizeof topic, "r/%s/b/%u/%u", r.digest_text, i / 64, i % 64);
        struct conv_message block = conv_message(&f, topic);
        ck_assert(block.found && block.retain);
        ck_assert_uint_le(block.len, m.block_size);
        ck_assert_mem_eq(block.payload, f.kit.model.data + at, block.len);
        at += block.len;
    }
    ck_assert_uint_eq(at, m.size);
}
END_TEST

START_TEST(numbers_rise_with_every_release)
{
    ck_assert_int_eq(released(NULL).seq, 1);
    ck_assert_int_eq(released(f.model).seq, 2);
}
END_TEST

START_TEST(another_key_is_refused)
{
    struct mote_manifest m;
    struct cvt_released r = released(NULL);
    struct mote_keyset other = f.set;
    struct cvt_key k;
    struct err e = {0};
    ck_assert_int_eq(cvt_key_generate(&k, MOTE_KEY_RELEASE, &e), OK);
    memcpy(other.key[0].point, k.point, sizeof k.point);
    (void)manifest_of(&r, &m, &other, E_AUTH);
    other = f.set;
    other.key[0].role = MOTE_KEY_BEACON; // the right key in a role that may not
    (void)manifest_of(&r, &m, &other, E_AUTH);
    // A key that no key set names may not sign either.
    conv_make_key(&f, &k, MOTE_KEY_RELEASE);
    struct cvt_released none;
    struct cvt_release_options o = {0};
    ck_assert_int_eq(cvt_release_make(&none, &f.p, f.store.store, &o, &e), E_AUTH);
    ck_assert_msg(strstr(e.msg, "key set 1") != NULL, "%s", e.msg);
}
END_TEST

START_TEST(a_changed_manifest_is_refused)
{
    struct mote_manifest m;
    struct cvt_released r = released(NULL);
    struct conv_message message = manifest_of(&r, &m, &f.set, OK);
    for (size_t i = 0; i < message.len; i += 7) {
        struct err e = {0};
        message.payload[i] ^= 0x10;
        ck_assert_msg(cvt_unpack(&m, message.payload, message.len, &f.set, &e) != OK, "byte %zu",
                      i);
        message.payload[i] ^= 0x10;
    }
}
END_TEST

START_TEST(a_file_needs_a_name_and_gets_a_row)
{
    char path[IO_PATH_MAX];
    struct cvt_released r;
    struct err e = {0};
    struct buf file = {0};
    project_path(&f.p, path, "other.tflite");
    kit_release_release(&f.kit);
    kit_release_init(&f.kit, 1, 0, 3);
    ck_assert_int_eq(io_write_atomic(path, f.kit.model.data, f.kit.model.len, 0644, &e), OK);
    struct cvt_release_options o = {.model = path};
    ck_assert_int_eq(cvt_release_make(&r, &f.p, f.store.store, &o, &e), E_USAGE);
    o.name = "other";
    ck_assert_msg(cvt_release_make(&r, &f.p, f.store.store, &o, &e) == OK, "%s", e.msg);
    ck_assert_str_eq(r.name, "other");
    struct cvt_model m;
    ck_assert_msg(cvt_model_load(&m, r.model, &f.p, f.store.store, &e) == OK, "%s", e.msg);
    ck_assert_str_eq(m.program, "imported");
    cvt_model_release(&m);
    buf_release(&file);
}
END_TEST

START_TEST(a_model_that_is_not_what_the_store_says_is_refused)
{
    char relative[96], path[IO_PATH_MAX];
    struct cvt_released r;
    struct err e = {0};
    struct cvt_release_options o = {0};
    snprintf(relative, sizeof relative, "models/%s.tflite", f.model);
    f.kit.model.data[f.kit.model.len - 1] ^= 1;
    ck_assert_int_eq(io_write_atomic(project_path(&f.p, path, relative), f.kit.model.data,
                                     f.kit.model.len, 0644, &e),
                     OK);
    ck_assert_int_eq(cvt_release_make(&r, &f.p, f.store.store, &o, &e), E_CONFLICT);
}
END_TEST

START_TEST(without_a_dataset_golden_windows_come_from_a_seed)
{
    struct mote_manifest m;
    struct cvt_released r = released(NULL);
    (void)manifest_of(&r, &m, &f.set, OK);
    ck_assert_uint_eq(m.golden_count, 1);
    ck_assert_uint_ne(m.golden[0].seed, 0);
    ck_assert_uint_eq(m.golden[0].window.len, 0);
    ck_assert_uint_eq(m.golden[0].output.len, 2);
}
END_TEST

// A recording of `frames` frames of acc, value + i in each channel.
static int64_t record(int64_t session, int64_t rec_no, int16_t value, unsigned frames, int64_t *seq)
{
    int64_t rec_id = 0;
    struct err e = {0};
    struct store_stream st = {.device = "dev-1",
                              .name = "acc",
                              .units = "m/s2",
                              .channel_names = "",
                              .type = MOTE_I16,
                              .channels = 3,
                              .interval_ns = 10000000,
                              .scale = 0.01};
    ck_assert_int_eq(store_stream_put(f.store.store, &st, &e), OK);
    for (unsigned at = 0; at < frames; at += 50, ++*seq) {
        uint8_t data[300], bytes[600];
        for (unsigned i = 0; i < 150; i++) {
            mote_put16(data + 2 * i, (uint16_t)(value + (int)(at + i / 3)));
        }
        struct mote_block b = {.kind = MOTE_BLOCK_SAMPLES,
                               .seq = (uint64_t)*seq,
                               .t_us = at * 10000ull,
                               .interval_ns = 10000000,
                               .type = MOTE_I16,
                               .channels = 3,
                               .scale = 0.01f,
                               .recording = (uint32_t)rec_no,
                               .data = data,
                               .data_len = sizeof data};
        int len = mote_block_encode(bytes, sizeof bytes, &b);
        ck_assert_int_gt(len, 0);
        struct store_block row = {.session_id = session,
                                  .stream_id = st.stream_id,
                                  .seq = *seq,
                                  .rec_no = rec_no,
                                  .t_us = (int64_t)b.t_us,
                                  .end_us = (int64_t)b.t_us + 500000,
                                  .frames = 50,
                                  .bytes = bytes,
                                  .len = (size_t)len,
                                  .device = "dev-1",
                                  .hint = ""};
        ck_assert_int_eq(store_block_put(f.store.store, &row, &rec_id, &e), STORE_BLOCK_NEW);
    }
    return rec_id;
}

START_TEST(golden_windows_are_the_test_splits_own_bytes)
{
    static const uint8_t uid[12] = {1};
    int64_t session, seq = 0;
    struct err e = {0};
    char dataset[STORE_DIGEST_TEXT];
    struct mote_manifest m;
    ck_assert_int_eq(store_session_put(f.store.store, "dev-1", uid, 0, true, &session, &e), OK);
    int64_t a = record(session, 1, 100, 200, &seq), b = record(session, 2, -500, 200, &seq);
    struct store_dataset_item items[] = {{a, 0, 1000000, "acc", "calm", "train", "x"},
                                         {a, 500000, 1500000, "acc", "calm", "test", "x"},
                                         {a, 0, 1000000, "acc", "calm", "test", "x"},
                                         {b, 0, 1000000, "acc", "shaking", "test", "x"}};
    ck_assert_msg(
        store_dataset_put(f.store.store, "set", "all", items, ARRAY_LEN(items), dataset, &e) == OK,
        "%s", e.msg);
    conv_add_model(&f, dataset, 2);
    struct cvt_released r = released(f.model);
    ck_assert_uint_eq(r.golden, 2);
    ck_assert_uint_eq(r.golden_seeded, 0);
    (void)manifest_of(&r, &m, &f.set, OK);
    ck_assert_uint_eq(m.golden_count, 2);
    ck_assert_uint_eq(m.golden[0].window.len, 600);
    ck_assert_uint_eq(m.golden[0].type, MOTE_I16);
    ck_assert_float_eq(m.golden[0].scale, 0.01f);
    ck_assert_int_eq((int16_t)mote_get16((const uint8_t *)m.golden[0].window.p),
                     150); // the frame at 500 ms
    ck_assert_int_eq((int16_t)mote_get16((const uint8_t *)m.golden[1].window.p), -500);
}
END_TEST

static int read_bytes(void *ctx, uint32_t at, void *buf, uint32_t len)
{
    memcpy(buf, (const uint8_t *)ctx + at, len);
    return MOTE_OK;
}

START_TEST(a_delta_release_rebuilds_the_model_from_its_base)
{
    struct mote_manifest m;
    struct mote_delta d;
    struct err e = {0};
    char base[HEX_DIGEST_TEXT], topic[128];
    struct buf from = {0}, rebuilt = {0};
    snprintf(base, sizeof base, "%s", f.model);
    ck_assert_int_eq(buf_put(&from, f.kit.model.data, f.kit.model.len), OK);
    conv_add_model(&f, "", 2);
    struct cvt_released r;
    struct cvt_release_options o = {.model = f.model, .delta_from = base};
    ck_assert_msg(cvt_release_make(&r, &f.p, f.store.store, &o, &e) == OK, "%s", e.msg);
    ck_assert(r.delta);
    ck_assert_uint_lt(r.payload_bytes, r.bytes / 4);
    (void)manifest_of(&r, &m, &f.set, OK);
    ck_assert_int_eq(m.form, MOTE_FORM_DELTA);
    ck_assert_uint_eq(m.payload_size, r.payload_bytes);
    ck_assert_uint_eq(m.size, f.kit.model.len);
    uint8_t digest[HEX_DIGEST_LEN];
    hex_sha256(digest, from.data, from.len);
    ck_assert_mem_eq(m.base, digest, sizeof digest);
    snprintf(topic, sizeof topic, "r/%s/b/0/0", r.digest_text);
    struct conv_message block = conv_message(&f, topic);
    ck_assert_uint_eq(block.len, m.payload_size);
    hex_sha256(digest, block.payload, block.len);
    ck_assert_mem_eq(m.payload, digest, sizeof digest);
    ck_assert_int_eq(buf_reserve(&rebuilt, m.size), OK);
    ck_assert_int_eq(mote_delta_open(&d, read_bytes, block.payload, m.payload_size, read_bytes,
                                     from.data, (uint32_t)from.len, m.size),
                     MOTE_OK);
    ck_assert_int_eq(mote_delta_next(&d, (uint8_t *)rebuilt.data, m.size), MOTE_OK);
    ck_assert_mem_eq(rebuilt.data, f.kit.model.data, m.size);
    buf_release(&from);
    buf_release(&rebuilt);
}
END_TEST

START_TEST(deltas_between_golden_models_are_right_whatever_they_are)
{
    static const char *const names[] = {"kws_ref_model", "ad01_int8", "hello_world_int8"};
    const char *shared = getenv("MOTELOOP_SHARED");
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct cvt_model from, to;
        struct err e = {0};
        struct buf delta = {0};
        char path[IO_PATH_MAX];
        snprintf(path, sizeof path, "%s/golden/%s.tflite", shared ? shared : "../shared", names[i]);
        ck_assert_msg(cvt_model_open(&from, path, NULL, &e) == OK, "%s", e.msg);
        snprintf(path, sizeof path, "%s/golden/%s.tflite", shared ? shared : "../shared",
                 names[(i + 1) % ARRAY_LEN(names)]);
        ck_assert_msg(cvt_model_open(&to, path, NULL, &e) == OK, "%s", e.msg);
        ck_assert_msg(cvt_delta_build(&from, &to, &delta, &e) == OK, "%s",
                      e.msg); // checks itself by applying
        buf_clear(&delta);
        ck_assert_msg(cvt_delta_build(&to, &to, &delta, &e) == OK, "%s", e.msg);
        ck_assert_uint_lt(delta.len, to.len / 10 + 512);
        buf_release(&delta);
        cvt_model_release(&from);
        cvt_model_release(&to);
    }
}
END_TEST

START_TEST(sweeping_withdraws_every_message)
{
    char topic[128];
    struct err e = {0};
    struct cvt_released r = released(NULL);
    ck_assert_int_eq(cvt_release_sweep(f.store.store, r.release_id, r.digest_text, (int64_t)r.bytes,
                                       MOTE_PAYLOAD_BLOCK, &e),
                     OK);
    snprintf(topic, sizeof topic, "r/%s/m", r.digest_text);
    struct conv_message m = conv_message(&f, topic);
    ck_assert(m.found && m.retain && m.len == 0);
    snprintf(topic, sizeof topic, "r/%s/b/0/0", r.digest_text);
    m = conv_message(&f, topic);
    ck_assert(m.found && m.retain && m.len == 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("release");
    TCase *t = tcase_create("release");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_release_round_trips_through_the_outbox);
    tcase_add_test(t, numbers_rise_with_every_release);
    tcase_add_test(t, another_key_is_refused);
    tcase_add_test(t, a_changed_manifest_is_refused);
    tcase_add_test(t, a_file_needs_a_name_and_gets_a_row);
    tcase_add_test(t, a_model_that_is_not_what_the_store_says_is_refused);
    tcase_add_test(t, without_a_dataset_golden_windows_come_from_a_seed);
    tcase_add_test(t, golden_windows_are_the_test_splits_own_bytes);
    tcase_add_test(t, a_delta_release_rebuilds_the_model_from_its_base);
    const char *shared = getenv("MOTELOOP_SHARED");
    if (io_is_dir(shared ? shared : "../shared")) {
        tcase_add_test(t, deltas_between_golden_models_are_right_whatever_they_are);
    } else {
        printf("SKIP: no golden models\n");
    }
    tcase_add_test(t, sweeping_withdraws_every_message);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
