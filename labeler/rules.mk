# The fuzz target of the request parser (tests/fuzz/fuzz_http.c) needs these beside common.
FUZZ_SRC_http := labeler/lab_req.c labeler/ingest_form.c labeler/label_read.c labeler/label_read_text.c
