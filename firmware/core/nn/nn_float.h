// Elementary functions, own so that every host and target gives the same bits. Computed in double and
// rounded once: the float nearest to the true value but in about one case of a million.
#ifndef MOTE_NN_FLOAT_H
#define MOTE_NN_FLOAT_H

#include "firmware/core/mote_base.h"

float nn_expf(float x);
float nn_tanhf(float x);

#endif
