// How far people agree: Krippendorff's alpha for items, overlap of time for regions.
//
// Alpha is that of Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), section C: nominal data,
// any number of observers, missing values: alpha = 1 - D_observed / D_expected over the pairable values. 1 is
// perfect agreement, 0 is chance, below is systematic disagreement.
#ifndef LABELER_AGREE_H
#define LABELER_AGREE_H

#define AGREE_CLASSES_MAX 256

struct agree_value { // one person's judgement of one item
    int64_t unit;
    int rater, label; // numbers from 0; label below AGREE_CLASSES_MAX
};
// values must be sorted by unit. classes: labels are 0..classes-1. Returns false where alpha is not defined:
// no item was judged by two people, or all pairable values are the same label (then *alpha is 1).
// *pairable: values of items that two or more people judged. only >= 0: that label against all others.
bool agree_alpha(const struct agree_value *values, size_t count, int classes, int only,
                 double *alpha, int64_t *pairable);

struct agree_span { // half-open stretch of time that somebody marked
    int64_t start_us, end_us;
};
// Time in both and time in either of two sets of stretches (in any order, overlapping ones count once).
// Sorts both sets. The overlap is *both / *either.
void agree_overlap(struct agree_span *a, size_t a_count, struct agree_span *b, size_t b_count,
                   int64_t *both, int64_t *either);

#endif
