// Lines "name hex" of a file in tests/golden.
#ifndef SUPPORT_GOLDEN_H
#define SUPPORT_GOLDEN_H

// The bytes of the line of that name, in a buffer of the test's lifetime. Aborts the test where it
// is missing.
const uint8_t *golden_bytes(const char *file, const char *name, size_t *len);

#endif
