// Levelled log of the daemons, a line each on stderr: plain text, or JSON lines for machines.
// Process-wide because a log is; everything else hangs from a context.
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

// who: short program name put in front of every line (kept, not copied). json: JSON lines.
void log_init(const char *who, enum log_level level, bool json);
void log_write(enum log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);

#define log_error(...) log_write(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_write(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_write(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_DEBUG, __VA_ARGS__)

#endif
