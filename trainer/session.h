// One training: recipe and store to a judged, quantized, registered model.
#ifndef TRAINER_SESSION_H
#define TRAINER_SESSION_H

#include <jansson.h>

struct err;

struct session_options {
    const char *recipe, *project;
    const char *from;     // earlier model: digest, its beginning, "last", or path; NULL: none
    const char *test, *validate; // groups in place of the recipe's; NULL: as the recipe says
    int64_t seed;
    bool in_folds; // test groups are those of fold `fold` of `folds`; folds 0: every group is one
    size_t fold, folds;
    int64_t threads;      // 0: as many as lanes and processors allow
    bool quiet;           // no bar
    bool register_model;  // false: judge only, write nothing
    bool trial; // of a search: judged on the validation groups, by no gate; the test groups stay
                // unseen
};

// The report, flat figures first (docs/formats/metrics.md); caller owns. E_REFUSED where a gate or limit says no: *report is
// set then as well. Anything else: NULL.
int session_train(const struct session_options *o, json_t **report, struct err *e) MUST_CHECK;

#endif
