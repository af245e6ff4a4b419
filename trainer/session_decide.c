// How scores become decisions on a device, chosen on the validation groups' whole recordings:
// smoothing, threshold and suppression from the front of false alarms, missed events and delay
// (stream_eval.h), and shipped in the model's pipeline.
#include "common/err.h"
#include "trainer/session_priv.h"
#include "trainer/stream_eval.h"

static int choose(struct session *s, struct ship_runtime *r, struct stream_point *grid,
                  struct err *e)
{
    struct stream_track t = {0};
    size_t count = 0, chosen = 0;
    int rc = stream_collect(&t, r, &s->windows, SPLIT_VALIDATE, e);
    rc = rc ? rc
            : stream_choose(&t, ship_config(r), s->recipe.false_alarms, grid, &count, &chosen, e);
    if (rc == OK && !grid[chosen].on_front) {
        rc = err_set(e, E_STATE,
                     "[decision] choose: no setting finds any event of the validation groups");
    }
    if (rc == OK) {
        json_t *front = json_array();
        for (size_t i = 0; i < count; i++) {
            if (grid[i].on_front) {
                json_array_append_new(front, stream_point_json(&grid[i]));
            }
        }
        s->recipe.smooth = grid[chosen].smooth;
        s->recipe.suppress = grid[chosen].suppress;
        s->threshold = grid[chosen].threshold;
        s->decision = json_pack("{s:f, s:I, s:f, s:o, s:o}", "hours", t.hours, "events",
                                (json_int_t)t.events, "allowed", s->recipe.false_alarms, "chosen",
                                stream_point_json(&grid[chosen]), "front", front);
    }
    stream_track_release(&t);
    return rc;
}

int session_decide(struct session *s, struct err *e)
{
    if (!s->recipe.choose) {
        return OK;
    }
    if (s->recipe.task != TASK_CLASSIFY || s->windows.width > 0 ||
        !split_count(&s->windows, SPLIT_VALIDATE)) {
        return err_set(e, E_CONFLICT,
                       "[decision] choose needs a classifier of a stream, and validation groups "
                       "([data] validate)");
    }
    void *file = ship_aligned(s->int8_file.data, s->int8_file.len);
    struct ship_runtime *r = file ? ship_open(file, s->int8_file.len, e) : NULL;
    struct stream_point *grid = calloc(STREAM_GRID, sizeof(*grid));
    int rc = !file || !grid ? err_set(e, E_MEM, "out of memory")
             : r            ? choose(s, r, grid, e)
                            : e->code;
    ship_close(r);
    free(file);
    free(grid);
    return rc ? rc : session_package(s, e);
}
