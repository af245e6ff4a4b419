// What the two halves of the integer simulation share: int8 operators, and those with int16
// activations.
#ifndef TRAINER_QUANT_SIM_PRIV_H
#define TRAINER_QUANT_SIM_PRIV_H

#include "trainer/quant_sim.h"

struct factor {
    int32_t q;
    int shift;
};

struct quant_sim {
    const struct graph *g;
    int8_t **y;             // a tensor each; int16_t where it is wide
    struct factor **factor; // an operator each: one per channel
    int8_t *memory;
};

struct bounds {
    int32_t lo, hi;
};
// Of an operator's output, by its activation.
struct bounds quant_sim_bounds(enum act act, const struct gtensor *t);
// x * f, rounded twice as the int8 kernels do.
int32_t quant_sim_times(int32_t x, struct factor f);
// An operator whose input is wide.
void quant_sim_wide(const struct quant_sim *s, int index);

#endif
