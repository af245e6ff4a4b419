// FlatBuffers: a table starts with a signed offset back to its vtable (u16 size, u16 table size,
// u16 field offsets); references are u32 offsets forward from their own place.
#include "common/tflite/fbr.h"

#include "firmware/core/mote_base.h"

void fbr_fail(struct fbr *r, const char *what)
{
    if (!r->bad) {
        r->bad = what;
    }
}

static bool inside(struct fbr *r, size_t at, size_t bytes)
{
    if (r->bad) {
        return false;
    }
    if (at > r->len || bytes > r->len - at) {
        r->bad = "an offset points outside of the file";
        r->bad_at = at;
        return false;
    }
    return true;
}

uint32_t fbr_u32_at(struct fbr *r, size_t at)
{
    return inside(r, at, 4) ? mote_get32(r->p + at) : 0;
}

static uint16_t u16_at(struct fbr *r, size_t at)
{
    return (uint16_t)(inside(r, at, 2) ? mote_get16(r->p + at) : 0);
}

// Follows the reference at `at`; 0 on failure.
static size_t follow(struct fbr *r, size_t at)
{
    uint32_t offset = fbr_u32_at(r, at);
    if (r->bad || !inside(r, at + offset, 4)) {
        return 0;
    }
    return at + offset;
}

size_t fbr_root(struct fbr *r, const char *identifier)
{
    if (!inside(r, 0, 8)) {
        r->bad = "the file is too short";
        return 0;
    }
    if (memcmp(r->p + 4, identifier, 4) != 0) {
        fbr_fail(r, "the file identifier is missing");
        return 0;
    }
    return follow(r, 0);
}

// Position of a field of `bytes` bytes, 0 where it is absent.
static size_t field(struct fbr *r, size_t table, size_t slot, size_t bytes)
{
    if (!table || r->bad) {
        return 0;
    }
    int64_t vtable = (int64_t)table - (int32_t)fbr_u32_at(r, table);
    if (vtable < 0 || !inside(r, (size_t)vtable, 4)) {
        fbr_fail(r, "a table's vtable lies outside of the file");
        return 0;
    }
    size_t size = u16_at(r, (size_t)vtable);
    if (4 + 2 * slot + 2 > size) {
        return 0;
    }
    size_t offset = u16_at(r, (size_t)vtable + 4 + 2 * slot);
    return offset && inside(r, table + offset, bytes) ? table + offset : 0;
}

uint8_t fbr_u8(struct fbr *r, size_t table, size_t slot, uint8_t absent)
{
    size_t at = field(r, table, slot, 1);
    return at ? r->p[at] : absent;
}

uint32_t fbr_u32(struct fbr *r, size_t table, size_t slot, uint32_t absent)
{
    size_t at = field(r, table, slot, 4);
    return at ? mote_get32(r->p + at) : absent;
}

size_t fbr_table(struct fbr *r, size_t table, size_t slot)
{
    size_t at = field(r, table, slot, 4);
    return at ? follow(r, at) : 0;
}

size_t fbr_vector(struct fbr *r, size_t table, size_t slot, size_t size, size_t *count)
{
    *count = 0;
    size_t at = fbr_table(r, table, slot);
    if (!at) {
        return 0;
    }
    size_t n = fbr_u32_at(r, at);
    if (n > (r->len - at) / size || !inside(r, at + 4, n * size)) {
        fbr_fail(r, "a vector is longer than the file");
        return 0;
    }
    *count = n;
    return at + 4;
}

size_t fbr_table_at(struct fbr *r, size_t at, size_t i)
{
    return follow(r, at + 4 * i);
}

const char *fbr_string(struct fbr *r, size_t table, size_t slot)
{
    size_t len, at = fbr_vector(r, table, slot, 1, &len);
    if (!at || !inside(r, at + len, 1)) {
        return NULL;
    }
    const char *text = (const char *)r->p + at;
    if (text[len] != '\0' || memchr(text, '\0', len)) {
        fbr_fail(r, "a string does not end where it says");
        return NULL;
    }
    return text;
}
