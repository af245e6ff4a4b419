// Which groups train, which are watched, which are judged on: a group (device, user, condition) is never on
// two sides.
#ifndef LABELER_SPLIT_GROUPS_H
#define LABELER_SPLIT_GROUPS_H

enum split_side { SPLIT_TRAIN_SIDE, SPLIT_VALIDATION_SIDE, SPLIT_TEST_SIDE, SPLIT_SIDES };
const char *split_side_name(enum split_side s);

struct split_group {
    const char *name;
    int64_t items;
    enum split_side side; // set by split_groups
};
// Deals the groups out so that the sides' items come close to share (sums to 1): the largest group first,
// each to the side that lacks most; equal ones in an order that only the seed decides. The first side with
// a share gets at least one group, then the others, as long as there are groups. Reorders the array.
void split_groups(struct split_group *g, size_t count, const double share[SPLIT_SIDES],
                  uint64_t seed);

#endif
