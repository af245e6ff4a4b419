// Store-and-forward log on flash: what must survive waits here until the collector acknowledged it.
//
// The region is a set of sectors, each opened for one class of records, erased once each time
// round. A record holds an encoded block with its session, stream and sequence, so that blocks of
// earlier boots are still sent and acknowledged after a cut. Any byte of any operation may be the
// last one before the power goes: what mote_spool_append said MOTE_OK to is there after the next
// mount, and what was acknowledged may be sent again but is never mixed up. docs/formats/spool.md
// has the bytes.
//
// When all sectors are taken, the oldest sector of samples goes first; other blocks (events,
// health, replies, records of what was dropped) have sectors of their own and stay longer. Each
// class keeps at least a quarter of the sectors. For what goes, the spool writes MOTE_BLOCK_DROPPED
// blocks by itself, before it erases: one for each session and stream, carrying session, stream and
// first sequence number of what it stands for.
//
// Costs: 12 bytes of RAM a sector; a mount reads the head of every record; a block needs
// MOTE_SPOOL_OVERHEAD bytes more than its length, rounded up to the flash's program unit.
#ifndef MOTE_SPOOL_H
#define MOTE_SPOOL_H

#include "firmware/core/mote_base.h"
#include "firmware/core/mote_port.h"
#include "firmware/core/wire/mote_wire.h"

enum mote_spool_class {
    MOTE_SPOOL_KEEP, // events, health, replies, dropped: sent first, dropped last
    MOTE_SPOOL_SAMPLES
};
#define MOTE_SPOOL_CLASSES 2
#define MOTE_SPOOL_MIN_SECTORS 6
// Around a block at most, for a program unit of u bytes.
#define MOTE_SPOOL_OVERHEAD(u) (40 + MOTE_NAME_MAX + 4 + 3 * (u))

struct mote_spool_sector { // private; the caller gives one for each sector of the flash
    uint32_t generation;   // order of opening; 0: holds nothing of value
    uint32_t used;         // bytes from the start that records take
    uint16_t live;         // records not yet acknowledged
    uint8_t cls;
    uint8_t flags; // BLANK: erased since mount; BAD: programming failed, not opened again
};

struct mote_spool_place { // private: a position between records
    uint16_t sector;
    uint32_t generation; // of the sector when the position was taken; 0: none
    uint32_t offset;
};

struct mote_spool {
    uint8_t session[MOTE_SESSION_LEN]; // of this boot; read it
    uint32_t boot;                     // boots since the flash was new, from 1; read it
    uint64_t dropped;                  // blocks dropped since mount; read it
    uint32_t in_flight; // records given by mote_spool_next and not acknowledged; read it
    // private:
    const struct mote_flash *flash;
    struct mote_spool_sector *sector;
    uint32_t sectors;
    uint32_t next_generation;
    uint16_t last_opened;
    struct mote_spool_place open[MOTE_SPOOL_CLASSES];
    struct mote_spool_place cursor[MOTE_SPOOL_CLASSES]; // of mote_spool_next
    struct mote_spool_place sent[MOTE_SPOOL_CLASSES]; // how far it ever was: acks reach so far
};

// A block on its way out.
struct mote_spool_item {
    uint8_t cls;
    uint8_t session[MOTE_SESSION_LEN];
    char stream[MOTE_NAME_MAX + 1];
    uint64_t seq, last; // last > seq only for a MOTE_BLOCK_DROPPED block
    size_t len;         // of the encoded block
};

// Finds what is there, opens a new session and makes the boot count durable. table has one entry
// for each sector (flash->size / flash->sector of them, at least MOTE_SPOOL_MIN_SECTORS, at most
// 65535). MOTE_E_ARG, MOTE_E_SPACE (table too small), MOTE_E_IO. A flash that was never used, or
// holds other bytes, is an empty spool.
int mote_spool_mount(struct mote_spool *s, const struct mote_flash *flash,
                     struct mote_spool_sector *table, size_t table_len,
                     const struct mote_entropy *entropy) MOTE_CHECK;
// The longest block that append takes.
size_t mote_spool_block_max(const struct mote_spool *s);
// Appends an encoded block of this session; seq rises by one for each block of a stream. now_us
// dates the records of what had to go for it. MOTE_OK only once it is durable. MOTE_E_SPACE where
// the block is longer than mote_spool_block_max, MOTE_E_IO where flash failed (the block is not
// there; its number must not be used again: append the next one under the next number).
int mote_spool_append(struct mote_spool *s, enum mote_spool_class cls, const char *stream,
                      uint64_t seq, uint64_t now_us, const uint8_t *block, size_t len) MOTE_CHECK;
// The next block to send, oldest first, class KEEP before SAMPLES; it stays in the spool until it
// is acknowledged. Limit how far ahead of acknowledgements to go by s->in_flight. MOTE_E_NOT_FOUND
// where there is none further on, MOTE_E_SPACE where cap is too small (item->len says what it
// needs). A block whose bytes went bad becomes a MOTE_BLOCK_DROPPED block.
int mote_spool_next(struct mote_spool *s, uint64_t now_us, struct mote_spool_item *item,
                    uint8_t *buf, size_t cap) MOTE_CHECK;
// Back to the oldest unacknowledged block: after a reconnect or a timeout.
void mote_spool_rewind(struct mote_spool *s);
// Frees what an acknowledgement covers, of what mote_spool_next gave out since mount.
// Returns the number of blocks freed, or MOTE_E_IO.
int mote_spool_ack(struct mote_spool *s, const struct mote_ack *ack) MOTE_CHECK;
// Erases a sector ahead of need, when there is time: an append then does not wait for an erase.
// MOTE_E_AGAIN where there is more to do, MOTE_OK where not.
int mote_spool_idle(struct mote_spool *s) MOTE_CHECK;
// Unacknowledged blocks, and bytes of the sectors that hold any.
uint32_t mote_spool_blocks(const struct mote_spool *s);
uint32_t mote_spool_used(const struct mote_spool *s);

#endif
