// A consistent copy of the store while everything runs.
#ifndef STORE_BACKUP_H
#define STORE_BACKUP_H

#include "common/store/store.h"

// Writes main.db and blocks.db into dir (which must not hold them). Labels are copied before blocks, so
// that nothing a label names is missing. Does not disturb writers for longer than a read does.
int store_backup(struct store *s, const char *dir, struct err *e) MUST_CHECK;
// Checks both files of a folder by SQLite's own integrity check. E_FORMAT says which is bad.
int store_check(const char *dir, struct err *e) MUST_CHECK;

#endif
