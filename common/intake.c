// See intake.h. Rows go in transactions of at most BATCH_US, so that a collector beside this waits
// little; labels follow in main.db once the recordings that they are about are committed. Where a run was
// cut between the two, the next one finds the recording without labels and adds them.
#include "common/intake.h"

#include <ctype.h>
#include <sodium.h>

#include "common/clock.h"
#include "common/dataset.h"
#include "common/err.h"
#include "common/hex.h"
#include "common/store/store_erase.h"
#include "common/store/store_label.h"
#include "common/store/store_sample.h"
#include "firmware/core/wire/mote_wire.h"

#define BATCH_US 40000
#define BLOCK_DATA 15360 // bytes of samples in a block: with its overhead it fills a page of 16 KiB
#define GAP_US 1000000   // between recordings of a session's time line
#define STREAMS_MAX 16

struct owed { // labels of a recording that is not committed yet
    int64_t rec_id, start_us;
    uint64_t interval_ns;
    struct ds_region *region;
    size_t regions;
    bool only_if_bare; // the recording was there before
};

struct intake {
    struct store *s;
    const char *label; // for what has none
    struct intake_counts *r;
    struct err *e;     // of the call that is under way
    char device[MOTE_DEVICE_MAX + 1];
    uint8_t session[MOTE_SESSION_LEN];
    int64_t session_id, rec_no, t_us, opened_us;
    bool open;
    struct {
        char name[MOTE_NAME_MAX + 1];
        int64_t stream_id, seq;
        // shape as it was last put
        struct ds_item shape;
    } stream[STREAMS_MAX];
    size_t streams;
    struct owed *owed;
    size_t owes, owed_cap;
};

// --- labels, once their recordings are committed -----------------------------------------------

static int count_region(void *ctx, const struct store_region *r)
{
    (void)r;
    ++*(int *)ctx;
    return 0;
}

static int put_label(struct intake *im, const struct owed *o, const struct ds_region *d, size_t n)
{
    char id[24] = "";
    bool whole = d->whole;
    if (!whole || d->has_box) {
        snprintf(id, sizeof id, "i%zu", n);
    }
    struct store_region r = {.rec_id = o->rec_id,
                             .region = id,
                             .label = d->label,
                             .author = "import",
                             .source = "import",
                             .whole = whole,
                             .has_box = d->has_box,
                             .x = d->x,
                             .y = d->y,
                             .w = d->w,
                             .h = d->h};
    if (!whole) {
        r.start_us = o->start_us + (int64_t)(d->start * o->interval_ns / 1000);
        r.end_us = o->start_us + (int64_t)(d->end * o->interval_ns / 1000);
    }
    int rc = store_label_set(im->s, &r, -1, im->e);
    im->r->labels += rc == OK;
    return rc;
}

static int put_labels(struct intake *im)
{
    int rc = OK;
    for (size_t i = 0; i < im->owes && !rc;) {
        int64_t until = clock_mono_us() + BATCH_US;
        rc = store_begin(im->s, im->e);
        for (; i < im->owes && !rc && clock_mono_us() < until; i++) {
            const struct owed *o = &im->owed[i];
            int there = 0;
            if (o->only_if_bare) {
                rc = store_label_walk(im->s, o->rec_id, count_region, &there, im->e);
            }
            for (size_t k = 0; k < o->regions && !rc && !there; k++) {
                rc = put_label(im, o, &o->region[k], k);
            }
        }
        if (rc) {
            store_rollback(im->s);
        } else {
            rc = store_commit(im->s, im->e);
        }
    }
    for (size_t i = 0; i < im->owes; i++) {
        free(im->owed[i].region);
    }
    im->owes = 0;
    return rc;
}

static int owe_labels(struct intake *im, const struct ds_item *item, int64_t rec_id,
                      int64_t start_us, bool only_if_bare)
{
    struct ds_region fallback = {.whole = true};
    const struct ds_region *from = item->region;
    size_t count = item->regions;
    if (count == 0 && im->label) {
        snprintf(fallback.label, sizeof fallback.label, "%s", im->label);
        from = &fallback;
        count = 1;
    }
    if (count == 0) {
        return OK;
    }
    if (im->owes == im->owed_cap) {
        size_t cap = im->owed_cap ? 2 * im->owed_cap : 256;
        struct owed *more = reallocarray(im->owed, cap, sizeof *more);
        if (!more) {
            return err_set(im->e, E_MEM, "out of memory");
        }
        im->owed = more;
        im->owed_cap = cap;
    }
    struct ds_region *copy = reallocarray(NULL, count, sizeof *copy);
    if (!copy) {
        return err_set(im->e, E_MEM, "out of memory");
    }
    memcpy(copy, from, count * sizeof *copy);
    im->owed[im->owes++] =
        (struct owed){rec_id, start_us, item->interval_ns, copy, count, only_if_bare};
    return OK;
}

// --- transactions --------------------------------------------------------------------------------

static int begin(struct intake *im)
{
    if (im->open) {
        return OK;
    }
    int rc = store_begin_blocks(im->s, im->e);
    im->open = rc == OK;
    im->opened_us = clock_mono_us();
    return rc;
}

