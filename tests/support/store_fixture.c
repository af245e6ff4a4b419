// See store_fixture.h.
#include "tests/support/store_fixture.h"

#include <ftw.h>
#include <unistd.h>

#include "common/err.h"

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

void support_remove_tree(const char *dir)
{
    (void)nftw(dir, remove_one, 16,
               FTW_DEPTH | FTW_PHYS); // what cannot be removed stays: it is a temporary folder
}

static void open_or_die(struct store_fixture *f, enum store_mode mode)
{
    struct err e = {0};
    if (store_open(&f->store, f->dir, mode, &e)) {
        fprintf(stderr, "store fixture: %s\n", e.msg);
        exit(1);
    }
}

void store_fixture_make(struct store_fixture *f)
{
    const char *base = getenv("TMPDIR");
    snprintf(f->dir, sizeof f->dir, "%s/mote-store-XXXXXX", base ? base : "/tmp");
    if (!mkdtemp(f->dir)) {
        perror("store fixture: mkdtemp");
        exit(1);
    }
    open_or_die(f, STORE_CREATE);
}

void store_fixture_remove(struct store_fixture *f)
{
    store_close(f->store);
    f->store = NULL;
    support_remove_tree(f->dir);
}

void store_fixture_reopen(struct store_fixture *f, enum store_mode mode)
{
    store_close(f->store);
    f->store = NULL;
    open_or_die(f, mode);
}
