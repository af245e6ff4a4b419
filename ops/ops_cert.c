// Certificates with OpenSSL's libcrypto, in this process: a fleet of ten thousand must not start ten thousand
// others. See ops_cert.h.
//
// A list of void certificates (RFC 5280, section 5) replaces the broker's older one only where its thisUpdate is
// later, and counts only where that is past; so it starts an hour back and moves by at least a second.
#include "ops/ops_cert.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/project.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <unistd.h>

enum { SERIAL_LEN = 16, CA_DAYS = 7300, LEAF_DAYS = 3650, CRL_BACK_S = 3600 };

struct issued {
    char serial[2 * SERIAL_LEN + 1], device[36];
};
struct certs {
    X509 *ca;
    EVP_PKEY *key;
    X509_CRL *crl;
    char *ca64;
    struct issued *issued;
    size_t count, cap;
    bool issued_changed, voided;
};

static int failed(struct err *e, const char *what)
{
    char text[160] = "unknown";
    ERR_error_string_n(ERR_peek_last_error(), text, sizeof(text));
    ERR_clear_error();
    return err_set(e, E_STATE, "cannot %s: %s", what, text);
}

// --- files ---------------------------------------------------------------------------------------

// What was written into out, as a file.
static int save(BIO *out, const struct project *p, const char *name, struct err *e)
{
    char path[IO_PATH_MAX], *text = NULL;
    long len = BIO_get_mem_data(out, &text);
    return io_write_atomic(project_path(p, path, name), text, (size_t)len, 0600, e);
}

static int save_pair(const struct project *p, const char *stem, X509 *cert, EVP_PKEY *key,
                     struct err *e)
{
    char name[64];
    BIO *a = BIO_new(BIO_s_mem()), *b = BIO_new(BIO_s_mem());
    int rc = OK;
    if (!a || !b || !PEM_write_bio_X509(a, cert) ||
        !PEM_write_bio_PrivateKey(b, key, NULL, NULL, 0, NULL, NULL)) {
        rc = failed(e, "encode a certificate");
    }
    snprintf(name, sizeof(name), "%s.key", stem);
    rc = rc ? rc : save(b, p, name, e);
    snprintf(name, sizeof(name), "%s.pem", stem);
    rc = rc ? rc : save(a, p, name, e);
    BIO_free(a);
    BIO_free(b);
    return rc;
}

static BIO *load(const struct project *p, const char *name, struct buf *text, struct err *e)
{
    char path[IO_PATH_MAX];
    if (io_read_file(project_path(p, path, name), 64 << 20, text, e)) {
        return NULL;
    }
    BIO *in = BIO_new_mem_buf(text->data ? text->data : "", (int)text->len);
    if (!in) {
        failed(e, "read a certificate");
    }
    return in;
}

static X509 *load_cert(const struct project *p, const char *name, struct err *e)
{
    struct buf text = {0};
    BIO *in = load(p, name, &text, e);
    X509 *x = in ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;
    if (in && !x) {
        err_set(e, E_FORMAT, "'%s/%s' holds no certificate: restore it from a backup", p->dir,
                name);
        ERR_clear_error();
    }
    BIO_free(in);
    buf_release(&text);
    return x;
}

static EVP_PKEY *load_key(const struct project *p, const char *name, struct err *e)
{
    struct buf text = {0};
    BIO *in = load(p, name, &text, e);
    EVP_PKEY *k = in ? PEM_read_bio_PrivateKey(in, NULL, NULL, NULL) : NULL;
    if (in && !k) {
        err_set(e, E_FORMAT, "'%s/%s' holds no private key: restore it from a backup", p->dir,
                name);
        ERR_clear_error();
    }
    BIO_free(in);
    buf_release(&text);
    return k;
}

// --- certificates --------------------------------------------------------------------------------

static bool extend(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
    X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    bool good = ext && X509_add_ext(x, ext, -1);
    X509_EXTENSION_free(ext);
    return good;
}

