// A store in a folder of its own below the system's temporary folder; removed with all that is in it.
#ifndef SUPPORT_STORE_FIXTURE_H
#define SUPPORT_STORE_FIXTURE_H

#include "common/store/store.h"

struct store_fixture {
    char dir[256];
    struct store *store; // opened by STORE_CREATE
};

// Ends the program with a line on stderr where it cannot be made.
void store_fixture_make(struct store_fixture *f);
void store_fixture_remove(struct store_fixture *f);
// Closes and opens the store again, as another program would find it.
void store_fixture_reopen(struct store_fixture *f, enum store_mode mode);
// Removes a folder of regular files and folders.
void support_remove_tree(const char *dir);

#endif
