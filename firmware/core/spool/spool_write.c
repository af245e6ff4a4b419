// Appending, and making room: sectors are opened, filled and, when all are taken, given up by
// policy.
//
// Room is kept for the records of what is given up: an ordinary append leaves free sectors that
// only those records and the count of boots may open. There are two, because a cut may come
// between.
#include "firmware/core/spool/spool_priv.h"

#define SPARE_SECTORS 2
#define DROPPED_BLOCK_MAX (MOTE_BLOCK_OVERHEAD + 64)

static bool has_room(const struct mote_spool *s, unsigned cls, uint32_t size)
{
    const struct mote_spool_place *open = &s->open[cls];
    return open->generation != 0 && s->flash->sector - open->offset >= size;
}

// Erases and heads the next free sector, round robin, so that all wear alike.
static int open_sector(struct mote_spool *s, unsigned cls)
{
    for (unsigned i = 0; i < s->sectors; i++) {
        unsigned k = (s->last_opened + 1 + i) % s->sectors;
        struct mote_spool_sector *t = &s->sector[k];
        if (t->live > 0 || (t->flags & FLAG_BAD) || spool_is_open(s, k)) {
            continue;
        }
        uint8_t h[SECTOR_HEADER] = {'M', 'S', 'P', '1'};
        struct mote_flash_writer w;
        int status = t->flags & FLAG_BLANK
                         ? MOTE_OK
                         : s->flash->erase(s->flash->ctx, spool_sector_addr(s, k));
        mote_put32(h + 4, s->next_generation);
        h[8] = (uint8_t)cls;
        h[9] = 1;
        h[10] = (uint8_t)s->flash->prog_unit;
        mote_put32(h + 12, s->boot);
        mote_put32(h + 16, mote_crc32(0, h, 16));
        t->generation = 0;
        t->flags = 0;
        if (status == MOTE_OK) {
            mote_flash_writer_init(&w, s->flash, spool_sector_addr(s, k));
            mote_flash_put(&w, h, sizeof(h));
            status = mote_flash_finish(&w);
        }
        if (status != MOTE_OK) {
            t->flags = FLAG_BAD;
            return status;
        }
        t->generation = s->next_generation++;
        t->cls = (uint8_t)cls;
        t->used = spool_header_size(s);
        s->last_opened = (uint16_t)k;
        s->open[cls] = (struct mote_spool_place){(uint16_t)k, t->generation, t->used};
        return MOTE_OK;
    }
    return MOTE_E_SPACE;
}

static uint32_t put_header(uint8_t *h, const struct spool_record *r, uint32_t generation)
{
    uint32_t len = RECORD_FIXED + r->name_len;
    memset(h, 0, RECORD_FIXED);
    h[0] = 'R';
    h[1] = r->type;
    h[2] = r->name_len;
    mote_put16(h + 4, r->len);
    mote_put64(h + 8, r->seq);
    mote_put32(h + 16, r->span);
    memcpy(h + 20, r->session, MOTE_SESSION_LEN);
    memcpy(h + RECORD_FIXED, r->name, r->name_len);
    mote_put32(h + len, mote_crc32(generation, h, len));
    return len + 4;
}

// Writes a record into the open sector, which has room. After a failure the sector is not used
// further.
static int write_record(struct mote_spool *s, unsigned cls, struct spool_record *r,
                        const uint8_t *payload)
{
    struct mote_spool_place *open = &s->open[cls];
    struct mote_spool_sector *t = &s->sector[open->sector];
    uint8_t head[RECORD_HEADER_MAX], sum[4];
    struct mote_flash_writer w;
    uint32_t base = spool_sector_addr(s, open->sector);
    r->at = open->offset;
    r->end = r->at + spool_record_size(s, r->name_len, r->len);
    mote_flash_writer_init(&w, s->flash, base + r->at);
    mote_flash_put(&w, head, put_header(head, r, t->generation));
    int status = mote_flash_finish(&w);
    bool headed = status == MOTE_OK;
    if (headed && r->len > 0) {
        mote_put32(sum, mote_crc32(t->generation, payload, r->len));
        mote_flash_writer_init(&w, s->flash, base + r->at + spool_payload_offset(s, r->name_len));
        mote_flash_put(&w, payload, r->len);
        mote_flash_put(&w, sum, sizeof(sum));
        status = mote_flash_finish(&w);
    }
    if (status != MOTE_OK) {
        // The block will be written elsewhere: this copy must not be taken for a block that went
        // bad.
        uint8_t mark[MOTE_PROG_UNIT_MAX] = {0};
        if (headed) {
            (void)s->flash->prog(s->flash->ctx, base + r->at + spool_done_offset(s, r->name_len),
                                 mark, s->flash->prog_unit);
        }
        t->flags |= FLAG_BAD;
        *open = (struct mote_spool_place){0};
        return status;
    }
    open->offset = r->end;
    t->used = r->end;
    t->live = (uint16_t)(t->live + (r->type == RECORD_BLOCK));
    return MOTE_OK;
}

