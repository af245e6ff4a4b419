// Which windows train, which are watched, which are judged on: whole groups (device, user, speaker) at a time.
#ifndef TRAINER_SPLIT_H
#define TRAINER_SPLIT_H

#include "trainer/windows.h"

// Sets every window's split from the recipe. Groups are drawn by seed, so that every class stays in training where
// that can be. E_STATE where there are too few groups, E_NOT_FOUND for a named group that is not there.
int split_windows(struct windows *w, uint64_t seed, struct err *e) MUST_CHECK;
size_t split_count(const struct windows *w, enum split s);

#endif
