// Cross-validation: a recipe trained as often as there are folds, each judged on groups that the others trained on.
#ifndef TRAINER_CMD_FOLDS_H
#define TRAINER_CMD_FOLDS_H

struct folds_options {
    const char *recipe, *project;
    int64_t seed, threads;
    int64_t folds; // 0: one for every group
    bool json;
};

// Trains, prints a line for every fold and one for all; returns an exit code. Nothing is kept.
int cmd_folds(const struct folds_options *o);

#endif
