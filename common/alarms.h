// Alarms that collectors have raised and that last: their files run/alarms-NAME.json (docs/formats/alarms.md).
#ifndef COMMON_ALARMS_H
#define COMMON_ALARMS_H

#include <jansson.h>

struct project;

// A new array of objects with kind, subject, since, text; empty where there are none. A file that is damaged is left
// out: its collector writes it again. NULL: no memory.
json_t *alarms_read(const struct project *p);

#endif
