// TLS 1.2 over a TCP connection as the core's transport, with BearSSL: the library a board would use, in the way
// a board would use it (one buffer, no thread, never blocks). Checks the broker's certificate against one
// authority and one name; shows a client certificate where the configuration has one.
#ifndef POSIX_TLS_H
#define POSIX_TLS_H

#include "firmware/port/posix/posix_tcp.h"

struct err;
struct posix_tls;

struct posix_tls_conf { // texts are base64 of DER
    const char *name;       // that the broker's certificate must have
    const char *ca;         // certificate of the authority
    const char *cert, *key; // of this device; "" none
};

// tcp is used by the connection alone from now on and must outlive it. E_FORMAT says which text is wrong.
int posix_tls_new(struct posix_tls **t, struct posix_tcp *tcp, const struct posix_tls_conf *c,
                  struct err *e) MOTE_CHECK;
void posix_tls_free(struct posix_tls *t); // accepts NULL
struct mote_transport posix_tls_transport(struct posix_tls *t);
// Whether bytes wait to be written to the socket.
bool posix_tls_writing(const struct posix_tls *t);

#endif