// Appends without giving anything up: takes a new sector only where `spare` others stay free.
static int append_plain(struct mote_spool *s, unsigned cls, struct spool_record *r,
                        const uint8_t *payload, uint32_t spare)
{
    int status = MOTE_E_IO;
    for (unsigned tries = 0; tries < 3; tries++) { // a sector that fails is left for another
        if (!has_room(s, cls, spool_record_size(s, r->name_len, r->len))) {
            if (spool_free_sectors(s) <= spare) {
                return MOTE_E_SPACE;
            }
            status = open_sector(s, cls);
            if (status != MOTE_OK) {
                continue;
            }
        }
        status = write_record(s, cls, r, payload);
        if (status == MOTE_OK) {
            return MOTE_OK;
        }
    }
    return status;
}

int spool_append_dropped(struct mote_spool *s, const struct spool_record *of, uint64_t first,
                         uint64_t last, uint64_t now_us, const char *reason)
{
    uint8_t body[64], block[DROPPED_BLOCK_MAX];
    struct mote_dropped d = {.first = first, .last = last, .reason = {reason, 0}};
    struct mote_block b = {.kind = MOTE_BLOCK_DROPPED, .seq = first, .data = body};
    struct spool_record r = *of;
    while (reason[d.reason.len] != 0) {
        d.reason.len++;
    }
    // Device time of a session that is over cannot be told any more.
    d.t_us = memcmp(of->session, s->session, MOTE_SESSION_LEN) == 0 ? now_us : 0;
    b.t_us = d.t_us;
    memcpy(b.session, of->session, MOTE_SESSION_LEN);
    int len = mote_dropped_encode(body, sizeof(body), &d);
    if (len < 0) {
        return len;
    }
    b.data_len = (size_t)len;
    len = mote_block_encode(block, sizeof(block), &b);
    if (len < 0) {
        return len;
    }
    r.len = (uint16_t)len;
    r.seq = first;
    r.span = last - first > UINT32_MAX ? UINT32_MAX : (uint32_t)(last - first);
    return append_plain(s, MOTE_SPOOL_KEEP, &r, block, 0);
}

// The oldest closed sector of the class that is over its share; samples where both are.
static int choose_victim(const struct mote_spool *s)
{
    int oldest[MOTE_SPOOL_CLASSES] = {MOTE_E_NOT_FOUND, MOTE_E_NOT_FOUND};
    uint32_t count[MOTE_SPOOL_CLASSES] = {0, 0}, share = s->sectors / 4;
    for (unsigned i = 0; i < s->sectors; i++) {
        const struct mote_spool_sector *t = &s->sector[i];
        if (t->generation == 0) {
            continue;
        }
        count[t->cls]++;
        int *o = &oldest[t->cls];
        if (t->live > 0 && !spool_is_open(s, i) &&
            (*o < 0 || t->generation < s->sector[*o].generation)) {
            *o = (int)i;
        }
    }
    bool samples = oldest[MOTE_SPOOL_SAMPLES] >= 0 &&
                   (count[MOTE_SPOOL_SAMPLES] > share || oldest[MOTE_SPOOL_KEEP] < 0);
    return oldest[samples ? MOTE_SPOOL_SAMPLES : MOTE_SPOOL_KEEP];
}

static bool same_stream(const struct spool_record *a, const struct spool_record *b)
{
    return a->name_len == b->name_len && memcmp(a->name, b->name, a->name_len) == 0 &&
           memcmp(a->session, b->session, MOTE_SESSION_LEN) == 0;
}

struct range {
    uint64_t first, last;
};

// All live records of `of`'s session and stream in a sector: their range, or (with `done`) marks
// them.
static int walk_stream(struct mote_spool *s, unsigned sector, const struct spool_record *of,
                       bool done, struct range *g)
{
    struct spool_record r;
    int status;
    for (uint32_t at = of->at;
         (status = spool_find_record(s, sector, at, s->sector[sector].used, &r)) == MOTE_OK;
         at = r.end) {
        if (!same_stream(&r, of)) {
            continue;
        }
        status = spool_is_live(s, sector, &r);
        if (status == MOTE_E_STATE) {
            continue;
        }
        if (status == MOTE_OK && done) {
            status = spool_mark_done(s, sector, &r);
            s->dropped += r.span == 0;
        }
        if (status != MOTE_OK) {
            return status;
        }
        g->first = r.seq < g->first ? r.seq : g->first;
        g->last = r.seq + r.span > g->last ? r.seq + r.span : g->last;
    }
    return status == MOTE_E_NOT_FOUND ? MOTE_OK : status;
}

