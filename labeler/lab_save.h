// Saves labels. Threads of the process that save at the same time share one transaction, so that a room full of annotators
// waits for the disk once and nobody waits for SQLite's lock.
#ifndef LABELER_LAB_SAVE_H
#define LABELER_LAB_SAVE_H

#include "common/store/store_label.h"
#include "labeler/lab.h"

// store_label_set, or store_label_delete where g->deleted: the same results and errors. Returns when it is on the disk.
int lab_save(struct lab *lab, struct store_region *g, int64_t expected, struct err *e) MUST_CHECK;
// Keeps the other threads' saves back while this one runs a transaction of its own, after those that wait already;
// lab_save_done lets them go on.
void lab_save_alone(void);
void lab_save_done(void);
// 2 ms between two such transactions: other processes try SQLite's lock every few milliseconds and would find it taken each time.
void lab_save_pause(void);

#endif
