// Successive halving over the candidates of a search space (Jamieson and Talwalkar, 2016): all are trained for a share of
// the epochs, the best third goes on with three times as many, and so on.
//
// Each training is a process of its own, one thread each, as many at once as there are workers. Its result is a file in
// the project's run folder, named by what was trained, so that a search that was killed goes on where it was.
// Candidates are judged by their int8 model's accuracy on the validation groups; the test groups stay unseen.
#ifndef TRAINER_TUNE_RUN_H
#define TRAINER_TUNE_RUN_H

#include "trainer/tune_space.h"

#include <jansson.h>

struct board;

struct tune_options {
    const char *recipe, *project;
    const char *validate, *test; // groups in place of the recipe's; NULL: as it says
    const struct board *board;
    int64_t ram, flash; // bytes of arena and model that fit
    double ms;          // of an inference at most; 0: no limit
    int64_t trials, rungs, seed, workers;
};

enum tune_state { TUNE_WAITING, TUNE_DONE, TUNE_TOO_LARGE, TUNE_FAILED };

struct tune_trial {
    uint8_t pick[TUNE_CHOICES_MAX];
    char what[160];      // tune_space_describe
    int rung;            // the last that it ran in
    int64_t epochs;      // of that
    enum tune_state state;
    char why[160];       // it failed or does not fit
    double score;        // accuracy; or for models without classes the negative validation loss
    int64_t bytes, arena, macs;
    double ms;           // estimated; negative: not known
    bool front;          // no other is at least as good in score, time and bytes, and better in one
};

struct tune {
    struct tune_space space;
    char *text;
    struct tune_trial *trial; // best first once run
    size_t trials;
    size_t runs, reused;      // trainings; of these, results that were there already
    bool classes;             // scores are accuracies
};

// Runs the search. tune_release frees what it holds, also after an error. E_REFUSED where no candidate fits.
int tune_run(struct tune *t, const struct tune_options *o, struct err *e) MUST_CHECK;
void tune_release(struct tune *t);
// The winner's plain recipe; valid after tune_run.
int tune_best(const struct tune *t, struct buf *out, struct err *e) MUST_CHECK;
// Everything about a search, for machines; caller owns. And a page with the front drawn, for people.
json_t *tune_json(const struct tune *t, const struct tune_options *o);
int tune_page(const struct tune *t, const struct tune_options *o, struct buf *out) MUST_CHECK;

#endif
