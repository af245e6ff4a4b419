// Numbers from text, whole and bounded; and the nearest of a list of names for error messages.
#ifndef COMMON_PARSE_H
#define COMMON_PARSE_H

// The whole text must be the number, within lo..hi. E_FORMAT or E_LIMIT otherwise.
int parse_i64(const char *text, int64_t lo, int64_t hi, int64_t *out) MUST_CHECK;
int parse_f64(const char *text, double lo, double hi, double *out) MUST_CHECK;
// "90", "1500ms", "30s", "5m", "2h", "7d" to milliseconds (a bare number is seconds).
int parse_duration_ms(const char *text, int64_t *out) MUST_CHECK;
// The candidate with the smallest edit distance to text, or NULL where none is near (over a third).
const char *parse_nearest(const char *text, const char *const *names, size_t count);
// Device ids: [a-z0-9-]{1,32} (design.md, "The wire").
bool parse_is_device_id(const char *text);

#endif
