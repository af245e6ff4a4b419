// Start of a program on an emulated Cortex-M board: vectors, floating point unit, data, bss.
#include "tests/bench/nn_device/semihost.h"

extern uint32_t stack_top[], data_load[], data_start[], data_end[], bss_start[], bss_end[];
int main(void);

static _Noreturn void reset(void)
{
    *(volatile uint32_t *)0xe000ed88u |=
        0xfu << 20; // CPACR: coprocessors 10 and 11, before any float code
    __asm__ volatile("dsb\n\tisb");
    uint32_t *from = data_load;
    for (uint32_t *to = data_start; to < data_end;) {
        *to++ = *from++;
    }
    for (uint32_t *to = bss_start; to < bss_end;) {
        *to++ = 0;
    }
    sh_exit(main());
}

static _Noreturn void fault(void)
{
    sh_print("fault\n");
    sh_exit(99);
}

typedef void (*vector)(void);
struct vectors {
    uint32_t *stack;
    vector handler[15];
};
__attribute__((section(".vectors"), used)) static const struct vectors vectors = {
    stack_top,
    {reset, fault, fault, fault, fault, fault, 0, 0, 0, 0, fault, fault, 0, fault, fault}};
