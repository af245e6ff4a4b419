// Key files and signatures. See cvt_key.h.
#include "converter/cvt_key.h"

#include <bearssl.h>
#include <sodium.h>
#include <sys/stat.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/hex.h"
#include "common/io.h"

#define KEY_FILE_MAX 4096
#define KEY_MAGIC "moteloop-key 1 "

static const char *const role_names[] = {
    [MOTE_KEY_ROOT] = "root", [MOTE_KEY_RELEASE] = "release", [MOTE_KEY_BEACON] = "beacon"};

const char *cvt_role_name(unsigned role)
{
    return role < ARRAY_LEN(role_names) ? role_names[role] : NULL;
}

int cvt_role_parse(const char *name, unsigned *role, struct err *e)
{
    for (unsigned i = 0; i < ARRAY_LEN(role_names); i++) {
        if (strcmp(name, role_names[i]) == 0) {
            *role = i;
            return OK;
        }
    }
    return err_set(e, E_USAGE, "unknown key role '%s': root, release or beacon", name);
}

// Fills point and kid from the secret. E_FORMAT where the secret is not one of the curve.
static int complete(struct cvt_key *k)
{
    br_ec_private_key secret = {BR_EC_secp256r1, k->secret, sizeof k->secret};
    br_ec_public_key public;
    uint8_t mem[BR_EC_KBUF_PUB_MAX_SIZE];
    bool zero = sodium_is_zero(k->secret, sizeof k->secret);
    size_t len = zero ? 0 : br_ec_compute_pub(br_ec_get_default(), &public, mem, &secret);
    if (len != MOTE_PUBKEY_LEN) {
        return E_FORMAT;
    }
    memcpy(k->point, public.q, MOTE_PUBKEY_LEN);
    mote_key_id(k->kid, k->point);
    return OK;
}

int cvt_key_generate(struct cvt_key *k, unsigned role, struct err *e)
{
    uint8_t seed[48], mem[BR_EC_KBUF_PRIV_MAX_SIZE];
    br_hmac_drbg_context random;
    br_ec_private_key secret;
    if (sodium_init() < 0) {
        return err_set(e, E_IO, "make key: no entropy");
    }
    randombytes_buf(seed, sizeof seed);
    br_hmac_drbg_init(&random, &br_sha256_vtable, seed, sizeof seed);
    *k = (struct cvt_key){.role = role};
    size_t len = br_ec_keygen(&random.vtable, br_ec_get_default(), &secret, mem, BR_EC_secp256r1);
    if (len && len <= sizeof k->secret) {
        memcpy(k->secret + sizeof k->secret - len, secret.x, len);
    }
    sodium_memzero(seed, sizeof seed);
    sodium_memzero(mem, sizeof mem);
    sodium_memzero(&random, sizeof random);
    return len && complete(k) == OK ? OK : err_set(e, E_IO, "make key: the library refused");
}

