// The patch-size budget of fine-tuning: what the new model costs over the air for devices that run the one it started
// from. Only what stays byte for byte, or nearly, is cheap there: a frozen body, not a retrained one.
#include "common/err.h"
#include "common/io.h"
#include "common/tflite/delta.h"
#include "common/tflite/reader.h"
#include "trainer/session_priv.h"

// The earlier model's file, aligned; the caller frees.
static int load_parent(const struct session *s, void **base, size_t *len, struct err *e)
{
    struct buf file = {0};
    int rc = io_read_file(s->parent_path, TFLITE_FILE_MAX, &file, e);
    *base = rc ? NULL : ship_aligned(file.data, file.len);
    *len = file.len;
    buf_release(&file);
    return rc ? rc : *base ? OK : err_set(e, E_MEM, "out of memory");
}

// Where the shipped graph's last layer begins: its last operator with weights.
static int last_layer(const struct graph *g)
{
    int last = -1;
    for (int i = 0; i < g->ops; i++) {
        last = g->op[i].w ? i : last;
    }
    return last;
}

// Whether the earlier file has the same activations, by place, shape and type: what export.c writes first.
static bool same_tensor(const struct gtensor *t, const struct tflite_tensor *old)
{
    int64_t values = 1;
    for (unsigned i = 0; i < old->rank; i++) {
        values *= old->dims[i];
    }
    return !old->data && old->type == TFLITE_INT8 && !t->wide && old->scales == 1 && old->scale &&
           old->zero_point && values == (int64_t)shape_len(t->s);
}

int session_frozen_scales(const struct session *s, struct graph *g, struct err *e)
{
    struct tflite_model m = {0};
    void *base = NULL;
    size_t len = 0;
    bool frozen = s->o->from && s->recipe.freeze == FREEZE_BODY && s->trained.layers == 0;
    if (!frozen || !io_exists(s->parent_path)) {
        return OK;
    }
    int last = last_layer(g), rc = load_parent(s, &base, &len, e);
    rc = rc ? rc : tflite_read(&m, base, len, e);
    bool *own = rc ? NULL : calloc((size_t)g->tensors + 1, sizeof(*own));
    if (rc == OK && !own) {
        rc = err_set(e, E_MEM, "out of memory");
    }
    for (int i = last < 0 ? 0 : last; rc == OK && i < g->ops; i++) {
        own[g->op[i].out] = true;
    }
    bool same = rc == OK && m.graph.ops == (size_t)g->ops && m.graph.tensors >= (size_t)g->tensors;
    for (int i = 0; same && i < g->tensors; i++) {
        same = own[i] || same_tensor(&g->t[i], &m.graph.tensor[i]);
    }
    for (int i = 0; same && i < g->tensors; i++) {
        if (!own[i]) {
            g->t[i].scale = m.graph.tensor[i].scale[0];
            g->t[i].zero_point = m.graph.tensor[i].zero_point[0];
        }
    }
    free(own);
    tflite_model_release(&m);
    free(base);
    return rc ? err_wrap(e, "scales of the earlier model '%s'", s->parent_path) : OK;
}

int session_patch_size(struct session *s, struct err *e)
{
    struct buf patch = {0};
    void *base = NULL;
    size_t len = 0;
    s->patch = -1;
    if (!s->o->from || (s->recipe.patch == 0 && !io_exists(s->parent_path))) {
        return OK; // the weights alone are enough to go on from
    }
    int rc = load_parent(s, &base, &len, e);
    if (rc == OK) {
        struct tflite_bytes from = {base, len}, to = {s->file, s->int8_file.len};
        buf_init(&patch, 2 * TFLITE_FILE_MAX);
        rc = tflite_delta_build(&from, &to, &patch, e);
    }
    s->patch = rc ? -1 : (int64_t)patch.len;
    free(base);
    buf_release(&patch);
    return rc ? err_wrap(e, "patch from the earlier model '%s'", s->parent_path) : OK;
}
