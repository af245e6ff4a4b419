// Key sets: which public keys devices may trust for what, signed by the root. See cvt_key.h.
#include "converter/cvt_key.h"

#include "common/buf.h"
#include "common/err.h"
#include "common/io.h"
#include "common/project.h"
#include "common/store/store_outbox.h"

int cvt_keyset_load(struct mote_keyset *set, const struct project *p, const uint8_t *root_point,
                    struct err *e)
{
    char path[IO_PATH_MAX];
    struct buf file = {0};
    struct mote_key root = {.role = MOTE_KEY_ROOT};
    const uint8_t *payload;
    size_t len;
    int rc = OK;
    if (root_point) {
        memcpy(root.point, root_point, sizeof root.point);
    } else {
        rc = cvt_key_load_public(root.point, project_path(p, path, "keys/root.pub"), e);
    }
    (void)project_path(p, path, "keys/keyset.cose");
    if (rc == OK && !io_exists(path)) {
        rc = err_set(e, E_NOT_FOUND, "there is no key set yet: 'moteloop key init' makes one");
    }
    rc = rc == OK ? io_read_file(path, MOTE_MANIFEST_MAX, &file, e) : rc;
    if (rc == OK) {
        int status = mote_cose_verify((const uint8_t *)file.data, file.len, &root, 1, MOTE_KEY_ROOT,
                                      &payload, &len);
        status = status == MOTE_OK ? mote_keyset_decode(set, payload, len) : status;
        rc = status == MOTE_OK
                 ? OK
                 : err_set(e, E_AUTH, "key set '%s': %s", path, mote_status_text(status));
    }
    buf_release(&file);
    return rc;
}

int cvt_keyset_publish(const struct mote_keyset *set, struct cvt_key *root, const struct project *p,
                       struct store *s, struct err *e)
{
    uint8_t plain[MOTE_MANIFEST_MAX], signed_set[MOTE_MANIFEST_MAX];
    char path[IO_PATH_MAX];
    int len = mote_keyset_encode(plain, sizeof plain, set);
    if (len >= 0) {
        len = mote_cose_sign(signed_set, sizeof signed_set, plain, (size_t)len, root->kid,
                             cvt_key_sign, root);
    }
    if (len < 0) {
        return err_set(e, E_FORMAT, "sign key set: %s", mote_status_text(len));
    }
    int rc = store_begin(s, e);
    if (rc != OK) {
        return rc;
    }
    rc = store_outbox_put(s, "r/keys", signed_set, (size_t)len, true, 0, e);
    rc = rc == OK ? io_write_atomic(project_path(p, path, "keys/keyset.cose"), signed_set,
                                    (size_t)len, 0644, e)
                  : rc;
    rc = rc == OK ? store_commit(s, e) : rc;
    if (rc != OK) {
        store_rollback(s);
    }
    return rc;
}

int cvt_keyset_change(struct mote_keyset *set, unsigned role, const uint8_t point[MOTE_PUBKEY_LEN],
                      bool revoke, struct err *e)
{
    uint8_t kept = 0;
    for (uint8_t i = 0; i < set->count; i++) {
        bool same = memcmp(set->key[i].point, point, MOTE_PUBKEY_LEN) == 0;
        if (!same && !(revoke && set->key[i].role == role)) {
            set->key[kept++] = set->key[i];
        }
    }
    set->count = kept;
    if (kept >= MOTE_KEYS_MAX) {
        return err_set(e, E_LIMIT, "the key set holds %d keys already: rotate with --revoke",
                       MOTE_KEYS_MAX);
    }
    set->key[kept].role = (uint8_t)role;
    memcpy(set->key[kept].point, point, MOTE_PUBKEY_LEN);
    set->count = (uint8_t)(kept + 1);
    set->version++;
    return OK;
}
