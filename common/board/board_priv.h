// The fitted coefficients of the cost model, in a file of their own because a program writes it.
#ifndef COMMON_BOARD_BOARD_PRIV_H
#define COMMON_BOARD_BOARD_PRIV_H

#include "common/board/board.h"

extern const double board_cost_table[BOARD_ISAS][BOARD_KINDS][BOARD_FEATURES];

#endif
