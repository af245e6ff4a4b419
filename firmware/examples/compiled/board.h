// All that the example wants of a board: a place to print. posix.c and cortex_m.c have one each.
#ifndef FIRMWARE_EXAMPLES_COMPILED_BOARD_H
#define FIRMWARE_EXAMPLES_COMPILED_BOARD_H

void board_print(const char *text);

#endif
