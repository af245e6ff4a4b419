// Bytes of the spool on flash, and what its files share. docs/formats/spool.md is the
// specification.
//
// Sector: header, then records. Numbers are little-endian; every part is padded with 0xff to the
// program unit, so that each unit is programmed once.
//   sector header   0 magic "MSP1"   4 generation   8 class   9 version   10 program unit   11 zero
//                   12 boot   16 CRC-32 of the 16 bytes before
//   record          0 'R'   1 type   2 name length   3 zero   4 payload length (16 bits)   6, 7 zero
//                   8 seq   16 last - seq (32 bits)   20 session   32 name   CRC-32 of all that,
//                   seeded with the sector's generation
//                   then a unit that stays erased until the record is done with
//                   then payload and its CRC-32, seeded likewise
#ifndef MOTE_SPOOL_PRIV_H
#define MOTE_SPOOL_PRIV_H

#include "firmware/core/flash/mote_flash.h"
#include "firmware/core/spool/mote_spool.h"

#define SECTOR_HEADER 20
#define RECORD_FIXED 32
#define RECORD_HEADER_MAX (RECORD_FIXED + MOTE_NAME_MAX + 4)
#define FLAG_BLANK 1
#define FLAG_BAD 2

enum { RECORD_BLOCK = 1, RECORD_BOOT = 2 };

struct spool_record {
    uint32_t at; // offset in its sector
    uint32_t end;
    uint8_t type, name_len;
    uint16_t len;
    uint64_t seq;
    uint32_t span; // last - seq
    uint8_t session[MOTE_SESSION_LEN];
    char name[MOTE_NAME_MAX + 1];
};

uint32_t spool_sector_addr(const struct mote_spool *s, unsigned sector);
uint32_t spool_header_size(const struct mote_spool *s);
// Offsets of a record's parts from its start.
uint32_t spool_done_offset(const struct mote_spool *s, unsigned name_len);
uint32_t spool_payload_offset(const struct mote_spool *s, unsigned name_len);
uint32_t spool_record_size(const struct mote_spool *s, unsigned name_len, uint32_t len);
// The record at `from`, or the first readable one behind it, that begins before `stop`.
// MOTE_E_NOT_FOUND where there is none, MOTE_E_IO.
int spool_find_record(const struct mote_spool *s, unsigned sector, uint32_t from, uint32_t stop,
                      struct spool_record *r) MOTE_CHECK;
// Is it waiting for an acknowledgement? MOTE_OK, MOTE_E_STATE (done with), MOTE_E_IO.
int spool_is_live(const struct mote_spool *s, unsigned sector,
                  const struct spool_record *r) MOTE_CHECK;
// Marks a live record as done with and keeps the counts.
int spool_mark_done(struct mote_spool *s, unsigned sector, const struct spool_record *r) MOTE_CHECK;

bool spool_is_open(const struct mote_spool *s, unsigned sector);
// Sectors that can be opened: nothing live in them, not open, not bad.
uint32_t spool_free_sectors(const struct mote_spool *s);
// The sector of that class with the lowest generation above `above`; MOTE_E_NOT_FOUND.
int spool_next_sector(const struct mote_spool *s, unsigned cls, uint32_t above) MOTE_CHECK;
// A record of type BOOT, for mount.
int spool_append_boot(struct mote_spool *s) MOTE_CHECK;
// A MOTE_BLOCK_DROPPED block that stands in for first..last; may take the last free sector.
int spool_append_dropped(struct mote_spool *s, const struct spool_record *of, uint64_t first,
                         uint64_t last, uint64_t now_us, const char *reason) MOTE_CHECK;

#endif
