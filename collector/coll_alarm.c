// See coll_alarm.h. An alarm that is over stays in the list until that was told as well.
#include "collector/coll_alarm.h"

#include <unistd.h>

#include "collector/coll_tell.h"
#include "common/buf.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/jx.h"
#include "common/log.h"
#include "common/names.h"
#include "common/project.h"

#define LISTED_MAX 200 // of either kind in a message or the file; the counts have all of them
#define WRITE_EVERY_US 1000000   // the file
#define LOGGED_MAX 20            // lines of a second; the others are counted

struct alarm {
    char kind[16], subject[40], text[160];
    int64_t since_ms, over_ms;   // over_ms 0: it lasts
    bool told, telling,
        telling_over; // telling: is in the message under way, telling_over: as one that is over
};
struct coll_alarms {
    const struct project *p;
    const char *collector;
    char path[IO_PATH_MAX];
    struct coll_tell *tell;      // NULL: nobody is to be told
    struct alarm *alarm;
    size_t count, cap;
    struct name_set index;       // "kind subject" to its place
    bool unwritten, failing;
    int64_t told_us, written_us, logged_us;
    size_t logged;
};

int coll_alarms_new(struct coll_alarms **out, const struct project *p, const char *collector,
                    struct err *e)
{
    char name[96];
    struct coll_alarms *a = calloc(1, sizeof *a);
    if (!a) {
        return err_set(e, E_MEM, "out of memory");
    }
    a->p = p;
    a->collector = collector;
    a->unwritten = true;
    snprintf(name, sizeof name, "run/alarms-%.60s.json", collector);
    project_path(p, a->path, name);
    int rc = p->conf.alert_url[0] || p->conf.alert_command[0]
                 ? coll_tell_new(&a->tell, p->conf.alert_url, p->conf.alert_command, e)
                 : OK;
    if (rc) {
        free(a);
        return rc;
    }
    *out = a;
    return OK;
}

void coll_alarms_free(struct coll_alarms *a)
{
    if (a) {
        coll_tell_free(a->tell, 1000);
        (void)unlink(a->path); // a collector that does not run raises none
        name_set_release(&a->index);
        free(a->alarm);
        free(a);
    }
}

static struct alarm *find(const struct coll_alarms *a, const char *kind, const char *subject)
{
    char key[64];
    snprintf(key, sizeof key, "%s %s", kind, subject);
    size_t at = name_set_find(&a->index, key);
    return at == NAME_NONE || at >= a->count ? NULL : &a->alarm[at];
}

static int add(struct coll_alarms *a, const char *kind, const char *subject)
{
    char key[64];
    snprintf(key, sizeof key, "%s %s", kind, subject);
    if (a->count == a->cap) {
        size_t cap = a->cap ? 2 * a->cap : 16;
        struct alarm *grown = reallocarray(a->alarm, cap, sizeof *grown);
        if (!grown) {
            return E_MEM;
        }
        a->alarm = grown;
        a->cap = cap;
    }
    if (name_set_put(&a->index, key, a->count)) {
        return E_MEM;
    }
    struct alarm *one = &a->alarm[a->count++];
    *one = (struct alarm){0};
    snprintf(one->kind, sizeof one->kind, "%s", kind);
    snprintf(one->subject, sizeof one->subject, "%s", subject);
    return OK;
}

// A fleet that falls silent is not ten thousand lines.
static void log_some(struct coll_alarms *a, const char *what, const char *text)
{
    int64_t now = clock_mono_us();
    if (now - a->logged_us > WRITE_EVERY_US) {
        a->logged_us = now;
        a->logged = 0;
    }
    if (a->logged++ < LOGGED_MAX) {
        log_warn("%s%s%s", what, text,
                 a->logged == LOGGED_MAX ? " (more of this second are in the alarms' file)" : "");
    }
}

void coll_alarms_raise(struct coll_alarms *a, const char *kind, const char *subject,
                       int64_t since_ms, const char *text)
{
    struct alarm *one = find(a, kind, subject);
    if (one && one->over_ms == 0) {
        return;
    }
    if (!one && add(a, kind, subject)) {
        log_error("out of memory: an alarm is left out: %s", text);
        return;
    }
    one = find(a, kind, subject);
    one->since_ms = since_ms;
    one->over_ms = 0;
    one->told = false;
    snprintf(one->text, sizeof one->text, "%s", text);
    a->unwritten = true;
    log_some(a, "alarm: ", one->text);
}

void coll_alarms_clear(struct coll_alarms *a, const char *kind, const char *subject)
{
    struct alarm *one = find(a, kind, subject);
    if (one && one->over_ms == 0) {
        one->over_ms = clock_wall_ms();
        a->unwritten = true;
        log_some(a, "over: ", one->text);
    }
}

