// First include of every host source (by the compiler's -include): feature macros, small helpers,
// and calls that must not be used. Device code (firmware/core) starts from mote_base.h instead.
#ifndef COMMON_BASE_H
#define COMMON_BASE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))

// Unbounded, not reentrant, or silent about errors: each has a bounded replacement in common/.
#undef strcpy
#undef strcat
#undef sprintf
#undef strtok
#undef atoi
#undef localtime
#undef gmtime
#define strcpy(a, b) banned_strcpy_use_snprintf
#define strcat(a, b) banned_strcat_use_buf
#define sprintf(...) banned_sprintf_use_snprintf
#define strtok(a, b) banned_strtok_use_a_bounded_reader
#define atoi(a) banned_atoi_use_parse
#define localtime(a) banned_localtime_use_localtime_r
#define gmtime(a) banned_gmtime_use_gmtime_r

#endif
