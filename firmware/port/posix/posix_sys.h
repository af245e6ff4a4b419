// The POSIX port's clocks, entropy and log.
//
// A simulated device has two clocks. Its device clock stamps samples and may run faster than real
// time, or be pushed ahead while a recording is made in a burst; its network clock is the
// machine's, because brokers and servers are patient in real seconds. On hardware both are the
// same.
#ifndef POSIX_SYS_H
#define POSIX_SYS_H

#include "firmware/core/mote_port.h"

struct posix_clock {
    double speed;      // device seconds per second
    uint64_t start_us; // of the machine's clock
    uint64_t ahead_us; // device time that was skipped
};

// Device time starts at 0.
void posix_clock_init(struct posix_clock *c, double speed);
struct mote_clock posix_device_clock(struct posix_clock *c);
// Device time jumps ahead by this much.
void posix_clock_skip(struct posix_clock *c, uint64_t us);
struct mote_clock posix_network_clock(void);
struct mote_entropy posix_entropy(void);
// Lines go to common/log.
struct mote_logger posix_logger(void);

#endif
