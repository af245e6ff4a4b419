// Credentials of devices: given and taken, one or ten thousand at a time.
//
// A device gets devices/DEV.conf, which is all that it needs: id, limits, broker, password or certificate with its
// key (base64 of DER), the certificate authority, and the key that signs key sets. With a certificate there are
// DEV.pem and DEV.key as well, for clients that read PEM.
#ifndef OPS_PROVISION_H
#define OPS_PROVISION_H

struct err;
struct project;

struct device_ids { // checked
    char **id;
    size_t count;
};
struct provision {
    const char *name, *group;
    int64_t device_class; // 0 to 2
    bool cert;            // a client certificate, no password
    bool plain;           // no TLS
};

// Adds them all and says so on stdout. E_EXISTS names the first that is in use; skip: those are left out instead.
// Files first, the broker's next, the store last: what is cut off can be run again with skip.
int provision_add(const struct project *p, const struct provision *o, const struct device_ids *l,
                  bool skip, struct err *e) MUST_CHECK;
// Their credentials are void at once, for connections that are open too; what they sent is kept.
int provision_remove(const struct project *p, const struct device_ids *l, struct err *e) MUST_CHECK;

#endif
