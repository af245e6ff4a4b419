// Files, output and exit of the host through Arm semihosting, for programs on emulated boards.
#ifndef TESTS_BENCH_SEMIHOST_H
#define TESTS_BENCH_SEMIHOST_H

#include "firmware/core/mote_base.h"

void sh_print(const char *text);
void sh_print_number(const char *name, uint32_t value);
// Reads a whole file; returns its length, or -1 where it cannot be read or is longer than cap.
int32_t sh_read_file(const char *path, void *buf, uint32_t cap);
// The words of the command line, at most max; returns their number. buf holds the text.
unsigned sh_arguments(char *buf, uint32_t cap, char **word, unsigned max);
_Noreturn void sh_exit(int code);

#endif
