// The demo's state, shared by its steps. demo.c has the command and the display, demo_fleet.c the
// devices and their machines, demo_data.c recording, labelling and training, demo_ship.c releases.
#ifndef OPS_DEMO_H
#define OPS_DEMO_H

#include "common/project.h"
#include "common/store/store.h"
#include "ops/demo_score.h"
#include "ops/ops_http.h"

#include <sys/types.h>

#define DEMO_DEVICES 6
#define DEMO_NEW_FAULT "looseness"
extern const char *const demo_known[4]; // states that the first model is taught

struct demo_device {
    const char *id;
    int device_class;
    bool mic, relay; // relay: its decisions stop the fan
    pid_t pid;
    char state_dir[IO_PATH_MAX];
    int64_t windows_from; // event that scores start after
};

struct demo {
    struct project p;
    struct store *store;
    struct http *http;
    pid_t up;
    char recipes[IO_PATH_MAX];
    char setup[256]; // secret of the one-time link
    char password[40];
    struct demo_device dev[DEMO_DEVICES];
    // what the summary shows
    int64_t recordings, labels, parity_windows;
    char model[STORE_DIGEST_TEXT], model2[STORE_DIGEST_TEXT];
    double test_float, test_int8, seconds_to_active;
    int64_t model_bytes;
    char damaged_reason[200], forged_reason[200];
    struct score before, after;
    int64_t sent_new, stop_ms;
    int64_t last_label_us;
    char note[200]; // words behind the present step
};

// Polls until done(d, ctx) is positive; negative passes through; E_STATE with what it waited for.
typedef int (*demo_until_fn)(struct demo *d, void *ctx, struct err *e);
int demo_wait(struct demo *d, demo_until_fn done, void *ctx, int64_t limit_ms, const char *what,
              struct err *e) MUST_CHECK;

// demo_fleet.c
void demo_fleet_define(struct demo *d);
int demo_fleet_start(struct demo *d, struct err *e) MUST_CHECK;
void demo_fleet_stop(struct demo *d);
int demo_machine(struct demo *d, const struct demo_device *dev, const char *line,
                 struct err *e) MUST_CHECK;
// Puts every machine into a state and waits until each device classified that many settled windows of
// it; adds them to the score.
int demo_observe(struct demo *d, const char *state, int64_t windows, struct score *score,
                 struct err *e) MUST_CHECK;
int demo_classify(struct demo *d, struct err *e) MUST_CHECK; // all devices, until further notice

// demo_data.c
int demo_login(struct demo *d, struct err *e) MUST_CHECK;
int demo_record(struct demo *d, struct err *e) MUST_CHECK;
int demo_train(struct demo *d, const char *from, struct err *e) MUST_CHECK;
int demo_label_uncertain(struct demo *d, struct err *e) MUST_CHECK;
int demo_look_at_page(struct demo *d, struct err *e) MUST_CHECK;

// demo_ship.c
int demo_release(struct demo *d, const char *model, int64_t *release_id, struct err *e) MUST_CHECK;
int demo_rollout(struct demo *d, int64_t release_id, struct err *e) MUST_CHECK;
int demo_attack(struct demo *d, const char *model, struct err *e) MUST_CHECK;

#endif
