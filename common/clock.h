// Wall and monotonic time.
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

// Milliseconds since 1970 (UTC).
int64_t clock_wall_ms(void);
// Microseconds of a clock that never jumps.
int64_t clock_mono_us(void);
// "2026-01-31T23:59:59Z" of milliseconds since 1970; out holds at least 24 bytes.
void clock_iso(int64_t wall_ms, char *out, size_t cap);

#endif
