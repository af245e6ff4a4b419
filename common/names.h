// A set of names with a number each, by hash: lists of ten thousand are not compared each with each.
#ifndef COMMON_NAMES_H
#define COMMON_NAMES_H

#define NAME_NONE SIZE_MAX

struct name_set { // zeroed: empty
    struct name_slot {
        char *name; // NULL: free
        size_t value;
    } *slot;
    size_t count, size; // size: a power of two
};

// Adds a name (copied) or changes its number. OK or E_MEM.
int name_set_put(struct name_set *s, const char *name, size_t value) MUST_CHECK;
// Changes the number of one that is there (NAME_NONE: as though it were not).
void name_set_change(struct name_set *s, const char *name, size_t value);
// Its number, NAME_NONE where it is not there.
size_t name_set_find(const struct name_set *s, const char *name);
// In no order; stops at what fn returns unless that is 0.
int name_set_walk(const struct name_set *s, int (*fn)(void *ctx, const char *name, size_t value),
                  void *ctx);
void name_set_release(struct name_set *s);

#endif
