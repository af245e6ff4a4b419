// A seeded source of numbers for simulators and tests (SplitMix64: Steele, Lea, Flood 2014). Not
// for keys.
#ifndef SIM_RANDOM_H
#define SIM_RANDOM_H

#include "firmware/core/mote_port.h"

static inline uint64_t sim_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

// Bytes for mote_entropy; *state is the context and must outlive it.
struct mote_entropy sim_entropy(uint64_t *state);
// A clock that shows *now_us, which the test moves.
struct mote_clock sim_clock(uint64_t *now_us);

#endif
