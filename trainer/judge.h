// How good a classifier is: confusion matrix, per-class measures, confidence interval, calibration, worst groups.
#ifndef TRAINER_JUDGE_H
#define TRAINER_JUDGE_H

#include <jansson.h>

struct err;
struct name_list;

struct judged { // one window
    uint16_t label, group;
    uint16_t answer;     // class of the highest score
    bool uncertain;
    float score, novelty;
    uint32_t recording;
    float value;         // of regress: the truth, score being the answer
};

struct cell_count { // of a detector's label: objects that are there, that were found, and both
    size_t truth, found, hit;
};

struct judge {
    struct judged *w;
    size_t count, cap;
    float *scores; // count x classes
    size_t classes;
    struct cell_count *cell; // of detectors: one per class; NULL before the first
};
struct mote_pipe_cell;
struct windows;

void judge_init(struct judge *j, size_t classes);
void judge_release(struct judge *j);
// scores: one per class.
int judge_add(struct judge *j, struct judged w, const float *scores) MUST_CHECK;
double judge_accuracy(const struct judge *j);
// Wilson's 95 % interval of the accuracy.
void judge_interval(const struct judge *j, double *lo, double *hi);
// All measures. label and group: names. The caller owns the result; NULL where memory is out.
json_t *judge_json(const struct judge *j, const struct name_list *label,
                   const struct name_list *group);
// Of regress: windows, mean_error (absolute), rms_error, bias, r2, the range of the truth, and the worst groups.
json_t *judge_numbers_json(const struct judge *j, const struct name_list *group);
double judge_mean_error(const struct judge *j);
// Of detectors: takes in what was found in a picture. An object counts as found where the cell of its middle or one beside it
// holds its label; each find counts for one object. E_MEM.
int judge_cells_add(struct judge *j, const struct windows *w, uint32_t window,
                    const struct mote_pipe_cell *cell, size_t cells,
                    const uint16_t grid[2]) MUST_CHECK;
// windows, objects, found, hits, precision, recall, f1, and the same by class.
json_t *judge_cells_json(const struct judge *j, const struct name_list *label);
// A confusion matrix and the per-class measures as text on stdout.
void judge_print(const struct judge *j, const struct name_list *label);

#endif
