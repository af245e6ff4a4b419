// Makes, publishes and withdraws releases. See cvt_release.h.
#include "converter/cvt_release.h"

#include "common/err.h"
#include "common/project.h"
#include "common/store/store_model.h"
#include "common/store/store_outbox.h"
#include "common/store/store_release.h"
#include "converter/cvt_delta.h"

struct job {
    const struct project *p;
    struct store *s;
    struct cvt_model model, base;
    struct buf delta; // empty: the payload is the model
    struct cvt_golden golden;
    struct cvt_package pack;
    struct cvt_key key;
    struct mote_keyset set;
    size_t arena;
};

// A model that came as a file: copied into models/ and given a row, so that queries lead from a
// release to it.
static int adopt(struct job *j, const char *name, struct err *e)
{
    char relative[96], path[IO_PATH_MAX];
    struct cvt_model *m = &j->model;
    (void)snprintf(relative, sizeof relative, "models/%s.tflite", m->digest_text);
    int rc = io_mkdirs(project_path(j->p, path, "models"), 0700, e);
    if (rc == OK) {
        rc = io_write_atomic(project_path(j->p, path, relative), m->file, m->len, 0644, e);
    }
    struct store_model row = {.bytes = (int64_t)m->len,
                              .arena = (int64_t)j->arena,
                              .digest = m->digest_text,
                              .name = name,
                              .path = relative,
                              .dataset = "",
                              .recipe = "",
                              .program = "imported",
                              .parent = "",
                              .metrics = "{}",
                              .float_accuracy = -1,
                              .int8_accuracy = -1};
    return rc == OK ? store_model_put(j->s, &row, e) : rc;
}

static int put_blocks(struct store *s, const char *digest_text, const uint8_t *payload, size_t len,
                      size_t block_size, struct err *e)
{
    char topic[128];
    int rc = OK;
    for (size_t at = 0, i = 0; at < len && rc == OK; at += block_size, i++) {
        size_t n = len - at < block_size ? len - at : block_size;
        (void)snprintf(topic, sizeof topic, "r/%s/b/%zu/%zu", digest_text, i / MOTE_GROUP_BLOCKS,
                       i % MOTE_GROUP_BLOCKS);
        rc = store_outbox_put(s, topic, payload ? payload + at : NULL, payload ? n : 0, true, 0, e);
    }
    return rc;
}

static int publish(struct job *j, struct store_release *row, struct err *e)
{
    char topic[128];
    const struct mote_manifest *f = &j->pack.manifest;
    const uint8_t *payload = j->delta.len ? (const uint8_t *)j->delta.data : j->model.file;
    int rc = put_blocks(j->s, j->pack.digest_text, payload, f->payload_size, f->block_size, e);
    (void)snprintf(topic, sizeof topic, "r/%s/m", j->pack.digest_text);
    rc = rc == OK
             ? store_outbox_put(j->s, topic, j->pack.signed_bytes, j->pack.signed_len, true, 0, e)
             : rc;
    return rc == OK ? store_release_put(j->s, row, e) : rc;
}

static int pack_and_store(struct job *j, const struct cvt_release_options *o, const char *name,
                          struct cvt_released *out, struct err *e)
{
    struct cvt_pack_options po = {.name = name,
                                  .expires_s = o->expires_s,
                                  .health_us = o->health_us,
                                  .min_class = o->min_class};
    if (j->delta.len) {
        po.base = &j->base;
        po.payload = j->delta.data;
        po.payload_len = j->delta.len;
    }
    int rc = store_release_next_seq(j->s, name, &po.seq, e);
    rc = rc == OK ? cvt_pack(&j->pack, &j->model, &j->golden, j->arena, &po, &j->key, &j->set, e)
                  : rc;
    if (rc == OK && !j->model.known) {
        rc = adopt(j, name, e);
    }
    char stream[MOTE_NAME_MAX + 1], variant[64], payload[HEX_DIGEST_TEXT];
    const struct mote_manifest *f = &j->pack.manifest;
    hex_encode(payload, f->payload, sizeof f->payload);
    (void)snprintf(stream, sizeof stream, "%.*s", (int)f->stream.len,
                   f->stream.len ? f->stream.p : "");
    (void)snprintf(variant, sizeof variant, "%.*s", (int)f->dsp_variant.len,
                   f->dsp_variant.len ? f->dsp_variant.p : "");
    struct store_release row = {.seq = po.seq,
                                .payload_bytes = f->payload_size,
                                .min_class = f->min_class,
                                .arena = f->arena,
                                .name = name,
                                .manifest_digest = j->pack.digest_text,
                                .model = j->model.digest_text,
                                .payload_digest = payload,
                                .ops = j->pack.ops,
                                .stream = stream,
                                .dsp_variant = variant,
                                .manifest = j->pack.signed_bytes,
                                .manifest_len = j->pack.signed_len};
    rc = rc == OK ? publish(j, &row, e) : rc;
    out->release_id = row.release_id;
    out->seq = po.seq;
    return rc;
}

