// DEPTHWISE_CONV_2D on int8 for Helium: windows of three by three without dilation, depth multiplier 1, stride 1 or 2
// along the longer axis. Everything else runs the form of kernel_depthwise_runs.c.
//
// Eight channels at a time become streams of bytes, one a channel: for each place along the longer axis four bytes, one
// for each of the last four lines across it (line n in byte n mod 4). A window is then twelve bytes behind each other:
// one VMLADAVA with its weights, which are kept turned to each of the four places where its first line may lie.
// A load serves two outputs where the stride is 1: the weights are there a second time, one place further.
#include "firmware/core/nn/kernel_depthwise_runs.h"
#include "firmware/core/nn/kernel_mve.h"

#define K NN_MVE_WINDOW
#define TOGETHER NN_MVE_LANES

// One channel. Weights, for each first line: four zeros, three places of four lines, four zeros.
struct lane {
    int32_t start, multiplier, shift, unused;
    uint32_t weights[4][5];
};
#define LANE_BYTES "96"
_Static_assert(sizeof(struct lane) == NN_MVE_LANE_BYTES,
               "the assembly and nn_fit.h know the size of a lane");

// What the assembly works on; it knows the offsets.
struct line {
    const int8_t *x;         // 0: stream of the first channel, advanced
    int8_t *out;             // 4: advanced
    const struct lane *lane; // 8: advanced
    int32_t pitch;           // 12: bytes from stream to stream
    int32_t whole;           // 16: groups of four outputs before the last one
    int32_t left;            // 20: outputs of the last one, 1 to 4
    int32_t offset;          // 24
    int32_t out_step;        // 28: bytes from group to group
    const struct lane *end;  // 32
    int32_t turn;            // 36: from a lane to the weights that suit the first line
    int32_t lo, hi;          // 40, 44
    uint32_t places[4];      // 48: of four outputs
};

#define LOADS_1                                                                                    \
    "vldrw.u32 q3, [r1, #8]\n"                                                                     \
    "vldrw.u32 q2, [r1], #16\n"                                                                    \
    "vmladav.s8 r0, q2, q0\n"                                                                      \
    "vmladav.s8 r2, q2, q1\n"                                                                      \
    "vmladav.s8 r4, q3, q0\n"                                                                      \
    "vmladav.s8 r6, q3, q1\n"
#define LOADS_2                                                                                    \
    "vldrw.u32 q2, [r1]\n"                                                                         \
    "vmladav.s8 r0, q2, q0\n"                                                                      \
    "vldrw.u32 q3, [r1, #8]\n"                                                                     \
    "vmladav.s8 r2, q3, q0\n"                                                                      \
    "vldrw.u32 q2, [r1, #16]\n"                                                                    \
    "vmladav.s8 r4, q2, q0\n"                                                                      \
    "vldrw.u32 q3, [r1, #24]\n"                                                                    \
    "vmladav.s8 r6, q3, q0\n"                                                                      \
    "adds r1, #32\n"
// r5 start, r7 multiplier, r8 shift (to the right), r9 offset; see mve_rescale.
#define SCALE                                                                                      \
    "vmov q4[2], q4[0], r0, r4\n"                                                                  \
    "vmov q4[3], q4[1], r2, r6\n"                                                                  \
    "vadd.i32 q4, q4, r5\n"                                                                        \
    "vqrdmulh.s32 q4, q4, r7\n"                                                                    \
    "vshr.s32 q2, q4, #31\n"                                                                       \
    "vadd.i32 q4, q4, q2\n"                                                                        \
    "vrshl.s32 q4, r8\n"                                                                           \
    "vadd.i32 q4, q4, r9\n"                                                                        \
    "vmax.s32 q4, q4, q6\n"                                                                        \
    "vmin.s32 q4, q4, q7\n"

// All channels of a line of outputs.
#define LINE(name, LOADS)                                                                          \
    __attribute__((naked)) static void name(struct line *l)                                        \
    {                                                                                              \
        __asm__ volatile("push {r4-r11, lr}\n"                                                     \
                         "vpush {d8-d15}\n"                                                        \
                         "mov r11, r0\n"                                                           \
                         "ldrd r9, r10, [r11, #24]\n"                                              \
                         "add r12, r11, #48\n"                                                     \
                         "vldrw.u32 q5, [r12]\n"                                                   \
                         "ldrd r0, r2, [r11, #40]\n"                                               \
                         "vdup.32 q6, r0\n"                                                        \
                         "vdup.32 q7, r2\n"                                                        \
                         "1: ldm r11, {r1, r3, r12}\n"                                             \
                         "ldm r12, {r5, r7, r8}\n"                                                 \
                         "ldr r0, [r11, #36]\n"                                                    \
                         "add r12, r12, r0\n"                                                      \
                         "vldrw.u32 q1, [r12]\n"                                                   \
                         "vldrw.u32 q0, [r12, #4]\n"                                               \
                         "ldr r0, [r11, #16]\n"                                                    \
                         "wls lr, r0, 3f\n"                                                        \
                         "2:\n" LOADS SCALE "vstrb.32 q4, [r3, q5]\n"                              \
                         "add r3, r3, r10\n"                                                       \
                         "le lr, 2b\n"                                                             \
                         "3:\n" LOADS SCALE "ldr r0, [r11, #20]\n"                                 \
                         "vctp.32 r0\n"                                                            \
                         "vpst\n"                                                                  \
                         "vstrbt.32 q4, [r3, q5]\n"                                                \
                         "ldm r11, {r1, r3, r4, r5}\n"                                             \
                         "add r1, r1, r5\n"                                                        \
                         "adds r3, #1\n"                                                           \
                         "adds r4, #" LANE_BYTES "\n"                                              \
                         "stm r11, {r1, r3, r4}\n"                                                 \
                         "ldr r0, [r11, #32]\n"                                                    \
                         "cmp r4, r0\n"                                                            \
                         "bne 1b\n"                                                                \
                         "vpop {d8-d15}\n"                                                         \
                         "pop {r4-r11, pc}\n");                                                    \
        (void)l;                                                                                   \
    }
