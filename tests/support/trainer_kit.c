// See trainer_kit.h.
#include "tests/support/trainer_kit.h"
#include "common/err.h"
#include "common/io.h"
#include "common/project.h"
#include "common/store/store_device.h"
#include "common/store/store_label.h"
#include "common/store/store_sample.h"
#include "firmware/core/wire/mote_wire.h"
#include "tests/support/store_fixture.h"

#define BLOCK_VALUES 1500

static void must(int rc, const struct err *e)
{
    if (rc < 0) {
        fprintf(stderr, "trainer kit: %s\n", e->msg);
        exit(1);
    }
}

void trainer_kit_make(struct trainer_kit *k)
{
    struct err e = {0};
    struct project_conf conf;
    char path[IO_PATH_MAX];
    const char *base = getenv("TMPDIR");
    *k = (struct trainer_kit){0};
    snprintf(k->dir, sizeof(k->dir), "%s/mote-trainer-XXXXXX", base ? base : "/tmp");
    if (!mkdtemp(k->dir)) {
        perror("trainer kit: mkdtemp");
        exit(1);
    }
    project_conf_defaults(&conf);
    char *text = project_conf_text(&conf);
    snprintf(path, sizeof(path), "%s/moteloop.conf", k->dir);
    must(text ? io_write_atomic(path, text, strlen(text), 0644, &e) : E_MEM, &e);
    free(text);
    must(store_open(&k->store, k->dir, STORE_CREATE, &e), &e);
}

void trainer_kit_remove(struct trainer_kit *k)
{
    store_close(k->store);
    support_remove_tree(k->dir);
    *k = (struct trainer_kit){0};
}

static void put_block(struct trainer_kit *k, const struct trainer_take *t,
                      const struct store_block *like, size_t from, size_t count, int64_t *rec)
{
    struct err e = {0};
    uint8_t bytes[4 * BLOCK_VALUES], data[2 * BLOCK_VALUES];
    for (size_t i = 0; i < count * t->channels; i++) {
        mote_put16(data + 2 * i, (uint16_t)t->frames[from * t->channels + i]);
    }
    struct store_block row = *like;
    row.t_us += (int64_t)(from * t->interval_ns / 1000);
    row.end_us = row.t_us + (int64_t)(count * t->interval_ns / 1000);
    row.frames = (int64_t)count;
    row.rec_end = from + count == t->count;
    struct mote_block b = {.kind = MOTE_BLOCK_SAMPLES,
                           .flags = MOTE_BLOCK_SIMULATED | (row.rec_end ? MOTE_BLOCK_REC_END : 0u),
                           .seq = (uint64_t)row.seq,
                           .t_us = (uint64_t)row.t_us,
                           .interval_ns = t->interval_ns,
                           .type = MOTE_I16,
                           .channels = (uint8_t)t->channels,
                           .scale = t->scale,
                           .recording = 1,
                           .data = data,
                           .data_len = 2 * count * t->channels};
    int len = mote_block_encode(bytes, sizeof(bytes), &b);
    must(len < 0 ? err_set(&e, E_FORMAT, "cannot encode a block") : OK, &e);
    row.bytes = bytes;
    row.len = (size_t)len;
    must(store_block_put(k->store, &row, rec, &e), &e);
}

int64_t trainer_kit_record(struct trainer_kit *k, const struct trainer_take *t)
{
    struct err e = {0};
    uint8_t uid[12] = {0};
    mote_put32(uid, (uint32_t)++k->sessions);
    int64_t rec = 0;
    int added = store_device_add(k->store, t->device, "", "", &e);
    must(added == E_EXISTS ? OK : added, &e);
    struct store_stream st = {.device = t->device,
                              .name = t->stream,
                              .units = "",
                              .channel_names = "",
                              .type = MOTE_I16,
                              .channels = t->channels,
                              .interval_ns = (int64_t)t->interval_ns,
                              .scale = (double)t->scale};
    struct store_block like = {.kind = MOTE_BLOCK_SAMPLES,
                               .rec_no = 1,
                               .t_us = 1000000,
                               .simulated = true,
                               .hint = "",
                               .device = t->device,
                               .grp = t->group};
    must(store_session_put(k->store, t->device, uid, 0, true, &like.session_id, &e), &e);
    must(store_begin_blocks(k->store, &e), &e);
    must(store_stream_put(k->store, &st, &e), &e);
    like.stream_id = st.stream_id;
    size_t step = BLOCK_VALUES / t->channels;
    for (size_t from = 0; from < t->count; from += step, like.seq++) {
        put_block(k, t, &like, from, t->count - from < step ? t->count - from : step, &rec);
    }
    must(store_commit(k->store, &e), &e);
    if (t->label) {
        trainer_kit_label(k, rec, "", t->label, -1, -1);
    }
    return rec;
}

void trainer_kit_label(struct trainer_kit *k, int64_t rec_id, const char *region, const char *label,
                       int64_t start_us, int64_t end_us)
{
    struct err e = {0};
    struct store_region r = {.rec_id = rec_id,
                             .region = region,
                             .label = label,
                             .author = "kit",
                             .source = "human",
                             .model = "",
                             .whole = !*region,
                             .start_us = start_us,
                             .end_us = end_us};
    must(store_label_set(k->store, &r, -1, &e), &e);
}

const char *trainer_kit_file(struct trainer_kit *k, const char *name, const char *text)
{
    static char path[IO_PATH_MAX];
    struct err e = {0};
    must(io_join(path, sizeof(path), k->dir, name), &e);
    must(io_write_atomic(path, text, strlen(text), 0644, &e), &e);
    return path;
}
