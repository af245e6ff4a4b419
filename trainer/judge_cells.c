// Measures of a detector, by the middles of objects. See judge.h.
#include "common/err.h"
#include "firmware/core/pipe/mote_pipe.h"
#include "trainer/judge.h"
#include "trainer/windows.h"

// Takes the find that is nearest to a cell; marks it as used by a row beyond the grid.
static bool take_nearest(struct mote_pipe_cell *found, size_t cells, uint16_t label, int row,
                         int column)
{
    size_t best = cells;
    int least = 3;
    for (size_t i = 0; i < cells; i++) {
        int dr = abs((int)found[i].row - row), dc = abs((int)found[i].column - column);
        if (found[i].label == label && dr <= 1 && dc <= 1 && dr + dc < least) {
            least = dr + dc;
            best = i;
        }
    }
    if (best < cells) {
        found[best].row = UINT16_MAX;
    }
    return best < cells;
}

int judge_cells_add(struct judge *j, const struct windows *w, uint32_t window,
                    const struct mote_pipe_cell *cell, size_t cells, const uint16_t grid[2])
{
    j->cell = j->cell ? j->cell : calloc(j->classes + 1, sizeof(*j->cell));
    struct mote_pipe_cell *found = malloc((cells + 1) * sizeof(*found));
    if (!j->cell || !found) {
        free(found);
        return E_MEM;
    }
    memcpy(found, cell, cells * sizeof(*found));
    for (size_t i = 0; i < cells; i++) {
        j->cell[found[i].label].found++;
    }
    for (size_t i = 0; i < w->boxes; i++) {
        const struct box *b = &w->box[i];
        if (b->window == window) {
            j->cell[b->label].truth++;
            j->cell[b->label].hit +=
                take_nearest(found, cells, b->label, (int)((b->y + b->h / 2) * (float)grid[0]),
                             (int)((b->x + b->w / 2) * (float)grid[1]));
        }
    }
    free(found);
    return OK;
}

static double part(size_t a, size_t b)
{
    return b ? (double)a / (double)b : 0;
}

static json_t *measures(struct cell_count n)
{
    return json_pack("{s:I, s:I, s:I, s:f, s:f, s:f}", "objects", (json_int_t)n.truth, "found",
                     (json_int_t)n.found, "hits", (json_int_t)n.hit, "precision",
                     part(n.hit, n.found), "recall", part(n.hit, n.truth), "f1",
                     part(2 * n.hit, n.found + n.truth));
}

json_t *judge_cells_json(const struct judge *j, const struct name_list *label)
{
    struct cell_count all = {0};
    json_t *classes = json_array();
    for (size_t c = 0; j->cell && c < j->classes; c++) {
        json_t *one = measures(j->cell[c]);
        json_object_set_new(one, "label", json_string(label->name[c]));
        json_array_append_new(classes, one);
        all.truth += j->cell[c].truth;
        all.found += j->cell[c].found;
        all.hit += j->cell[c].hit;
    }
    json_t *r = measures(all);
    json_object_set_new(r, "windows", json_integer((json_int_t)j->count));
    json_object_set_new(r, "classes", classes);
    return r;
}
