// A simulated machine: a fan on a motor with a rolling bearing, seen by an accelerometer (3 axes,
// 100 Hz, int16, 1/4096 g) and a microphone (8 kHz, int16). Computed from the physical model that
// docs/simulator.md describes, every number from a seed and the device's id: two devices differ in
// speed, blades, bearing, mounting, gain and noise, and the same device always gives the same
// samples.
//
// It is a simulation. Samples made from it are marked as such and must not be taken for field data.
#ifndef FAN_SIM_H
#define FAN_SIM_H

#include "firmware/core/mote_base.h"

enum fan_state {
    FAN_OFF,
    FAN_NORMAL,
    FAN_IMBALANCE, // mass off the axis: strong radial vibration at the speed of rotation
    FAN_BEARING,   // outer-race wear: impacts that ring the structure
    FAN_LOOSENESS, // loose foot: half-order vibration, clipped on one side, rattling
    FAN_RUB,       // a blade touches the shroud: scraping once a turn, a third-order vibration
    FAN_STATES
};

#define FAN_ACC_NS 10000000u // between accelerometer frames
#define FAN_MIC_NS 125000u   // between microphone frames
#define FAN_ACC_SCALE (9.80665f / 4096.0f)
#define FAN_MIC_SCALE (1.0f / 32768.0f)
// After a change of state the speed needs this long to settle; windows that overlap it are neither.
#define FAN_SETTLE_US 2500000u

struct fan_resonator { // y'' + 2 zeta w y' + w^2 y = impulses, as a two-pole filter
    double a1, a2, y1, y2;
};

struct fan_view { // one sensor's way of looking at the fan; private
    uint64_t rng;
    double phase;       // of the shaft, radians, modulo 6 turns (half and third orders stay whole)
    double bearing;     // phase of the outer race's ball passing, turns
    double next_ball;   // where the next impact falls (slip makes it jitter)
    double knock;       // turns of the shaft at the next rattling impact
    double low;         // of the one-pole noise filter
    double hz, level;   // speed now, and its square over the nominal one's
    unsigned countdown; // frames until speed is computed again
    struct fan_resonator ring, rattle;
};

struct fan_sim {
    double hz; // nominal speed
    unsigned blades;
    double order;                            // ball passes of the outer race to a turn
    double structure_hz, rattle_hz, ring_hz; // resonances
    double balance;                          // what imbalance is left when all is well, m/s2
    double noise, mic_noise;
    double mount[3][3], gain[3], bias[3];
    double wander[3]; // phases of the slow changes of speed and severity
    // state over time: one change is remembered, so that frames before it are still right
    enum fan_state before, now;
    double severity_before, severity;
    double changed_s, ramp_before; // ramp: share of the nominal speed
    uint64_t rng;
    struct fan_view acc, mic;
};

void fan_sim_init(struct fan_sim *s, const char *device, uint64_t seed);
// A state's name in small letters, such as "imbalance".
const char *fan_state_name(enum fan_state state);
// -1 where there is no such state.
int fan_state_parse(const char *name);
// From device time t_us on the fan is in this state, with a severity drawn anew.
void fan_sim_set(struct fan_sim *s, enum fan_state state, uint64_t t_us);
// Frames number first, first + 1, ...; frame n is at n * FAN_ACC_NS (FAN_MIC_NS). Views remember
// where they are: call with ascending numbers, gaps are allowed.
void fan_sim_acc(struct fan_sim *s, uint64_t first, int16_t (*out)[3], size_t frames);
void fan_sim_mic(struct fan_sim *s, uint64_t first, int16_t *out, size_t frames);

#endif
