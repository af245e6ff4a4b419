// What a model takes on every board that is known: memory, time and energy of one window (docs/boards.md says where
// the figures come from; 'moteloop inspect' prints the same estimate).
#include "labeler/api.h"

#include "common/board/board.h"
#include "common/err.h"
#include "common/io.h"
#include "common/store/store_model.h"
#include "common/tflite/reader.h"
#include "firmware/core/nn/mote_nn.h"

struct found {
    char path[IO_PATH_MAX / 2];
    int64_t arena;
};
struct cost {
    double instructions[BOARD_ISAS];
    bool counted; // every operator is of the kind that was counted
};

static int on_model(void *ctx, const struct store_model *m)
{
    struct found *f = ctx;
    (void)snprintf(f->path, sizeof(f->path), "%s", m->path);
    f->arena = m->arena;
    return OK;
}

static int cost_of(const struct buf *file, struct cost *c, struct err *e)
{
    struct tflite_model t = {0};
    struct mote_nn_diag diag = {0};
    size_t arena;
    void *aligned = aligned_alloc(64, (file->len + 64) / 64 * 64);
    if (!aligned) {
        return err_set(e, E_MEM, "out of memory");
    }
    memcpy(aligned, file->data, file->len);
    // The runtime checks every shape, which the estimate relies on.
    int status = mote_nn_arena_size(aligned, file->len, &mote_nn_ops_all, 0, &arena, &diag);
    int rc = status == MOTE_OK ? tflite_read(&t, aligned, file->len, e)
                               : err_set(e, E_FORMAT, "the model does not run on devices: %s",
                                         mote_status_text(status));
    c->counted = true;
    for (size_t i = 0; rc == OK && i < t.graph.ops; i++) {
        struct board_features f;
        board_op_features(&t.graph, &t.graph.op[i], &f);
        c->counted &= f.is_int8;
        for (int isa = 0; isa < BOARD_ISAS; isa++) {
            c->instructions[isa] += board_instructions((enum board_isa)isa, &f);
        }
    }
    tflite_model_release(&t);
    free(aligned);
    return rc;
}

int api_model_boards(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    struct found m = {0};
    struct cost c = {0};
    struct buf file = {0};
    char path[IO_PATH_MAX];
    int rc = store_model_find(lab->store, q->arg[0], NULL, on_model, &m, e);
    if (rc == OK && (m.path[0] == '/' || strstr(m.path, ".."))) {
        rc = err_set(e, E_REFUSED, "the model's file lies outside the project");
    }
    rc = rc ? rc
            : io_read_file(project_path(&lab->project, path, m.path), TFLITE_FILE_MAX, &file, e);
    rc = rc ? rc : cost_of(&file, &c, e);
    size_t count, bytes = file.len;
    buf_release(&file);
    if (rc) {
        return rc;
    }
    const struct board *b = board_table(&count);
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        double ms = board_ms(&b[i], c.instructions[b[i].isa]);
        json_array_append_new(list,
                              json_pack("{s:s,s:s,s:s,s:b,s:f,s:f,s:I,s:I,s:b}", "board", b[i].id,
                                        "title", b[i].title, "core", b[i].core, "fits",
                                        m.arena + BOARD_RUNTIME_RAM <= (int64_t)b[i].ram &&
                                            bytes + BOARD_RUNTIME_FLASH <= b[i].flash,
                                        "ms", ms, "mj", board_mj(&b[i], ms), "ram",
                                        (json_int_t)b[i].ram, "flash", (json_int_t)b[i].flash,
                                        "counted", c.counted && !b[i].isa_stands_in));
    }
    return api_answer(r,
                      json_pack("{s:I,s:I,s:o}", "bytes", (json_int_t)bytes, "arena",
                                (json_int_t)m.arena, "boards", list),
                      e);
}
