// Tasks: who is asked to label what, the answers that people give without seeing each other's, and what a
// reviewer makes of them. An answer becomes labels (store_label.h) when it is accepted; a task that one
// person does without review accepts by itself.
#ifndef STORE_TASK_H
#define STORE_TASK_H

#include "common/store/store_label.h"

#define STORE_TASK_ITEMS_MAX 100000 // recordings times people of one task
#define STORE_ANSWER_REGIONS_MAX 2000

struct store_task {
    int64_t task_id, each, review, created_ms, closed_ms;
    const char *name, *note, *filter, *author; // filter: JSON
    int64_t items, open, done, accepted,
        returned; // filled when read; items: recordings times people
};
struct store_task_item {
    int64_t task_id, rec_id, n, gold, took_ms, done_ms;
    const char *person, *state, *note, *reviewer;
};
typedef int (*store_task_fn)(void *ctx, const struct store_task *t);
typedef int (*store_task_item_fn)(void *ctx, const struct store_task_item *i);

// Adds a task with its items (rec_id, person, n and gold of each are read) and sets t->task_id.
int store_task_add(struct store *s, struct store_task *t, const struct store_task_item *items,
                   size_t count, struct err *e) MUST_CHECK;
// Newest first; task_id 0: all.
int store_task_walk(struct store *s, int64_t task_id, store_task_fn fn, void *ctx,
                    struct err *e) MUST_CHECK;
int store_task_close(struct store *s, int64_t task_id, bool closed, struct err *e) MUST_CHECK;
// Items in order of work. person NULL: everybody's; state NULL: any; "todo": open or returned.
int store_task_items(struct store *s, int64_t task_id, const char *person, const char *state,
                     int64_t limit, store_task_item_fn fn, void *ctx, struct err *e) MUST_CHECK;

struct store_task_person { // how far somebody is; times in ms
    int64_t items, todo, done, accepted, returned, took_ms, last_ms;
    int64_t gold_right, gold_wrong; // answers to items whose label is known
    const char *person;
};
typedef int (*store_task_person_fn)(void *ctx, const struct store_task_person *p);
int store_task_people(struct store *s, int64_t task_id, store_task_person_fn fn, void *ctx,
                      struct err *e) MUST_CHECK;

// Appends a round to a person's answer: all of its regions (label, whole or start_us/end_us or box).
// done: it is finished, and took_ms is added to the time it took. E_NOT_FOUND where the item is not
// that person's, E_STATE where it was accepted or its task is closed.
int store_task_answer(struct store *s, int64_t task_id, int64_t rec_id, const char *person,
                      const struct store_region *regions, size_t count, bool done, int64_t took_ms,
                      struct err *e) MUST_CHECK;

struct store_answer {
    int64_t task_id, rec_id, gold, took_ms;
    const char *person, *state, *note;
    const struct store_region *region; // NULL: the person answered that there is nothing to mark
};
typedef int (*store_answer_fn)(void *ctx, const struct store_answer *a);
// The present answers, by recording, then person. 0 and NULL: any. finished: none that is still open.
int store_task_answers(struct store *s, int64_t task_id, int64_t rec_id, const char *person,
                       bool finished, store_answer_fn fn, void *ctx, struct err *e) MUST_CHECK;

// A reviewer's word on one person's answer. accept: its regions become labels by that person, the answers
// of the others to the same recording are settled. Otherwise it goes back with the note.
int store_task_review(struct store *s, int64_t task_id, int64_t rec_id, const char *person,
                      bool accept, const char *note, const char *reviewer,
                      struct err *e) MUST_CHECK;
// Hands what is left to do to somebody else, but what that one has already. *moved: items.
int store_task_hand_over(struct store *s, int64_t task_id, const char *from, const char *to,
                         int64_t *moved, struct err *e) MUST_CHECK;

// A number that moves with every change of tasks and answers.
int store_task_moves(struct store *s, int64_t *moves, struct err *e) MUST_CHECK;
// Moves it, inside the transaction that changes something. For store_task.c and store_answer.c.
int store_task_move(struct store *s, struct err *e) MUST_CHECK;

// Recordings whose label is known; label NULL or "" takes the mark away.
int store_gold_put(struct store *s, int64_t rec_id, const char *label, const char *author,
                   struct err *e) MUST_CHECK;
typedef int (*store_gold_fn)(void *ctx, int64_t rec_id, const char *label, const char *author);
int store_gold_walk(struct store *s, store_gold_fn fn, void *ctx, struct err *e) MUST_CHECK;

#endif
