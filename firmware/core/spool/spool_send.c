// Sending in order and freeing by acknowledgement.
#include "firmware/core/spool/spool_priv.h"

void mote_spool_rewind(struct mote_spool *s)
{
    memset(s->cursor, 0, sizeof(s->cursor));
    s->in_flight = 0;
}

// Moves a class's cursor to its next live record and reads it.
static int advance(struct mote_spool *s, unsigned cls, struct spool_record *r)
{
    struct mote_spool_place *c = &s->cursor[cls];
    for (;;) {
        bool here = c->generation != 0 && s->sector[c->sector].generation == c->generation;
        if (here) {
            int status = spool_find_record(s, c->sector, c->offset, s->sector[c->sector].used, r);
            if (status == MOTE_OK) {
                status = spool_is_live(s, c->sector, r);
                if (status != MOTE_E_STATE) {
                    return status;
                }
                c->offset = r->end;
                continue;
            }
            if (status != MOTE_E_NOT_FOUND) {
                return status;
            }
        }
        int next = spool_next_sector(s, cls, c->generation);
        if (next < 0) {
            return MOTE_E_NOT_FOUND;
        }
        *c = (struct mote_spool_place){(uint16_t)next, s->sector[next].generation,
                                       spool_header_size(s)};
    }
}

static int read_payload(const struct mote_spool *s, unsigned sector, const struct spool_record *r,
                        uint8_t *buf)
{
    uint8_t sum[4];
    uint32_t addr = spool_sector_addr(s, sector) + r->at + spool_payload_offset(s, r->name_len);
    int status = s->flash->read(s->flash->ctx, addr, buf, r->len);
    if (status == MOTE_OK) {
        status = s->flash->read(s->flash->ctx, addr + r->len, sum, sizeof(sum));
    }
    if (status != MOTE_OK) {
        return status;
    }
    return mote_crc32(s->sector[sector].generation, buf, r->len) == mote_get32(sum)
               ? MOTE_OK
               : MOTE_E_CORRUPT;
}

// A block that went bad, or was torn by a cut, will never come: say so in its place.
static int replace(struct mote_spool *s, unsigned sector, const struct spool_record *r,
                   uint64_t now_us)
{
    int status = spool_append_dropped(s, r, r->seq, r->seq + r->span, now_us, "corrupt");
    if (status != MOTE_OK && status != MOTE_E_SPACE) {
        return status;
    }
    s->dropped++;
    return spool_mark_done(s, sector, r);
}

static void remember_sent(struct mote_spool *s, unsigned cls)
{
    const struct mote_spool_place *c = &s->cursor[cls];
    struct mote_spool_place *sent = &s->sent[cls];
    if (c->generation > sent->generation ||
        (c->generation == sent->generation && c->offset > sent->offset)) {
        *sent = *c;
    }
}

static int next_of_class(struct mote_spool *s, unsigned cls, uint64_t now_us,
                         struct mote_spool_item *item, uint8_t *buf, size_t cap)
{
    struct spool_record r;
    struct mote_spool_place *c = &s->cursor[cls];
    for (;;) {
        int status = advance(s, cls, &r);
        if (status != MOTE_OK) {
            return status;
        }
        item->cls = (uint8_t)cls;
        memcpy(item->session, r.session, MOTE_SESSION_LEN);
        memcpy(item->stream, r.name, sizeof(item->stream));
        item->seq = r.seq;
        item->last = r.seq + r.span;
        item->len = r.len;
        if (r.len > cap) {
            return MOTE_E_SPACE;
        }
        status = read_payload(s, c->sector, &r, buf);
        if (status == MOTE_OK) {
            c->offset = r.end;
            s->in_flight++;
            remember_sent(s, cls);
            return MOTE_OK;
        }
        if (status == MOTE_E_CORRUPT) {
            status = replace(s, c->sector, &r, now_us);
            c->offset = r.end;
        }
        if (status != MOTE_OK) {
            return status;
        }
    }
}

int mote_spool_next(struct mote_spool *s, uint64_t now_us, struct mote_spool_item *item,
                    uint8_t *buf, size_t cap)
{
    int status = next_of_class(s, MOTE_SPOOL_KEEP, now_us, item, buf, cap);
    if (status != MOTE_E_NOT_FOUND) {
        return status;
    }
    status = next_of_class(s, MOTE_SPOOL_SAMPLES, now_us, item, buf, cap);
    if (status != MOTE_E_NOT_FOUND) {
        return status;
    }
    // A record that replaced a bad block may have come in behind the first class's end.
    return next_of_class(s, MOTE_SPOOL_KEEP, now_us, item, buf, cap);
}

static bool covers(const struct mote_ack *a, const struct spool_record *r)
{
    uint64_t last = r->seq + r->span;
    if (r->name_len != a->stream.len || memcmp(r->name, a->stream.p, r->name_len) != 0 ||
        memcmp(r->session, a->session, MOTE_SESSION_LEN) != 0) {
        return false;
    }
    bool in = last < a->next;
    for (unsigned i = 0; i < a->range_count && !in; i++) {
        in = r->seq >= a->range[i].first && last <= a->range[i].last;
    }
    return in;
}

static int ack_sector(struct mote_spool *s, unsigned sector, uint32_t limit,
                      const struct mote_ack *a)
{
    struct spool_record r;
    int status, freed = 0;
    for (uint32_t at = spool_header_size(s); s->sector[sector].live > 0; at = r.end) {
        status = spool_find_record(s, sector, at, limit, &r);
        if (status != MOTE_OK) {
            return status == MOTE_E_NOT_FOUND ? freed : status;
        }
        if (!covers(a, &r)) {
            continue;
        }
        status = spool_is_live(s, sector, &r);
        if (status == MOTE_OK) {
            status = spool_mark_done(s, sector, &r);
            freed++;
        }
        if (status != MOTE_OK && status != MOTE_E_STATE) {
            return status;
        }
    }
    return freed;
}

int mote_spool_ack(struct mote_spool *s, const struct mote_ack *ack)
{
    int freed = 0;
    for (unsigned i = 0; i < s->sectors; i++) {
        const struct mote_spool_sector *t = &s->sector[i];
        const struct mote_spool_place *sent = &s->sent[t->cls];
        if (t->live == 0 || t->generation > sent->generation) {
            continue;
        }
        int n = ack_sector(s, i, t->generation == sent->generation ? sent->offset : t->used, ack);
        if (n < 0) {
            return n;
        }
        freed += n;
    }
    return freed;
}
