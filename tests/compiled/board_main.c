// Runs a compiled model named `model` (its header comes by -include) on an emulated board and prints what it cost:
// "bench INPUT OUTPUT". Instructions are read from a timer under `-icount shift=0`, where an instruction takes a
// nanosecond; the output is compared with a file; stack use is measured by painting.
#include "tests/bench/nn_device/semihost.h"

extern uint32_t stack_bottom[];

__attribute__((section(".big"), aligned(16))) static uint8_t expected[32 * 1024];

#ifdef BENCH_SYSTICK // 32 MHz, 24 bits
#define TICK_BASE 0xe000e010u
#define TICK_ENABLE 5u
#define TICK_RELOAD (*(volatile uint32_t *)(TICK_BASE + 4))
#define TICK_VALUE (*(volatile uint32_t *)(TICK_BASE + 8))
#define TICK_MAX 0xffffffu
#define INSTRUCTIONS(ticks) ((uint32_t)((uint64_t)(ticks) * 125u / 4u))
#else // CMSDK timer 0, 25 MHz, 32 bits
#define TICK_BASE 0x40000000u
#define TICK_ENABLE 1u
#define TICK_RELOAD (*(volatile uint32_t *)(TICK_BASE + 8))
#define TICK_VALUE (*(volatile uint32_t *)(TICK_BASE + 4))
#define TICK_MAX 0xffffffffu
#define INSTRUCTIONS(ticks) ((ticks) * 40u)
#endif

#define PAINT 0x5a5a5a5au

__attribute__((noinline)) static void paint(void)
{
    uint32_t here;
    uint32_t *volatile here_at = &here;
    for (uint32_t *p = stack_bottom; p + 16 < here_at; p++) {
        *p = PAINT;
    }
}

static uint32_t painted_over(const void *top)
{
    const uint32_t *p = stack_bottom;
    while (*p == PAINT) {
        p++;
    }
    return (uint32_t)((const uint8_t *)top - (const uint8_t *)p);
}

void bench_invoke(void);
__attribute__((noipa)) void bench_invoke(void)
{
    model_invoke();
}

int main(void)
{
    static char words[512];
    char *word[3];
    unsigned count = sh_arguments(words, sizeof words, word, MOTE_COUNT(word));
    const struct mote_nn_tensor *out = &model_output[0];
    TICK_RELOAD = TICK_MAX;
    TICK_VALUE = TICK_MAX;
    *(volatile uint32_t *)TICK_BASE = TICK_ENABLE;
    paint();
    uint32_t start = TICK_VALUE;
    model_init();
    uint32_t init = (start - TICK_VALUE) & TICK_MAX;
    if (count < 3 ||
        sh_read_file(word[1], model_input[0].data, (uint32_t)model_input[0].bytes) !=
            (int32_t)model_input[0].bytes ||
        sh_read_file(word[2], expected, sizeof expected) != (int32_t)out->bytes) {
        sh_print("cannot read the input or the expected output\n");
        return 1;
    }
    start = TICK_VALUE;
    bench_invoke();
    uint32_t invoke = (start - TICK_VALUE) & TICK_MAX;
    sh_print_number("init", INSTRUCTIONS(init));
    sh_print_number("invoke", INSTRUCTIONS(invoke));
    sh_print_number("stack", painted_over(&count));
    sh_print_number("arena", MODEL_ARENA_BYTES);
    if (memcmp(out->data, expected, out->bytes) != 0) {
        sh_print("output differs\n");
        return 1;
    }
    return 0;
}
