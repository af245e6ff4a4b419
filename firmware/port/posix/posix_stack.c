// Stack use on a painted stack. See posix_stack.h.
#include "firmware/port/posix/posix_stack.h"

#include <ucontext.h>

#define STACK_BYTES ((size_t)256 * 1024)
#define PAINT 0x5a

// What the new context is to do; a context's function takes no pointers that C would let through.
static struct {
    void (*run)(void *arg);
    void *arg;
} job;

static void start(void)
{
    job.run(job.arg);
}

static void nothing(void *arg)
{
    (void)arg;
}

static uint32_t used(uint8_t *stack, void (*run)(void *arg), void *arg)
{
    ucontext_t here, there;
    size_t clean = 0;
    memset(stack, PAINT, STACK_BYTES);
    job.run = run;
    job.arg = arg;
    if (getcontext(&there) != 0) {
        run(arg);
        return 0;
    }
    there.uc_stack.ss_sp = stack;
    there.uc_stack.ss_size = STACK_BYTES;
    there.uc_link = &here;
    makecontext(&there, start, 0);
    if (swapcontext(&here, &there) != 0) {
        run(arg);
        return 0;
    }
    while (clean < STACK_BYTES && stack[clean] == PAINT) {
        clean++;
    }
    return (uint32_t)(STACK_BYTES - clean);
}

uint32_t posix_stack_measure(void *ctx, void (*run)(void *arg), void *arg)
{
    (void)ctx;
    uint8_t *stack = malloc(STACK_BYTES);
    if (stack == NULL) {
        run(arg);
        return 0;
    }
    uint32_t own = used(stack, nothing, NULL), all = used(stack, run, arg);
    free(stack);
    return all > own ? all - own : 0;
}
