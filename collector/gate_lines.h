// The line protocol of data forwarders: a line a reading, numbers separated by comma, tab or blank. Finds
// out how many axes there are and how fast they come, and does so again when that changes.
#ifndef COLL_GATE_LINES_H
#define COLL_GATE_LINES_H

#define GATE_AXES_MAX 32
#define GATE_LEARN 32 // readings from which the rate is told

struct gate_lines {
    char line[1024];
    size_t len;
    bool skip; // until the line ends
    unsigned axes;
    int64_t first_us; // arrival of the first reading with these axes
    uint32_t readings;
    int64_t interval_us; // 0: not known yet
    uint32_t bad;     // lines that were none
};

// Takes a byte that arrived at now_us. 1: row holds l->axes numbers; 0: not yet. Where the number of axes
// changed, l->readings is 1 and l->interval_us 0 again.
int gate_lines_push(struct gate_lines *l, char byte, int64_t now_us, float row[GATE_AXES_MAX]);

#endif
