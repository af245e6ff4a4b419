// From a complete download to a slot that is ready: digests, a piece at a time.
#include "firmware/core/slot/slot_priv.h"

#define PIECE 256 // bytes digested before the sum of a step is looked at
#define STEP_BYTES 4096

// Digests on from s->position up to `size` bytes at addr. MOTE_E_AGAIN while there is more.
static int digest_step(struct mote_slot *s, uint32_t addr, uint32_t size)
{
    uint8_t buf[PIECE];
    const struct mote_flash *f = s->file.flash;
    if (s->position == 0) {
        mote_sha256_init(&s->sha);
    }
    for (uint32_t done = 0; s->position < size && done < STEP_BYTES;) {
        uint32_t n = size - s->position < PIECE ? size - s->position : PIECE;
        int status = f->read(f->ctx, addr + s->position, buf, n);
        if (status != MOTE_OK) {
            return status;
        }
        mote_sha256_update(&s->sha, buf, n);
        s->position += n;
        done += n;
    }
    return s->position < size ? MOTE_E_AGAIN : MOTE_OK;
}

// Ends a download that cannot become a model.
static int discard(struct mote_slot *s, int why)
{
    int status = slot_wipe(&s->place[s->receiving], s->target);
    slot_forget(s);
    return status != MOTE_OK ? status : why;
}

static int compare(struct mote_slot *s, const uint8_t *want)
{
    uint8_t digest[MOTE_DIGEST_LEN];
    mote_sha256_final(&s->sha, digest);
    s->position = 0;
    if (memcmp(digest, want, MOTE_DIGEST_LEN) == 0) {
        return MOTE_OK;
    }
    return discard(s, MOTE_E_CORRUPT); // whatever is wrong with it, it must be fetched anew
}

static int read_payload(void *ctx, uint32_t at, void *buf, uint32_t len)
{
    const struct mote_slot *s = ctx;
    return s->file.flash->read(s->file.flash->ctx, s->payload_addr + at, buf, len);
}

static int read_base(void *ctx, uint32_t at, void *buf, uint32_t len)
{
    return mote_slot_read(ctx, at, buf, len);
}

static int open_delta(struct mote_slot *s)
{
    int status = mote_slot_active(s, (unsigned)s->receiving, &s->base);
    if (status == MOTE_OK) {
        status = mote_delta_open(&s->delta, read_payload, s, s->payload_size, read_base, &s->base,
                                 s->base.size, s->file.size);
    }
    return status == MOTE_OK || status == MOTE_E_IO ? status : discard(s, status);
}

// Builds on at the data area's start. A cut in it is no harm: the payload stays, and building
// starts anew.
static int build_step(struct mote_slot *s)
{
    uint8_t buf[PIECE];
    const struct mote_flash *f = s->file.flash;
    uint32_t stop =
        s->file.size - s->position < STEP_BYTES ? s->file.size : s->position + STEP_BYTES;
    int status = s->position == 0 ? open_delta(s) : MOTE_OK;
    while (status == MOTE_OK && s->position < stop) {
        uint32_t n = stop - s->position < PIECE ? stop - s->position : PIECE;
        struct mote_flash_writer w;
        if (s->position % f->sector == 0) {
            status = f->erase(f->ctx, s->file.addr + s->position);
        }
        if (status == MOTE_OK) {
            status = mote_delta_next(&s->delta, buf, n);
        }
        if (status == MOTE_OK) {
            mote_flash_writer_init(&w, f, s->file.addr + s->position);
            mote_flash_put(&w, buf, n);
            status = mote_flash_finish(&w);
        }
        s->position += n;
    }
    if (status != MOTE_OK) {
        s->position = 0; // the next step begins again
        return status;
    }
    return s->position < s->file.size ? MOTE_E_AGAIN : MOTE_OK;
}

static int advance(struct mote_slot *s, uint8_t step)
{
    s->position = 0;
    s->step = step;
    return MOTE_E_AGAIN;
}

int mote_slot_work(struct mote_slot *s)
{
    int status = MOTE_OK;
    switch (s->step) {
    case STEP_FETCH:
        return s->have < s->blocks ? MOTE_E_STATE : advance(s, STEP_PAYLOAD);
    case STEP_PAYLOAD:
        status = digest_step(s, s->payload_addr, s->payload_size);
        if (status == MOTE_OK) {
            status = compare(s, s->payload_digest);
        }
        // A whole payload is the model: their digests are equal, which the manifest's decoder
        // checked.
        if (status == MOTE_OK && s->form != MOTE_FORM_WHOLE) {
            return advance(s, STEP_BUILD);
        }
        break;
    case STEP_BUILD:
        status = build_step(s);
        return status == MOTE_OK ? advance(s, STEP_MODEL) : status;
    case STEP_MODEL:
        status = digest_step(s, s->file.addr, s->file.size);
        if (status == MOTE_OK) {
            status = compare(s, s->file.digest);
        }
        break;
    case STEP_READY:
        break;
    default:
        return MOTE_E_STATE;
    }
    if (status == MOTE_OK) {
        s->step = STEP_READY;
        s->file.state = MOTE_SLOT_READY;
    }
    return status;
}
