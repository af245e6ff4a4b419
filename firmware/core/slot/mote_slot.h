// A/B slots of named models: download into the one not in use, switch by one atomic record, confirm
// after a trial or go back. docs/formats/slot.md has the bytes and the proof obligations.
//
//   EMPTY -begin-> RECEIVING -put...-work-> READY -switch-> TRIAL -confirm-> CONFIRMED
//                       |                     |               |
//                       +------ abandon ------+            rollback, or too many boots:
//                                                          the other slot again
//
// The record of all models is one value of mote_meta, so a switch or a confirm is all or nothing.
// The number below which releases are refused rises only at confirm, so a trial can always go back.
// A download survives any cut: blocks that were put are not asked for again.
#ifndef MOTE_SLOT_H
#define MOTE_SLOT_H

#include "firmware/core/mote_base.h"
#include "firmware/core/mote_config.h"
#include "firmware/core/mote_port.h"
#include "firmware/core/pkg/mote_delta.h"
#include "firmware/core/pkg/mote_pkg.h"
#include "firmware/core/sig/mote_sig.h"
#include "firmware/core/slot/mote_meta.h"

#define MOTE_SLOT_TRIAL_BOOTS 3 // a trial that boots more often without a confirm goes back

// Where a model's two slots are: at addr and addr + size. Kept, not copied.
struct mote_slot_place {
    // Of the model, or NULL: takes the name of the first release that comes for none of the others.
    const char *name;
    const struct mote_flash *flash;
    uint32_t addr, size; // multiples of the sector
};

enum mote_slot_state {
    MOTE_SLOT_EMPTY,
    MOTE_SLOT_RECEIVING,
    MOTE_SLOT_READY,
    MOTE_SLOT_TRIAL,
    MOTE_SLOT_CONFIRMED
};

struct mote_slot_record { // of one model; part of the switch record
    char name[MOTE_NAME_MAX + 1];
    uint8_t active; // 0 or 1: slot in use; meaningful where active_state is TRIAL or CONFIRMED
    uint8_t active_state; // EMPTY, TRIAL, CONFIRMED
    uint8_t
        previous; // during a trial: 1 where the other slot holds a confirmed model to go back to
    uint8_t boots;    // during a trial
    uint32_t confirmed_seq;   // releases at or below are refused
    uint32_t failed_seq;      // last release that was refused or rolled back, 0: none
    int32_t failed_status;    // enum mote_status
    uint8_t failed_digest[8]; // first bytes of its manifest digest
};

// A model file in a slot.
struct mote_slot_file {
    uint8_t state; // enum mote_slot_state
    uint32_t seq;  // of the release
    uint32_t size; // bytes
    uint8_t digest[MOTE_DIGEST_LEN];
    uint8_t manifest_digest[MOTE_DIGEST_LEN];
    uint64_t health_us; // of trial
    const struct mote_flash *flash;
    uint32_t addr;      // of the file's first byte
    const uint8_t *map; // the file in place, or NULL where the flash cannot be read in place
};

struct mote_slot { // private but for reading record[]
    struct mote_meta *meta;
    const struct mote_slot_place *place;
    uint8_t count;
    struct mote_slot_record record[MOTE_MAX_MODELS];
    // the download:
    uint8_t *bitmap;
    size_t bitmap_len;
    int8_t receiving; // place, -1: none
    uint8_t target;   // slot of it
    uint8_t step;
    uint32_t blocks, have, block_size, payload_size, payload_addr, journal_at, position;
    uint8_t form;
    uint8_t payload_digest[MOTE_DIGEST_LEN];
    char name[MOTE_NAME_MAX + 1];
    struct mote_slot_file file;
    struct mote_slot_file base; // what a model that is not sent whole is built from
    struct mote_sha256 sha;
    struct mote_delta delta;
};

// Reads the record, counts a boot of every model on trial, goes back where that was one too many
// (record[].failed_status is then MOTE_E_TIMEOUT). bitmap: RAM of a bit a payload block and a bit a
// sector of the largest slot. MOTE_E_ARG, MOTE_E_IO.
int mote_slot_mount(struct mote_slot *s, struct mote_meta *meta,
                    const struct mote_slot_place *place, size_t count, uint8_t *bitmap,
                    size_t bitmap_len) MOTE_CHECK;
