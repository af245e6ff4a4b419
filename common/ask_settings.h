// Recording rates and triggers as JSON and as words of a command line. See ask.h for the JSON.
#ifndef COMMON_ASK_SETTINGS_H
#define COMMON_ASK_SETTINGS_H

#include <jansson.h>

#include "firmware/core/wire/mote_wire.h"

struct err;

// Fills c's rates and triggers, whose names borrow the JSON's strings. NULL: none. E_USAGE says what is wrong.
int ask_settings_read(const json_t *settings, struct mote_device_config *c,
                      struct err *e) MUST_CHECK;
// "acc=50" as {"stream": "acc", "hz": 50}; added to rates.
int ask_rate_word(json_t *rates, const char *word, struct err *e) MUST_CHECK;
// "acc>12.5" (a level) or "class:knock>0.8" (a class) as a trigger of recordings so long, with that label; added.
int ask_trigger_word(json_t *triggers, const char *word, const char *label, int64_t duration_ms,
                     int64_t gap_ms, struct err *e) MUST_CHECK;

#endif
