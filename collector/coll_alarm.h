// Alarms: what is wrong now, told to a webhook and a command, at most once in [alerts] every seconds, with a notice
// when it is over. docs/formats/alarms.md has the JSON. A thread of its own does the telling, so that a slow receiver
// slows nothing; what could not be told is told with the next message.
#ifndef COLL_ALARM_H
#define COLL_ALARM_H

struct coll_alarms;
struct err;
struct project;

// collector: this collector's name; its alarms are in run/alarms-NAME.json for others to read.
int coll_alarms_new(struct coll_alarms **a, const struct project *p, const char *collector,
                    struct err *e) MUST_CHECK;
// Tells what is left for at most a second, ends the thread, removes the file. Accepts NULL.
void coll_alarms_free(struct coll_alarms *a);
// kind: "silent", "subscription", "broker", "store", "rate". subject: a device, or "". Nothing where it is raised already.
void coll_alarms_raise(struct coll_alarms *a, const char *kind, const char *subject,
                       int64_t since_ms, const char *text);
void coll_alarms_clear(struct coll_alarms *a, const char *kind, const char *subject);
bool coll_alarms_has(const struct coll_alarms *a, const char *kind, const char *subject);
// Writes and tells what changed, where it is time to.
void coll_alarms_step(struct coll_alarms *a, int64_t now_us);

#endif
