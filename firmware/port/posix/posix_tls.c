// See posix_tls.h. BearSSL's engine is a state machine between two buffers; pump() moves what it can.
#include "firmware/port/posix/posix_tls.h"

#include "common/err.h"
#include "common/log.h"

#include <bearssl.h>
#include <sodium.h>

#define DER_MAX 4096

struct bytes {
    uint8_t data[DER_MAX];
    size_t len;
    bool full;
};

struct posix_tls {
    struct posix_tcp *tcp;
    struct mote_transport under;
    char name[128];
    br_ssl_client_context client;
    br_x509_minimal_context x509;
    br_x509_trust_anchor anchor;
    struct bytes dn, cert, ca;
    uint8_t anchor_key[BR_EC_KBUF_PUB_MAX_SIZE];
    br_x509_certificate chain;
    br_skey_decoder_context key;
    bool has_cert, started;
    int told; // the error that was last logged
    uint8_t io[BR_SSL_BUFSIZE_BIDI];
};

static void append(void *ctx, const void *data, size_t len)
{
    struct bytes *b = ctx;
    if (len > sizeof(b->data) - b->len) {
        b->full = true;
        return;
    }
    memcpy(b->data + b->len, data, len);
    b->len += len;
}

static int decode(struct bytes *out, const char *text, const char *what, struct err *e)
{
    if (sodium_base642bin(out->data, sizeof(out->data), text, strlen(text), NULL, &out->len, NULL,
                          sodium_base64_VARIANT_ORIGINAL) ||
        out->len == 0) {
        return err_set(e, E_FORMAT, "[tls] %s is not base64 of at most %d bytes", what, DER_MAX);
    }
    return OK;
}

static int load_anchor(struct posix_tls *t, const char *text, struct err *e)
{
    br_x509_decoder_context dc;
    int rc = decode(&t->ca, text, "ca", e);
    if (rc) {
        return rc;
    }
    br_x509_decoder_init(&dc, append, &t->dn);
    br_x509_decoder_push(&dc, t->ca.data, t->ca.len);
    const br_x509_pkey *key = br_x509_decoder_get_pkey(&dc);
    if (!key || key->key_type != BR_KEYTYPE_EC || key->key.ec.qlen > sizeof(t->anchor_key) ||
        t->dn.full) {
        return err_set(e, E_FORMAT, "[tls] ca is not a certificate with an elliptic-curve key");
    }
    memcpy(t->anchor_key, key->key.ec.q, key->key.ec.qlen);
    t->anchor =
        (br_x509_trust_anchor){.dn = {t->dn.data, t->dn.len}, .flags = BR_X509_TA_CA, .pkey = *key};
    t->anchor.pkey.key.ec.q = t->anchor_key;
    return OK;
}

static int load_own(struct posix_tls *t, const struct posix_tls_conf *c, struct err *e)
{
    struct bytes *key = &t->dn; // not needed before load_anchor; wiped below
    int rc = decode(&t->cert, c->cert, "cert", e);
    rc = rc ? rc : decode(key, c->key, "key", e);
    if (rc == OK) {
        br_skey_decoder_init(&t->key);
        br_skey_decoder_push(&t->key, key->data, key->len);
        if (!br_skey_decoder_get_ec(&t->key)) {
            rc = err_set(e, E_FORMAT, "[tls] key is not an elliptic-curve key");
        }
    }
    sodium_memzero(key, sizeof(*key));
    t->chain = (br_x509_certificate){t->cert.data, t->cert.len};
    t->has_cert = rc == OK;
    return rc;
}

int posix_tls_new(struct posix_tls **out, struct posix_tcp *tcp, const struct posix_tls_conf *c,
                  struct err *e)
{
    struct posix_tls *t = calloc(1, sizeof(*t));
    if (!t) {
        return err_set(e, E_MEM, "out of memory");
    }
    t->tcp = tcp;
    t->under = posix_tcp_transport(tcp);
    snprintf(t->name, sizeof(t->name), "%s", c->name);
    int rc = c->cert[0] || c->key[0] ? load_own(t, c, e) : OK;
    rc = rc ? rc : load_anchor(t, c->ca, e);
    if (rc) {
        posix_tls_free(t);
        return rc;
    }
    *out = t;
    return OK;
}

void posix_tls_free(struct posix_tls *t)
{
    if (t) {
        posix_tcp_close(t->tcp);
        sodium_memzero(t, sizeof(*t));
        free(t);
    }
}

// --- the connection ------------------------------------------------------------------------------

