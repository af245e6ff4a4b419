// What the accelerometer and the microphone see of the simulated fan. docs/simulator.md has the
// formulas; the numbers here are theirs. Machine axes: x horizontal, y vertical (both radial), z
// axial.
#include "firmware/port/posix/fan_priv.h"

#include <math.h>

#define TURNS 6             // phases are kept modulo this many turns
#define ACC_STEPS 8         // resonators run faster than the accelerometer: 800 Hz
#define MIC_SPEED_FRAMES 40 // the speed is computed anew every 5 ms

void fan_views_init(struct fan_sim *s, uint64_t *rng)
{
    struct fan_view *views[] = {&s->acc, &s->mic};
    for (size_t i = 0; i < 2; i++) {
        views[i]->rng = fan_random(rng);
        views[i]->phase = fan_uniform(rng, 0, 2 * FAN_PI);
    }
    fan_resonator_init(&s->acc.ring, s->structure_hz, 0.05, 100.0 * ACC_STEPS);
    fan_resonator_init(&s->acc.rattle, s->rattle_hz, 0.10, 100.0 * ACC_STEPS);
    fan_resonator_init(&s->mic.ring, s->ring_hz, 0.02, 8000);
    fan_resonator_init(&s->mic.rattle, 600, 0.05, 8000);
}

static void advance(struct fan_view *v, double dt)
{
    v->phase += 2 * FAN_PI * v->hz * dt;
    v->phase = fmod(v->phase, 2 * FAN_PI * TURNS);
}

// One ball passes the defect: an impact, unless none falls into this step. Slip makes the interval
// jitter by 2 %; the load zone makes impacts at the bottom harder.
static double ball_impact(struct fan_view *v, double order, double dt)
{
    v->bearing += order * v->hz * dt;
    if (v->bearing < v->next_ball) {
        return 0;
    }
    v->next_ball = v->bearing + 1 + 0.02 * fan_gauss(&v->rng);
    return (1 + 0.6 * cos(v->phase)) * fan_uniform(&v->rng, 0.5, 1.5);
}

// Rattling: two impacts a turn, of any strength, at no exact place.
static double rattle_impact(struct fan_view *v, double dt)
{
    v->knock -= v->hz * dt;
    if (v->knock > 0 || v->hz < 1) {
        return 0;
    }
    v->knock = fan_uniform(&v->rng, 0.3, 0.7);
    return fan_uniform(&v->rng, 0.2, 1.8);
}

// A MEMS accelerometer's own low-pass: what lies over 50 Hz comes through weakened, and aliased.
static double acc_response(double hz)
{
    return 1 / (1 + hz * hz / (45.0 * 45.0));
}

static void normal_vibration(const struct fan_sim *s, const struct fan_view *v, double a[3])
{
    double p = v->phase, b1 = s->balance * v->level, b2 = 0.35 * b1;
    double pass = 0.5 * v->level * acc_response(v->hz * s->blades) * cos(s->blades * p);
    a[0] += b1 * cos(p) + b2 * cos(2 * p + 0.7) + pass;
    a[1] += 0.9 * b1 * sin(p) + b2 * sin(2 * p + 0.2) + 0.6 * pass;
    a[2] += 0.25 * b1 * cos(p + 1.0) + 0.5 * b2 * cos(2 * p) + 0.8 * pass;
}

static void add_imbalance(const struct fan_view *v, double severity, double a[3])
{
    double m = 1.6 * severity * v->level;
    a[0] += m * cos(v->phase + 0.4);
    a[1] += 0.85 * m * sin(v->phase + 0.4);
    a[2] += 0.20 * m * cos(v->phase + 1.4);
}

// What the housing's resonances add. The resonator's state is a displacement; its change is taken,
// so that one-sided impacts leave no constant acceleration.
static double structure(const struct fan_sim *s, struct fan_view *v, double impact_gain,
                        double knock_gain)
{
    double dt = FAN_ACC_NS * 1e-9 / ACC_STEPS;
    for (int i = 0; i < ACC_STEPS; i++) {
        double ball = impact_gain > 0 ? impact_gain * ball_impact(v, s->order, dt) : 0;
        double knock = knock_gain > 0 ? knock_gain * rattle_impact(v, dt) : 0;
        (void)fan_resonator_step(&v->ring, ball); // its state is read below
        (void)fan_resonator_step(&v->rattle, knock);
    }
    double ring = (v->ring.y1 - v->ring.y2) / (2 * FAN_PI * s->structure_hz * dt);
    double rattle = (v->rattle.y1 - v->rattle.y2) / (2 * FAN_PI * s->rattle_hz * dt);
    return ring + rattle;
}

static void add_looseness(const struct fan_view *v, double severity, double a[3])
{
    double p = v->phase, m = severity * v->level;
    double lift = m * (1.3 * sin(p / 2) + 0.8 * sin(1.5 * p + 0.5) + 0.5 * sin(2.5 * p + 1.1));
    lift = lift < -0.6 * m ? -0.6 * m : lift; // the foot meets the ground
    a[0] += 0.5 * lift;
    a[1] += lift;
    a[2] += 0.3 * lift;
}