// Bytes of the largest model file that a place's slots take.
uint32_t mote_slot_capacity(const struct mote_slot_place *place);
// The place of a model by its name, or a free one that would take it; MOTE_E_NOT_FOUND.
int mote_slot_find(const struct mote_slot *s, struct mote_str name) MOTE_CHECK;
// The model in use (TRIAL or CONFIRMED). MOTE_E_NOT_FOUND where there is none.
int mote_slot_active(const struct mote_slot *s, unsigned place,
                     struct mote_slot_file *out) MOTE_CHECK;
// The slot not in use: EMPTY, RECEIVING, READY, or the CONFIRMED one that a trial would go back to.
int mote_slot_other(const struct mote_slot *s, unsigned place,
                    struct mote_slot_file *out) MOTE_CHECK;
// Bytes of a file in a slot.
int mote_slot_read(const struct mote_slot_file *f, uint32_t offset, void *buf,
                   uint32_t len) MOTE_CHECK;

// Would this release be taken? Nothing is written. MOTE_OK, MOTE_E_ROLLBACK (number at or below the
// confirmed one), MOTE_E_NOT_FOUND (no place for that name), MOTE_E_SPACE, MOTE_E_STATE (a trial is
// going on), MOTE_E_MISMATCH (delta against a model that is not the one in use),
// MOTE_E_UNSUPPORTED.
int mote_slot_check(const struct mote_slot *s, const struct mote_manifest *m) MOTE_CHECK;
// Starts a download into the slot not in use, or goes on with it where that slot already receives
// the same manifest. Verify the manifest first. Returns the place, or as mote_slot_check; for the
// very manifest that failed before, what it failed with. block_size must divide the sector or be a
// multiple.
int mote_slot_begin(struct mote_slot *s, const struct mote_manifest *m,
                    const uint8_t manifest_digest[MOTE_DIGEST_LEN]) MOTE_CHECK;
// The first payload block at or after `from` that is missing; MOTE_E_NOT_FOUND where none is.
int mote_slot_missing(const struct mote_slot *s, uint32_t from) MOTE_CHECK;
// Stores a payload block: all are block_size long but the last. Blocks come in any order; one that
// is there already is MOTE_OK. May erase a sector. MOTE_E_ARG (no such block), MOTE_E_FORMAT (of
// another length), MOTE_E_STATE, MOTE_E_IO.
int mote_slot_put(struct mote_slot *s, uint32_t block, const uint8_t *data, size_t len) MOTE_CHECK;
// Bytes of payload that are there, and all of them.
void mote_slot_progress(const struct mote_slot *s, uint32_t *have, uint32_t *total);
// A step of digesting the payload, building the model from it where it is not whole, and digesting
// that. MOTE_E_AGAIN while there is more to do, MOTE_OK once the slot is READY, MOTE_E_CORRUPT
// where a digest differs, MOTE_E_FORMAT or MOTE_E_MISMATCH where the payload is no delta of the
// model in use (the slot is then empty), MOTE_E_STATE while blocks are missing.
int mote_slot_work(struct mote_slot *s) MOTE_CHECK;
// Empties the slot that receives or is ready and remembers why; MOTE_OK where there was nothing.
int mote_slot_abandon(struct mote_slot *s, unsigned place, int status) MOTE_CHECK;
// The READY slot comes into use, on trial. Checks of the model itself (operators, arena, golden
// windows) go before it. MOTE_E_STATE where it is not ready.
int mote_slot_switch(struct mote_slot *s, unsigned place) MOTE_CHECK;
// Ends a trial for good and raises the confirmed number. MOTE_E_STATE where there is no trial.
int mote_slot_confirm(struct mote_slot *s, unsigned place) MOTE_CHECK;
// Ends a trial by going back to what was confirmed before, or to no model where nothing was.
int mote_slot_rollback(struct mote_slot *s, unsigned place, int status) MOTE_CHECK;

#endif
