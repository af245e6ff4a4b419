// Compiled models, as `moteloop convert --to c-source` writes them: which variant of the kernels they are compiled for.
//
// A compiled model has no FlatBuffer, no verifier and no planner: its operators' parameters (nn_kernels.h, nn_params.h) are
// constants, every address is fixed in an arena of its own, and only the kernels that it names are linked. Its header
// declares, for a model NAME, of which mote_nn.h says what the tensors' members mean:
//     NAME_ARENA_BYTES                                 bytes of its arena, exact, for the variant
//     const struct mote_nn_tensor NAME_input[], NAME_output[]   where to write and to read, and their quantization
//     void NAME_init(void)                             streaming state to its start; before the first run, and to reset
//     void NAME_invoke(void)                           one run; write the inputs anew before every one
#ifndef MOTE_NN_COMPILED_H
#define MOTE_NN_COMPILED_H

#include "firmware/core/nn/mote_nn.h"

// The variant of the kernels that the program links, as the build of firmware/core chooses its files: *_dsp.c,
// *_mve.c, *_novariant.c, *_x86.c with *_avx*.c, *_neon.c. Define it where the build chooses otherwise.
#define MOTE_NN_PLAIN 1
#define MOTE_NN_DSP 2
#define MOTE_NN_MVE 3
#define MOTE_NN_X86 4
#define MOTE_NN_NEON 5
#ifndef MOTE_NN_VARIANT
#if defined(__ARM_FEATURE_MVE)
#define MOTE_NN_VARIANT MOTE_NN_MVE
#elif defined(__ARM_FEATURE_DSP) && defined(__thumb2__) && __ARM_ARCH_PROFILE == 'M'
#define MOTE_NN_VARIANT MOTE_NN_DSP
#elif defined(__aarch64__)
#define MOTE_NN_VARIANT MOTE_NN_NEON
#elif defined(__x86_64__)
#define MOTE_NN_VARIANT MOTE_NN_X86
#else
#define MOTE_NN_VARIANT MOTE_NN_PLAIN
#endif
#endif

#if MOTE_NN_VARIANT == MOTE_NN_MVE
#define MOTE_NN_ADD_I8 nn_add_i8_mve
#else
#define MOTE_NN_ADD_I8 nn_add_i8_ref
#endif

#endif
