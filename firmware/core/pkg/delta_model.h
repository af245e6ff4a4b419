// What encoder and decoder of deltas share: the order in which bits are coded, and their
// probabilities.
#ifndef MOTE_DELTA_MODEL_H
#define MOTE_DELTA_MODEL_H

#include "firmware/core/pkg/mote_delta.h"

#define DELTA_HEADER 16
#define DELTA_SEGMENT 12

// Codes one bit under a probability (of a 1, in 65536ths; NULL: a half) and adapts it. An encoder
// writes `bit` and returns it; a decoder returns what it read.
typedef unsigned (*delta_bit_fn)(void *coder, uint16_t *p, unsigned bit);

void delta_model_init(struct mote_delta_model *m);
uint8_t delta_code_literal(struct mote_delta_model *m, delta_bit_fn bit, void *coder,
                           uint8_t value);
uint8_t delta_code_residual(struct mote_delta_model *m, delta_bit_fn bit, void *coder,
                            uint8_t value);

// The point that parts low..high by a probability, and the probability's next value.
static inline uint32_t delta_split(uint32_t low, uint32_t high, const uint16_t *p)
{
    uint32_t probability = p ? *p : 32768;
    return low + (uint32_t)(((uint64_t)(high - low) * probability) >> 16);
}
static inline void delta_adapt(uint16_t *p, unsigned bit)
{
    if (p && bit) {
        *p = (uint16_t)(*p + ((65535 - *p) >> 5));
    } else if (p) {
        *p = (uint16_t)(*p - (*p >> 5));
    }
}

#endif
