// What tells people how to use a label beyond its guideline: the heading it stands under, and recordings that show it.
#ifndef STORE_GUIDE_H
#define STORE_GUIDE_H

#include "common/store/store.h"

#define STORE_GUIDE_NOTE_MAX 500

// E_NOT_FOUND where there is no such label.
int store_guide_set_group(struct store *s, const char *label, const char *group,
                          struct err *e) MUST_CHECK;
// note NULL takes the example away.
int store_guide_put_example(struct store *s, const char *label, int64_t rec_id, const char *note,
                            const char *author, struct err *e) MUST_CHECK;

struct store_guide { // a label's group (rec_id 0), or one of its examples
    const char *label, *group, *note, *author;
    int64_t rec_id;
};
typedef int (*store_guide_fn)(void *ctx, const struct store_guide *g);
int store_guide_walk(struct store *s, store_guide_fn fn, void *ctx, struct err *e) MUST_CHECK;

#endif
