// Runs one model on an emulated board and prints what it cost: "bench MODEL INPUT OUTPUT [steps]";
// steps prints the instructions of each operator as well, from a run of its own.
//
// Instructions of mote_nn_invoke are read from a timer under `-icount shift=0`, where an instruction takes a
// nanosecond. The output is compared with a file. Stack use is measured by painting.
#include "tests/bench/nn_device/semihost.h"
#include "firmware/core/nn/mote_nn_ops.h"

#ifdef BENCH_NONE
#include "tests/bench/nn_device/bench_none.h"
#endif

extern uint32_t stack_bottom[];

__attribute__((section(".big"), aligned(16))) static uint8_t file[400 * 1024];
__attribute__((section(".big"), aligned(16))) static uint8_t arena[240 * 1024];
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

static void start_timer(void)
{
    TICK_RELOAD = TICK_MAX;
    TICK_VALUE = TICK_MAX;
    *(volatile uint32_t *)TICK_BASE = TICK_ENABLE;
}

static uint32_t now(void)
{
    return TICK_VALUE;
}

static uint32_t elapsed(uint32_t since)
{
    return INSTRUCTIONS((since - now()) & TICK_MAX);
}

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
    uint32_t *p = stack_bottom;
    while (*p == PAINT) {
        p++;
    }
    return (uint32_t)((const uint8_t *)top - (const uint8_t *)p);
}

static _Noreturn void refuse(const char *what, const char *why)
{
    sh_print(what);
    sh_print(": ");
    sh_print(why != NULL ? why : "");
    sh_print("\n");
    sh_exit(1);
}

#ifdef BENCH_NONE
#define ops mote_nn_ops_all
#elif defined BENCH_ALL4
static const struct mote_nn_op *const table[] = {&mote_nn_op_add_i8,
                                                 &mote_nn_op_conv_2d_i8,
                                                 &mote_nn_op_depthwise_conv_2d_i8,
                                                 &mote_nn_op_average_pool_2d_i8,
                                                 &mote_nn_op_reshape,
                                                 &mote_nn_op_fully_connected_i8,
                                                 &mote_nn_op_softmax_i8};
static const struct mote_nn_ops ops = {table, MOTE_COUNT(table), NULL};
#else
#define ops mote_nn_ops_all
#endif

static void open_model(struct mote_nn *nn, uint32_t len)
{
    struct mote_nn_diag diag;
    int rc = mote_nn_open(nn, file, len, &ops, 0, arena, sizeof arena, &diag);
    if (rc != MOTE_OK) {
        refuse("cannot open the model", diag.reason);
    }
}

static void print_steps(struct mote_nn *nn)
{
    for (size_t i = 0; i < mote_nn_op_count(nn); i++) {
        uint32_t t = now();
        int rc = mote_nn_step(nn, i);
        t = elapsed(t);
        sh_print(rc == MOTE_OK ? "step " : "failed ");
        sh_print_number(mote_nn_op_name(nn, i), t);
    }
}

int main(void)
{
    static char words[1024];
    char *word[5];
    struct mote_nn nn;
    struct mote_nn_tensor in;
    struct mote_nn_tensor out;
    unsigned count = sh_arguments(words, sizeof words, word, MOTE_COUNT(word));
    int32_t len = count < 4 ? -1 : sh_read_file(word[1], file, sizeof file);
    int32_t out_len = count < 4 ? -1 : sh_read_file(word[3], expected, sizeof expected);
    if (len < 0 || out_len < 0) {
        refuse("cannot read", count < 4 ? "too few words" : word[1]);
    }
    start_timer();
    paint();
    uint32_t t = now();
    open_model(&nn, (uint32_t)len);
    sh_print_number("open", elapsed(t));
    if (mote_nn_input(&nn, 0, &in) != MOTE_OK || mote_nn_output(&nn, 0, &out) != MOTE_OK ||
        sh_read_file(word[2], in.data, (uint32_t)in.bytes) != (int32_t)in.bytes) {
        refuse("cannot read", word[2]);
    }
    t = now();
    int rc = mote_nn_invoke(&nn);
    t = elapsed(t);
    sh_print_number("invoke", t);
    sh_print_number("stack", painted_over(&nn));
    bool same = rc == MOTE_OK && (uint32_t)out_len == out.bytes &&
                memcmp(out.data, expected, out.bytes) == 0;
    if (count > 4) {
        print_steps(&nn);
    }
    size_t need;
    if (mote_nn_arena_size(file, (size_t)len, &ops, 0, &need, NULL) == MOTE_OK) {
        sh_print_number("arena", (uint32_t)need);
    }
    if (!same) {
        refuse("output differs", word[1]);
    }
    return 0;
}