// The delta, where it is smaller than the model.
static int load_delta(struct job *j, const char *from, struct err *e)
{
    int rc = cvt_model_load(&j->base, from, j->p, j->s, e);
    rc = rc == OK ? cvt_delta_build(&j->base, &j->model, &j->delta, e) : rc;
    if (rc == OK && j->delta.len >= j->model.len) {
        buf_release(&j->delta);
    }
    return rc;
}

static int load(struct job *j, const struct cvt_release_options *o, struct err *e)
{
    char path[IO_PATH_MAX];
    int rc = cvt_model_load(&j->model, o->model, j->p, j->s, e);
    rc = rc == OK ? cvt_golden_make(&j->golden, &j->model, j->s, &j->arena, e) : rc;
    rc = rc == OK && o->delta_from ? load_delta(j, o->delta_from, e) : rc;
    rc = rc == OK ? cvt_keyset_load(&j->set, j->p, NULL, e) : rc;
    return rc == OK ? cvt_key_load(&j->key, project_path(j->p, path, "keys/release.key"),
                                   MOTE_KEY_RELEASE, e)
                    : rc;
}

static void describe(struct cvt_released *out, const struct job *j)
{
    memcpy(out->digest_text, j->pack.digest_text, sizeof out->digest_text);
    memcpy(out->model, j->model.digest_text, sizeof out->model);
    memcpy(out->ops, j->pack.ops, sizeof out->ops);
    memcpy(out->name, j->pack.name, sizeof out->name);
    out->arena = j->arena;
    out->bytes = j->model.len;
    out->payload_bytes = j->pack.manifest.payload_size;
    out->delta = j->delta.len != 0;
    out->manifest_bytes = j->pack.signed_len;
    out->golden = j->golden.count;
    for (size_t i = 0; i < j->golden.count; i++) {
        out->golden_seeded += j->golden.golden[i].seed != 0;
    }
}

int cvt_release_make(struct cvt_released *out, const struct project *p, struct store *s,
                     const struct cvt_release_options *o, struct err *e)
{
    struct job *j = calloc(1, sizeof *j);
    *out = (struct cvt_released){0};
    if (!j) {
        return err_set(e, E_MEM, "out of memory");
    }
    j->p = p;
    j->s = s;
    int rc = load(j, o, e);
    const char *name = o->name ? o->name : j->model.name;
    if (rc == OK && !name[0]) {
        rc = err_set(e, E_USAGE, "the store does not know '%s': give it a slot name by --name",
                     j->model.path);
    }
    rc = rc == OK ? store_begin(s, e) : rc;
    if (rc == OK) {
        rc = pack_and_store(j, o, name, out, e);
        rc = rc == OK ? store_commit(s, e) : rc;
        if (rc != OK) {
            store_rollback(s);
        }
    }
    if (rc == OK) {
        describe(out, j);
    }
    cvt_key_wipe(&j->key);
    cvt_golden_release(&j->golden);
    cvt_model_release(&j->model);
    cvt_model_release(&j->base);
    buf_release(&j->delta);
    free(j);
    return rc;
}

int cvt_release_sweep(struct store *s, int64_t release_id, const char *digest_text,
                      int64_t payload_bytes, int64_t block_size, struct err *e)
{
    char topic[128];
    int rc = store_begin(s, e);
    if (rc != OK) {
        return rc;
    }
    (void)snprintf(topic, sizeof topic, "r/%s/m", digest_text);
    rc = store_outbox_put(s, topic, NULL, 0, true, 0, e);
    rc = rc == OK ? put_blocks(s, digest_text, NULL, (size_t)payload_bytes, (size_t)block_size, e)
                  : rc;
    rc = rc == OK ? store_release_set_swept(s, release_id, e) : rc;
    rc = rc == OK ? store_commit(s, e) : rc;
    if (rc != OK) {
        store_rollback(s);
    }
    return rc;
}
