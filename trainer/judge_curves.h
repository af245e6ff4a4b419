// A classifier's curves: what a report draws, and the same figures in JSON.
#ifndef TRAINER_JUDGE_CURVES_H
#define TRAINER_JUDGE_CURVES_H

#include "trainer/judge.h"

// roc, pr: for each class against the rest, [x, y] pairs (false against true positive rate; recall
// against precision), thinned to steps of CURVE_GRAIN without cutting corners, with their areas.
// calibration: [mean score, accuracy, windows] of 15 equal bins of the top score. thresholds:
// [threshold, share of windows at or over it, accuracy of those]. groups: all, the worst first. The
// caller owns the result; NULL where memory is out.
#define CURVE_GRAIN 0.01
json_t *judge_curves(const struct judge *j, const struct name_list *label,
                     const struct name_list *group);

// Two forms of one model on the same windows: share with the same class, largest and mean
// difference of scores, and windows that only the one or only the other gets right.
json_t *judge_compare(const struct judge *a, const struct judge *b);

#endif
