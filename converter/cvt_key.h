// Signing keys: the only code that touches private ones. ECDSA on P-256 by BearSSL.
//
// A key of a role lives in two files of the project's keys/ folder (docs/formats/release.md):
//   ROLE.key   mode 0600, one line "moteloop-key 1 ROLE HEX", HEX the 32-byte secret
//   ROLE.pub   one line, the hex of the 65-byte uncompressed point
// keys/keyset.cose is the key set as it was last published: a COSE_Sign1 by the root key.
#ifndef CONVERTER_CVT_KEY_H
#define CONVERTER_CVT_KEY_H

#include "firmware/core/pkg/mote_pkg.h"

struct err;
struct buf;
struct project;
struct store;

#define CVT_SECRET_LEN 32

struct cvt_key {
    unsigned role; // enum mote_key_role
    uint8_t secret[CVT_SECRET_LEN];
    uint8_t point[MOTE_PUBKEY_LEN];
    uint8_t kid[MOTE_KID_LEN];
};

// "root", "release", "beacon"; NULL for other numbers.
const char *cvt_role_name(unsigned role);
int cvt_role_parse(const char *name, unsigned *role, struct err *e) MUST_CHECK;

// A new random key from the system's entropy.
int cvt_key_generate(struct cvt_key *k, unsigned role, struct err *e) MUST_CHECK;
// Reads a private key of that role. Refuses a file that others may read (E_AUTH), a key of another
// role, a secret out of the curve's range. The point is computed, not read.
int cvt_key_load(struct cvt_key *k, const char *path, unsigned role, struct err *e) MUST_CHECK;
// Writes DIR/ROLE.key and DIR/ROLE.pub. E_EXISTS where a key is there and replace is false;
// otherwise the older public key is kept as ROLE-KID.pub.
int cvt_key_save(const struct cvt_key *k, const char *dir, bool replace, struct err *e) MUST_CHECK;
// Reads a .pub file.
int cvt_key_load_public(uint8_t point[MOTE_PUBKEY_LEN], const char *path, struct err *e) MUST_CHECK;
// Overwrites the secret.
void cvt_key_wipe(struct cvt_key *k);
// A mote_sign_fn; ctx is the struct cvt_key. Deterministic (RFC 6979).
int cvt_key_sign(void *ctx, const uint8_t digest[MOTE_DIGEST_LEN], uint8_t sig[MOTE_SIG_LEN]);

// The published key set of a project, its signature checked against root_point (NULL:
// keys/root.pub). E_NOT_FOUND where there is none yet.
int cvt_keyset_load(struct mote_keyset *set, const struct project *p, const uint8_t *root_point,
                    struct err *e) MUST_CHECK;
// Signs, keeps as keys/keyset.cose and puts it into the outbox, retained, topic r/keys.
int cvt_keyset_publish(const struct mote_keyset *set, struct cvt_key *root, const struct project *p,
                       struct store *s, struct err *e) MUST_CHECK;
// Puts keys of a role into a set. revoke: those of that role that are there go; otherwise they stay
// beside it. Raises the version. E_LIMIT where the set is full.
int cvt_keyset_change(struct mote_keyset *set, unsigned role, const uint8_t point[MOTE_PUBKEY_LEN],
                      bool revoke, struct err *e) MUST_CHECK;

#endif
