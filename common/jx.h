// A thin layer over jansson: bounded reading with errors that name the path, and compact writing.
#ifndef COMMON_JX_H
#define COMMON_JX_H

#include <jansson.h>

struct buf;
struct err;

// Parses len bytes (at most JX_MAX, nesting bounded by jansson); duplicate keys are refused.
// The caller owns the result (json_decref). NULL on error.
#define JX_MAX ((size_t)64 << 20)
json_t *jx_parse(const char *text, size_t len, struct err *e) MUST_CHECK;
// Member of an object. what: words for the error, such as "label". E_FORMAT where it is missing or
// of another type, E_LIMIT where out of range. Strings are borrowed from the object.
int jx_get_str(const json_t *o, const char *key, size_t max, const char **out,
               struct err *e) MUST_CHECK;
int jx_get_i64(const json_t *o, const char *key, int64_t lo, int64_t hi, int64_t *out,
               struct err *e) MUST_CHECK;
int jx_get_f64(const json_t *o, const char *key, double *out, struct err *e) MUST_CHECK;
int jx_get_bool(const json_t *o, const char *key, bool *out, struct err *e) MUST_CHECK;
// Appends compact JSON with sorted keys left in insertion order.
int jx_write(const json_t *v, struct buf *out) MUST_CHECK;
// One line of JSON and a newline on stdout; takes over the reference.
void jx_print(json_t *v);

#endif
