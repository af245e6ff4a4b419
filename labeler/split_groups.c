// Splitting by groups. See split_groups.h.
#include "labeler/split_groups.h"

static const char *const names[] = {"train", "validation", "test"};

const char *split_side_name(enum split_side s)
{
    return names[s];
}

// FNV-1a with the seed in front: the same order on every machine.
static uint64_t rank(const char *name, uint64_t seed)
{
    uint64_t h = 1469598103934665603u ^ (seed * 0x9E3779B97F4A7C15u);
    for (const unsigned char *p = (const unsigned char *)name; *p; p++) {
        h = (h ^ *p) * 1099511628211u;
    }
    return h ^ (h >> 29);
}

static bool before(const struct split_group *a, const struct split_group *b, uint64_t seed)
{
    if (a->items != b->items) {
        return a->items > b->items;
    }
    uint64_t x = rank(a->name, seed), y = rank(b->name, seed);
    return x != y ? x < y : strcmp(a->name, b->name) < 0;
}

static void sort(struct split_group *g, size_t count, uint64_t seed)
{
    // Shell's sort: qsort takes no seed, and groups are few.
    for (size_t gap = count / 2; gap > 0; gap /= 2) {
        for (size_t i = gap; i < count; i++) {
            struct split_group x = g[i];
            size_t k = i;
            for (; k >= gap && before(&x, &g[k - gap], seed); k -= gap) {
                g[k] = g[k - gap];
            }
            g[k] = x;
        }
    }
}

void split_groups(struct split_group *g, size_t count, const double share[SPLIT_SIDES],
                  uint64_t seed)
{
    double total = 0, have[SPLIT_SIDES] = {0};
    size_t groups[SPLIT_SIDES] = {0};
    for (size_t i = 0; i < count; i++) {
        total += (double)g[i].items;
    }
    sort(g, count, seed);
    for (size_t i = 0; i < count; i++) {
        int best = -1;
        size_t bare = 0;
        for (int s = 0; s < SPLIT_SIDES; s++) {
            bare += share[s] > 0 && groups[s] == 0;
        }
        for (int s = 0; s < SPLIT_SIDES; s++) {
            // Once as few groups are left as sides without any, those sides take them.
            bool may = share[s] > 0 && (count - i > bare || groups[s] == 0);
            if (may &&
                (best < 0 || share[s] * total - have[s] > share[best] * total - have[best])) {
                best = s;
            }
        }
        g[i].side = best < 0 ? SPLIT_TRAIN_SIDE : (enum split_side)best;
        have[g[i].side] += (double)g[i].items;
        groups[g[i].side]++;
    }
}
