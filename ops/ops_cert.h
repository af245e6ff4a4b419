// The project's own certificate authority: a CA, the broker's certificate, one for each device that wants
// one, and the list of those that are void. ECDSA P-256 with SHA-256 throughout, so that the smallest
// TLS library of a board can check them.
//
//   keys/ca.pem keys/ca.key         the CA; the key never leaves the project
//   keys/issued.txt                 "SERIAL DEVICE" a line: valid certificates of devices
//   broker/broker.pem broker.key    the broker's, for the name CERT_BROKER_NAME and the addresses it has
//   broker/crl.pem                  void certificates of devices
#ifndef OPS_CERT_H
#define OPS_CERT_H

struct buf;
struct err;
struct project;
struct certs;

// What devices check the broker's certificate for, whatever address they reach it by. It holds a dot, so no
// device's certificate can carry it as its name.
#define CERT_BROKER_NAME "broker.moteloop"

// Makes the CA, the broker's certificate and an empty list of void ones. E_EXISTS where there is a CA.
int certs_make(const struct project *p, struct err *e) MUST_CHECK;
// Makes the broker's certificate anew: its addresses are those of the configuration and of this host.
int certs_make_broker(const struct project *p, struct err *e) MUST_CHECK;
// Days until the certificate in a file of the project ends (negative: it has ended); E_* of files in e->code
// with *days unchanged.
int certs_days_left(const struct project *p, const char *name, int64_t *days,
                    struct err *e) MUST_CHECK;

// Loads the CA, what it issued and the list of void ones.
int certs_open(struct certs **c, const struct project *p, struct err *e) MUST_CHECK;
void certs_free(struct certs *c); // accepts NULL
// The CA's certificate as base64 of its DER, one line; borrowed.
const char *certs_ca64(const struct certs *c);

struct cert_text { // of a device: PEM for other clients, base64 of DER for its configuration;
                   // NUL-terminated
    char pem[2048], key_pem[512], der64[1536], key64[256];
};
// A new key and a certificate with the device's id as common name. Remembered in c until certs_save.
int certs_issue(struct certs *c, const char *device, struct cert_text *out,
                struct err *e) MUST_CHECK;
// Declares every certificate void that was issued to the device. *count: how many.
int certs_revoke(struct certs *c, const char *device, size_t *count, struct err *e) MUST_CHECK;
// Writes what certs_issue and certs_revoke changed.
int certs_save(struct certs *c, const struct project *p, struct err *e) MUST_CHECK;

#endif