// Is a range of `of`'s session and stream told of already, outside that sector? So it is after a
// cut between the record and the marks; without looking, every such cut would add another record.
static int find_told(const struct mote_spool *s, unsigned sector, const struct spool_record *of,
                     const struct range *g)
{
    struct spool_record r;
    for (unsigned i = 0; i < s->sectors; i++) {
        const struct mote_spool_sector *t = &s->sector[i];
        if (i == sector || t->live == 0 || t->cls != MOTE_SPOOL_KEEP) {
            continue;
        }
        int status;
        for (uint32_t at = spool_header_size(s);
             (status = spool_find_record(s, i, at, t->used, &r)) == MOTE_OK; at = r.end) {
            bool covers = r.seq <= g->first && r.seq + r.span >= g->last && same_stream(&r, of);
            if (covers && spool_is_live(s, i, &r) == MOTE_OK) {
                return MOTE_OK;
            }
        }
        if (status != MOTE_E_NOT_FOUND) {
            return status;
        }
    }
    return MOTE_E_NOT_FOUND;
}

// A durable record of each stream's loss, then the marks on the blocks it stands for.
static int account(struct mote_spool *s, unsigned sector, uint64_t now_us)
{
    struct spool_record r;
    const struct mote_spool_sector *t = &s->sector[sector];
    int status = MOTE_OK;
    for (uint32_t at = spool_header_size(s); status == MOTE_OK && t->live > 0; at = r.end) {
        status = spool_find_record(s, sector, at, t->used, &r);
        if (status != MOTE_OK) {
            break;
        }
        struct range g = {r.seq, r.seq + r.span};
        status = spool_is_live(s, sector, &r);
        if (status == MOTE_E_STATE) {
            status = MOTE_OK;
            continue;
        }
        if (status == MOTE_OK) {
            status = walk_stream(s, sector, &r, false, &g);
        }
        if (status == MOTE_OK) {
            status = find_told(s, sector, &r, &g);
        }
        if (status == MOTE_E_NOT_FOUND) {
            status = spool_append_dropped(s, &r, g.first, g.last, now_us, "overflow");
        }
        if (status == MOTE_OK) {
            status = walk_stream(s, sector, &r, true, &g);
        }
    }
    return status;
}

// Gives up a sector. Where there is no room for records any more, what is left goes without; it is
// erased now, because unmarked blocks would come back at the next mount.
static int give_up(struct mote_spool *s, unsigned sector, uint64_t now_us, bool quietly)
{
    struct mote_spool_sector *t = &s->sector[sector];
    if (!quietly) {
        (void)account(s, sector, now_us); // the sector has to go in any case
    }
    int status = s->flash->erase(s->flash->ctx, spool_sector_addr(s, sector));
    s->dropped += t->live;
    t->live = 0;
    t->generation = 0;
    t->flags = status == MOTE_OK ? FLAG_BLANK : FLAG_BAD;
    return status;
}

static int make_room(struct mote_spool *s, uint64_t now_us, bool quietly)
{
    int victim = choose_victim(s);
    if (victim < 0) {
        return MOTE_E_SPACE;
    }
    int status = give_up(s, (unsigned)victim, now_us, quietly);
    return status == MOTE_E_IO ? MOTE_OK : status; // a bad sector is out of the way as well
}

int spool_append_boot(struct mote_spool *s)
{
    struct spool_record r = {.type = RECORD_BOOT, .seq = s->boot};
    memcpy(r.session, s->session, MOTE_SESSION_LEN);
    int status = append_plain(s, MOTE_SPOOL_KEEP, &r, NULL, 0);
    if (status == MOTE_E_SPACE) { // many cuts in a row, each while a sector was given up
        status = make_room(s, 0, true);
        status = status == MOTE_OK ? append_plain(s, MOTE_SPOOL_KEEP, &r, NULL, 0) : status;
    }
    return status;
}

int mote_spool_append(struct mote_spool *s, enum mote_spool_class cls, const char *stream,
                      uint64_t seq, uint64_t now_us, const uint8_t *block, size_t len)
{
    struct spool_record r = {.type = RECORD_BLOCK, .seq = seq};
    size_t n = 0;
    while (n <= MOTE_NAME_MAX && stream[n] != 0) {
        n++;
    }
    if (n == 0 || n > MOTE_NAME_MAX || len == 0 || (unsigned)cls >= MOTE_SPOOL_CLASSES) {
        return MOTE_E_ARG;
    }
    if (len > mote_spool_block_max(s)) {
        return MOTE_E_SPACE;
    }
    memcpy(r.name, stream, n);
    r.name_len = (uint8_t)n;
    r.len = (uint16_t)len;
    memcpy(r.session, s->session, MOTE_SESSION_LEN);
    int status = append_plain(s, cls, &r, block, SPARE_SECTORS);
    for (unsigned tries = 0; tries < 2 * s->sectors && status == MOTE_E_SPACE; tries++) {
        status = make_room(s, now_us, tries >= s->sectors);
        if (status == MOTE_OK) {
            status = append_plain(s, cls, &r, block, SPARE_SECTORS);
        }
    }
    return status;
}
