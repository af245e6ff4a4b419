// Manifests of releases. See cvt_pack.h.
#include "converter/cvt_pack.h"

#include <inttypes.h>

#include "common/err.h"

void cvt_provenance(const struct cvt_model *m, uint8_t out[MOTE_DIGEST_LEN])
{
    struct buf text = {0};
    char recipe[HEX_DIGEST_TEXT];
    uint8_t digest[HEX_DIGEST_LEN];
    hex_sha256(digest, m->recipe.data ? m->recipe.data : "", m->recipe.len);
    hex_encode(recipe, digest, sizeof digest);
    memset(out, 0, MOTE_DIGEST_LEN);
    if (m->known &&
        buf_printf(&text, "dataset %s\nrecipe %s\nseed %" PRId64 "\nprogram %s\nparent %s\n",
                   m->dataset, recipe, m->seed, m->program, m->parent) == OK) {
        hex_sha256(out, text.data, text.len);
    }
    buf_release(&text);
}

static int fill(struct cvt_package *pack, const struct cvt_model *m,
                const struct cvt_golden *golden, size_t arena, const struct cvt_pack_options *o,
                struct err *e)
{
    struct mote_manifest *f = &pack->manifest;
    struct mote_pipe_config pipe;
    const uint8_t *metadata;
    size_t metadata_len;
    if (cvt_model_pipeline(m, &pipe, e) != OK ||
        cvt_model_ops(m, pack->ops, sizeof pack->ops, e) != OK) {
        return e->code;
    }
    if (mote_nn_metadata(m->file, m->len, MOTE_PIPE_METADATA, &metadata, &metadata_len) !=
            MOTE_OK ||
        m->len > UINT32_MAX || arena > UINT32_MAX) {
        return err_set(e, E_LIMIT, "'%s' is too large for a release", m->path);
    }
    if (o->seq < 1 || o->seq > UINT32_MAX ||
        snprintf(pack->name, sizeof pack->name, "%s", o->name) >= (int)sizeof pack->name) {
        return err_set(
            e, E_LIMIT,
            "release name '%.40s' is longer than %d characters, or its number is out of range",
            o->name, MOTE_NAME_MAX);
    }
    *f = (struct mote_manifest){.seq = (uint32_t)o->seq,
                                .model = {pack->name, strlen(pack->name)},
                                .size = (uint32_t)m->len,
                                .form = MOTE_FORM_WHOLE,
                                .payload_size = (uint32_t)m->len,
                                .block_size = MOTE_PAYLOAD_BLOCK,
                                .ops = {pack->ops, strlen(pack->ops)},
                                .arena = (uint32_t)arena,
                                .stream = pipe.stream,
                                .min_class = o->min_class,
                                .expires_s = o->expires_s,
                                .health_us = o->health_us,
                                .golden_count = (uint8_t)golden->count};
    const char *variant = mote_dsp_variant_name(pipe.dsp.variant);
    f->dsp_variant = (struct mote_str){variant, strlen(variant)};
    memcpy(f->digest, m->digest, MOTE_DIGEST_LEN);
    memcpy(f->payload, m->digest, MOTE_DIGEST_LEN);
    if (o->base) {
        f->form = MOTE_FORM_DELTA;
        f->payload_size = (uint32_t)o->payload_len;
        memcpy(f->base, o->base->digest, MOTE_DIGEST_LEN);
        hex_sha256(f->payload, o->payload, o->payload_len);
    }
    hex_sha256(f->pipeline, metadata, metadata_len);
    cvt_provenance(m, f->provenance);
    memcpy(f->golden, golden->golden, golden->count * sizeof *golden->golden);
    return OK;
}

int cvt_pack(struct cvt_package *pack, const struct cvt_model *m, const struct cvt_golden *golden,
             size_t arena, const struct cvt_pack_options *o, struct cvt_key *key,
             const struct mote_keyset *set, struct err *e)
{
    uint8_t plain[MOTE_MANIFEST_MAX];
    struct mote_manifest check;
    *pack = (struct cvt_package){0};
    if (fill(pack, m, golden, arena, o, e) != OK) {
        return e->code;
    }
    int len = mote_manifest_encode(plain, sizeof plain, &pack->manifest);
    if (len >= 0) {
        len = mote_cose_sign(pack->signed_bytes, sizeof pack->signed_bytes, plain, (size_t)len,
                             key->kid, cvt_key_sign, key);
    }
    if (len < 0) {
        return err_set(e, len == MOTE_E_SPACE ? E_LIMIT : E_FORMAT, "manifest: %s",
                       mote_status_text(len));
    }
    pack->signed_len = (size_t)len;
    hex_sha256(pack->digest, pack->signed_bytes, pack->signed_len);
    hex_encode(pack->digest_text, pack->digest, sizeof pack->digest);
    return cvt_unpack(&check, pack->signed_bytes, pack->signed_len, set, e);
}

int cvt_unpack(struct mote_manifest *m, const void *bytes, size_t len,
               const struct mote_keyset *set, struct err *e)
{
    const uint8_t *payload;
    size_t payload_len;
    int status = mote_cose_verify(bytes, len, set->key, set->count, MOTE_KEY_RELEASE, &payload,
                                  &payload_len);
    if (status == MOTE_E_AUTH) {
        return err_set(e, E_AUTH, "the manifest is not signed by a release key of key set %u",
                       set->version);
    }
    status = status == MOTE_OK ? mote_manifest_decode(m, payload, payload_len) : status;
    return status == MOTE_OK ? OK : err_set(e, E_FORMAT, "manifest: %s", mote_status_text(status));
}
