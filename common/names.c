// Open addressing, at most half full. See ops_names.h.
#include "common/names.h"
#include "common/err.h"

static struct name_slot *place(const struct name_set *s, const char *name)
{
    uint64_t h = 14695981039346656037u; // FNV-1a
    for (const char *p = name; *p; p++) {
        h = (h ^ (uint8_t)*p) * 1099511628211u;
    }
    size_t at = (size_t)h & (s->size - 1);
    while (s->slot[at].name && strcmp(s->slot[at].name, name) != 0) {
        at = (at + 1) & (s->size - 1);
    }
    return &s->slot[at];
}

static int grow(struct name_set *s)
{
    struct name_set bigger = {.size = s->size ? 2 * s->size : 256, .count = s->count};
    bigger.slot = calloc(bigger.size, sizeof(*bigger.slot));
    if (!bigger.slot) {
        return E_MEM;
    }
    for (size_t i = 0; i < s->size; i++) {
        if (s->slot[i].name) {
            *place(&bigger, s->slot[i].name) = s->slot[i];
        }
    }
    free(s->slot);
    *s = bigger;
    return OK;
}

int name_set_put(struct name_set *s, const char *name, size_t value)
{
    if (2 * s->count >= s->size && grow(s)) {
        return E_MEM;
    }
    struct name_slot *at = place(s, name);
    if (!at->name) {
        at->name = strdup(name);
        if (!at->name) {
            return E_MEM;
        }
        s->count++;
    }
    at->value = value;
    return OK;
}

void name_set_change(struct name_set *s, const char *name, size_t value)
{
    struct name_slot *at = s->size ? place(s, name) : NULL;
    if (at && at->name) {
        at->value = value;
    }
}

size_t name_set_find(const struct name_set *s, const char *name)
{
    const struct name_slot *at = s->size ? place(s, name) : NULL;
    return at && at->name ? at->value : NAME_NONE;
}

int name_set_walk(const struct name_set *s, int (*fn)(void *ctx, const char *name, size_t value),
                  void *ctx)
{
    int rc = 0;
    for (size_t i = 0; i < s->size && rc == 0; i++) {
        rc = s->slot[i].name ? fn(ctx, s->slot[i].name, s->slot[i].value) : 0;
    }
    return rc;
}

void name_set_release(struct name_set *s)
{
    for (size_t i = 0; i < s->size; i++) {
        free(s->slot[i].name);
    }
    free(s->slot);
    *s = (struct name_set){0};
}