static void begin(struct posix_tls *t)
{
    br_ssl_engine_context *eng = &t->client.eng;
    br_ssl_client_init_full(&t->client, &t->x509, &t->anchor, 1);
    br_ssl_engine_set_versions(eng, BR_TLS12, BR_TLS12);
    br_ssl_engine_set_buffer(eng, t->io, sizeof(t->io), 1);
    if (t->has_cert) {
        br_ssl_client_set_single_ec(&t->client, &t->chain, 1, br_skey_decoder_get_ec(&t->key),
                                    BR_KEYTYPE_SIGN, BR_KEYTYPE_EC, br_ec_get_default(),
                                    br_ecdsa_sign_asn1_get_default());
    }
    (void)br_ssl_client_reset(&t->client, t->name,
                              0); // where it fails the engine is closed, and says so
    t->started = true;
}

static const char *reason(int error)
{
    switch (error) {
    case BR_ERR_X509_NOT_TRUSTED:
        return "its certificate is not by the authority that this device knows";
    case BR_ERR_X509_BAD_SERVER_NAME:
        return "its certificate has another name";
    case BR_ERR_X509_EXPIRED:
        return "its certificate has expired, or the clock is wrong";
    default:
        return error >= BR_ERR_RECV_FATAL_ALERT ? "it refused this device"
                                                : "the connection is damaged";
    }
}

// MOTE_OK while the engine lives; says once why it does not.
static int alive(struct posix_tls *t)
{
    if (!(br_ssl_engine_current_state(&t->client.eng) & BR_SSL_CLOSED)) {
        return MOTE_OK;
    }
    int error = br_ssl_engine_last_error(&t->client.eng);
    if (error != BR_ERR_OK && error != t->told) {
        log_warn("TLS to the broker: %s (error %d)", reason(error), error);
        t->told = error;
    }
    return MOTE_E_CLOSED;
}

// Moves records between engine and socket until neither can. A negative status where the socket is gone.
static int pump(struct posix_tls *t)
{
    br_ssl_engine_context *eng = &t->client.eng;
    for (;;) {
        size_t len;
        int n = 0;
        unsigned state = br_ssl_engine_current_state(eng);
        if (state & BR_SSL_SENDREC) {
            unsigned char *p = br_ssl_engine_sendrec_buf(eng, &len);
            n = t->under.send(t->under.ctx, p, len);
            if (n > 0) {
                br_ssl_engine_sendrec_ack(eng, (size_t)n);
                continue;
            }
        }
        if (n == 0 && (state & BR_SSL_RECVREC)) {
            unsigned char *p = br_ssl_engine_recvrec_buf(eng, &len);
            n = t->under.recv(t->under.ctx, p, len);
            if (n > 0) {
                br_ssl_engine_recvrec_ack(eng, (size_t)n);
                continue;
            }
        }
        int status = alive(t);
        return n < 0 ? n : status;
    }
}

static void tls_close(void *ctx)
{
    struct posix_tls *t = ctx;
    if (t->started && t->tcp->open && !t->tcp->connecting) {
        br_ssl_engine_close(&t->client.eng);
        (void)pump(t); // the goodbye, where the socket takes it
    }
    t->started = false;
    posix_tcp_close(t->tcp);
}

static int tls_open(void *ctx)
{
    struct posix_tls *t = ctx;
    int status = t->under.open(t->under.ctx);
    if (status) {
        return status;
    }
    if (!t->started) {
        begin(t);
    }
    status = pump(t);
    if (status) {
        tls_close(t);
        return MOTE_E_IO;
    }
    if (!(br_ssl_engine_current_state(&t->client.eng) & BR_SSL_SENDAPP)) {
        return MOTE_E_AGAIN;
    }
    t->told = 0;
    return MOTE_OK;
}

static int tls_send(void *ctx, const void *buf, size_t len)
{
    struct posix_tls *t = ctx;
    size_t room = 0;
    int status = pump(t);
    unsigned char *p = status ? NULL : br_ssl_engine_sendapp_buf(&t->client.eng, &room);
    if (!p || room == 0) {
        return status;
    }
    size_t n = len < room ? len : room;
    memcpy(p, buf, n);
    br_ssl_engine_sendapp_ack(&t->client.eng, n);
    br_ssl_engine_flush(&t->client.eng, 0);
    status = pump(t);
    return status ? status : (int)n;
}

static int tls_recv(void *ctx, void *buf, size_t cap)
{
    struct posix_tls *t = ctx;
    size_t there = 0;
    int status = pump(t);
    const unsigned char *p = br_ssl_engine_recvapp_buf(&t->client.eng, &there);
    if (!p || there == 0) {
        return status;
    }
    size_t n = there < cap ? there : cap;
    memcpy(buf, p, n);
    br_ssl_engine_recvapp_ack(&t->client.eng, n);
    return (int)n;
}

struct mote_transport posix_tls_transport(struct posix_tls *t)
{
    return (struct mote_transport){
        .ctx = t, .open = tls_open, .send = tls_send, .recv = tls_recv, .close = tls_close};
}

bool posix_tls_writing(const struct posix_tls *t)
{
    return t->started && (br_ssl_engine_current_state(&t->client.eng) & BR_SSL_SENDREC) != 0;
}
