// The simulated fan as a board sees it: its sensors, the relay that can stop it, and a person's
// hand.
//
// Streams: "acc" (m/s2), "mic" where there is one, and "stop", which says when the relay opened (1)
// and closed (0). Sensors have a FIFO: who does not read loses the oldest frames.
//
// Control: whoever writes one of these lines to the control file is obeyed at the next poll:
//     state NAME     the fan is in this state from now on, and running unless NAME is off
//     stop           as a decision would stop it
//     start          the relay closes again, the state is what it was
// Truth: every change is appended to a CSV file as session,t_us,state,cause with the device time
// from which it holds (windows within FAN_SETTLE_US after it are neither the old state nor the new
// one).
#ifndef SIM_MACHINE_H
#define SIM_MACHINE_H

#include "firmware/core/mote_port.h"
#include "firmware/port/posix/fan_sim.h"
#include "firmware/port/posix/posix_sys.h"

struct err;

struct sim_machine_config {
    const char *device;
    uint64_t seed;
    bool mic;
    enum fan_state start;
    bool actuate;                          // decisions move the relay
    const char *stop_on;                   // labels that stop the fan, blank between
    unsigned stop_after;                   // certain windows of such a label in a row
    const char *control_path, *truth_path; // NULL: none
};

struct sim_machine {
    struct mote_sensor sensor;
    struct mote_actuator actuator;
    // private
    struct sim_machine_config config;
    struct posix_clock *clock;
    struct fan_sim fan;
    struct mote_stream_info info[3];
    uint64_t next_acc, next_mic;
    enum fan_state wanted; // the state when the relay is closed
    bool stopped;          // the relay is open
    unsigned streak;
    struct {
        uint64_t t_us;
        uint8_t value;
    } stop[16]; // not yet read
    size_t stop_count;
    char session[2 * 16 + 1];
    int64_t control_seen_ns;
    uint64_t control_inode;
    char obeyed[128]; // the last line
};

// Strings of config are kept, not copied. Makes the control file's absence the starting point.
void sim_machine_init(struct sim_machine *m, const struct sim_machine_config *config,
                      struct posix_clock *clock);
// Names the session for the truth file and writes its first row.
int sim_machine_begin(struct sim_machine *m, const uint8_t *session, size_t len,
                      struct err *e) MOTE_CHECK;
// Obeys the control file where it has changed. A line that is not understood is logged and left.
int sim_machine_poll(struct sim_machine *m, struct err *e) MOTE_CHECK;

#endif
