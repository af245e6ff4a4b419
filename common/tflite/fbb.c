// FlatBuffers, as https://flatbuffers.dev/internals/ lays them out. Positions are kept as distances
// from the end, which do not change while the front grows; a table's offset to its vtable is
// table position - vtable position, any other offset is target - place of the offset itself.
#include "common/tflite/fbb.h"

#include <assert.h>

#include "common/buf.h"
#include "common/err.h"
#include "firmware/core/mote_base.h"

void fbb_release(struct fbb *b)
{
    free(b->mem);
    *b = (struct fbb){0};
}

// Room for n more bytes at the front; NULL where the builder has failed.
static uint8_t *grow(struct fbb *b, size_t n)
{
    if (b->status != OK) {
        return NULL;
    }
    if (n > FBB_MAX_BYTES - b->used) {
        b->status = E_LIMIT;
        return NULL;
    }
    if (b->used + n > b->cap) {
        size_t cap = b->cap ? b->cap : 4096;
        while (cap < b->used + n) {
            cap *= 2;
        }
        uint8_t *mem = malloc(cap);
        if (!mem) {
            b->status = E_MEM;
            return NULL;
        }
        if (b->used) {
            memcpy(mem + cap - b->used, b->mem + b->cap - b->used, b->used);
        }
        free(b->mem);
        b->mem = mem;
        b->cap = cap;
    }
    b->used += n;
    return b->mem + b->cap - b->used;
}

// Pads so that after `bytes` more bytes the front is aligned.
static void prepare(struct fbb *b, size_t align, size_t bytes)
{
    if (b->align < align) {
        b->align = align;
    }
    size_t pad = (align - (b->used + bytes) % align) % align;
    uint8_t *p = pad ? grow(b, pad) : NULL;
    if (p) {
        memset(p, 0, pad);
    }
}

static void push32(struct fbb *b, uint32_t v)
{
    uint8_t *p = grow(b, 4);
    if (p) {
        mote_put32(p, v);
    }
}

static fbb_ref here(const struct fbb *b)
{
    return (fbb_ref)b->used;
}

fbb_ref fbb_vector(struct fbb *b, const void *data, size_t count, size_t size, size_t align)
{
    if (count > FBB_MAX_BYTES / size) {
        b->status = b->status != OK ? b->status : E_LIMIT;
        return 0;
    }
    size_t bytes = count * size;
    prepare(b, align < 4 ? 4 : align, bytes);
    uint8_t *p = grow(b, bytes);
    if (p && bytes) {
        memcpy(p, data, bytes);
    }
    push32(b, (uint32_t)count);
    return here(b);
}

fbb_ref fbb_string(struct fbb *b, const char *text)
{
    size_t len = strlen(text);
    prepare(b, 4, len + 1);
    uint8_t *p = grow(b, len + 1);
    if (p) {
        memcpy(p, text, len + 1);
    }
    push32(b, (uint32_t)len);
    return here(b);
}

fbb_ref fbb_refs(struct fbb *b, const fbb_ref *ref, size_t count)
{
    prepare(b, 4, 0);
    for (size_t i = count; i > 0; i--) {
        push32(b, here(b) + 4 - ref[i - 1]);
    }
    push32(b, (uint32_t)count);
    return here(b);
}

void fbb_table_begin(struct fbb *b)
{
    memset(b->field, 0, sizeof b->field);
    b->fields = 0;
    b->table_start = b->used;
}

static uint8_t *add_field(struct fbb *b, size_t slot, size_t bytes)
{
    assert(slot < FBB_MAX_FIELDS);
    prepare(b, bytes, bytes);
    uint8_t *p = grow(b, bytes);
    b->field[slot] = here(b);
    if (slot >= b->fields) {
        b->fields = slot + 1;
    }
    return p;
}

void fbb_u8(struct fbb *b, size_t slot, uint8_t value, uint8_t absent)
{
    uint8_t *p = value != absent ? add_field(b, slot, 1) : NULL;
    if (p) {
        *p = value;
    }
}

void fbb_u32(struct fbb *b, size_t slot, uint32_t value, uint32_t absent)
{
    uint8_t *p = value != absent ? add_field(b, slot, 4) : NULL;
    if (p) {
        mote_put32(p, value);
    }
}

void fbb_i32(struct fbb *b, size_t slot, int32_t value, int32_t absent)
{
    fbb_u32(b, slot, (uint32_t)value, (uint32_t)absent);
}

void fbb_f32(struct fbb *b, size_t slot, float value, float absent)
{
    uint32_t v, a;
    memcpy(&v, &value, 4);
    memcpy(&a, &absent, 4);
    fbb_u32(b, slot, v, a);
}

void fbb_put_ref(struct fbb *b, size_t slot, fbb_ref ref)
{
    uint8_t *p = ref ? add_field(b, slot, 4) : NULL;
    if (p) {
        mote_put32(p, here(b) - ref);
    }
}

// The distance of an equal vtable written before, or 0.
static fbb_ref find_vtable(const struct fbb *b, const uint8_t *vtable, size_t bytes)
{
    for (size_t i = 0; i < b->vtables; i++) {
        const uint8_t *old = b->mem + b->cap - b->vtable[i];
        if (mote_get16(old) == bytes && memcmp(old, vtable, bytes) == 0) {
            return b->vtable[i];
        }
    }
    return 0;
}

fbb_ref fbb_table_end(struct fbb *b)
{
    uint8_t vtable[4 + 2 * FBB_MAX_FIELDS];
    prepare(b, 4, 0);
    push32(b, 0);
    fbb_ref table = here(b);
    size_t bytes = 4 + 2 * b->fields;
    mote_put16(vtable, (uint16_t)bytes);
    mote_put16(vtable + 2, (uint16_t)(table - b->table_start));
    for (size_t i = 0; i < b->fields; i++) {
        mote_put16(vtable + 4 + 2 * i, (uint16_t)(b->field[i] ? table - b->field[i] : 0));
    }
    if (b->status != OK) {
        return 0;
    }
    fbb_ref at = find_vtable(b, vtable, bytes);
    if (!at) {
        prepare(b, 2, bytes);
        uint8_t *p = grow(b, bytes);
        if (!p) {
            return 0;
        }
        memcpy(p, vtable, bytes);
        at = here(b);
        if (b->vtables < FBB_MAX_VTABLES) {
            b->vtable[b->vtables++] = at;
        }
    }
    mote_put32(b->mem + b->cap - table, at - table);
    return table;
}

int fbb_finish(struct fbb *b, fbb_ref root, const char *identifier, struct buf *out)
{
    prepare(b, b->align < 4 ? 4 : b->align, 8);
    uint8_t *p = grow(b, 4);
    if (p) {
        memcpy(p, identifier, 4);
    }
    push32(b, here(b) + 4 - root);
    if (b->status != OK) {
        return b->status;
    }
    return buf_put(out, b->mem + b->cap - b->used, b->used);
}
