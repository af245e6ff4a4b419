// CBOR (RFC 8949): a bounded writer and a bounded reader, without allocation or recursion.
//
// What is written is deterministic (section 4.2.1): shortest forms, definite lengths; the caller
// keeps map keys in ascending order. What is read must be of definite length, and of shortest form
// unless the reader is told to be lenient (for what other programs wrote).
//
// Both keep the first error and do nothing after it, so that a caller may check once at the end:
// writers by mote_cbor_finish, readers by mote_cbor_end. Loops over a count are safe without a
// check, because counts are checked against the bytes that are left.
#ifndef MOTE_CBOR_H
#define MOTE_CBOR_H

#include "firmware/core/mote_base.h"

// --- writer ------------------------------------------------------------------------------------
struct mote_cbor_writer {
    uint8_t *out;
    size_t cap;
    size_t len; // written so far
    bool full;  // something did not fit
};
void mote_cbor_writer_init(struct mote_cbor_writer *w, uint8_t *out, size_t cap);
void mote_cbor_put_uint(struct mote_cbor_writer *w, uint64_t v);
void mote_cbor_put_int(struct mote_cbor_writer *w, int64_t v);
void mote_cbor_put_bytes(struct mote_cbor_writer *w, const void *p, size_t len);
void mote_cbor_put_text(struct mote_cbor_writer *w, const char *p, size_t len);
void mote_cbor_put_array(struct mote_cbor_writer *w, size_t count); // then count items
void mote_cbor_put_map(struct mote_cbor_writer *w, size_t pairs);   // then 2 * pairs items
void mote_cbor_put_tag(struct mote_cbor_writer *w, uint64_t tag);   // then one item
void mote_cbor_put_bool(struct mote_cbor_writer *w, bool v);
void mote_cbor_put_null(struct mote_cbor_writer *w);
void mote_cbor_put_float(struct mote_cbor_writer *w, float v);   // float16 where that loses nothing
void mote_cbor_put_double(struct mote_cbor_writer *w, double v); // float16 or float32 likewise
// Head of a byte string of len bytes whose content the caller puts by mote_cbor_put_raw.
void mote_cbor_put_bytes_head(struct mote_cbor_writer *w, size_t len);
// Bytes as they are: an item encoded before, or the content of a string.
void mote_cbor_put_raw(struct mote_cbor_writer *w, const void *p, size_t len);
// Bytes written, or MOTE_E_SPACE.
int mote_cbor_finish(const struct mote_cbor_writer *w) MOTE_CHECK;

// --- reader ------------------------------------------------------------------------------------
enum mote_cbor_type {
    MOTE_CBOR_UINT,
    MOTE_CBOR_NINT,
    MOTE_CBOR_BYTES,
    MOTE_CBOR_TEXT,
    MOTE_CBOR_ARRAY,
    MOTE_CBOR_MAP,
    MOTE_CBOR_TAG,
    MOTE_CBOR_BOOL,
    MOTE_CBOR_NULL,
    MOTE_CBOR_FLOAT,
    MOTE_CBOR_OTHER, // undefined, other simple values, indefinite lengths, break
    MOTE_CBOR_NONE   // no byte left, or an error before
};
struct mote_cbor_reader {
    const uint8_t *p, *end; // the next byte; one past the last
    int status;             // MOTE_OK, or the first error
    bool lenient;           // accept lengths and numbers that are longer than need be
};
void mote_cbor_reader_init(struct mote_cbor_reader *r, const void *p, size_t len);
enum mote_cbor_type mote_cbor_peek(const struct mote_cbor_reader *r);
// All return r->status: MOTE_OK, MOTE_E_FORMAT (malformed, or another type), MOTE_E_LIMIT (a number
// out of the result's range). After an error, results are zero.
int mote_cbor_get_uint(struct mote_cbor_reader *r, uint64_t *v);
// MOTE_E_LIMIT above max.
int mote_cbor_get_uint_max(struct mote_cbor_reader *r, uint64_t max, uint64_t *v);
int mote_cbor_get_u32(struct mote_cbor_reader *r, uint32_t *v);
int mote_cbor_get_int(struct mote_cbor_reader *r, int64_t *v);
int mote_cbor_get_bytes(struct mote_cbor_reader *r, const uint8_t **p, size_t *len); // borrowed
int mote_cbor_get_text(struct mote_cbor_reader *r, const char **p, size_t *len); // as well; UTF-8
int mote_cbor_get_array(struct mote_cbor_reader *r, size_t *count);
int mote_cbor_get_map(struct mote_cbor_reader *r, size_t *pairs);
int mote_cbor_get_tag(struct mote_cbor_reader *r, uint64_t *tag);
int mote_cbor_get_bool(struct mote_cbor_reader *r, bool *v);
int mote_cbor_get_null(struct mote_cbor_reader *r);
int mote_cbor_get_float(struct mote_cbor_reader *r, float *v);   // of float16 and float32
int mote_cbor_get_double(struct mote_cbor_reader *r, double *v); // of any width
// Skips one item with all that it holds.
int mote_cbor_skip(struct mote_cbor_reader *r);
// Records an error that the caller found, unless there is one before it; returns the first.
int mote_cbor_fail(struct mote_cbor_reader *r, int status);
// MOTE_OK where all bytes were read without an error; MOTE_E_FORMAT where some are left.
int mote_cbor_end(struct mote_cbor_reader *r) MOTE_CHECK;

#endif
