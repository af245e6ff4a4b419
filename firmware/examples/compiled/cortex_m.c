// The example on a bare Cortex-M: vectors, start, and printing by semihosting (bkpt 0xab: operation in r0, its
// parameter in r1), which a debugger or an emulator answers. cortex_m.ld says where everything goes.
#include <stdint.h>

#include "firmware/examples/compiled/board.h"

enum { SYS_WRITE0 = 4, SYS_EXIT_EXTENDED = 0x20 };

extern uint32_t stack_top[], data_load[], data_start[], data_end[], bss_start[], bss_end[];
int main(void);

static void call(uint32_t operation, const void *parameter)
{
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = parameter;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

void board_print(const char *text)
{
    call(SYS_WRITE0, text);
}

static _Noreturn void leave(int code)
{
    const uint32_t block[2] = {0x20026, (uint32_t)code};
    for (;;) {
        call(SYS_EXIT_EXTENDED, block);
    }
}

static _Noreturn void reset(void)
{
    *(volatile uint32_t *)0xe000ed88u |=
        0xfu << 20; // CPACR: the floating-point unit, before any float code
    __asm__ volatile("dsb\n\tisb");
    const uint32_t *from = data_load;
    for (uint32_t *to = data_start; to < data_end;) {
        *to++ = *from++;
    }
    for (uint32_t *to = bss_start; to < bss_end;) {
        *to++ = 0;
    }
    leave(main());
}

static _Noreturn void fault(void)
{
    board_print("fault\n");
    leave(99);
}

typedef void (*vector)(void);
struct vectors {
    uint32_t *stack;
    vector handler[15];
};
__attribute__((section(".vectors"), used)) static const struct vectors vectors = {
    stack_top,
    {reset, fault, fault, fault, fault, fault, 0, 0, 0, 0, fault, fault, 0, fault, fault}};
