// Bytes of a slot on flash, and what its files share. docs/formats/slot.md is the specification.
//
//   slot     head area (whole sectors): header, then the journal; behind it the data area
//   header   0 magic "MSL1"   4 seq   8 size   12 payload size   16 block size   20 form, 3 zero
//            24 health_us (64 bits)   32 digest   64 manifest digest   96 payload digest
//            128 base digest   160 CRC-32 of all that
//   journal  entries of 8 bytes, padded to the program unit: 0 type   1 zero   2 index (16 bits)
//            4 CRC-32 of the 4 bytes before, begun with JOURNAL_SEED
//              'E' a sector of the data area was erased for this download
//              'X' it is about to be erased again: blocks in it are gone
//              'B' a payload block is complete
#ifndef MOTE_SLOT_PRIV_H
#define MOTE_SLOT_PRIV_H

#include "firmware/core/flash/mote_flash.h"
#include "firmware/core/slot/mote_slot.h"

#define SLOT_HEADER 164
#define JOURNAL_ENTRY 8
#define JOURNAL_SEED 0x4d534c31u // the CRC of four blank bytes, begun with 0, would look blank

enum slot_step { STEP_NONE, STEP_FETCH, STEP_PAYLOAD, STEP_BUILD, STEP_MODEL, STEP_READY };

struct slot_header {
    uint32_t seq, size, payload_size, block_size;
    uint8_t form;
    uint64_t health_us;
    uint8_t digest[MOTE_DIGEST_LEN], manifest[MOTE_DIGEST_LEN], payload[MOTE_DIGEST_LEN],
        base[MOTE_DIGEST_LEN];
};

uint32_t slot_addr(const struct mote_slot_place *p, unsigned which);
uint32_t slot_head_size(const struct mote_slot_place *p);
// MOTE_OK, MOTE_E_NOT_FOUND (no valid header), MOTE_E_IO.
int slot_read_header(const struct mote_slot_place *p, unsigned which,
                     struct slot_header *h) MOTE_CHECK;
int slot_write_header(const struct mote_slot_place *p, unsigned which,
                      const struct slot_header *h) MOTE_CHECK;
// Makes a slot's header invalid.
int slot_wipe(const struct mote_slot_place *p, unsigned which) MOTE_CHECK;
void slot_describe(const struct mote_slot_place *p, unsigned which, const struct slot_header *h,
                   uint8_t state, struct mote_slot_file *out);
// Forgets the download in RAM.
void slot_forget(struct mote_slot *s);
// Sets what a failed release leaves behind in a record.
void slot_note_failure(struct mote_slot_record *r, uint32_t seq, const uint8_t *manifest_digest,
                       int status);
// Writes all records as one value; s->record is `next` where that succeeded.
int slot_commit(struct mote_slot *s, const struct mote_slot_record *next) MOTE_CHECK;

#endif
