// Bounded FlatBuffer reader; see nn_fb.h for the layout.
#include "firmware/core/nn/nn_fb.h"

// True where [at, at + size) lies in the file; marks it as bad otherwise.
static bool inside(struct nn_fb *f, uint32_t at, uint32_t size)
{
    if (at <= f->len && size <= f->len - at) {
        return true;
    }
    f->bad = true;
    return false;
}

uint32_t nn_fb_field(struct nn_fb *f, uint32_t table, unsigned id, uint32_t size)
{
    if (table == 0) {
        return 0;
    }
    // Unsigned arithmetic: a vtable may lie on either side of its table.
    uint32_t vtable = table - mote_get32(f->p + table);
    if (vtable >= f->len || vtable % 2 != 0 || !inside(f, vtable, 4)) {
        f->bad = true;
        return 0;
    }
    uint32_t vtable_size = mote_get16(f->p + vtable);
    uint32_t table_size = mote_get16(f->p + vtable + 2);
    if (vtable_size < 4 || vtable_size % 2 != 0 || !inside(f, vtable, vtable_size) ||
        table_size < 4 || !inside(f, table, table_size)) {
        f->bad = true;
        return 0;
    }
    uint32_t slot = 4 + 2 * (uint32_t)id;
    if (slot + 2 > vtable_size) {
        return 0;
    }
    uint32_t offset = mote_get16(f->p + vtable + slot);
    if (offset == 0) {
        return 0;
    }
    if (offset < 4 || offset + size > table_size) {
        f->bad = true;
        return 0;
    }
    return table + offset;
}

int32_t nn_fb_i32(struct nn_fb *f, uint32_t table, unsigned id, int32_t fallback)
{
    uint32_t at = nn_fb_field(f, table, id, 4);
    return at != 0 ? (int32_t)mote_get32(f->p + at) : fallback;
}

uint8_t nn_fb_u8(struct nn_fb *f, uint32_t table, unsigned id, uint8_t fallback)
{
    uint32_t at = nn_fb_field(f, table, id, 1);
    return at != 0 ? f->p[at] : fallback;
}

float nn_fb_f32(struct nn_fb *f, uint32_t table, unsigned id, float fallback)
{
    uint32_t at = nn_fb_field(f, table, id, 4);
    return at != 0 ? mote_getf(f->p + at) : fallback;
}

uint32_t nn_fb_follow(struct nn_fb *f, uint32_t at)
{
    if (!inside(f, at, 4)) {
        return 0;
    }
    uint32_t offset = mote_get32(f->p + at);
    if (offset == 0 || offset > f->len - at || (at + offset) % 4 != 0 ||
        !inside(f, at + offset, 4)) {
        f->bad = true;
        return 0;
    }
    return at + offset;
}

uint32_t nn_fb_table(struct nn_fb *f, uint32_t table, unsigned id)
{
    uint32_t at = nn_fb_field(f, table, id, 4);
    return at != 0 ? nn_fb_follow(f, at) : 0;
}

struct nn_vec nn_fb_vec(struct nn_fb *f, uint32_t table, unsigned id, uint32_t elem_size)
{
    struct nn_vec v = {0, 0};
    uint32_t at = nn_fb_table(f, table, id);
    if (at == 0) {
        return v;
    }
    uint32_t count = mote_get32(f->p + at);
    if (count > (f->len - at - 4) / elem_size) {
        f->bad = true;
        return v;
    }
    v.at = at + 4;
    v.count = count;
    return v;
}

const char *nn_fb_text(struct nn_fb *f, uint32_t table, unsigned id)
{
    struct nn_vec v = nn_fb_vec(f, table, id, 1);
    if (v.at == 0) {
        return NULL;
    }
    if (!inside(f, v.at, v.count) || !inside(f, v.at + v.count, 1) || f->p[v.at + v.count] != 0) {
        f->bad = true;
        return NULL;
    }
    return (const char *)f->p + v.at;
}

uint32_t nn_fb_elem(struct nn_fb *f, struct nn_vec v, uint32_t i)
{
    if (i >= v.count) {
        f->bad = true;
        return 0;
    }
    return nn_fb_follow(f, v.at + 4 * i);
}

int32_t nn_fb_int(struct nn_fb *f, struct nn_vec v, uint32_t i)
{
    if (i >= v.count) {
        f->bad = true;
        return 0;
    }
    return (int32_t)mote_get32(f->p + v.at + 4 * i);
}