static int commit(struct intake *im)
{
    if (im->open) {
        im->open = false;
        int rc = store_commit(im->s, im->e);
        if (rc) {
            return rc;
        }
    }
    return put_labels(im);
}

// --- one recording -------------------------------------------------------------------------------

static bool same_shape(const struct ds_item *a, const struct ds_item *b)
{
    return a->type == b->type && a->channels == b->channels && a->interval_ns == b->interval_ns &&
           memcmp(&a->scale, &b->scale, sizeof a->scale) == 0;
}

static int find_stream(struct intake *im, const struct ds_item *item, size_t *at)
{
    size_t i = 0;
    while (i < im->streams && strcmp(im->stream[i].name, item->stream) != 0) {
        i++;
    }
    *at = i;
    if (i < im->streams && same_shape(&im->stream[i].shape, item)) {
        return OK;
    }
    if (i == STREAMS_MAX || strlen(item->stream) > MOTE_NAME_MAX) {
        return err_set(im->e, E_LIMIT,
                       "stream '%.64s': a name has at most %d characters, an import %d streams",
                       item->stream, MOTE_NAME_MAX, STREAMS_MAX);
    }
    struct store_stream st = {.device = im->device,
                              .name = item->stream,
                              .units = item->units,
                              .type = item->type,
                              .channels = item->channels,
                              .scale = (double)item->scale,
                              .interval_ns = (int64_t)item->interval_ns,
                              .channel_names = item->channel_names};
    int rc = store_stream_put(im->s, &st, im->e);
    if (rc) {
        return rc;
    }
    snprintf(im->stream[i].name, sizeof im->stream[i].name, "%s", item->stream);
    im->stream[i].stream_id = st.stream_id;
    im->stream[i].shape = *item;
    im->streams += i == im->streams;
    return OK;
}

static void digest_item(const struct ds_item *item, size_t bytes, char out[HEX_DIGEST_TEXT])
{
    crypto_hash_sha256_state h;
    uint8_t shape[32] = {0}, digest[HEX_DIGEST_LEN];
    mote_put32(shape, item->type);
    mote_put32(shape + 4, item->channels);
    mote_putf(shape + 8, item->scale);
    mote_put64(shape + 12, item->interval_ns);
    mote_put32(shape + 20, item->width);
    mote_put32(shape + 24, item->height);
    crypto_hash_sha256_init(&h);
    crypto_hash_sha256_update(&h, shape, sizeof shape);
    crypto_hash_sha256_update(&h, item->raw, bytes);
    crypto_hash_sha256_final(&h, digest);
    hex_encode(out, digest, sizeof digest);
}

struct cut { // a block's part of a recording
    size_t first, count;
    bool last;
};

static int put_block(struct intake *im, const struct ds_item *item, size_t stream, struct cut part,
                     const char *digest, int64_t *rec_id)
{
    uint8_t bytes[BLOCK_DATA + MOTE_BLOCK_OVERHEAD];
    size_t frame = mote_sample_size(item->type) * item->channels;
    uint64_t offset_us = part.first * item->interval_ns / 1000,
             span_us = part.count * item->interval_ns / 1000;
    struct mote_block b = {.seq = (uint64_t)im->stream[stream].seq,
                           .t_us = (uint64_t)im->t_us + offset_us,
                           .interval_ns = item->interval_ns,
                           .type = (uint8_t)item->type,
                           .channels = (uint8_t)item->channels,
                           .scale = item->scale,
                           .width = item->width,
                           .height = item->height,
                           .recording = (uint32_t)im->rec_no,
                           .flags = part.last ? MOTE_BLOCK_REC_END : 0,
                           .data = (const uint8_t *)item->raw + part.first * frame,
                           .data_len = part.count * frame};
    memcpy(b.session, im->session, sizeof b.session);
    int len = mote_block_encode(bytes, sizeof bytes, &b);
    if (len < 0) {
        return err_set(im->e, E_FORMAT, "'%s' cannot be a recording: %s", item->name,
                       mote_status_text(len));
    }
    struct store_block row = {.session_id = im->session_id,
                              .stream_id = im->stream[stream].stream_id,
                              .seq = im->stream[stream].seq++,
                              .kind = MOTE_BLOCK_SAMPLES,
                              .rec_no = im->rec_no,
                              .t_us = (int64_t)b.t_us,
                              .frames = (int64_t)part.count,
                              .end_us = (int64_t)(b.t_us + (span_us ? span_us : 1)),
                              .bytes = bytes,
                              .len = (size_t)len,
                              .rec_end = part.last,
                              .width = item->width,
                              .height = item->height,
                              .source = "import",
                              .name = item->name,
                              .grp = item->group,
                              .digest = digest,
                              .device = im->device,
                              .meta = item->meta};
    int rc = store_block_put(im->s, &row, rec_id, im->e);
    im->r->bytes += len;
    return rc < 0 ? rc
           : rc == STORE_BLOCK_NEW
               ? OK
               : err_set(im->e, E_STATE, "block of '%s' was there already", item->name);
}

