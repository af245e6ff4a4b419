// The web server of a project: lighttpd's configuration with the labeler behind FastCGI; and the
// one-time link of the first administrator.
#ifndef OPS_WEB_H
#define OPS_WEB_H

struct err;
struct project;
struct store;

int web_write_conf(const struct project *p, struct err *e) MUST_CHECK;
// A link for one new administrator, good for 24 hours. The secret is behind '#', which browsers do not
// send: it stays out of logs.
int ops_new_setup_link(const struct project *p, struct store *s, char *url, size_t cap,
                       struct err *e) MUST_CHECK;

#endif