LINE(line_1, LOADS_1)
LINE(line_2, LOADS_2)

// Line n of eight channels to byte n mod 4 of their streams; NULL: a line outside the image.
static void put_line(const struct nn_runs *r, int8_t *streams, int32_t n, const int8_t *from,
                     mve_pred16_t lanes)
{
    uint16x8_t places = vmulq_n_u16(vidupq_n_u16(0, 1), (uint16_t)nn_mve_pitch(r));
    int16x8_t zero = vdupq_n_s16((int16_t)-r->in_offset);
    int8_t *to = streams + 4 * r->along.pad + (n & 3);
    for (int32_t i = r->along.in; i > 0; i--, to += 4) {
        int16x8_t x = zero;
        if (from != NULL) {
            x = vldrbq_z_s16(from, lanes);
            from += r->along.in_step;
        }
        vstrbq_scatter_offset_s16(to, places, x);
    }
}

static void fill_lanes(const struct nn_conv *p, const struct nn_runs *r, int32_t c, int32_t count,
                       struct lane *lane)
{
    const int32_t across = r->across.w_step;
    for (; count > 0; count--, c++, lane++) {
        const int8_t *w = (const int8_t *)p->weights + c;
        int32_t sum = 0;
        for (int32_t a = 1; a <= K; a++, w += r->along.w_step) {
            uint32_t three = (uint8_t)w[0] | (uint32_t)(uint8_t)w[across] << 8 |
                             (uint32_t)(uint8_t)w[2 * across] << 16;
            sum += w[0] + w[across] + w[2 * across];
            lane->weights[0][a] = three;
            lane->weights[1][a] = three << 8;
            lane->weights[2][a] = three << 16 | three >> 16;
            lane->weights[3][a] = three << 24 | three >> 8;
        }
        for (int32_t turn = 0; turn < 4; turn++) {
            lane->weights[turn][0] = 0;
            lane->weights[turn][4] = 0;
        }
        lane->start =
            nn_wrap_add(p->bias != NULL ? ((const int32_t *)p->bias)[c] : 0, sum * p->in_offset);
        lane->multiplier = p->multiplier[c];
        lane->shift = p->shift[c];
    }
}

static void image(const struct nn_runs *r, struct line *l, int8_t *streams, const int8_t *in,
                  int8_t *out, mve_pred16_t lanes)
{
    const struct lane *lane = l->lane;
    int32_t next = -r->across.pad;
    for (int32_t i = 0; i < r->across.out; i++, out += r->across.out_step) {
        int32_t top = i * r->across.stride - r->across.pad;
        for (next = nn_max32(next, top); next < top + K; next++) {
            bool inside = next >= 0 && next < r->across.in;
            put_line(r, streams, next, inside ? in + next * r->across.in_step : NULL, lanes);
        }
        l->x = streams;
        l->out = out;
        l->lane = lane;
        l->turn =
            (int32_t)offsetof(struct lane, weights) + (top & 3) * (int32_t)sizeof lane->weights[0];
        (r->along.stride == 1 ? line_1 : line_2)(l);
    }
}

void nn_depthwise_i8_mve(const void *params)
{
    const struct nn_conv *p = params;
    if (!nn_mve_streams(p)) {
        nn_depthwise_i8_runs(params);
        return;
    }
    const struct nn_window *g = &p->g;
    const struct nn_runs r = nn_runs_of(p);
    const uint32_t step = (uint32_t)r.along.out_step;
    int32_t pitch = nn_mve_pitch(&r);
    struct lane *lane = p->scratch;
    int8_t *streams = (int8_t *)(lane + TOGETHER);
    int32_t groups = (r.along.out + 3) / 4;
    memset(streams, (int8_t)-p->in_offset, (size_t)pitch * TOGETHER);
    for (int32_t c = 0; c < g->out_c; c += TOGETHER) {
        int32_t count = nn_min32(TOGETHER, g->out_c - c);
        fill_lanes(p, &r, c, count, lane);
        for (int32_t b = 0; b < g->batches; b++) {
            struct line l = {streams,
                             NULL,
                             lane,
                             pitch,
                             groups - 1,
                             r.along.out - 4 * (groups - 1),
                             p->out_offset,
                             4 * r.along.out_step,
                             lane + count,
                             0,
                             p->lo,
                             p->hi,
                             {0, step, 2 * step, 3 * step}};
            image(&r, &l, streams, (const int8_t *)p->in + b * g->in_h * g->in_w * g->in_c + c,
                  (int8_t *)p->out + b * g->out_h * g->out_w * g->out_c + c,
                  vctp16q((uint32_t)count));
        }
    }
}

struct nn_choice nn_choose_depthwise_i8(const struct nn_conv *p)
{
    struct nn_fit fit = nn_fit_depthwise_mve(p);
    return (struct nn_choice){fit.fast ? nn_depthwise_i8_mve : nn_depthwise_i8_ref, fit.scratch,
                              fit.starts};
}
