// A small seeded generator (xoshiro256**, seeded by splitmix64): every random choice of the trainer
// comes from one of these, so that a seed determines a run.
#ifndef TRAINER_RNG_H
#define TRAINER_RNG_H

struct rng {
    uint64_t s[4];
    bool have_normal; // private
    float normal;     // private
};

// stream: independent sequences of one seed, such as one per purpose.
void rng_seed(struct rng *r, uint64_t seed, uint64_t stream);
uint64_t rng_u64(struct rng *r);
// 0 <= x < n, without bias; n > 0.
uint32_t rng_below(struct rng *r, uint32_t n);
// 0 <= x < 1.
float rng_uniform(struct rng *r);
// Mean 0, variance 1 (Marsaglia's polar method).
float rng_normal(struct rng *r);
// Fisher-Yates.
void rng_shuffle(struct rng *r, uint32_t *v, size_t n);

#endif
