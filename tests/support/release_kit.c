// Releases for tests. See release_kit.h.
#include "tests/support/release_kit.h"
#include "common/err.h"
#include "common/tflite/writer.h"
#include "firmware/core/pipe/mote_pipe.h"
#include "firmware/core/sig/mote_sig.h"

#include <assert.h>
#include <bearssl.h>

#define WINDOW 100
#define SCALE (9.80665f / 4096.0f)

static void make_key(struct kit_key *k, uint64_t seed)
{
    br_hmac_drbg_context rng;
    br_hmac_drbg_init(&rng, &br_sha256_vtable, &seed, sizeof(seed));
    br_ec_private_key sk;
    br_ec_public_key pk;
    size_t n = br_ec_keygen(&rng.vtable, br_ec_get_default(), &sk, k->secret, BR_EC_secp256r1);
    assert(n == sizeof(k->secret));
    n = br_ec_compute_pub(br_ec_get_default(), &pk, k->point, &sk);
    assert(n == MOTE_PUBKEY_LEN);
    mote_key_id(k->kid, k->point);
}

static int sign_digest(void *ctx, const uint8_t digest[MOTE_DIGEST_LEN], uint8_t sig[MOTE_SIG_LEN])
{
    const struct kit_key *k = ctx;
    uint8_t secret[32];
    memcpy(secret, k->secret, sizeof(secret));
    br_ec_private_key sk = {.curve = BR_EC_secp256r1, .x = secret, .xlen = sizeof(secret)};
    size_t n =
        br_ecdsa_sign_raw_get_default()(br_ec_get_default(), &br_sha256_vtable, digest, &sk, sig);
    return n == MOTE_SIG_LEN ? MOTE_OK : MOTE_E_AUTH;
}

size_t kit_sign(const struct kit_key *key, const void *payload, size_t len, uint8_t *out,
                size_t cap)
{
    int n = mote_cose_sign(out, cap, payload, len, key->kid, sign_digest, (void *)(uintptr_t)key);
    assert(n > 0);
    return (size_t)n;
}

void kit_init(struct kit *k, uint64_t seed, uint32_t keyset_version)
{
    uint8_t body[700];
    make_key(&k->root, 10 * seed + 1);
    make_key(&k->release, 10 * seed + 2);
    make_key(&k->beacon, 10 * seed + 3);
    make_key(&k->stranger, 10 * seed + 4);
    struct mote_keyset set = {.version = keyset_version, .count = 2};
    set.key[0].role = MOTE_KEY_RELEASE;
    memcpy(set.key[0].point, k->release.point, MOTE_PUBKEY_LEN);
    set.key[1].role = MOTE_KEY_BEACON;
    memcpy(set.key[1].point, k->beacon.point, MOTE_PUBKEY_LEN);
    int n = mote_keyset_encode(body, sizeof(body), &set);
    assert(n > 0);
    k->keys_len = kit_sign(&k->root, body, (size_t)n, k->keys, sizeof(k->keys));
}

// Variant 9 asks for a window that small devices have no room for.
static int window_of(int variant)
{
    return variant == 9 ? 10 * WINDOW : WINDOW;
}

static size_t encode_pipeline(uint8_t *out, size_t cap, int variant)
{
    struct mote_pipe_config c = {.version = 1,
                                 .task = MOTE_TASK_CLASSIFY,
                                 .stream = {"acc", 3},
                                 .channels = 3,
                                 .interval_ns = 10000000,
                                 .window = (uint32_t)window_of(variant),
                                 .stride = WINDOW / 2,
                                 .features = 3,
                                 .classes = 2,
                                 .label = {{"calm", 4}, {"shaking", 7}},
                                 .threshold = 0.6f,
                                 .smooth = 1};
    mote_dsp_defaults(&c.dsp, MOTE_DSP_FLATTEN);
    c.dsp.stats = MOTE_DSP_STD;
    int n = mote_pipe_config_encode(out, cap, &c);
    assert(n > 0);
    return (size_t)n;
}

