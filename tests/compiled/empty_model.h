// In place of a compiled model's header: a model that does nothing, for the size of what measures.
#include "firmware/core/nn/mote_nn_compiled.h"

#define MODEL_ARENA_BYTES 16
static _Alignas(16) uint8_t empty[MODEL_ARENA_BYTES];
static const struct mote_nn_tensor model_input[1] = {{.data = empty, .bytes = 1}};
static const struct mote_nn_tensor model_output[1] = {{.data = empty, .bytes = 1}};
static void model_init(void)
{
}
static void model_invoke(void)
{
}
