// Finding and reading models. See cvt_model.h.
#include "converter/cvt_model.h"

#include "common/err.h"
#include "common/project.h"
#include "common/store/store_model.h"
#include "common/tflite/reader.h"

struct found {
    struct cvt_model *m;
    const struct project *p;
    struct err *e;
};

static int take_model(void *ctx, const struct store_model *row)
{
    struct found *f = ctx;
    struct cvt_model *m = f->m;
    m->known = true;
    (void)snprintf(m->name, sizeof m->name, "%s", row->name);
    (void)snprintf(m->dataset, sizeof m->dataset, "%s", row->dataset);
    (void)snprintf(m->program, sizeof m->program, "%s", row->program);
    (void)snprintf(m->parent, sizeof m->parent, "%s", row->parent);
    (void)snprintf(m->digest_text, sizeof m->digest_text, "%s", row->digest);
    (void)project_path(f->p, m->path, row->path);
    m->seed = row->seed;
    return buf_puts(&m->recipe, row->recipe) == OK ? OK : err_set(f->e, E_MEM, "out of memory");
}

void *cvt_arena(size_t bytes)
{
    size_t rounded = (bytes + 15) / 16 * 16;
    void *p = aligned_alloc(16, rounded ? rounded : 16);
    if (p) {
        memset(p, 0, rounded ? rounded : 16);
    }
    return p;
}

static int read_aligned(struct cvt_model *m, struct err *e)
{
    struct buf file = {0};
    int rc = io_read_file(m->path, TFLITE_FILE_MAX, &file, e);
    if (rc == OK && file.len == 0) {
        rc = err_set(e, E_FORMAT, "'%s' is empty", m->path);
    }
    m->file = rc == OK ? cvt_arena(file.len) : NULL;
    if (rc == OK && !m->file) {
        rc = err_set(e, E_MEM, "out of memory");
    }
    if (rc == OK) {
        memcpy(m->file, file.data, file.len);
        m->len = file.len;
    }
    buf_release(&file);
    return rc;
}

int cvt_model_load(struct cvt_model *m, const char *which, const struct project *p, struct store *s,
                   struct err *e)
{
    struct found f = {m, p, e};
    int rc = OK;
    *m = (struct cvt_model){0};
    bool file = which && io_exists(which) && !io_is_dir(which);
    if (file) {
        rc = snprintf(m->path, sizeof m->path, "%s", which) < (int)sizeof m->path
                 ? OK
                 : err_set(e, E_LIMIT, "path of model is too long");
    } else if (!s) {
        rc = err_set(e, E_NOT_FOUND, "no model file '%s'", which ? which : "");
    } else {
        rc = store_model_find(s, which, NULL, take_model, &f, e);
    }
    rc = rc == OK ? read_aligned(m, e) : rc;
    if (rc == OK) {
        char text[HEX_DIGEST_TEXT];
        hex_sha256(m->digest, m->file, m->len);
        hex_encode(text, m->digest, sizeof m->digest);
        if (m->known && strcmp(text, m->digest_text) != 0) {
            rc = err_set(e, E_CONFLICT,
                         "'%s' is not the model that the store names: its digest differs", m->path);
        }
        memcpy(m->digest_text, text, sizeof text);
    }
    if (rc == OK && file && s) { // a file that the store knows as well keeps its history
        char path[IO_PATH_MAX];
        memcpy(path, m->path, sizeof path);
        rc = store_model_find(s, m->digest_text, NULL, take_model, &f, e);
        rc = rc == E_NOT_FOUND ? OK : rc;
        memcpy(m->path, path, sizeof path);
    }
    if (rc != OK) {
        cvt_model_release(m);
    }
    return rc;
}

int cvt_model_open(struct cvt_model *m, const char *which, const char *project, struct err *e)
{
    static struct project p;
    struct store *s = NULL;
    *m = (struct cvt_model){0};
    if (io_exists(which)) {
        return cvt_model_load(m, which, NULL, NULL, e);
    }
    if (project_open(&p, project, e) != OK) {
        return err_set(e, E_NOT_FOUND, "no file '%s', and no project to look in", which);
    }
    int rc = store_open(&s, p.dir, STORE_READ, e);
    rc = rc == OK ? cvt_model_load(m, which, &p, s, e) : rc;
    store_close(s);
    return rc;
}

void cvt_model_release(struct cvt_model *m)
{
    free(m->file);
    buf_release(&m->recipe);
    *m = (struct cvt_model){0};
}

int cvt_model_pipeline(const struct cvt_model *m, struct mote_pipe_config *c, struct err *e)
{
    const uint8_t *data;
    size_t len;
    int status = mote_nn_metadata(m->file, m->len, MOTE_PIPE_METADATA, &data, &len);
    if (status == MOTE_E_NOT_FOUND) {
        return err_set(e, E_NOT_FOUND, "'%s' has no pipeline: how to feed it is not known",
                       m->path);
    }
    if (status == MOTE_OK) {
        status = mote_pipe_config_decode(c, data, len);
    }
    return status == MOTE_OK
               ? OK
               : err_set(e, E_FORMAT, "pipeline of '%s': %s", m->path, mote_status_text(status));
}

// Whether the blank-separated list holds the name.
static bool listed(const char *list, const char *name)
{
    size_t len = strlen(name);
    for (const char *at = list; (at = strstr(at, name)) != NULL; at += len) {
        if ((at == list || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0')) {
            return true;
        }
    }
    return false;
}

int cvt_model_ops(const struct cvt_model *m, char *out, size_t cap, struct err *e)
{
    struct tflite_model t;
    char text[32];
    size_t used = 0;
    int rc = tflite_read(&t, m->file, m->len, e);
    if (rc != OK) {
        return rc;
    }
    out[0] = '\0';
    for (size_t i = 0; i < t.graph.ops && rc == OK; i++) {
        const char *name = tflite_model_op_name(&t, i, text, sizeof text);
        if (listed(out, name)) {
            continue;
        }
        int n = snprintf(out + used, cap - used, "%s%s", used ? " " : "", name);
        if (n < 0 || (size_t)n >= cap - used) {
            rc = err_set(e, E_LIMIT, "'%s' uses too many operators", m->path);
        } else {
            used += (size_t)n;
        }
    }
    tflite_model_release(&t);
    return rc;
}

int cvt_refused(struct err *e, int status, const struct mote_nn_diag *diag)
{
    const char *reason = diag->reason ? diag->reason : mote_status_text(status);
    int code = status == MOTE_E_UNSUPPORTED ? E_REFUSED : E_FORMAT;
    if (diag->op_name) {
        return err_set(e, code, "operator %d %s: %s (%s)", diag->op_index, diag->op_name, reason,
                       mote_status_text(status));
    }
    return err_set(e, code, "%s (%s)", reason, mote_status_text(status));
}
