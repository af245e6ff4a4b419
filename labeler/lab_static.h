// The page itself: files of the bundle, compiled into the program.
#ifndef LABELER_LAB_STATIC_H
#define LABELER_LAB_STATIC_H

#include "labeler/lab_req.h"
#include "labeler/lab_res.h"

// The file of that path; every path without a file ending is the page (its router reads the address).
int lab_static(const struct lab_req *q, struct lab_res *r, struct err *e) MUST_CHECK;

#endif
