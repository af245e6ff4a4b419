// Would this model run here? First by what the manifest says, before anything is downloaded; then
// by the file itself, opened and run over the golden windows bit for bit.
#include "firmware/core/agent/agent_priv.h"

#define MESSAGE_HEAD (MOTE_TOPIC_MAX + 8) // around a payload in a packet, at most

int agent_find_stream(const struct mote_agent *a, struct mote_str name)
{
    for (unsigned i = 0; i < a->config.sensor.stream_count; i++) {
        if (agent_same(name, a->config.sensor.streams[i].name)) {
            return (int)i;
        }
    }
    return -1;
}

static int refuse(struct agent_text *reason, int status, const char *words)
{
    agent_text_put(reason, words);
    return status;
}

static int refuse_numbers(struct agent_text *reason, int status, const char *what, uint64_t needs,
                          uint64_t has)
{
    agent_text_put(reason, what);
    agent_text_put(reason, " needs ");
    agent_text_num(reason, needs);
    agent_text_put(reason, ", this device has ");
    agent_text_num(reason, has);
    return status;
}

static bool has_op(const struct mote_agent *a, struct mote_str name)
{
    const char *op;
    for (size_t i = 0; (op = mote_nn_ops_name(a->config.ops, i)) != NULL; i++) {
        if (agent_same(name, op)) {
            return true;
        }
    }
    return false;
}

static int check_ops(const struct mote_agent *a, struct mote_str ops, struct agent_text *reason)
{
    size_t at = 0;
    while (at < ops.len) {
        size_t end = at;
        while (end < ops.len && ops.p[end] != ' ') {
            end++;
        }
        struct mote_str name = {ops.p + at, end - at};
        if (name.len && !has_op(a, name)) {
            agent_text_put(reason, "operator ");
            agent_text_str(reason, name);
            return refuse(reason, MOTE_E_UNSUPPORTED, " is not in this firmware");
        }
        at = end + 1;
    }
    return MOTE_OK;
}

static int check_slot(const struct mote_agent *a, const struct mote_manifest *m,
                      struct agent_text *reason)
{
    int status = mote_slot_check(&a->slot, m);
    switch (status) {
    case MOTE_OK:
        return MOTE_OK;
    case MOTE_E_ROLLBACK:
        return refuse_numbers(reason, status,
                              "sequence number is not above the confirmed one: release", m->seq,
                              a->slot.record[0].confirmed_seq);
    case MOTE_E_SPACE:
        return refuse_numbers(reason, status, "slot: model", m->size,
                              mote_slot_capacity(&a->place[0]));
    case MOTE_E_NOT_FOUND:
        return refuse(reason, status, "this device has no slot for a model of that name");
    case MOTE_E_MISMATCH:
        return refuse(reason, status, "delta is against a model that is not the one in use");
    default:
        agent_text_put(reason, "slot: ");
        return refuse(reason, status, mote_status_text(status));
    }
}

int agent_fits(struct mote_agent *a, const struct mote_manifest *m, struct agent_text *reason)
{
    uint64_t epoch = agent_epoch_s(a);
    if (m->expires_s && epoch && m->expires_s < epoch) {
        return refuse(reason, MOTE_E_ROLLBACK, "manifest has expired");
    }
    if (m->min_class > a->config.capability_class) {
        return refuse_numbers(reason, MOTE_E_MISMATCH, "capability class: model", m->min_class,
                              a->config.capability_class);
    }
    int status = check_slot(a, m, reason);
    if (status) {
        return status;
    }
    if (m->arena > a->config.arena_len) {
        return refuse_numbers(reason, MOTE_E_SPACE, "arena: model", m->arena, a->config.arena_len);
    }
    size_t message = a->config.rx_len > MESSAGE_HEAD ? a->config.rx_len - MESSAGE_HEAD : 0;
    if (m->block_size > message) { // such blocks would be read past, and asked for in vain
        return refuse_numbers(reason, MOTE_E_SPACE, "payload blocks: release", m->block_size,
                              message);
    }
    if (mote_dsp_variant_find(m->dsp_variant.p, m->dsp_variant.len) < 0) {
        return refuse(reason, MOTE_E_UNSUPPORTED, "DSP variant is not in this firmware");
    }
    if (agent_find_stream(a, m->stream) < 0) {
        return refuse(reason, MOTE_E_MISMATCH, "this device has no stream of the model's name");
    }
    return check_ops(a, m->ops, reason);
}

int agent_pipe_fits(const struct mote_agent *a, const struct mote_pipe_config *c,
                    struct agent_text *reason)
{
    int i = agent_find_stream(a, c->stream);
    if (i < 0) {
        return refuse(reason, MOTE_E_MISMATCH, "this device has no stream of the model's name");
    }
    const struct mote_stream_info *info = &a->config.sensor.streams[i];
    if (info->channels != c->channels) {
        return refuse_numbers(reason, MOTE_E_MISMATCH, "channels: model", c->channels,
                              info->channels);
    }
    uint64_t off = info->interval_ns > c->interval_ns ? info->interval_ns - c->interval_ns
                                                      : c->interval_ns - info->interval_ns;
    if (off > c->interval_ns / 50) { // 2 %: clocks of sensors differ
        return refuse_numbers(reason, MOTE_E_MISMATCH, "nanoseconds between frames: model",
                              c->interval_ns, info->interval_ns);
    }
    uint64_t need = (uint64_t)c->window * a->stream[i].frame_bytes;
    if (!c->window || !c->stride || need > a->config.window_len) {
        return refuse_numbers(reason, MOTE_E_SPACE, "window buffer: model", need,
                              a->config.window_len);
    }
    if (mote_pipe_post_size(c) > sizeof(a->infer.ring)) {
        return refuse_numbers(reason, MOTE_E_SPACE, "smoothing: model", mote_pipe_post_size(c),
                              sizeof(a->infer.ring));
    }
    return MOTE_OK;
}

