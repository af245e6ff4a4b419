// Kernels of x86-64 hosts: chosen by what the processor has when a model is opened.
#include "firmware/core/nn/nn_x86.h"
#include "firmware/core/nn/kernel_depthwise_runs.h"

static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
}

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2");
}

static void conv_avx512(const void *params)
{
    const struct nn_conv *p = params;
    if (p->steep) {
        nn_conv_by_dots(p, nn_x86_dots_4x4_avx512);
        return;
    }
    nn_conv_i8_avx512(p);
}

static void conv_avx2(const void *params)
{
    nn_conv_by_dots(params, nn_x86_dots_4x4_avx2);
}

static void fc_avx512(const void *params)
{
    const struct nn_fc *p = params;
    if (p->steep) {
        nn_fc_by_dots(p, nn_x86_dots_16x1_avx512);
        return;
    }
    nn_fc_i8_avx512(p);
}

static void fc_avx2(const void *params)
{
    nn_fc_by_dots(params, nn_x86_dots_16x1_avx2);
}

struct nn_choice nn_choose_conv_i8(const struct nn_conv *p)
{
    struct nn_fit fit = nn_fit_conv_host(p);
    if (!fit.fast || !has_avx2()) {
        return (struct nn_choice){nn_conv_i8_ref, 0, false};
    }
    return (struct nn_choice){has_avx512() ? conv_avx512 : conv_avx2, fit.scratch, false};
}

struct nn_choice nn_choose_depthwise_i8(const struct nn_conv *p)
{
    struct nn_fit fit = nn_fit_depthwise_x86(p);
    if (!fit.fast || !has_avx2()) {
        return (struct nn_choice){nn_depthwise_i8_ref, 0, false};
    }
    if (p->filter_c > 1) {
        return (struct nn_choice){nn_depthwise_i8_runs, fit.scratch, false};
    }
    bool wide = has_avx512() && !p->steep && p->g.k_h * p->g.k_w <= NN_X86_TAPS;
    return (struct nn_choice){wide ? nn_depthwise_i8_avx512 : nn_depthwise_i8_avx2, 0, false};
}

struct nn_choice nn_choose_fc_i8(const struct nn_fc *p)
{
    if (!nn_fit_fc_host(p).fast || !has_avx2()) {
        return (struct nn_choice){nn_fc_i8_ref, 0, false};
    }
    return (struct nn_choice){has_avx512() ? fc_avx512 : fc_avx2, 0, false};
}

nn_binary_run nn_choose_add_i8(void)
{
    return nn_add_i8_ref;
}

// For compiled models, which cannot choose when they are made.
void nn_conv_i8_x86(const void *params)
{
    nn_choose_conv_i8(params).eval(params);
}

void nn_depthwise_i8_x86(const void *params)
{
    nn_choose_depthwise_i8(params).eval(params);
}

void nn_fc_i8_x86(const void *params)
{
    nn_choose_fc_i8(params).eval(params);
}
