// Why a model is refused: a text, or, in a build with MOTE_NN_TERSE, a number made of the text, for parts on which two
// kilobytes of texts are too much. docs/design/nn-reasons.md lists both; a lint test sees to it that no number is there twice.
#ifndef MOTE_NN_REASON_H
#define MOTE_NN_REASON_H

#include "firmware/core/nn/mote_nn.h"

#ifdef MOTE_NN_TERSE
typedef uint16_t nn_why;
// Length and six of the characters, which the compiler computes: the text itself is not in the program.
#define NN_WHY_AT(text, at, weight) ((uint32_t)(text)[(sizeof(text) - 1) * (at) / 8] * (weight))
#define NN_WHY(text)                                                                               \
    ((nn_why)(sizeof(text) * 4099u + NN_WHY_AT(text, 0, 40503u) + NN_WHY_AT(text, 2, 257u) +       \
              NN_WHY_AT(text, 3, 1543u) + NN_WHY_AT(text, 4, 6151u) + NN_WHY_AT(text, 5, 24593u) + \
              NN_WHY_AT(text, 7, 49157u)))
#define NN_FINE 0
#else
typedef const char *nn_why;
#define NN_WHY(text) (text)
#define NN_FINE NULL
#endif

static inline void nn_diag_reason(struct mote_nn_diag *d, nn_why why)
{
#ifdef MOTE_NN_TERSE
    d->reason = "see the number";
    d->number = why;
#else
    d->reason = why;
#endif
}

#endif