// --- the file itself -------------------------------------------------------------------------
static int check_pipeline(const struct mote_slot_file *f, const struct mote_manifest *m,
                          struct agent_text *reason)
{
    const uint8_t *meta;
    size_t len;
    uint8_t digest[MOTE_DIGEST_LEN];
    int status = mote_nn_metadata(f->map, f->size, MOTE_PIPE_METADATA, &meta, &len);
    if (status) {
        return refuse(reason, status, "model has no pipeline inside");
    }
    mote_sha256(digest, meta, len);
    if (memcmp(digest, m->pipeline, MOTE_DIGEST_LEN) != 0) {
        return refuse(reason, MOTE_E_MISMATCH, "pipeline inside the model is not the manifest's");
    }
    return MOTE_OK;
}

// The window's bytes: in the manifest, or made from its seed where live samples are gathered
// otherwise.
static int golden_bytes(struct mote_agent *a, const struct mote_golden *g, const uint8_t **raw,
                        struct agent_text *reason)
{
    const struct mote_pipe_config *c = &a->infer.pipe.config;
    size_t bytes = (size_t)c->window * c->channels * mote_sample_size(g->type);
    *raw = (const uint8_t *)g->window.p;
    if (g->window.len > 0) {
        return g->window.len == bytes
                   ? MOTE_OK
                   : refuse_numbers(reason, MOTE_E_MISMATCH, "golden window: bytes it has and",
                                    g->window.len, bytes);
    }
    if (bytes > a->config.window_len) {
        return refuse_numbers(reason, MOTE_E_SPACE, "golden window: bytes of it and room for",
                              bytes, a->config.window_len);
    }
    a->infer.fill = 0;
    *raw = a->config.window;
    int status = mote_golden_window(g, a->config.window, bytes);
    return status ? refuse(reason, status, "golden window: cannot be made") : MOTE_OK;
}

// As mote_pipe_run does it, with a look at the input tensor before the graph may overwrite it.
static int run_golden(struct mote_agent *a, const struct mote_golden *g, struct agent_text *reason)
{
    struct mote_pipe *p = &a->infer.pipe;
    const struct mote_pipe_config *c = &p->config;
    struct mote_nn_tensor in, out;
    uint8_t digest[MOTE_DIGEST_LEN];
    const uint8_t *raw;
    int status = golden_bytes(a, g, &raw, reason);
    if (status) {
        return status;
    }
    status = mote_nn_reset(&p->nn);
    status = status ? status : mote_nn_input(&p->nn, 0, &in);
    status = status ? status
                    : mote_pipe_features(c, raw, g->type, g->scale, p->scratch, p->scratch_len,
                                         p->features);
    status = status ? status : mote_pipe_quantize(p->features, c->features, &in);
    if (status) {
        return refuse(reason, status, "golden window: features cannot be computed");
    }
    mote_sha256(digest, in.data, in.bytes);
    if (memcmp(digest, g->features, MOTE_DIGEST_LEN) != 0) {
        return refuse(reason, MOTE_E_MISMATCH, "golden window: features differ");
    }
    status = mote_nn_invoke(&p->nn);
    status = status ? status : mote_nn_output(&p->nn, 0, &out);
    if (status) {
        return refuse(reason, status, "golden window: model does not run");
    }
    if (out.bytes != g->output.len || memcmp(out.data, g->output.p, out.bytes) != 0) {
        return refuse(reason, MOTE_E_MISMATCH, "golden window: outputs differ");
    }
    return MOTE_OK;
}

int agent_try_model(struct mote_agent *a, const struct mote_slot_file *f,
                    const struct mote_manifest *m, struct agent_text *reason)
{
    struct mote_pipe *p = &a->infer.pipe;
    struct mote_nn_diag diag = {0};
    int status = check_pipeline(f, m, reason);
    if (status) {
        return status;
    }
    status = mote_pipe_open(p, f->map, f->size, a->config.ops, a->config.arena, a->config.arena_len,
                            &diag);
    if (status) {
        agent_text_put(reason, "model does not open: ");
        return refuse(reason, status, diag.reason ? diag.reason : mote_status_text(status));
    }
    status = agent_pipe_fits(a, &p->config, reason);
    if (status) {
        return status;
    }
    if (!agent_same(m->stream,
                    a->config.sensor.streams[agent_find_stream(a, p->config.stream)].name)) {
        return refuse(reason, MOTE_E_MISMATCH, "stream inside the model is not the manifest's");
    }
    for (unsigned i = 0; i < m->golden_count && status == MOTE_OK; i++) {
        status = run_golden(a, &m->golden[i], reason);
    }
    return status;
}
