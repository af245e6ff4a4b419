// First include of every device source: status codes, fixed-width types, little-endian access.
// Freestanding: needs no C library beyond string.h's memcpy, memmove, memset and memcmp.
#ifndef MOTE_BASE_H
#define MOTE_BASE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

_Static_assert(CHAR_BIT == 8 && sizeof(float) == 4,
               "Moteloop needs 8-bit bytes and IEEE 754 float32");

#define MOTE_CHECK __attribute__((warn_unused_result))
#define MOTE_COUNT(a) (sizeof(a) / sizeof((a)[0]))

// Errors of device code. Functions return 0 or a negative status; a positive value is a count.
enum mote_status {
    MOTE_OK = 0,
    MOTE_E_ARG = -1,         // misuse by the caller; nothing changed
    MOTE_E_FORMAT = -2,      // bytes are not what they claim to be
    MOTE_E_SPACE = -3,       // the caller's buffer, arena or flash is too small
    MOTE_E_UNSUPPORTED = -4, // well-formed, but not something this build can do
    MOTE_E_IO = -5,          // flash or transport failed
    MOTE_E_AGAIN = -6,       // nothing now; call again
    MOTE_E_CORRUPT = -7,     // a digest or checksum does not match
    MOTE_E_AUTH = -8,        // a signature is missing, wrong, or by a key that may not
    MOTE_E_NOT_FOUND = -9,
    MOTE_E_LIMIT = -10,      // a named ceiling was passed
    MOTE_E_STATE = -11,      // not possible in the present state
    MOTE_E_TIMEOUT = -12,
    MOTE_E_MISMATCH = -13,   // does not fit this device, this base or these golden outputs
    MOTE_E_ROLLBACK = -14,   // older than what was accepted before, or expired
    MOTE_E_CLOSED = -15      // the peer closed the connection
};

// A short word for a status, such as "corrupt"; never NULL.
const char *mote_status_text(int status);

static inline uint16_t mote_get16(const uint8_t *p)
{
    return (uint16_t)(p[0] | (unsigned)p[1] << 8);
}
static inline uint32_t mote_get32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}
static inline uint64_t mote_get64(const uint8_t *p)
{
    return mote_get32(p) | (uint64_t)mote_get32(p + 4) << 32;
}
static inline void mote_put16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}
static inline void mote_put32(uint8_t *p, uint32_t v)
{
    mote_put16(p, (uint16_t)v);
    mote_put16(p + 2, (uint16_t)(v >> 16));
}
static inline void mote_put64(uint8_t *p, uint64_t v)
{
    mote_put32(p, (uint32_t)v);
    mote_put32(p + 4, (uint32_t)(v >> 32));
}
static inline float mote_getf(const uint8_t *p)
{
    uint32_t u = mote_get32(p);
    float f;
    memcpy(&f, &u, 4);
    return f;
}
static inline void mote_putf(uint8_t *p, float f)
{
    uint32_t u;
    memcpy(&u, &f, 4);
    mote_put32(p, u);
}

#endif
