// Private to the pipe: the highest score of every label over a grid of cells.
#ifndef MOTE_PIPE_CELLS_H
#define MOTE_PIPE_CELLS_H

#include "firmware/core/pipe/mote_pipe.h"

// score: config.classes values.
void mote_pipe_cells_best(const struct mote_pipe_config *c, const struct mote_nn_tensor *grid,
                          float *score);

#endif
