// Objects as cells of a grid: what a DETECT model's output means. See mote_pipe.h.
//
// The tensor is 1 x rows x columns x (labels + 1), the score of nothing in front. Cells that touch and
// both score are one object: the highest of them counts, the first of equals.
#include "firmware/core/pipe/pipe_cells.h"

struct grid {
    const struct mote_nn_tensor *t;
    uint32_t rows, columns, depth;
};

static float score_at(const struct grid *g, uint32_t row, uint32_t column, uint32_t label)
{
    return mote_pipe_dequantize(g->t, ((size_t)row * g->columns + column) * g->depth + label + 1u);
}

static bool is_peak(const struct grid *g, uint32_t row, uint32_t column, uint32_t label, float own)
{
    uint32_t r0 = row > 0 ? row - 1 : 0, c0 = column > 0 ? column - 1 : 0;
    for (uint32_t r = r0; r <= row + 1 && r < g->rows; r++) {
        for (uint32_t c = c0; c <= column + 1 && c < g->columns; c++) {
            bool before = r < row || (r == row && c < column);
            float other = score_at(g, r, c, label);
            if ((r != row || c != column) && (before ? other >= own : other > own)) {
                return false;
            }
        }
    }
    return true;
}

void mote_pipe_cells_best(const struct mote_pipe_config *c, const struct mote_nn_tensor *grid,
                          float *score)
{
    size_t depth = c->classes + 1u;
    size_t size = grid->type == MOTE_NN_I8 ? 1 : grid->type == MOTE_NN_I16 ? 2 : 4;
    size_t cells = grid->bytes / size / depth;
    for (uint32_t l = 0; l < c->classes; l++) {
        score[l] = 0.0f;
        for (size_t i = 0; i < cells; i++) {
            float v = mote_pipe_dequantize(grid, i * depth + l + 1u);
            score[l] = v > score[l] ? v : score[l];
        }
    }
}

int mote_pipe_cells(const struct mote_pipe *p, struct mote_pipe_cell *out, size_t cap,
                    uint16_t grid[2])
{
    struct mote_nn_tensor t;
    int status = p->config.task == MOTE_TASK_DETECT ? mote_nn_output(&p->nn, 0, &t) : MOTE_E_ARG;
    if (status == MOTE_OK && (t.rank != 4 || t.dims[3] != (int32_t)p->config.classes + 1)) {
        status = MOTE_E_ARG;
    }
    if (status) {
        return status;
    }
    struct grid g = {&t, (uint32_t)t.dims[1], (uint32_t)t.dims[2], (uint32_t)t.dims[3]};
    size_t found = 0;
    if (grid) {
        grid[0] = (uint16_t)g.rows;
        grid[1] = (uint16_t)g.columns;
    }
    for (uint32_t l = 0; l < p->config.classes; l++) {
        for (uint32_t i = 0; i < g.rows * g.columns; i++) {
            uint32_t row = i / g.columns, column = i % g.columns;
            float v = score_at(&g, row, column, l);
            if (v >= p->config.threshold && v > 0.0f && is_peak(&g, row, column, l, v)) {
                if (found < cap) {
                    out[found] = (struct mote_pipe_cell){(uint16_t)row, (uint16_t)column,
                                                         (uint16_t)l, v};
                }
                found++;
            }
        }
    }
    return (int)found;
}
