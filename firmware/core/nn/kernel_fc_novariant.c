// Parts without a fast int8 FULLY_CONNECTED run the reference.
#include "firmware/core/nn/nn_kernels.h"

struct nn_choice nn_choose_fc_i8(const struct nn_fc *p)
{
    (void)p;
    return (struct nn_choice){nn_fc_i8_ref, 0};
}
