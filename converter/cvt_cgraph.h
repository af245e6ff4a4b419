// A model as its compiled form needs it: what the runtime's own preparation made of each operator,
// and for each variant of the kernels which one runs it and where everything lies in the arena.
#ifndef CONVERTER_CVT_CGRAPH_H
#define CONVERTER_CVT_CGRAPH_H

#include "converter/cvt_run.h"
#include "firmware/core/nn/nn_priv.h"

struct cvt_cparams;
struct cvt_model;
struct err;

// The variants of firmware/core/nn, as MOTE_NN_VARIANT tells them apart.
enum cvt_variant { CVT_PLAIN, CVT_DSP, CVT_MVE, CVT_X86, CVT_NEON, CVT_VARIANTS };

struct cvt_cop {
    const char *name;               // "CONV_2D"
    const struct cvt_cparams *kind; // NULL: no output has an element, nothing runs
    const void *params;             // as prepared for the portable reference kernels
    struct nn_vec in, out;
};

// What one variant makes of one operator.
struct cvt_cplace {
    const char *kernel;  // function that runs it
    uint32_t scratch_at; // in the arena; NN_UNPLACED where it has no scratch memory
    bool starts;         // its bias is to be the starts of struct nn_choice
};

struct cvt_clayout {
    struct cvt_cplace *op; // one an operator
    uint32_t *tensor_at;   // one a tensor; NN_UNPLACED where it is not in the arena
    uint32_t arena;        // bytes
};

struct cvt_cgraph { // a zeroed struct is released
    struct cvt_run run;
    struct nn_file file;
    struct nn_tensor *tensor;
    size_t tensors;
    struct cvt_cop *op;
    size_t ops;
    struct cvt_clayout layout[CVT_VARIANTS];
};

// Opens the model and lays it out for every variant. E_REFUSED with the operator's name where it
// cannot run or has no compiled form. The model must outlive the graph.
int cvt_cgraph_open(struct cvt_cgraph *g, const struct cvt_model *m, struct err *e) MUST_CHECK;
void cvt_cgraph_release(struct cvt_cgraph *g);

// Tensor i of an operator's inputs or outputs; NULL where an optional one is absent.
const struct nn_tensor *cvt_cgraph_tensor(const struct cvt_cgraph *g, struct nn_vec list,
                                          uint32_t i);
// Tensor of operator `op` whose bytes stand at `data` (in the file or in the run's arena); NULL
// where there is none.
const struct nn_tensor *cvt_cgraph_find(const struct cvt_cgraph *g, const struct cvt_cop *op,
                                        const void *data);

#endif