static bool set_serial(X509 *x)
{
    uint8_t bytes[SERIAL_LEN];
    if (RAND_bytes(bytes, sizeof(bytes)) != 1) {
        return false;
    }
    bytes[0] = (uint8_t)((bytes[0] & 0x3f) | 0x40); // positive, and always of full length
    BIGNUM *n = BN_bin2bn(bytes, sizeof(bytes), NULL);
    bool good = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x));
    BN_free(n);
    return good;
}

// An unsigned certificate over key; issuer NULL: its own.
static X509 *blank(const char *name, EVP_PKEY *key, X509 *issuer, long days)
{
    X509 *x = X509_new();
    X509_NAME *subject = X509_NAME_new();
    bool good = x && subject && X509_set_version(x, X509_VERSION_3) && set_serial(x) &&
                X509_gmtime_adj(X509_getm_notBefore(x), -CRL_BACK_S) &&
                X509_gmtime_adj(X509_getm_notAfter(x), days * 86400) &&
                X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                           (const unsigned char *)name, -1, -1, 0) &&
                X509_set_subject_name(x, subject) &&
                X509_set_issuer_name(x, issuer ? X509_get_subject_name(issuer) : subject) &&
                X509_set_pubkey(x, key);
    X509_NAME_free(subject);
    if (!good) {
        X509_free(x);
        return NULL;
    }
    return x;
}

static X509 *make_leaf(X509 *ca, EVP_PKEY *ca_key, EVP_PKEY *key, const char *name,
                       const char *names, struct err *e)
{
    X509 *x = blank(name, key, ca, LEAF_DAYS);
    bool good = x && extend(x, ca, NID_basic_constraints, "critical,CA:FALSE") &&
                extend(x, ca, NID_key_usage, "critical,digitalSignature") &&
                extend(x, ca, NID_ext_key_usage, names ? "serverAuth" : "clientAuth") &&
                (!names || extend(x, ca, NID_subject_alt_name, names)) &&
                X509_sign(x, ca_key, EVP_sha256());
    if (!good) {
        failed(e, "make a certificate");
        X509_free(x);
        return NULL;
    }
    return x;
}

