// What a rollout does next: pure decisions, no I/O, no clock. roll_run.c feeds it and applies the
// result.
//
// A rollout goes through stages; each says how many devices in all have been offered the release by
// its end. Devices that fit are chosen canary first, then those that are online, then by a hash of
// id and release, so that it is not always the same ones that go first. A stage is over when every
// device of it is settled and nothing has changed for the waiting time. A device that stays silent
// beyond the timeout counts as failed, like one that refused or rolled back; when more than the
// allowed share of the devices offered so far has failed, the rollout pauses and says which. A
// device is offered a release once: what it answered stays.
#ifndef CONVERTER_ROLL_POLICY_H
#define CONVERTER_ROLL_POLICY_H

#define ROLL_STAGES_MAX 16
#define ROLL_REASON_MAX 240
#define ROLL_ID_MAX 33

struct err;

struct roll_stage {
    bool percent; // value is a share of the devices that fit; else a number of devices
    int64_t value;
};

struct roll_policy {
    struct roll_stage stage[ROLL_STAGES_MAX];
    size_t stages;
    char canary[ROLL_ID_MAX]; // "" none
    char group[64];           // "" every device
    int64_t wait_ms;          // of quiet before the next stage
    int64_t timeout_ms;       // of silence after which a device has failed
    int64_t abort_over;       // percent of failures that is still fine, 0..100
    int64_t accepted;         // failures that a person has seen and resumed after
};

enum roll_state {
    ROLL_NONE,
    ROLL_UNFIT,
    ROLL_OFFERED,
    ROLL_ACTIVE,
    ROLL_REFUSED,
    ROLL_ROLLED_BACK,
    ROLL_TIMEOUT
};

struct roll_device {
    char id[ROLL_ID_MAX];
    bool fit, online;
    enum roll_state state;
    int64_t stage, offered_ms;
    int64_t heard_ms;   // last report about this release, 0: none
    int64_t changed_ms; // last change of state
    char reason[ROLL_REASON_MAX];
    bool dirty; // out: changed by roll_step
};

enum roll_action { ROLL_WAIT, ROLL_ADVANCE, ROLL_PAUSE, ROLL_DONE };

struct roll_result {
    enum roll_action action;
    char reason[ROLL_REASON_MAX];           // of ROLL_PAUSE
    size_t offered, active, failed, target; // for people
};

// "1,50%,100%" to stages; each must reach further than the one before where both are of one kind.
int roll_parse_stages(struct roll_policy *p, const char *text, struct err *e) MUST_CHECK;
// "20%" or "20".
int roll_parse_percent(const char *text, int64_t *out, struct err *e) MUST_CHECK;
// Number of devices that have been offered the release at the end of that stage, of `fit`.
size_t roll_target(const struct roll_policy *p, size_t stage, size_t fit);

// One step at time now_ms. Devices that are to be offered the release become ROLL_OFFERED with
// offered_ms = now_ms and dirty; silent ones become ROLL_TIMEOUT. salt: of the release, for the
// order.
void roll_step(const struct roll_policy *p, size_t stage, int64_t now_ms, uint32_t salt,
               struct roll_device *device, size_t count, struct roll_result *out);

bool roll_failed(enum roll_state state);
// The words of the store: "offered", "active", "refused", "rolled-back", "timeout", "unfit";
// "waiting" of ROLL_NONE.
const char *roll_state_text(enum roll_state state);
enum roll_state roll_state_parse(const char *text);

#endif