// BearSSL reduces nothing: a secret of the order or above would sign wrongly.
static bool below_order(const uint8_t secret[CVT_SECRET_LEN])
{
    static const uint8_t order[CVT_SECRET_LEN] = {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00,
                                                  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                                  0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84,
                                                  0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
    return memcmp(secret, order, sizeof order) < 0;
}

static int parse_key(struct cvt_key *k, char *text, const char *path, unsigned role, struct err *e)
{
    text[strcspn(text, "\r\n")] = '\0';
    size_t magic = strlen(KEY_MAGIC), name = strlen(cvt_role_name(role));
    if (strncmp(text, KEY_MAGIC, magic) != 0) {
        return err_set(e, E_FORMAT, "'%s' is not a key file", path);
    }
    if (strncmp(text + magic, cvt_role_name(role), name) != 0 || text[magic + name] != ' ') {
        return err_set(e, E_AUTH, "'%s' is not a %s key", path, cvt_role_name(role));
    }
    *k = (struct cvt_key){.role = role};
    if (hex_decode(k->secret, sizeof k->secret, text + magic + name + 1) != OK ||
        !below_order(k->secret) || complete(k) != OK) {
        return err_set(e, E_FORMAT, "'%s': the secret is damaged", path);
    }
    return OK;
}

int cvt_key_load(struct cvt_key *k, const char *path, unsigned role, struct err *e)
{
    struct buf text = {0};
    struct stat st;
    *k = (struct cvt_key){0};
    if (stat(path, &st) != 0) {
        return err_errno(e, E_NOT_FOUND, "cannot open %s key '%s'", cvt_role_name(role), path);
    }
    if (st.st_mode & 077) {
        return err_set(e, E_AUTH,
                       "'%s' can be read by others (mode %04o): a private key must have mode 0600",
                       path, (unsigned)st.st_mode & 07777);
    }
    int rc = io_read_file(path, KEY_FILE_MAX, &text, e);
    if (rc == OK) {
        rc = text.len ? parse_key(k, text.data, path, role, e)
                      : err_set(e, E_FORMAT, "'%s' is empty", path);
    }
    if (text.data) {
        sodium_memzero(text.data, text.len);
    }
    buf_release(&text);
    if (rc != OK) {
        cvt_key_wipe(k);
    }
    return rc;
}

int cvt_key_load_public(uint8_t point[MOTE_PUBKEY_LEN], const char *path, struct err *e)
{
    struct buf text = {0};
    int rc = io_read_file(path, KEY_FILE_MAX, &text, e);
    if (rc == OK) {
        if (text.data) {
            text.data[strcspn(text.data, "\r\n")] = '\0';
        }
        if (!text.data || hex_decode(point, MOTE_PUBKEY_LEN, text.data) != OK || point[0] != 4) {
            rc = err_set(e, E_FORMAT, "'%s' is not the hex of a %d-byte point", path,
                         MOTE_PUBKEY_LEN);
        }
    }
    buf_release(&text);
    return rc;
}

static int write_secret(const struct cvt_key *k, const char *path, struct err *e)
{
    char line[128], hex[2 * CVT_SECRET_LEN + 1];
    hex_encode(hex, k->secret, sizeof k->secret);
    int n = snprintf(line, sizeof line, KEY_MAGIC "%s %s\n", cvt_role_name(k->role), hex);
    int rc = io_write_atomic(path, line, (size_t)n, 0600, e);
    sodium_memzero(line, sizeof line);
    sodium_memzero(hex, sizeof hex);
    return rc;
}

static int write_public(const uint8_t point[MOTE_PUBKEY_LEN], const char *path, struct err *e)
{
    char line[2 * MOTE_PUBKEY_LEN + 2];
    hex_encode(line, point, MOTE_PUBKEY_LEN);
    line[2 * MOTE_PUBKEY_LEN] = '\n';
    return io_write_atomic(path, line, sizeof line - 1, 0644, e);
}

// ROLE.pub becomes ROLE-KID.pub, so that lists can still name what old releases were signed with.
static int keep_old_public(const char *dir, const char *role, const char *path, struct err *e)
{
    uint8_t point[MOTE_PUBKEY_LEN], kid[MOTE_KID_LEN];
    char old[IO_PATH_MAX], hex[2 * MOTE_KID_LEN + 1];
    int rc = cvt_key_load_public(point, path, e);
    if (rc != OK) {
        return rc;
    }
    mote_key_id(kid, point);
    hex_encode(hex, kid, sizeof kid);
    if (snprintf(old, sizeof old, "%s/%s-%s.pub", dir, role, hex) >= (int)sizeof old) {
        return err_set(e, E_LIMIT, "path of folder '%s' is too long", dir);
    }
    return write_public(point, old, e);
}

int cvt_key_save(const struct cvt_key *k, const char *dir, bool replace, struct err *e)
{
    char secret[IO_PATH_MAX], public[IO_PATH_MAX];
    const char *role = cvt_role_name(k->role);
    if (snprintf(secret, sizeof secret, "%s/%s.key", dir, role) >= (int)sizeof secret ||
        snprintf(public, sizeof public, "%s/%s.pub", dir, role) >= (int)sizeof public) {
        return err_set(e, E_LIMIT, "path of folder '%s' is too long", dir);
    }
    if (!replace && (io_exists(secret) || io_exists(public))) {
        return err_set(e, E_EXISTS, "there is a %s key already: '%s'", role,
                       io_exists(secret) ? secret : public);
    }
    int rc = io_exists(public) ? keep_old_public(dir, role, public, e) : OK;
    if (rc == OK) {
        rc = write_secret(k, secret, e);
    }
    return rc == OK ? write_public(k->point, public, e) : rc;
}

void cvt_key_wipe(struct cvt_key *k)
{
    sodium_memzero(k, sizeof *k);
}

int cvt_key_sign(void *ctx, const uint8_t digest[MOTE_DIGEST_LEN], uint8_t sig[MOTE_SIG_LEN])
{
    struct cvt_key *k = ctx;
    br_ec_private_key secret = {BR_EC_secp256r1, k->secret, sizeof k->secret};
    size_t len =
        br_ecdsa_i31_sign_raw(br_ec_get_default(), &br_sha256_vtable, digest, &secret, sig);
    return len == MOTE_SIG_LEN ? MOTE_OK : MOTE_E_AUTH;
}
