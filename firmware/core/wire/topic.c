// Topics: P/d/DEV/LEAF, P/time, P/r/keys, P/r/DIGEST/m, P/r/DIGEST/b/GROUP/N.
#include "firmware/core/wire/mote_body.h"

struct leaf_name {
    uint8_t leaf;
    bool named; // followed by /STREAM
    const char *text;
};
static const struct leaf_name device_leaves[] = {
    {MOTE_LEAF_HELLO, false, "hello"},        {MOTE_LEAF_STATUS, false, "status"},
    {MOTE_LEAF_DATA, true, "data"},           {MOTE_LEAF_ACK, false, "ack"},
    {MOTE_LEAF_LIVE, true, "live"},           {MOTE_LEAF_CMD, false, "cmd"},
    {MOTE_LEAF_CONFIG, false, "config"},      {MOTE_LEAF_DESIRED, false, "desired"},
    {MOTE_LEAF_REPORTED, false, "reported"},  {MOTE_LEAF_SPLIT_IN, false, "split/in"},
    {MOTE_LEAF_SPLIT_OUT, false, "split/out"}};

// --- writing -----------------------------------------------------------------------------------
struct text {
    char *out;
    size_t cap, len;
    bool full;
};

static void put(struct text *t, const char *p, size_t len)
{
    if (t->full || len >= t->cap - t->len) { // the NUL needs a byte as well
        t->full = true;
        return;
    }
    memcpy(t->out + t->len, p, len);
    t->len += len;
}

static size_t length(const char *text, size_t max)
{
    size_t n = 0;
    while (n < max && text[n] != 0) {
        n++;
    }
    return n;
}

static void puts_to(struct text *t, const char *text)
{
    put(t, text, length(text, MOTE_TOPIC_MAX));
}

static void put_number(struct text *t, uint32_t v)
{
    char digits[10];
    size_t n = sizeof(digits);
    do {
        digits[--n] = (char)('0' + v % 10);
        v /= 10;
    } while (v != 0);
    put(t, digits + n, sizeof(digits) - n);
}

static void put_hex(struct text *t, const uint8_t *p, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        char two[2] = {digits[p[i] >> 4], digits[p[i] & 15]};
        put(t, two, 2);
    }
}

static int put_device_leaf(struct text *out, const struct mote_topic *t)
{
    if (!mote_is_device(t->device, length(t->device, sizeof(t->device)))) {
        return MOTE_E_ARG;
    }
    for (size_t i = 0; i < MOTE_COUNT(device_leaves); i++) {
        const struct leaf_name *l = &device_leaves[i];
        if (l->leaf != t->leaf) {
            continue;
        }
        puts_to(out, "/d/");
        puts_to(out, t->device);
        puts_to(out, "/");
        puts_to(out, l->text);
        if (l->named) {
            if (!mote_is_name(t->stream, length(t->stream, sizeof(t->stream)))) {
                return MOTE_E_ARG;
            }
            puts_to(out, "/");
            puts_to(out, t->stream);
        }
        return MOTE_OK;
    }
    return MOTE_E_ARG;
}

static int put_release_leaf(struct text *out, const struct mote_topic *t)
{
    puts_to(out, "/r/");
    put_hex(out, t->digest, MOTE_DIGEST_LEN);
    if (t->leaf == MOTE_LEAF_MANIFEST) {
        puts_to(out, "/m");
        return MOTE_OK;
    }
    if (t->block >= MOTE_GROUP_BLOCKS) {
        return MOTE_E_ARG;
    }
    puts_to(out, "/b/");
    put_number(out, t->group);
    puts_to(out, "/");
    put_number(out, t->block);
    return MOTE_OK;
}

int mote_topic_format(char *out, size_t cap, const char *prefix, const struct mote_topic *t)
{
    struct text text = {out, cap, 0, cap == 0};
    int status = MOTE_OK;
    puts_to(&text, prefix);
    switch (t->leaf) {
    case MOTE_LEAF_TIME:
        puts_to(&text, "/time");
        break;
    case MOTE_LEAF_KEYS:
        puts_to(&text, "/r/keys");
        break;
    case MOTE_LEAF_MANIFEST:
    case MOTE_LEAF_PAYLOAD:
        status = put_release_leaf(&text, t);
        break;
    default:
        status = put_device_leaf(&text, t);
    }
    if (status != MOTE_OK || text.full || text.len > MOTE_TOPIC_MAX) {
        return status != MOTE_OK ? status : MOTE_E_SPACE;
    }
    out[text.len] = 0;
    return (int)text.len;
}

