// Stands in for the runtime where only the size of what measures is asked for: the same program without it. Each function
// is a few instructions that the compiler may not see through.
#ifndef TESTS_BENCH_NONE_H
#define TESTS_BENCH_NONE_H

#include "firmware/core/nn/mote_nn.h"

#define NONE __attribute__((noipa, unused)) static
#define mote_nn_open(nn, file, len, ops, flags, arena, size, diag) none_open(nn, file, arena)
#define mote_nn_step(nn, i) none(nn)
#define mote_nn_invoke(nn) none(nn)
#define mote_nn_op_count(nn) ((size_t)none(nn))
#define mote_nn_op_name(nn, i) none_name(nn)
#define mote_nn_input(nn, i, t) none_tensor(t)
#define mote_nn_output(nn, i, t) none_tensor(t)
#define mote_nn_arena_size(file, len, ops, flags, need, diag) none_size(need)

NONE int none(struct mote_nn *nn)
{
    return (int)nn->flags;
}
NONE int none_open(struct mote_nn *nn, const void *file, void *arena)
{
    nn->file = file;
    nn->arena = arena;
    return MOTE_OK;
}
NONE const char *none_name(struct mote_nn *nn)
{
    return (const char *)nn->file;
}
NONE int none_tensor(struct mote_nn_tensor *t)
{
    return t->rank;
}
NONE int none_size(size_t *need)
{
    *need = 0;
    return MOTE_OK;
}

#endif
