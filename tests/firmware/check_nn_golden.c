// The device runtime against the golden vectors: final outputs and every operator's output must have
// the bytes of TensorFlow Lite Micro's reference kernels.
#include "tests/firmware/nn_file.h"

#include <check.h>
#include <unistd.h>

static const char *const models[] = {"ad01_int8",
                                     "hello_world_float",
                                     "hello_world_int8",
                                     "keyword_scrambled_8bit",
                                     "kws_ref_model",
                                     "micro_speech_quantized",
                                     "pretrainedResnet_quant",
                                     "trained_lstm_int8",
                                     "vww_96_int8"};

static uint32_t fnv1a(const void *data, size_t len)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < len; i++) {
        h = (h ^ ((const uint8_t *)data)[i]) * 16777619u;
    }
    return h;
}

static struct nn_test_file golden(const char *model, const char *suffix)
{
    char name[256];
    snprintf(name, sizeof name, "golden/%s%s", model, suffix);
    struct nn_test_file f = nn_read_file(nn_shared_path(name));
    ck_assert_msg(f.data != NULL, "cannot read %s", name);
    return f;
}

// Opens with exactly the arena that was asked for, no byte more.
static void *open_exact(struct mote_nn *nn, const struct nn_test_file *model, uint32_t flags)
{
    struct mote_nn_diag diag;
    size_t need;
    int rc = mote_nn_arena_size(model->data, model->len, &mote_nn_ops_all, flags, &need, &diag);
    ck_assert_msg(rc == MOTE_OK, "%d: op %d %s tensor %d: %s", rc, diag.op_index,
                  diag.op_name ? diag.op_name : "-", diag.tensor, diag.reason);
    void *arena = aligned_alloc(16, need);
    ck_assert_int_eq(
        mote_nn_open(nn, model->data, model->len, &mote_nn_ops_all, flags, arena, need - 16, &diag),
        MOTE_E_SPACE);
    rc = mote_nn_open(nn, model->data, model->len, &mote_nn_ops_all, flags, arena, need, &diag);
    ck_assert_msg(rc == MOTE_OK, "%d: op %d: %s", rc, diag.op_index, diag.reason);
    return arena;
}

static void set_input(struct mote_nn *nn, const char *name, int seed)
{
    char suffix[32];
    struct mote_nn_tensor t;
    snprintf(suffix, sizeof suffix, ".s%d.in", seed);
    struct nn_test_file in = golden(name, suffix);
    ck_assert_int_eq(mote_nn_input(nn, 0, &t), MOTE_OK);
    ck_assert_uint_eq(t.bytes, in.len);
    memcpy(t.data, in.data, in.len);
    free(in.data);
}

static void check_output(struct mote_nn *nn, const char *name, int seed)
{
    char suffix[32];
    struct mote_nn_tensor t;
    snprintf(suffix, sizeof suffix, ".s%d.out", seed);
    struct nn_test_file out = golden(name, suffix);
    ck_assert_int_eq(mote_nn_output(nn, 0, &t), MOTE_OK);
    ck_assert_uint_eq(t.bytes, out.len);
    ck_assert_msg(memcmp(t.data, out.data, out.len) == 0, "%s seed %d: output differs", name, seed);
    free(out.data);
}

static void check_layers(struct mote_nn *nn, const char *name, int seed)
{
    struct nn_test_file list = golden(name, ".layers.txt");
    FILE *lines = fmemopen(list.data, list.len, "r");
    char line[256];
    size_t seen = 0;
    while (fgets(line, sizeof line, lines) != NULL) {
        int file_seed, op, tensor;
        unsigned bytes, hash;
        char op_name[64];
        ck_assert_int_eq(sscanf(line, "seed %d op %d %63s tensor %d bytes %u fnv1a %x", &file_seed,
                                &op, op_name, &tensor, &bytes, &hash),
                         6);
        if (file_seed != 12345 + seed) {
            continue;
        }
        struct mote_nn_tensor t;
        int32_t index;
        ck_assert_int_eq(mote_nn_op_output(nn, (size_t)op, &t, &index), MOTE_OK);
        ck_assert_int_eq(index, tensor);
        ck_assert_str_eq(mote_nn_op_name(nn, (size_t)op), op_name);
        ck_assert_uint_eq(t.bytes, bytes);
        ck_assert_msg(fnv1a(t.data, t.bytes) == hash, "%s seed %d: operator %d %s differs", name,
                      seed, op, op_name);
        seen++;
    }
    ck_assert_uint_eq(seen, mote_nn_op_count(nn));
    fclose(lines);
    free(list.data);
}

static void run_all(const char *name, uint32_t flags)
{
    struct nn_test_file model = golden(name, ".tflite");
    for (int seed = 0; seed < 2; seed++) {
        struct mote_nn nn;
        void *arena = open_exact(&nn, &model, flags);
        set_input(&nn, name, seed);
        ck_assert_int_eq(mote_nn_invoke(&nn), MOTE_OK);
        if ((flags & MOTE_NN_KEEP_ALL) != 0) {
            check_layers(&nn, name, seed);
        }
        check_output(&nn, name, seed);
        free(arena);
    }
    free(model.data);
}

START_TEST(every_operator_has_the_golden_bytes)
{
    run_all(models[_i], MOTE_NN_KEEP_ALL);
    run_all(models[_i], MOTE_NN_KEEP_ALL | MOTE_NN_REFERENCE);
}
END_TEST

START_TEST(outputs_have_the_golden_bytes_with_memory_reused)
{
    run_all(models[_i], 0);
}
END_TEST

int main(void)
{
    if (access(nn_shared_path("golden/README.txt"), R_OK) != 0) {
        printf("SKIP: no golden vectors below %s\n", nn_shared_path(""));
        return 0;
    }
    Suite *s = suite_create("nn_golden");
    TCase *tc = tcase_create("golden");
    tcase_add_loop_test(tc, every_operator_has_the_golden_bytes, 0, (int)ARRAY_LEN(models));
    tcase_add_loop_test(tc, outputs_have_the_golden_bytes_with_memory_reused, 0,
                        (int)ARRAY_LEN(models));
    suite_add_tcase(s, tc);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? 0 : 1;
}