// Three deviations to two scores: weights -1 and +1 a m/s2, bias at 2 m/s2 of their sum.
static void build_model(struct buf *out, int variant)
{
    static const float in_scale = 0.05f, w_scale = 0.01f, out_scale = 0.1f, soft_scale = 1.0f / 256;
    static const int32_t in_zero = -128, zero = 0, soft_zero = -128;
    static const float b_scale = 0.05f * 0.01f;
    int8_t weight[6] = {-100, -100, -100, 100, 100, (int8_t)(100 - variant)};
    int32_t bias[2] = {4000, -4000};
    uint8_t pipeline[512];
    size_t pipeline_len = encode_pipeline(pipeline, sizeof(pipeline), variant);
    const struct tflite_tensor tensor[] = {{.name = "in",
                                            .type = TFLITE_INT8,
                                            .rank = 2,
                                            .dims = {1, 3},
                                            .scale = &in_scale,
                                            .zero_point = &in_zero,
                                            .scales = 1},
                                           {.name = "w",
                                            .type = TFLITE_INT8,
                                            .rank = 2,
                                            .dims = {2, 3},
                                            .data = weight,
                                            .bytes = 6,
                                            .scale = &w_scale,
                                            .zero_point = &zero,
                                            .scales = 1},
                                           {.name = "b",
                                            .type = TFLITE_INT32,
                                            .rank = 1,
                                            .dims = {2},
                                            .data = bias,
                                            .bytes = 8,
                                            .scale = &b_scale,
                                            .zero_point = &zero,
                                            .scales = 1},
                                           {.name = "y",
                                            .type = TFLITE_INT8,
                                            .rank = 2,
                                            .dims = {1, 2},
                                            .scale = &out_scale,
                                            .zero_point = &zero,
                                            .scales = 1},
                                           {.name = "out",
                                            .type = TFLITE_INT8,
                                            .rank = 2,
                                            .dims = {1, 2},
                                            .scale = &soft_scale,
                                            .zero_point = &soft_zero,
                                            .scales = 1}};
    const struct tflite_op op[] = {
        {.code = TFLITE_FULLY_CONNECTED, .ins = 3, .outs = 1, .in = {0, 1, 2}, .out = {3}},
        {.code = TFLITE_SOFTMAX, .ins = 1, .outs = 1, .in = {3}, .out = {4}}};
    static const int32_t input = 0, output = 4;
    const struct tflite_metadata meta = {MOTE_PIPE_METADATA, pipeline, pipeline_len};
    const struct tflite_graph g = {.description = "test",
                                   .tensor = tensor,
                                   .tensors = 5,
                                   .op = op,
                                   .ops = 2,
                                   .input = &input,
                                   .output = &output,
                                   .inputs = 1,
                                   .outputs = 1,
                                   .metadata = &meta,
                                   .metadatas = 1};
    struct err e = {0};
    int status = tflite_write(&g, out, &e);
    if (status) {
        fprintf(stderr, "%s\n", e.msg);
    }
    assert(status == OK);
}

// Runs the window as any host would, for the expected bytes.
static void make_golden(struct kit_release *r, int variant)
{
    static _Alignas(16) uint8_t arena[16384];
    uint8_t *file = aligned_alloc(64, (r->model.len + 63) / 64 * 64);
    struct mote_pipe p;
    struct mote_nn_tensor in, out;
    struct mote_nn_diag diag = {0};
    memcpy(file, r->model.data, r->model.len);
    for (int i = 0; i < window_of(variant); i++) {
        int16_t frame[3] = {(int16_t)(i % 7 * 100), (int16_t)(i % 5 * -90),
                            (int16_t)(4096 + i % 3)};
        memcpy(r->window + 6 * i, frame, 6);
    }
    int status =
        mote_pipe_open(&p, file, r->model.len, &mote_nn_ops_all, arena, sizeof(arena), &diag);
    if (status) {
        fprintf(stderr, "test model: %d %s\n", status, diag.reason);
    }
    status = status ? status : mote_nn_input(&p.nn, 0, &in);
    status = status ? status
                    : mote_pipe_features(&p.config, r->window, MOTE_I16, SCALE, p.scratch,
                                         p.scratch_len, p.features);
    status = status ? status : mote_pipe_quantize(p.features, p.config.features, &in);
    assert(status == MOTE_OK);
    struct mote_golden *g = &r->manifest.golden[0];
    g->type = MOTE_I16;
    g->scale = SCALE;
    mote_sha256(g->features, in.data, in.bytes);
    status = mote_nn_invoke(&p.nn);
    status = status ? status : mote_nn_output(&p.nn, 0, &out);
    assert(status == MOTE_OK && out.bytes <= sizeof(r->output));
    memcpy(r->output, out.data, out.bytes);
    g->window = (struct mote_str){(const char *)r->window, 6 * (size_t)window_of(variant)};
    g->output = (struct mote_str){(const char *)r->output, out.bytes};
    size_t arena_bytes = 0;
    status = mote_pipe_arena_size(file, r->model.len, &mote_nn_ops_all, &arena_bytes, &diag);
    assert(status == MOTE_OK);
    r->manifest.arena = (uint32_t)arena_bytes;
    free(file);
}

void kit_release_init(struct kit_release *r, uint32_t seq, uint64_t health_us, int variant)
{
    uint8_t pipeline[512];
    memset(r, 0, sizeof(*r));
    build_model(&r->model, variant);
    r->manifest = (struct mote_manifest){.seq = seq,
                                         .model = {"fan", 3},
                                         .size = (uint32_t)r->model.len,
                                         .form = MOTE_FORM_WHOLE,
                                         .payload_size = (uint32_t)r->model.len,
                                         .block_size = 64, // many blocks of a small file
                                         .ops = {"FULLY_CONNECTED SOFTMAX", 23},
                                         .dsp_variant = {"f32-1", 5},
                                         .stream = {"acc", 3},
                                         .health_us = health_us,
                                         .golden_count = 1};
    mote_sha256(r->manifest.digest, r->model.data, r->model.len);
    mote_sha256(r->manifest.payload, r->model.data, r->model.len);
    mote_sha256(r->manifest.pipeline, pipeline,
                encode_pipeline(pipeline, sizeof(pipeline), variant));
    make_golden(r, variant);
}

void kit_release_sign(struct kit_release *r, const struct kit_key *key)
{
    static uint8_t body[MOTE_MANIFEST_MAX];
    int n = mote_manifest_encode(body, sizeof(body), &r->manifest);
    assert(n > 0);
    r->signed_len = kit_sign(key, body, (size_t)n, r->signed_manifest, sizeof(r->signed_manifest));
    mote_sha256(r->digest, r->signed_manifest, r->signed_len);
}

void kit_release_release(struct kit_release *r)
{
    buf_release(&r->model);
}