bool coll_alarms_has(const struct coll_alarms *a, const char *kind, const char *subject)
{
    const struct alarm *one = find(a, kind, subject);
    return one && one->over_ms == 0;
}

// --- what is said --------------------------------------------------------------------------------

static json_t *entry(const struct alarm *one)
{
    char since[24], over[24];
    clock_iso(one->since_ms, since, sizeof since);
    json_t *o = json_pack("{ss ss ss ss}", "kind", one->kind, "subject", one->subject, "since",
                          since, "text", one->text);
    if (one->over_ms) {
        clock_iso(one->over_ms, over, sizeof over);
        json_object_set_new(o, "over", json_string(over));
    }
    return o;
}

// fresh: only what was not told yet, marked as being told; otherwise all that lasts.
static json_t *compose(struct coll_alarms *a, bool fresh, char *line, size_t cap)
{
    json_t *raised = json_array(), *over = json_array();
    size_t lasting = 0, raised_count = 0, over_count = 0;
    const char *first = "";
    for (size_t i = 0; i < a->count; i++) {
        struct alarm *one = &a->alarm[i];
        bool says_raised = !one->over_ms && (!fresh || !one->told),
             says_over = fresh && one->over_ms;
        lasting += !one->over_ms;
        raised_count += says_raised;
        over_count += says_over;
        first = (says_raised || says_over) && !*first ? one->text : first;
        one->telling = fresh ? says_raised || says_over : one->telling;
        one->telling_over = fresh ? says_over : one->telling_over;
        if (says_raised && raised_count <= LISTED_MAX) {
            json_array_append_new(raised, entry(one));
        } else if (says_over && over_count <= LISTED_MAX) {
            json_array_append_new(over, entry(one));
        }
    }
    if (fresh && raised_count + over_count == 0) {
        json_decref(raised);
        json_decref(over);
        return NULL;
    }
    char now[24];
    clock_iso(clock_wall_ms(), now, sizeof now);
    snprintf(line, cap, "%s: %zu new, %zu over, %zu in all%s%s", a->p->conf.name, raised_count,
             over_count, lasting, *first ? "; " : "", first);
    return json_pack("{ss ss ss sI sI sI so so}", "project", a->p->conf.name, "collector",
                     a->collector, "time", now, "active", (json_int_t)lasting, "raised_count",
                     (json_int_t)raised_count, "recovered_count", (json_int_t)over_count, "raised",
                     raised, "recovered", over);
}

static void forget(struct coll_alarms *a, size_t i)
{
    char key[64];
    snprintf(key, sizeof key, "%s %s", a->alarm[i].kind, a->alarm[i].subject);
    name_set_change(&a->index, key, NAME_NONE);
    if (i != --a->count) {
        a->alarm[i] = a->alarm[a->count];
        snprintf(key, sizeof key, "%s %s", a->alarm[i].kind, a->alarm[i].subject);
        name_set_change(&a->index, key, i);
    }
}

static void told(struct coll_alarms *a, bool good)
{
    for (size_t i = 0; i < a->count;) {
        struct alarm *one = &a->alarm[i];
        bool gone = good && one->telling && one->telling_over && one->over_ms;
        one->told = one->told || (good && one->telling && !one->telling_over);
        one->telling = one->telling_over = false;
        if (gone) {
            forget(a, i);
        } else {
            i++;
        }
    }
}

static void tell(struct coll_alarms *a, int64_t now_us)
{
    const char *reason = "";
    char line[400];
    int result = coll_tell_result(a->tell, &reason);
    if (result) {
        told(a, result > 0);
        if (result < 0 && !a->failing) {
            log_warn("an alarm could not be told, which is tried again: %s", reason);
        }
        a->failing = result < 0;
    }
    if (a->told_us && now_us - a->told_us < a->p->conf.alert_every_s * 1000000) {
        return;
    }
    json_t *o = compose(a, true, line, sizeof line);
    char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;
    if (text && coll_tell_start(a->tell, text, line)) {
        a->told_us = now_us;
    }
    free(text);
    json_decref(o);
}

static void write_file(struct coll_alarms *a, int64_t now_us)
{
    char line[400];
    struct err e = {0};
    json_t *o = compose(a, false, line, sizeof line);
    char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;
    if (text && io_write_atomic(a->path, text, strlen(text), 0600, &e) == OK) {
        a->unwritten = false;
    }
    a->written_us = now_us;
    free(text);
    json_decref(o);
}

void coll_alarms_step(struct coll_alarms *a, int64_t now_us)
{
    if (a->unwritten && (!a->written_us || now_us - a->written_us >= WRITE_EVERY_US)) {
        write_file(a, now_us);
    }
    if (a->tell) {
        tell(a, now_us);
        return;
    }
    for (size_t i = 0; i < a->count;) { // nobody is told: what is over is forgotten at once
        if (a->alarm[i].over_ms) {
            forget(a, i);
        } else {
            i++;
        }
    }
}
