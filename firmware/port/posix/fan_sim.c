// The simulated fan: what all of its sensors share. See fan_sim.h and docs/simulator.md; what each
// sensor makes of it is in fan_views.c.
#include "firmware/port/posix/fan_sim.h"
#include "firmware/port/posix/fan_priv.h"

#include <math.h>

static const char *const state_names[FAN_STATES] = {"off",     "normal",    "imbalance",
                                                    "bearing", "looseness", "rub"};

const char *fan_state_name(enum fan_state state)
{
    return state_names[state];
}

int fan_state_parse(const char *name)
{
    for (int i = 0; i < FAN_STATES; i++) {
        if (strcmp(name, state_names[i]) == 0) {
            return i;
        }
    }
    return -1;
}

// splitmix64: small, seedable, the same everywhere.
uint64_t fan_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

double fan_uniform(uint64_t *state, double lo, double hi)
{
    return lo + (hi - lo) * (double)(fan_random(state) >> 11) * 0x1p-53;
}

// Near enough to a normal distribution: four 16-bit uniforms from one draw, variance 1.
double fan_gauss(uint64_t *state)
{
    uint64_t u = fan_random(state);
    double sum = (double)(u & 0xffff) + (double)(u >> 16 & 0xffff) + (double)(u >> 32 & 0xffff) +
                 (double)(u >> 48);
    return (sum * 0x1p-16 - 2.0) * 1.7320508075688772;
}

void fan_resonator_init(struct fan_resonator *r, double hz, double damping, double rate)
{
    double w = 2 * FAN_PI * hz / rate;
    double radius = exp(-damping * w);
    *r = (struct fan_resonator){.a1 = 2 * radius * cos(w * sqrt(1 - damping * damping)),
                                .a2 = -radius * radius};
}

double fan_resonator_step(struct fan_resonator *r, double in)
{
    double y = r->a1 * r->y1 + r->a2 * r->y2 + in;
    r->y2 = r->y1;
    r->y1 = y;
    return y;
}

// Mounting: a tilt about a random horizontal axis, then a turn about the vertical one.
static void draw_mounting(struct fan_sim *s, uint64_t *rng)
{
    double tilt = fan_uniform(rng, 0, 0.30), about = fan_uniform(rng, 0, 2 * FAN_PI);
    double turn = fan_uniform(rng, -0.45, 0.45);
    double kx = cos(about), kz = sin(about), c = cos(tilt), sn = sin(tilt);
    // Rodrigues' formula for the axis (kx, 0, kz).
    double r[3][3] = {{c + kx * kx * (1 - c), -kz * sn, kx * kz * (1 - c)},
                      {kz * sn, c, -kx * sn},
                      {kx * kz * (1 - c), kx * sn, c + kz * kz * (1 - c)}};
    double t[3][3] = {{cos(turn), 0, sin(turn)}, {0, 1, 0}, {-sin(turn), 0, cos(turn)}};
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            s->mount[i][j] = r[i][0] * t[0][j] + r[i][1] * t[1][j] + r[i][2] * t[2][j];
        }
        s->gain[i] = fan_uniform(rng, 0.95, 1.05);
        s->bias[i] = fan_uniform(rng, -0.15, 0.15);
        s->wander[i] = fan_uniform(rng, 0, 2 * FAN_PI);
    }
}

void fan_sim_init(struct fan_sim *s, const char *device, uint64_t seed)
{
    uint64_t rng = seed * 0x9e3779b97f4a7c15u + 1;
    for (const char *p = device; *p; p++) {
        rng = (rng ^ (uint8_t)*p) * 0x100000001b3u; // FNV-1a
    }
    *s = (struct fan_sim){.before = FAN_OFF, .now = FAN_OFF, .severity = 1, .severity_before = 1};
    s->hz = fan_uniform(&rng, 20, 25);
    s->blades = 7;
    s->order = fan_uniform(&rng, 3.02, 3.09);
    s->structure_hz = fan_uniform(&rng, 33, 41);
    s->rattle_hz = fan_uniform(&rng, 44, 48);
    s->ring_hz = fan_uniform(&rng, 1900, 2500);
    s->balance = fan_uniform(&rng, 0.22, 0.38);
    s->noise = fan_uniform(&rng, 0.04, 0.08);
    s->mic_noise = fan_uniform(&rng, 0.0010, 0.0020);
    draw_mounting(s, &rng);
    fan_views_init(s, &rng);
    s->rng = fan_random(&rng);
}

static bool turning(enum fan_state state)
{
    return state != FAN_OFF;
}

// Share of the nominal speed: exponential run-up and run-down, 0.6 s.
static double ramp(const struct fan_sim *s, double t)
{
    if (t < s->changed_s) {
        return turning(s->before);
    }
    double target = turning(s->now);
    return target + (s->ramp_before - target) * exp(-(t - s->changed_s) / 0.6);
}

void fan_sim_set(struct fan_sim *s, enum fan_state state, uint64_t t_us)
{
    double t = (double)t_us * 1e-6;
    s->ramp_before = ramp(s, t);
    s->before = s->now;
    s->severity_before = s->severity;
    s->now = state;
    s->severity = fan_uniform(&s->rng, 0.75, 1.25);
    s->changed_s = t;
}

// The condition that shapes the vibration: a fan that runs down after it was switched off still has
// it.
enum fan_state fan_state_at(const struct fan_sim *s, double t, double *severity)
{
    bool old = t < s->changed_s || s->now == FAN_OFF;
    double slow = 1 + 0.12 * sin(2 * FAN_PI * t / 47 + s->wander[2]);
    *severity = (old ? s->severity_before : s->severity) * slow;
    return old ? s->before : s->now;
}

// The speed wanders with mains and load; rubbing brakes.
double fan_speed_at(const struct fan_sim *s, double t)
{
    double hz = s->hz * (1 + 0.015 * sin(2 * FAN_PI * t / 41 + s->wander[0]) +
                         0.010 * sin(2 * FAN_PI * t / 13.7 + s->wander[1]));
    double severity;
    if (fan_state_at(s, t, &severity) == FAN_RUB) {
        hz *= 1 - 0.03 * severity;
    }
    return hz * ramp(s, t);
}
