// Opening and running a model. See cvt_run.h.
#include "converter/cvt_run.h"

#include "common/buf.h"
#include "common/err.h"
#include "converter/cvt_model.h"

static int fail(struct err *e, const char *what, int status)
{
    return err_set(e, E_FORMAT, "%s: %s", what, mote_status_text(status));
}

static int count_bytes(struct cvt_run *r, struct err *e)
{
    struct mote_nn_tensor t;
    for (size_t i = 0; i < mote_nn_input_count(&r->nn); i++) {
        int status = mote_nn_input(&r->nn, i, &t);
        if (status != MOTE_OK) {
            return fail(e, "input", status);
        }
        r->in_bytes += t.bytes;
    }
    for (size_t i = 0; i < mote_nn_output_count(&r->nn); i++) {
        int status = mote_nn_output(&r->nn, i, &t);
        if (status != MOTE_OK) {
            return fail(e, "output", status);
        }
        r->out_bytes += t.bytes;
    }
    return OK;
}

int cvt_run_open(struct cvt_run *r, const struct cvt_model *m, uint32_t flags, struct err *e)
{
    struct mote_nn_diag diag = {0};
    *r = (struct cvt_run){0};
    int status =
        mote_nn_arena_size(m->file, m->len, &mote_nn_ops_all, flags, &r->arena_bytes, &diag);
    if (status != MOTE_OK) {
        (void)cvt_refused(e, status, &diag);
        return err_wrap(e, "'%s'", m->path);
    }
    r->arena = cvt_arena(r->arena_bytes);
    if (!r->arena) {
        return err_set(e, E_MEM, "out of memory");
    }
    status = mote_nn_open(&r->nn, m->file, m->len, &mote_nn_ops_all, flags, r->arena,
                          r->arena_bytes, &diag);
    int rc = status == MOTE_OK ? count_bytes(r, e) : cvt_refused(e, status, &diag);
    if (rc != OK) {
        cvt_run_close(r);
    }
    return rc;
}

void cvt_run_close(struct cvt_run *r)
{
    free(r->arena);
    *r = (struct cvt_run){0};
}

int cvt_run_feed(struct cvt_run *r, struct err *e)
{
    const uint8_t *from = r->in;
    int reset = mote_nn_reset(&r->nn); // each run starts without a memory of the one before
    if (reset != MOTE_OK) {
        return fail(e, "reset", reset);
    }
    for (size_t i = 0; i < mote_nn_input_count(&r->nn); i++) {
        struct mote_nn_tensor t;
        int status = mote_nn_input(&r->nn, i, &t);
        if (status != MOTE_OK) {
            return fail(e, "input", status);
        }
        memcpy(t.data, from, t.bytes);
        from += t.bytes;
    }
    return OK;
}

int cvt_run_invoke(struct cvt_run *r, struct err *e)
{
    int status = mote_nn_invoke(&r->nn);
    return status == MOTE_OK ? OK : fail(e, "run", status);
}

int cvt_run_collect(const struct cvt_run *r, struct buf *out, struct err *e)
{
    for (size_t i = 0; i < mote_nn_output_count(&r->nn); i++) {
        struct mote_nn_tensor t;
        int status = mote_nn_output(&r->nn, i, &t);
        if (status != MOTE_OK) {
            return fail(e, "output", status);
        }
        int rc = buf_put(out, t.data, t.bytes);
        if (rc != OK) {
            return err_set(e, rc, "out of memory");
        }
    }
    return OK;
}
