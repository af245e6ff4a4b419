// The four functions that the core takes from string.h, for toolchains without a C library.
#ifndef MOTE_BARE_STRING_H
#define MOTE_BARE_STRING_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t len);
void *memmove(void *to, const void *from, size_t len);
void *memset(void *to, int value, size_t len);
int memcmp(const void *a, const void *b, size_t len);

#endif