static void add_rub(struct fan_view *v, double severity, double a[3])
{
    double p = v->phase, m = severity * v->level;
    double scrape = cos(p) > 0.5 ? 1.4 * m : 0.15 * m;
    a[0] += scrape * fan_gauss(&v->rng) + 0.9 * m * cos(p / 3);
    a[1] += 0.7 * scrape * fan_gauss(&v->rng) + 0.7 * m * sin(p / 3);
    a[2] += 1.2 * scrape * fan_gauss(&v->rng);
}

static void acc_frame(struct fan_sim *s, double t, double a[3])
{
    struct fan_view *v = &s->acc;
    double severity;
    enum fan_state state = fan_state_at(s, t, &severity);
    v->hz = fan_speed_at(s, t);
    v->level = v->hz * v->hz / (s->hz * s->hz);
    advance(v, FAN_ACC_NS * 1e-9);
    a[0] = a[2] = 0;
    a[1] = 9.80665;
    normal_vibration(s, v, a);
    if (state == FAN_IMBALANCE) {
        add_imbalance(v, severity, a);
    } else if (state == FAN_LOOSENESS) {
        add_looseness(v, severity, a);
    } else if (state == FAN_RUB) {
        add_rub(v, severity, a);
    }
    double m = severity * v->level;
    double ring =
        structure(s, v, state == FAN_BEARING ? 0.20 * m : 0, state == FAN_LOOSENESS ? 0.35 * m : 0);
    double noise = state == FAN_BEARING ? s->noise * (1 + 1.0 * m) : s->noise;
    double share[3] = {1.0, 0.8, 0.5};
    for (int i = 0; i < 3; i++) {
        a[i] += share[i] * ring + noise * fan_gauss(&v->rng);
    }
}

static int16_t to_int16(double x)
{
    double r = nearbyint(x);
    return (int16_t)(r > 32767 ? 32767 : r < -32768 ? -32768 : r);
}

void fan_sim_acc(struct fan_sim *s, uint64_t first, int16_t (*out)[3], size_t frames)
{
    for (size_t n = 0; n < frames; n++) {
        double a[3];
        acc_frame(s, (double)(first + n) * FAN_ACC_NS * 1e-9, a);
        for (int i = 0; i < 3; i++) {
            double seen = s->mount[i][0] * a[0] + s->mount[i][1] * a[1] + s->mount[i][2] * a[2];
            out[n][i] = to_int16((seen * s->gain[i] + s->bias[i]) / (double)FAN_ACC_SCALE);
        }
    }
}

// Tones of the blades with three overtones, by the Chebyshev recurrence cos((k+1)x) = 2 cos(x)
// cos(kx) - cos((k-1)x).
static double blade_tones(double x)
{
    double c = cos(x), before = 1, now = c, sum = 0;
    for (int k = 1; k <= 4; k++) {
        sum += now / k;
        double next = 2 * c * now - before;
        before = now;
        now = next;
    }
    return sum;
}

static double mic_frame(struct fan_sim *s, double t)
{
    struct fan_view *v = &s->mic;
    double dt = FAN_MIC_NS * 1e-9, severity;
    enum fan_state state = fan_state_at(s, t, &severity);
    if (v->countdown-- == 0) {
        v->hz = fan_speed_at(s, t);
        v->level = v->hz * v->hz / (s->hz * s->hz);
        v->countdown = MIC_SPEED_FRAMES - 1;
    }
    advance(v, dt);
    double white = fan_gauss(&v->rng), turn = cos(v->phase), m = severity * v->level;
    v->low += 0.5 * (white - v->low); // flow noise: about 900 Hz wide
    double flow = 0.030 * v->low, tones = 0.012 * blade_tones(s->blades * v->phase);
    double sound = 0;
    if (state == FAN_IMBALANCE) {
        double beat = 1 + 0.7 * severity * turn;
        flow *= beat;
        tones *= beat;
        sound += 0.03 * m * turn;
    } else if (state == FAN_BEARING) {
        sound += fan_resonator_step(&v->ring, 0.06 * m * ball_impact(v, s->order, dt));
    } else if (state == FAN_LOOSENESS) {
        sound += fan_resonator_step(&v->rattle, 0.10 * m * rattle_impact(v, dt));
    } else if (state == FAN_RUB && turn > 0.5) {
        sound += 0.05 * m * (white - v->low);
    }
    double mains = 0.0008 * sin(2 * FAN_PI * 50 * t);
    return sound + v->level * (flow + tones) + mains + s->mic_noise * fan_gauss(&v->rng);
}

void fan_sim_mic(struct fan_sim *s, uint64_t first, int16_t *out, size_t frames)
{
    for (size_t n = 0; n < frames; n++) {
        double x = mic_frame(s, (double)(first + n) * FAN_MIC_NS * 1e-9);
        out[n] = to_int16(x * s->gain[0] / (double)FAN_MIC_SCALE);
    }
}
