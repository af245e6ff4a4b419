// What the compiled form writes for each operator: the parameter structs of firmware/core/nn,
// member by member, found by the function that runs them.
//
// How to add an operator: list its members and its function in cvt_cparams.c. A member that is
// forgotten is found out when it is not zero: every byte of a struct must belong to a listed
// member.
#ifndef CONVERTER_CVT_CPARAMS_H
#define CONVERTER_CVT_CPARAMS_H

#include "firmware/core/nn/nn_params.h"

enum cvt_member_kind {
    CVT_I32, // also uint32_t
    CVT_I16,
    CVT_U8, // also bool
    CVT_F32,
    CVT_IN,       // pointer to const: tensor or constant
    CVT_OUT,      // pointer: tensor
    CVT_BIAS,     // as CVT_IN, or the starts where the kernel asks for them
    CVT_SCRATCH,  // pointer into scratch memory; what it was for the reference is not looked at
    CVT_KEPT_I32, // pointer to an array of `kept` elements
    CVT_KEPT_I8,
    CVT_PIECES, // pointer to `kept` structs of a pointer and a uint32_t
    CVT_RUN     // function of struct nn_binary
};

struct cvt_member {
    const char *name; // as after the dot of an initializer; NULL ends the table
    enum cvt_member_kind kind;
    uint16_t offset, count; // count: elements of an array inside the struct
    const char *type;       // CVT_PIECES: the struct's name
};

// Operators whose kernel is chosen by variant: nn_fit.h.
enum cvt_choice { CVT_CHOICE_NONE, CVT_CHOICE_CONV, CVT_CHOICE_DEPTHWISE, CVT_CHOICE_FC };

struct cvt_cparams {
    nn_eval_fn eval;
    const char *function, *type; // of eval, and the struct that it takes
    size_t size;
    const struct cvt_member *member;
    size_t (*kept)(const void *params);      // elements of its kept arrays; NULL: it has none
    uint64_t (*scratch)(const void *params); // bytes whichever the variant; NULL: none
    enum cvt_choice choice;
};

// NULL for a function without a compiled form.
const struct cvt_cparams *cvt_cparams_of(nn_eval_fn eval);
// Name of a run function of struct nn_binary, NULL for one that is not known.
const char *cvt_cparams_run(nn_binary_run run);
// Bytes of one element of a member; of a pointer where it is one.
size_t cvt_member_size(const struct cvt_member *m);
// Whether every byte of params that is not zero belongs to a member.
bool cvt_cparams_complete(const struct cvt_cparams *kind, const void *params);

#endif
