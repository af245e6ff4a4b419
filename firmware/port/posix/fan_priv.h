// What the parts of the simulated fan share. Only for fan_*.c.
#ifndef FAN_PRIV_H
#define FAN_PRIV_H

#include "firmware/port/posix/fan_sim.h"

#define FAN_PI 3.14159265358979323846

uint64_t fan_random(uint64_t *state);
double fan_uniform(uint64_t *state, double lo, double hi);
double fan_gauss(uint64_t *state);
void fan_resonator_init(struct fan_resonator *r, double hz, double damping, double rate);
double fan_resonator_step(struct fan_resonator *r, double in);
enum fan_state fan_state_at(const struct fan_sim *s, double t, double *severity);
double fan_speed_at(const struct fan_sim *s, double t);
void fan_views_init(struct fan_sim *s, uint64_t *rng);

#endif
