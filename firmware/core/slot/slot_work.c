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

static int compare(struct mote_slot *s, const uint8_t *want)
{
    uint8_t digest[MOTE_DIGEST_LEN];
    mote_sha256_final(&s->sha, digest);
    s->position = 0;
    if (memcmp(digest, want, MOTE_DIGEST_LEN) == 0) {
        return MOTE_OK;
    }
    // Whatever is wrong with it, it must be fetched anew.
    int status = slot_wipe(&s->place[s->receiving], s->target);
    slot_forget(s);
    return status != MOTE_OK ? status : MOTE_E_CORRUPT;
}

int mote_slot_work(struct mote_slot *s)
{
    int status;
    switch (s->step) {
    case STEP_FETCH:
        if (s->have < s->blocks) {
            return MOTE_E_STATE;
        }
        s->position = 0;
        s->step = STEP_PAYLOAD;
        return MOTE_E_AGAIN;
    case STEP_PAYLOAD:
        status = digest_step(s, s->payload_addr, s->payload_size);
        if (status == MOTE_OK) {
            status = compare(s, s->payload_digest);
        }
        if (status != MOTE_OK) {
            return status;
        }
        // A whole payload is the model: their digests are equal, which the manifest's decoder checked.
        s->step = STEP_READY;
        s->file.state = MOTE_SLOT_READY;
        return MOTE_OK;
    case STEP_READY:
        return MOTE_OK;
    default:
        return MOTE_E_STATE;
    }
}