// --- reading -----------------------------------------------------------------------------------
struct cursor {
    const char *p, *end;
};

static bool take(struct cursor *c, const char *text)
{
    size_t n = length(text, MOTE_TOPIC_MAX);
    if ((size_t)(c->end - c->p) < n || memcmp(c->p, text, n) != 0) {
        return false;
    }
    c->p += n;
    return true;
}

// Up to the next '/' or the end.
static struct mote_str take_level(struct cursor *c)
{
    struct mote_str s = {c->p, 0};
    while (c->p < c->end && *c->p != '/') {
        c->p++;
    }
    s.len = (size_t)(c->p - s.p);
    return s;
}

// A decimal number without leading zeros.
static bool take_number(struct cursor *c, uint32_t *v)
{
    struct mote_str s = take_level(c);
    uint64_t n = 0;
    if (s.len == 0 || s.len > 10 || (s.p[0] == '0' && s.len > 1)) {
        return false;
    }
    for (size_t i = 0; i < s.len; i++) {
        if (s.p[i] < '0' || s.p[i] > '9') {
            return false;
        }
        n = n * 10 + (uint64_t)(s.p[i] - '0');
    }
    *v = (uint32_t)n;
    return n <= UINT32_MAX;
}

static int nibble(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool take_digest(struct cursor *c, uint8_t *digest)
{
    struct mote_str s = take_level(c);
    if (s.len != 2 * MOTE_DIGEST_LEN) {
        return false;
    }
    for (size_t i = 0; i < MOTE_DIGEST_LEN; i++) {
        int hi = nibble(s.p[2 * i]), lo = nibble(s.p[2 * i + 1]);
        if (hi < 0 || lo < 0) {
            return false;
        }
        digest[i] = (uint8_t)(hi << 4 | lo);
    }
    return true;
}

static int parse_device(struct mote_topic *t, struct cursor c)
{
    struct mote_str device = take_level(&c);
    if (!mote_is_device(device.p, device.len) || !take(&c, "/")) {
        return MOTE_E_FORMAT;
    }
    memcpy(t->device, device.p, device.len);
    for (size_t i = 0; i < MOTE_COUNT(device_leaves); i++) {
        const struct leaf_name *l = &device_leaves[i];
        struct cursor here = c;
        if (!take(&here, l->text)) {
            continue;
        }
        t->leaf = l->leaf;
        if (l->named) {
            struct mote_str stream;
            if (!take(&here, "/")) {
                continue;
            }
            stream = take_level(&here);
            if (!mote_is_name(stream.p, stream.len)) {
                return MOTE_E_FORMAT;
            }
            memcpy(t->stream, stream.p, stream.len);
        }
        if (here.p == here.end) {
            return MOTE_OK;
        }
    }
    return MOTE_E_FORMAT;
}

static int parse_release(struct mote_topic *t, struct cursor c)
{
    struct cursor keys = c;
    if (take(&keys, "keys") && keys.p == keys.end) {
        t->leaf = MOTE_LEAF_KEYS;
        return MOTE_OK;
    }
    if (!take_digest(&c, t->digest)) {
        return MOTE_E_FORMAT;
    }
    if (take(&c, "/m")) {
        t->leaf = MOTE_LEAF_MANIFEST;
        return c.p == c.end ? MOTE_OK : MOTE_E_FORMAT;
    }
    t->leaf = MOTE_LEAF_PAYLOAD;
    bool good = take(&c, "/b/") && take_number(&c, &t->group) && take(&c, "/") &&
                take_number(&c, &t->block) && c.p == c.end && t->block < MOTE_GROUP_BLOCKS;
    return good ? MOTE_OK : MOTE_E_FORMAT;
}

int mote_topic_parse(struct mote_topic *t, const char *prefix, const char *topic, size_t len)
{
    struct cursor c = {topic, topic + len};
    memset(t, 0, sizeof(*t));
    if (!take(&c, prefix)) {
        return MOTE_E_FORMAT;
    }
    if (take(&c, "/d/")) {
        return parse_device(t, c);
    }
    if (take(&c, "/r/")) {
        return parse_release(t, c);
    }
    t->leaf = MOTE_LEAF_TIME;
    return take(&c, "/time") && c.p == c.end ? MOTE_OK : MOTE_E_FORMAT;
}
