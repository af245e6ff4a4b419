// The memory that mote_nn_space calls idle: whatever a caller leaves there, the models give the same
// outputs, state from invoke to invoke included.
#include <check.h>
#include <dirent.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/io.h"
#include "firmware/core/nn/mote_nn.h"

static void *read_aligned(const char *path, size_t *len)
{
    struct buf b = {0};
    struct err e;
    ck_assert_msg(io_read_file(path, 1 << 24, &b, &e) == OK, "%s", e.msg);
    void *p = aligned_alloc(16, (b.len + 15) & ~(size_t)15);
    memcpy(p, b.data, b.len);
    *len = b.len;
    buf_release(&b);
    return p;
}

// Three invokes on different inputs; the last output goes to out.
static size_t run(const void *file, size_t len, const struct mote_nn_space *space, int litter,
                  uint8_t *out, size_t cap)
{
    struct mote_nn nn;
    struct mote_nn_tensor in, result = {0};
    struct mote_nn_diag diag;
    uint8_t *arena = aligned_alloc(16, (space->arena + 15) & ~(size_t)15);
    ck_assert_int_eq(mote_nn_open(&nn, file, len, &mote_nn_ops_all, 0, arena, space->arena, &diag),
                     MOTE_OK);
    ck_assert_int_eq(mote_nn_input(&nn, 0, &in), MOTE_OK);
    ck_assert_ptr_eq(in.data, arena + space->input);
    for (int k = 0; k < 3; k++) {
        if (litter) {
            memset(arena + space->idle, litter, space->arena - space->idle);
        }
        for (size_t i = 0; i < in.bytes; i++) {
            ((uint8_t *)in.data)[i] =
                in.type == MOTE_NN_F32 ? 0 : (uint8_t)(i * 31 + (size_t)k * 7);
        }
        ck_assert_int_eq(mote_nn_invoke(&nn), MOTE_OK);
    }
    ck_assert_int_eq(mote_nn_output(&nn, 0, &result), MOTE_OK);
    ck_assert_uint_le(result.bytes, cap);
    memcpy(out, result.data, result.bytes);
    free(arena);
    return result.bytes;
}

START_TEST(litter_in_idle_memory_changes_nothing)
{
    const char *shared = getenv("MOTELOOP_SHARED");
    char folder[IO_PATH_MAX / 2], path[IO_PATH_MAX];
    static uint8_t clean[1 << 16], littered[1 << 16];
    snprintf(folder, sizeof(folder), "%s/golden", shared ? shared : "../shared");
    DIR *d = opendir(folder);
    if (!d) {
        printf("SKIP: no %s\n", folder);
        return;
    }
    int models = 0;
    for (struct dirent *f = readdir(d); f; f = readdir(d)) {
        size_t len, arena;
        struct mote_nn_space space;
        struct mote_nn_diag diag;
        if (!strstr(f->d_name, ".tflite")) {
            continue;
        }
        snprintf(path, sizeof(path), "%s/%s", folder, f->d_name);
        void *file = read_aligned(path, &len);
        ck_assert_int_eq(mote_nn_space(file, len, &mote_nn_ops_all, 0, &space, &diag), MOTE_OK);
        ck_assert_int_eq(mote_nn_arena_size(file, len, &mote_nn_ops_all, 0, &arena, &diag),
                         MOTE_OK);
        ck_assert_uint_eq(arena, space.arena);
        ck_assert_uint_le(space.idle, space.arena);
        size_t n = run(file, len, &space, 0, clean, sizeof(clean));
        ck_assert_uint_eq(run(file, len, &space, 0xa5, littered, sizeof(littered)), n);
        ck_assert_msg(memcmp(clean, littered, n) == 0, "%s", f->d_name);
        free(file);
        models++;
    }
    closedir(d);
    ck_assert_int_gt(models, 5);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("nn_space");
    TCase *t = tcase_create("nn_space");
    tcase_add_test(t, litter_in_idle_memory_changes_nothing);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
