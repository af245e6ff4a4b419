// The route table as an OpenAPI 3.1 description, for programs that make clients or requests from one.
#ifndef LABELER_LAB_OPENAPI_H
#define LABELER_LAB_OPENAPI_H

#include <jansson.h>

// A new reference; NULL without memory. Parameters and body members come from the table's own words: a name, then "[" for
// a list, "{" for an object, "(" for a remark; whole numbers, numbers and truth values by their names.
json_t *lab_openapi(void);

#endif
