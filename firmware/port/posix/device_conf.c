// The POSIX device's configuration file. See device_conf.h.
#include "firmware/port/posix/device_conf.h"
#include "common/conf.h"
#include "common/err.h"
#include "common/hex.h"
#include "common/parse.h"

#include <stddef.h>

enum kind { TEXT, WHOLE, FLAG };

struct key {
    const char *section, *name;
    enum kind kind;
    size_t offset, size; // size: of text
    int64_t lo, hi;
};

#define AT(member) offsetof(struct device_conf, member), sizeof(((struct device_conf *)0)->member)
static const struct key keys[] = {
    {"device", "id", TEXT, AT(id), 0, 0},
    {"device", "class", WHOLE, AT(capability_class), 0, 2},
    {"device", "board", TEXT, AT(board), 0, 0},
    {"device", "slot_bytes", WHOLE, AT(slot_bytes), 16384, 64 << 20},
    {"device", "spool_bytes", WHOLE, AT(spool_bytes), 65536, 1 << 30},
    {"device", "arena", WHOLE, AT(arena), 1024, 256 << 20},
    {"mqtt", "host", TEXT, AT(host), 0, 0},
    {"mqtt", "port", WHOLE, AT(port), 1, 65535},
    {"mqtt", "prefix", TEXT, AT(prefix), 0, 0},
    {"mqtt", "password", TEXT, AT(password), 0, 0},
    {"mqtt", "keepalive", WHOLE, AT(keepalive_s), 1, 3600},
    {"tls", "name", TEXT, AT(tls_name), 0, 0},
    {"tls", "ca", TEXT, AT(tls_ca), 0, 0},
    {"tls", "cert", TEXT, AT(tls_cert), 0, 0},
    {"tls", "key", TEXT, AT(tls_key), 0, 0},
    {"agent", "keep_per_minute", WHOLE, AT(keep_per_minute), 1, 100000},
    {"agent", "health", WHOLE, AT(health_s), 1, 86400},
    {"agent", "in_flight", WHOLE, AT(in_flight), 1, 256},
    {"agent", "resend_ms", WHOLE, AT(resend_ms), 100, 60000},
    {"agent", "classify", FLAG, AT(classify), 0, 0},
    {"sim", "seed", WHOLE, AT(seed), 0, INT64_MAX},
    {"sim", "mic", FLAG, AT(mic), 0, 0},
    {"sim", "state", TEXT, AT(start), 0, 0},
    {"actuator", "stop_on", TEXT, AT(stop_on), 0, 0},
    {"actuator", "after", WHOLE, AT(stop_after), 1, 1000},
};

static int read_key(struct conf *f, const struct key *k, struct device_conf *c, struct err *e)
{
    char *at = (char *)c + k->offset;
    if (k->kind == WHOLE) {
        return conf_i64(f, k->section, k->name, k->lo, k->hi, (int64_t *)(void *)at, e);
    }
    if (k->kind == FLAG) {
        return conf_bool(f, k->section, k->name, (bool *)at, e);
    }
    const struct conf_entry *entry = conf_find(f, k->section, k->name);
    if (!entry) {
        return OK;
    }
    size_t len = strlen(entry->value);
    if (len >= k->size) {
        return conf_bad(f, entry, e, "longer than %zu bytes", k->size - 1);
    }
    memcpy(at, entry->value, len + 1);
    return OK;
}

static int read_root(struct conf *f, struct device_conf *c, struct err *e)
{
    const struct conf_entry *root = conf_find(f, "trust", "root");
    if (!root) {
        return err_set(e, E_FORMAT, "%s: [trust] root is missing", f->name);
    }
    if (hex_decode(c->root, sizeof(c->root), root->value) || c->root[0] != 4) {
        return conf_bad(f, root, e, "must be %zu hex digits: an uncompressed P-256 point",
                        2 * sizeof(c->root));
    }
    return OK;
}

// What a device of each class has, where the file does not say.
static void class_defaults(struct device_conf *c)
{
    static const int64_t slot[] = {32 << 10, 128 << 10, 512 << 10};
    static const int64_t arena[] = {16 << 10, 64 << 10, 512 << 10};
    c->slot_bytes = c->slot_bytes ? c->slot_bytes : slot[c->capability_class];
    c->arena = c->arena ? c->arena : arena[c->capability_class];
}

static int check(struct conf *f, const struct device_conf *c, struct err *e)
{
    const struct conf_entry *id = conf_find(f, "device", "id");
    if (!id || !parse_is_device_id(c->id)) {
        return err_set(e, E_FORMAT, "%s: [device] id must be 1 to 32 of a-z, 0-9, '-'", f->name);
    }
    if (!c->tls_ca[0] != !c->tls_name[0] || !c->tls_cert[0] != !c->tls_key[0] ||
        (c->tls_cert[0] && !c->tls_ca[0])) {
        return err_set(e, E_FORMAT, "%s: [tls] needs name and ca, and cert and key together",
                       f->name);
    }
    const char *known[ARRAY_LEN(keys) + 1];
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        known[i] = keys[i].name;
    }
    known[ARRAY_LEN(keys)] = "root";
    return conf_check_used(f, known, ARRAY_LEN(known), e);
}

int device_conf_load(struct device_conf *c, const char *path, struct err *e)
{
    *c = (struct device_conf){.capability_class = 1,
                              .board = "posix",
                              .spool_bytes = 2 << 20,
                              .host = "127.0.0.1",
                              .port = 1883,
                              .prefix = "ml/1",
                              .keepalive_s = 30,
                              .keep_per_minute = 120,
                              .health_s = 60,
                              .in_flight = 64,
                              .resend_ms = 5000,
                              .seed = 1,
                              .start = "normal",
                              .stop_on = "imbalance bearing looseness rub",
                              .stop_after = 3};
    struct conf f = {0};
    int status = conf_load(&f, path, e);
    for (size_t i = 0; status == OK && i < ARRAY_LEN(keys); i++) {
        status = read_key(&f, &keys[i], c, e);
    }
    if (status == OK) {
        status = read_root(&f, c, e);
    }
    if (status == OK) {
        status = check(&f, c, e);
    }
    conf_release(&f);
    class_defaults(c);
    return status;
}
