// A whole device in memory: the agent over simulated flash, a broker in the same process, a sensor
// that shakes as the test says, clocks that the test moves; and a collector that acknowledges. For
// tests.
#ifndef SUPPORT_DEVICE_BENCH_H
#define SUPPORT_DEVICE_BENCH_H

#include "firmware/core/agent/mote_agent.h"
#include "firmware/port/sim/sim_flash.h"
#include "tests/support/loop_broker.h"
#include "tests/support/release_kit.h"

#define BENCH_BLOCKS 4096

struct bench_block { // as the collector stored it
    char stream[MOTE_NAME_MAX + 1];
    struct mote_block block; // data and label are borrowed from copy
    uint8_t *copy;
};

struct bench {
    struct sim_flash spool, slots;
    struct loop_broker broker;
    struct kit kit;
    struct mote_agent agent;
    uint64_t device_us, network_us, entropy;
    // sensor
    double shake; // m/s2 of the acc's axes
    uint64_t next_frame;
    int stop_value; // to be read from the stream "stop", -1: none
    struct mote_stream_info info[2];
    // collector
    bool acks;              // whether it acknowledges
    bool duplicate_differs; // a block came twice with other bytes
    struct bench_block stored[BENCH_BLOCKS];
    size_t stored_count, repeats;
    // what came on live/: blocks, frames of samples, events, and the device time of the last reply
    size_t live_blocks, live_frames, live_events;
    uint64_t live_reply_us;
    // actuator
    unsigned decisions;
    char last_decision[MOTE_NAME_MAX + 1];
    unsigned reboots;
    char log[65536]; // all lines
    // memory of the agent
    _Alignas(16) uint8_t arena[16384];
    uint8_t window[4096], frames[8192], manifest[MOTE_MANIFEST_MAX], bitmap[1024],
        rx[MOTE_MANIFEST_MAX + 512], tx[16384], live[1024];
    struct mote_spool_sector sectors[64];
    struct mote_agent_config config;
};

// Prepares everything but the agent; change config before bench_boot.
void bench_init(struct bench *b);
void bench_release(struct bench *b);
// Starts the agent from what flash holds, as after power-on.
void bench_boot(struct bench *b);
// As if the power went: the connection breaks, the agent's memory is lost, time starts anew.
void bench_crash(struct bench *b);
// Both clocks move on in steps of 10 ms while the agent works.
void bench_run(struct bench *b, uint64_t ms);
// Topic below the prefix, such as "d/dev-1/cmd".
void bench_publish(struct bench *b, const char *below, const void *p, size_t len, bool retain);
void bench_command(struct bench *b, const struct mote_cmd *c);
// Publishes a release's manifest and payload; damage: flips a bit of the payload. Then asks for it.
void bench_publish_release(struct bench *b, const struct kit_release *r, bool damage);
void bench_desire(struct bench *b, const struct kit_release *r);
struct mote_reported
bench_reported(const struct bench *b); // texts borrowed from the retained message
// The reply to a command; false: none came.
bool bench_reply(const struct bench *b, uint64_t command, struct mote_reply *out);
// Blocks of a stream (NULL: all) and frames of a recording in it.
size_t bench_count(const struct bench *b, const char *stream);
size_t bench_frames(const struct bench *b, const char *stream, uint32_t recording);
// Whether sequence numbers of every session and stream have no gap.
bool bench_complete(const struct bench *b);

#endif
