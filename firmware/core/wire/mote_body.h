// How bodies are written and read: CBOR maps with small integer keys, and checked fields. For the
// wire, releases and pipelines; users of the formats need only mote_wire.h and its like.
#ifndef MOTE_BODY_H
#define MOTE_BODY_H

#include "firmware/core/wire/mote_cbor.h"
#include "firmware/core/wire/mote_wire.h"

// Ceilings of texts, in bytes.
#define MOTE_TEXT_SHORT 63 // units, board, instruction set
#define MOTE_TEXT_LONG 255 // reasons, replies
#define MOTE_TEXT_OPS 2047 // a list of operators
// Numbers that end in a database or in signed arithmetic stay below 2^63.
#define MOTE_U63_MAX ((uint64_t)INT64_MAX)

// --- writing -----------------------------------------------------------------------------------
// A map whose pair count is found while it is written: at most 23 pairs, so that the head is a
// byte.
struct mote_map_writer {
    struct mote_cbor_writer *w;
    size_t at; // of the head
    unsigned pairs;
};
void mote_map_begin(struct mote_map_writer *m, struct mote_cbor_writer *w);
void mote_map_end(struct mote_map_writer *m);
void mote_map_key(struct mote_map_writer *m, unsigned key); // then one item
void mote_map_uint(struct mote_map_writer *m, unsigned key, uint64_t v);
void mote_map_uint_opt(struct mote_map_writer *m, unsigned key, uint64_t v); // nothing where v is 0
void mote_map_int(struct mote_map_writer *m, unsigned key, int64_t v);
void mote_map_float(struct mote_map_writer *m, unsigned key, float v);
void mote_map_bool_opt(struct mote_map_writer *m, unsigned key, bool v); // nothing where false
void mote_map_text(struct mote_map_writer *m, unsigned key, struct mote_str s);
void mote_map_text_opt(struct mote_map_writer *m, unsigned key,
                       struct mote_str s); // nothing where empty
void mote_map_bytes(struct mote_map_writer *m, unsigned key, const void *p, size_t len);
void mote_map_bytes_opt(struct mote_map_writer *m, unsigned key, const void *p,
                        size_t len); // nothing where all zero

// A whole body that is one map: begin, then mote_map_* on body.map, then end. End returns the bytes
// written, or MOTE_E_SPACE.
struct mote_body_writer {
    struct mote_cbor_writer cbor;
    struct mote_map_writer map;
};
void mote_body_begin(struct mote_body_writer *b, uint8_t *out, size_t cap);
int mote_body_end(struct mote_body_writer *b) MOTE_CHECK;

// --- reading -----------------------------------------------------------------------------------
struct mote_map_reader {
    struct mote_cbor_reader *r;
    size_t left;
    uint64_t key;  // of the item that comes next
    uint32_t seen; // bit k: key k was met
    bool first;
};
void mote_map_open(struct mote_map_reader *m, struct mote_cbor_reader *r);
// The next key, in ascending order, is in m->key; false at the end or after an error. Key 0 is the
// format's version: absent or 1; others make MOTE_E_UNSUPPORTED.
bool mote_map_next(struct mote_map_reader *m);
// MOTE_E_FORMAT unless every key whose bit is set in need was met.
int mote_map_need(const struct mote_map_reader *m, uint32_t need);
// Reads the item of one key into out; unknown keys are skipped by mote_cbor_skip.
typedef void (*mote_field_fn)(struct mote_cbor_reader *r, uint64_t key, void *out);
// A nested map, field by field; MOTE_E_FORMAT is recorded unless the keys of need were met.
void mote_map_read(struct mote_cbor_reader *r, uint32_t need, mote_field_fn field, void *out);
// An array of at most max such maps, into zeroed elements of size bytes each. *count: how many.
void mote_maps_read(struct mote_cbor_reader *r, uint32_t need, mote_field_fn field, void *out,
                    size_t size, size_t max, size_t *count);
// A whole body of len bytes that is one map; nothing may follow it. MOTE_OK or the first error.
int mote_body_read(const uint8_t *p, size_t len, uint32_t need, mote_field_fn field,
                   void *out) MOTE_CHECK;
void mote_read_u63(struct mote_cbor_reader *r, uint64_t *v);
void mote_read_i32(struct mote_cbor_reader *r, int32_t *v);
void mote_read_u8(struct mote_cbor_reader *r, uint8_t *v, unsigned max);
// Text of at most max bytes without control characters.
void mote_read_text(struct mote_cbor_reader *r, struct mote_str *s, size_t max);
// A name: MOTE_E_FORMAT unless empty or mote_is_name.
void mote_read_name(struct mote_cbor_reader *r, struct mote_str *s);
void mote_read_fixed(struct mote_cbor_reader *r, uint8_t *out, size_t len);
// A float that is a number (neither infinite nor NaN).
void mote_read_number(struct mote_cbor_reader *r, float *v);

bool mote_is_number(float v);
bool mote_is_name(const char *p, size_t len);   // [a-z0-9_]{1,31}
bool mote_is_device(const char *p, size_t len); // [a-z0-9-]{1,32}
// What mote_read_text accepts: for encoders, which must not write what decoders refuse.
bool mote_is_text(struct mote_str s, size_t max);

#endif