static int make_ca(const struct project *p, struct err *e)
{
    char name[96];
    snprintf(name, sizeof(name), "Moteloop CA of %.60s", p->conf.name);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = key ? blank(name, key, NULL, CA_DAYS) : NULL;
    bool good = x && extend(x, x, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                extend(x, x, NID_key_usage, "critical,keyCertSign,cRLSign") &&
                extend(x, x, NID_subject_key_identifier, "hash") && X509_sign(x, key, EVP_sha256());
    int rc =
        good ? save_pair(p, "keys/ca", x, key, e) : failed(e, "make the certificate authority");
    X509_free(x);
    EVP_PKEY_free(key);
    return rc;
}

// ",IP:..." or ",DNS:..." where it is an address at all.
static int add_name(struct buf *names, const char *host)
{
    uint8_t bytes[16];
    if (!*host || strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0 ||
        strpbrk(host, ",: \t")) {
        return OK; // every address, or IPv6: devices go by the fixed name anyway
    }
    return buf_printf(names, ",%s:%s", inet_pton(AF_INET, host, bytes) == 1 ? "IP" : "DNS", host);
}

int certs_make_broker(const struct project *p, struct err *e)
{
    struct buf names = {0};
    char host[256] = "";
    (void)gethostname(host, sizeof(host) - 1);
    X509 *ca = load_cert(p, "keys/ca.pem", e), *x = NULL;
    EVP_PKEY *ca_key = ca ? load_key(p, "keys/ca.key", e) : NULL;
    EVP_PKEY *key = ca_key ? EVP_EC_gen("P-256") : NULL;
    int rc = buf_puts(&names, "DNS:" CERT_BROKER_NAME ",DNS:localhost,IP:127.0.0.1,IP:::1");
    rc = rc ? rc : add_name(&names, host);
    rc = rc ? rc : add_name(&names, p->conf.broker_host);
    rc = rc ? rc : add_name(&names, p->conf.tls_address);
    if (rc) {
        rc = err_set(e, rc, "out of memory");
    } else if (!ca || !ca_key) {
        rc = e->code;
    } else {
        x = key ? make_leaf(ca, ca_key, key, CERT_BROKER_NAME, names.data, e) : NULL;
        rc = x         ? save_pair(p, "broker/broker", x, key, e)
             : e->code ? e->code
                       : failed(e, "make a key");
    }
    X509_free(x);
    X509_free(ca);
    EVP_PKEY_free(key);
    EVP_PKEY_free(ca_key);
    buf_release(&names);
    return rc;
}

int certs_days_left(const struct project *p, const char *name, int64_t *days, struct err *e)
{
    X509 *x = load_cert(p, name, e);
    int d = 0, s = 0;
    if (!x) {
        return e->code;
    }
    int rc = ASN1_TIME_diff(&d, &s, NULL, X509_get0_notAfter(x))
                 ? OK
                 : failed(e, "read a certificate's end");
    *days = s < 0 ? d - 1 : d;
    X509_free(x);
    return rc;
}

// --- void certificates ---------------------------------------------------------------------------

static int add_issued(struct certs *c, const char *serial, const char *device, struct err *e)
{
    if (c->count == c->cap) {
        size_t cap = c->cap ? 2 * c->cap : 64;
        struct issued *grown = reallocarray(c->issued, cap, sizeof(*grown));
        if (!grown) {
            return err_set(e, E_MEM, "out of memory");
        }
        c->issued = grown;
        c->cap = cap;
    }
    struct issued *i = &c->issued[c->count++];
    snprintf(i->serial, sizeof(i->serial), "%s", serial);
    snprintf(i->device, sizeof(i->device), "%s", device);
    c->issued_changed = true;
    return OK;
}

static int load_issued(struct certs *c, const struct project *p, struct err *e)
{
    char path[IO_PATH_MAX];
    struct buf text = {0};
    if (!io_exists(project_path(p, path, "keys/issued.txt"))) {
        return OK;
    }
    int rc = io_read_file(path, 256 << 20, &text, e);
    char *rest = text.data;
    for (char *line; rc == OK && rest && (line = strsep(&rest, "\n"));) {
        char *device = strchr(line, ' ');
        if (device) {
            *device++ = 0;
            rc = add_issued(c, line, device, e);
        }
    }
    c->issued_changed = false;
    buf_release(&text);
    return rc;
}

// Signs the list as it is; its time is later than that of the one before.
static int sign_crl(struct certs *c, struct err *e)
{
    time_t at = time(NULL) - CRL_BACK_S;
    const ASN1_TIME *before = X509_CRL_get0_lastUpdate(c->crl);
    int days = 0, seconds = 0;
    ASN1_TIME *now = ASN1_TIME_set(NULL, at);
    if (before && now && ASN1_TIME_diff(&days, &seconds, now, before) &&
        (int64_t)days * 86400 + seconds >= 0) {
        now = ASN1_TIME_set(now, at + (time_t)days * 86400 + seconds + 1);
    }
    ASN1_TIME *next = ASN1_TIME_set(NULL, time(NULL) + (time_t)CA_DAYS * 86400);
    bool good = now && next && X509_CRL_set_version(c->crl, X509_CRL_VERSION_2) &&
                X509_CRL_set_issuer_name(c->crl, X509_get_subject_name(c->ca)) &&
                X509_CRL_set1_lastUpdate(c->crl, now) && X509_CRL_set1_nextUpdate(c->crl, next) &&
                X509_CRL_sort(c->crl) && X509_CRL_sign(c->crl, c->key, EVP_sha256());
    ASN1_TIME_free(now);
    ASN1_TIME_free(next);
    return good ? OK : failed(e, "sign the list of void certificates");
}

static int save_crl(struct certs *c, const struct project *p, struct err *e)
{
    int rc = sign_crl(c, e);
    BIO *out = BIO_new(BIO_s_mem());
    if (rc == OK && (!out || !PEM_write_bio_X509_CRL(out, c->crl))) {
        rc = failed(e, "encode the list of void certificates");
    }
    rc = rc ? rc : save(out, p, "broker/crl.pem", e);
    BIO_free(out);
    return rc;
}

static int load_crl(struct certs *c, const struct project *p, struct err *e)
{
    char path[IO_PATH_MAX];
    struct buf text = {0};
    if (!io_exists(project_path(p, path, "broker/crl.pem"))) {
        c->crl = X509_CRL_new();
        return c->crl ? OK : err_set(e, E_MEM, "out of memory");
    }
    BIO *in = load(p, "broker/crl.pem", &text, e);
    c->crl = in ? PEM_read_bio_X509_CRL(in, NULL, NULL, NULL) : NULL;
    BIO_free(in);
    buf_release(&text);
    return c->crl ? OK
           : in   ? err_set(e, E_FORMAT,
                            "'%s' holds no list of void certificates: restore it from a backup", path)
                  : e->code;
}

static int revoke_serial(struct certs *c, const char *serial, struct err *e)
{
    BIGNUM *n = NULL;
    X509_REVOKED *r = X509_REVOKED_new();
    ASN1_TIME *when = ASN1_TIME_set(NULL, time(NULL));
    ASN1_INTEGER *number = BN_hex2bn(&n, serial) ? BN_to_ASN1_INTEGER(n, NULL) : NULL;
    int rc = OK;
    if (r && when && number && X509_REVOKED_set_serialNumber(r, number) &&
        X509_REVOKED_set_revocationDate(r, when) && X509_CRL_add0_revoked(c->crl, r)) {
        r = NULL; // the list owns it now
        c->voided = true;
    } else {
        rc = failed(e, "declare a certificate void");
    }
    X509_REVOKED_free(r);
    ASN1_TIME_free(when);
    ASN1_INTEGER_free(number);
    BN_free(n);
    return rc;
}

int certs_revoke(struct certs *c, const char *device, size_t *count, struct err *e)
{
    int rc = OK;
    *count = 0;
    for (size_t i = 0; i < c->count && rc == OK;) {
        if (strcmp(c->issued[i].device, device) != 0) {
            i++;
            continue;
        }
        rc = revoke_serial(c, c->issued[i].serial, e);
        c->issued[i] = c->issued[--c->count];
        c->issued_changed = true;
        ++*count;
    }
    return rc;
}

// --- open, issue, save ---------------------------------------------------------------------------

static int base64(char *out, size_t cap, const uint8_t *der, int len, struct err *e)
{
    if (len <= 0 || (size_t)(len + 2) / 3 * 4 + 1 > cap) {
        return err_set(e, E_LIMIT, "a certificate is too large");
    }
    EVP_EncodeBlock((unsigned char *)out, der, len);
    return OK;
}

static int encode_ca(struct certs *c, struct err *e)
{
    uint8_t *der = NULL;
    int len = i2d_X509(c->ca, &der);
    size_t cap = len > 0 ? (size_t)len * 2 + 8 : 8;
    c->ca64 = malloc(cap);
    int rc = c->ca64 ? base64(c->ca64, cap, der, len, e) : err_set(e, E_MEM, "out of memory");
    OPENSSL_free(der);
    return rc;
}

int certs_open(struct certs **out, const struct project *p, struct err *e)
{
    struct certs *c = calloc(1, sizeof(*c));
    if (!c) {
        return err_set(e, E_MEM, "out of memory");
    }
    c->ca = load_cert(p, "keys/ca.pem", e);
    c->key = c->ca ? load_key(p, "keys/ca.key", e) : NULL;
    int rc = c->key ? encode_ca(c, e) : e->code;
    rc = rc ? rc : load_crl(c, p, e);
    rc = rc ? rc : load_issued(c, p, e);
    if (rc) {
        certs_free(c);
        return rc;
    }
    *out = c;
    return OK;
}

void certs_free(struct certs *c)
{
    if (c) {
        X509_free(c->ca);
        EVP_PKEY_free(c->key);
        X509_CRL_free(c->crl);
        free(c->ca64);
        free(c->issued);
        free(c);
    }
}

const char *certs_ca64(const struct certs *c)
{
    return c->ca64;
}

int certs_make(const struct project *p, struct err *e)
{
    char path[IO_PATH_MAX];
    struct certs *c = NULL;
    if (io_exists(project_path(p, path, "keys/ca.key"))) {
        return err_set(e, E_EXISTS, "'%s' is there already", path);
    }
    int rc = make_ca(p, e);
    rc = rc ? rc : certs_make_broker(p, e);
    rc = rc ? rc : certs_open(&c, p, e);
    rc = rc ? rc : save_crl(c, p, e);
    certs_free(c);
    return rc;
}

static bool to_text(char *out, size_t cap, BIO *in)
{
    char *text = NULL;
    long len = BIO_get_mem_data(in, &text);
    if (len <= 0 || (size_t)len >= cap) {
        return false;
    }
    memcpy(out, text, (size_t)len);
    out[len] = 0;
    return true;
}

static int encode_pair(X509 *x, EVP_PKEY *key, struct cert_text *out, struct err *e)
{
    uint8_t *der = NULL, *key_der = NULL;
    BIO *a = BIO_new(BIO_s_mem()), *b = BIO_new(BIO_s_mem());
    int len = i2d_X509(x, &der), key_len = i2d_PrivateKey(key, &key_der);
    bool good = a && b && PEM_write_bio_X509(a, x) &&
                PEM_write_bio_PrivateKey(b, key, NULL, NULL, 0, NULL, NULL) &&
                to_text(out->pem, sizeof(out->pem), a) &&
                to_text(out->key_pem, sizeof(out->key_pem), b);
    int rc = good ? base64(out->der64, sizeof(out->der64), der, len, e)
                  : failed(e, "encode a certificate");
    rc = rc ? rc : base64(out->key64, sizeof(out->key64), key_der, key_len, e);
    OPENSSL_free(der);
    OPENSSL_clear_free(key_der, key_len > 0 ? (size_t)key_len : 0);
    BIO_free(a);
    BIO_free(b);
    return rc;
}

int certs_issue(struct certs *c, const char *device, struct cert_text *out, struct err *e)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = key ? make_leaf(c->ca, c->key, key, device, NULL, e) : NULL;
    int rc = x ? encode_pair(x, key, out, e) : key ? e->code : failed(e, "make a key");
    BIGNUM *n = rc ? NULL : ASN1_INTEGER_to_BN(X509_get0_serialNumber(x), NULL);
    char *serial = n ? BN_bn2hex(n) : NULL;
    if (rc == OK) {
        rc = serial ? add_issued(c, serial, device, e) : failed(e, "make a certificate");
    }
    OPENSSL_free(serial);
    BN_free(n);
    X509_free(x);
    EVP_PKEY_free(key);
    return rc;
}

int certs_save(struct certs *c, const struct project *p, struct err *e)
{
    char path[IO_PATH_MAX];
    struct buf b = {0};
    int rc = OK;
    if (c->voided) { // first: a serial that leaves the other file must be in this one
        rc = save_crl(c, p, e);
        c->voided = rc != OK;
    }
    if (rc == OK && c->issued_changed) {
        for (size_t i = 0; i < c->count && rc == OK; i++) {
            rc = buf_printf(&b, "%s %s\n", c->issued[i].serial, c->issued[i].device);
        }
        rc = rc ? err_set(e, rc, "out of memory")
                : io_write_atomic(project_path(p, path, "keys/issued.txt"), b.data ? b.data : "",
                                  b.len, 0600, e);
        c->issued_changed = rc != OK;
    }
    buf_release(&b);
    return rc;
}
