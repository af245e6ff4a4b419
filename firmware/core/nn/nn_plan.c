// Places blocks of activation memory: two blocks that are alive at the same time must not overlap.
//
// Greedy: take the blocks in an order, put each at the lowest offset where it fits between those that are
// placed already. The order by falling size is what TensorFlow Lite Micro uses; on some graphs the order by
// falling size times lifetime, or by first use, is tighter, so each is tried and the best kept.
#include "firmware/core/nn/nn_priv.h"

enum order { BY_SIZE, BY_AREA, BY_FIRST_USE, ORDERS };

static uint64_t rank(const struct nn_block *b, enum order order)
{
    switch (order) {
    case BY_AREA:
        return (uint64_t)b->size * (1u + b->last - b->first);
    case BY_FIRST_USE:
        return ((uint64_t)(UINT16_MAX - b->first) << 32) | b->size;
    default:
        return b->size;
    }
}

static struct nn_block *next_unplaced(struct nn_block *b, uint32_t count, enum order order)
{
    struct nn_block *best = NULL;
    for (uint32_t i = 0; i < count; i++) {
        if (b[i].offset == NN_UNPLACED &&
            (best == NULL || rank(&b[i], order) > rank(best, order))) {
            best = &b[i];
        }
    }
    return best;
}

static uint32_t lowest_fit(const struct nn_block *b, uint32_t count, const struct nn_block *one)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (b[i].offset == NN_UNPLACED || b[i].last < one->first || one->last < b[i].first) {
            continue;
        }
        if (at < b[i].offset + b[i].size && b[i].offset < at + one->size) {
            at = b[i].offset + b[i].size;
            i = UINT32_MAX; // another one may be in the way of the new place: look at all again
        }
    }
    return at;
}

static uint32_t place(struct nn_block *b, uint32_t count, enum order order)
{
    uint32_t end = 0;
    for (uint32_t i = 0; i < count; i++) {
        b[i].offset = NN_UNPLACED;
    }
    for (struct nn_block *one = next_unplaced(b, count, order); one != NULL;
         one = next_unplaced(b, count, order)) {
        one->offset = lowest_fit(b, count, one);
        if (one->offset + one->size > end) {
            end = one->offset + one->size;
        }
    }
    return end;
}

uint32_t nn_plan_blocks(struct nn_block *b, uint32_t count)
{
    enum order best = BY_SIZE;
    uint32_t best_end = UINT32_MAX;
    for (unsigned order = BY_SIZE; order < ORDERS; order++) {
        uint32_t end = place(b, count, (enum order)order);
        if (end < best_end) {
            best_end = end;
            best = (enum order)order;
        }
    }
    return place(b, count, best);
}
