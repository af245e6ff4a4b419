// An HTTP receiver on loopback: takes POST requests, keeps their bodies, answers with the status it is told.
#ifndef SUPPORT_HOOK_H
#define SUPPORT_HOOK_H

#include <stddef.h>

struct hook;

struct hook *hook_start(int *port); // NULL where that fails
void hook_stop(struct hook *h);     // accepts NULL
void hook_answer(struct hook *h, int status); // from now on; 200 at first
size_t hook_count(struct hook *h);  // requests so far
// How many bodies of those that were answered with 200 hold the text.
size_t hook_holding(struct hook *h, const char *text);

#endif
