# The fuzz target of the request parser (tests/fuzz/fuzz_http.c) needs this beside common.
FUZZ_SRC_http := labeler/lab_req.c
