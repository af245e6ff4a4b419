// The thread that carries a text to a webhook and to a command.
#ifndef COLL_TELL_H
#define COLL_TELL_H

struct coll_tell;
struct err;

// url, command: "" none. Both are kept, not copied.
int coll_tell_new(struct coll_tell **t, const char *url, const char *command,
                  struct err *e) MUST_CHECK;
// Waits for what is under way, at most wait_ms. Accepts NULL.
void coll_tell_free(struct coll_tell *t, int64_t wait_ms);
// Gives it a text (JSON) and a line that says the same; false: it is still busy with the one before.
bool coll_tell_start(struct coll_tell *t, const char *json, const char *line);
// 1: what was started has arrived everywhere; -1: it has not (reason: why; borrowed until the next start); 0: under
// way, or nothing was started. A result is given once.
int coll_tell_result(struct coll_tell *t, const char **reason);

#endif