static int put_recording(struct intake *im, const struct ds_item *item, const char *digest)
{
    size_t stream, frame = mote_sample_size(item->type) * item->channels,
                   per_block = BLOCK_DATA / frame;
    int64_t rec_id = 0;
    int rc = find_stream(im, item, &stream);
    im->rec_no++;
    for (size_t at = 0; at < item->frames && !rc;) {
        size_t count = item->frames - at < per_block ? item->frames - at : per_block;
        rc = put_block(im, item, stream, (struct cut){at, count, at + count == item->frames},
                       digest, &rec_id);
        at += count;
    }
    if (!rc) {
        rc = owe_labels(im, item, rec_id, im->t_us, false);
    }
    im->t_us += (int64_t)(item->frames * item->interval_ns / 1000) + GAP_US;
    im->r->recordings++;
    im->r->frames += (int64_t)item->frames;
    return rc;
}

static int check_item(const struct ds_item *item, struct err *why)
{
    if (item->frames == 0 || item->channels == 0 || item->channels > MOTE_MAX_CHANNELS ||
        !mote_sample_size(item->type)) {
        return err_set(why, E_FORMAT, "'%s' has no samples, or more than %d channels", item->name,
                       MOTE_MAX_CHANNELS);
    }
    for (size_t i = 0; i < item->regions; i++) {
        if (!item->region[i].label[0] || strlen(item->region[i].label) > STORE_LABEL_MAX) {
            return err_set(why, E_FORMAT, "'%s': label '%s' has not 1 to %d bytes", item->name,
                           item->region[i].label, STORE_LABEL_MAX);
        }
    }
    return OK;
}

static int take_start(void *ctx, const struct store_recording *r)
{
    *(int64_t *)ctx = r->start_us;
    return 0;
}

// Labels for a recording of an earlier run, where that run could not add them.
static int mend_labels(struct intake *im, const struct ds_item *item, int64_t rec_id)
{
    int64_t start_us =
        -1; // stays where the recording is of this very transaction: its labels are owed already
    struct store_recording_filter f = {.rec_id = rec_id};
    int rc = store_recording_walk(im->s, &f, take_start, &start_us, im->e);
    return rc || start_us < 0 ? rc : owe_labels(im, item, rec_id, start_us, true);
}

int intake_item(struct intake *im, const struct ds_item *item, struct err *e)
{
    char digest[HEX_DIGEST_TEXT];
    im->e = e;
    if (check_item(item, e)) {
        return e->code;
    }
    digest_item(item, item->frames * item->channels * mote_sample_size(item->type), digest);
    int64_t there = 0;
    int rc = begin(im);
    if (!rc) {
        rc = store_recording_by_digest(im->s, digest, &there, e);
    }
    bool erased = false;
    rc = rc || there ? rc : store_erase_knows(im->s, digest, &erased, e);
    if (!rc && erased) { // on request: bringing it back would undo that
        im->r->erased++;
    } else if (!rc && there) {
        im->r->duplicates++;
        rc = mend_labels(im, item, there);
    } else if (!rc) {
        rc = put_recording(im, item, digest);
    }
    if (!rc && clock_mono_us() - im->opened_us >= BATCH_US) {
        rc = commit(im);
    }
    return rc;
}

int intake_finish(struct intake *im, struct err *e)
{
    im->e = e;
    return commit(im);
}

// --- start and end -------------------------------------------------------------------------------

void intake_name_device(char out[INTAKE_DEVICE_MAX], const char *prefix, const char *name)
{
    size_t len = (size_t)snprintf(out, INTAKE_DEVICE_MAX, "%s", prefix);
    for (; *name && len + 1 < INTAKE_DEVICE_MAX; name++) {
        char c = (char)tolower((unsigned char)*name);
        out[len++] = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '-';
    }
    if (len == strlen(prefix)) {
        len += (size_t)snprintf(out + len, INTAKE_DEVICE_MAX - len, "files");
    }
    out[len] = 0;
}

int intake_open(struct intake **out, struct store *s, const char *device, const char *label,
                struct intake_counts *r, struct err *e)
{
    *out = NULL;
    if (sodium_init() < 0) {
        return err_set(e, E_IO, "no source of random numbers");
    }
    struct intake *im = calloc(1, sizeof *im);
    if (!im) {
        return err_set(e, E_MEM, "out of memory");
    }
    im->s = s;
    im->label = label;
    im->r = r;
    im->e = e;
    snprintf(im->device, sizeof im->device, "%s", device);
    randombytes_buf(im->session, sizeof im->session);
    int rc = store_session_put(s, im->device, im->session, 0, false, &im->session_id, e);
    if (rc) {
        free(im);
        return rc;
    }
    *out = im;
    return OK;
}

void intake_close(struct intake *im)
{
    if (!im) {
        return;
    }
    if (im->open) {
        store_rollback(im->s);
    }
    for (size_t i = 0; i < im->owes; i++) {
        free(im->owed[i].region);
    }
    free(im->owed);
    free(im);
}
