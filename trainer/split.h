// Which windows train, which are watched, which are judged on: whole groups (device, user, speaker) at a time.
#ifndef TRAINER_SPLIT_H
#define TRAINER_SPLIT_H

#include "trainer/windows.h"

// Sets every window's split from the recipe. Groups are drawn by seed, so that every class stays in training where
// that can be. E_STATE where there are too few groups, E_NOT_FOUND for a named group that is not there.
int split_windows(struct windows *w, uint64_t seed, struct err *e) MUST_CHECK;
// Fold `fold` of `folds` (0: one for every group): the groups of that fold, in an order drawn by seed, are tested on; of the
// others a part is watched as the recipe says. E_STATE where there are fewer groups than folds.
int split_fold(struct windows *w, uint64_t seed, size_t fold, size_t folds,
               struct err *e) MUST_CHECK;
// Windows that have their splits already: what is not learned from stays in the test split alone. E_STATE where a class is
// nowhere in training.
int split_given(struct windows *w, struct err *e) MUST_CHECK;
size_t split_count(const struct windows *w, enum split s);

#endif
