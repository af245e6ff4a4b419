// Named architectures, and networks from a recipe's layer lines.
#ifndef TRAINER_ARCH_H
#define TRAINER_ARCH_H

#include "trainer/net.h"
#include "trainer/recipe.h"

// The shape in which a network sees features of rows x cols x planes.
struct shape arch_input(const struct recipe *r, struct mote_dsp_shape features);
// Appends the recipe's layers, the last having `outputs` values, to a network that has its input.
int arch_build(struct net *n, const struct recipe *r, int outputs, struct err *e) MUST_CHECK;

// The layers of a recipe's `layer` lines; what arch_build does for type custom.
int arch_custom(struct net *n, const struct recipe *r, int outputs, struct err *e) MUST_CHECK;

#endif
