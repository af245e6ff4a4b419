// How much stack a call takes, measured by painting.
#ifndef FIRMWARE_PORT_POSIX_STACK_H
#define FIRMWARE_PORT_POSIX_STACK_H

#include <stdint.h>

// For mote_agent_config.measure_stack: calls run(arg) on a painted stack of its own and counts what
// is no longer painted. ctx is not used. 0 where there was no memory for the stack; run was called
// all the same.
uint32_t posix_stack_measure(void *ctx, void (*run)(void *arg), void *arg);

#endif
