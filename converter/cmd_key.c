// moteloop key: makes, lists and rotates signing keys, and publishes the key set that names them.
#include <dirent.h>

#include "common/err.h"
#include "common/hex.h"
#include "common/jx.h"
#include "common/project.h"
#include "common/store/store.h"
#include "converter/cvt_cmd.h"
#include "converter/cvt_key.h"

struct key_opts {
    const char *project, *root_key;
    bool revoke, json;
};

static const struct opt key_options[] = {
    {"root-key", "FILE", "the root's private key, where it is kept apart (of init, rotate)",
     OPT_STR, offsetof(struct key_opts, root_key)},
    {"revoke", NULL, "rotate: stop trusting the older keys of that role at once", OPT_FLAG,
     offsetof(struct key_opts, revoke)},
    OPT_PROJECT(struct key_opts, project),
    OPT_JSON(struct key_opts, json),
    OPT_END};

static int load_root(struct cvt_key *root, const struct project *p, const struct key_opts *o,
                     struct err *e)
{
    char path[IO_PATH_MAX];
    const char *file = o->root_key ? o->root_key : project_path(p, path, "keys/root.key");
    return cvt_key_load(root, file, MOTE_KEY_ROOT, e);
}

static int publish(const struct mote_keyset *set, struct cvt_key *root, const struct project *p,
                   struct err *e)
{
    struct store *s = NULL;
    int rc = store_open(&s, p->dir, STORE_WRITE, e);
    if (rc == OK) {
        rc = cvt_keyset_publish(set, root, p, s, e);
    }
    store_close(s);
    return rc;
}

static int make_key(struct cvt_key *k, unsigned role, const char *dir, bool replace, struct err *e)
{
    int rc = cvt_key_generate(k, role, e);
    return rc == OK ? cvt_key_save(k, dir, replace, e) : rc;
}

// Root (unless it is given), release and beacon keys, and the first key set.
static int key_init(const struct project *p, const struct key_opts *o, struct err *e)
{
    char dir[IO_PATH_MAX];
    struct cvt_key root = {0}, k = {0};
    struct mote_keyset set = {0};
    (void)project_path(p, dir, "keys");
    int rc = io_mkdirs(dir, 0700, e);
    if (rc == OK) {
        rc =
            o->root_key ? load_root(&root, p, o, e) : make_key(&root, MOTE_KEY_ROOT, dir, false, e);
    }
    for (unsigned role = MOTE_KEY_RELEASE; role <= MOTE_KEY_BEACON && rc == OK; role++) {
        rc = make_key(&k, role, dir, false, e);
        rc = rc == OK ? cvt_keyset_change(&set, role, k.point, false, e) : rc;
    }
    if (rc == OK) {
        set.version = 1;
        rc = publish(&set, &root, p, e);
    }
    cvt_key_wipe(&k);
    cvt_key_wipe(&root);
    return rc;
}

static int key_new(const struct project *p, const char *name, struct err *e)
{
    char dir[IO_PATH_MAX];
    struct cvt_key k = {0};
    unsigned role;
    int rc = cvt_role_parse(name, &role, e);
    if (rc == OK) {
        rc = make_key(&k, role, project_path(p, dir, "keys"), false, e);
    }
    cvt_key_wipe(&k);
    return rc;
}

static int key_rotate(const struct project *p, const struct key_opts *o, const char *name,
                      struct err *e)
{
    char dir[IO_PATH_MAX];
    struct cvt_key root = {0}, k = {0};
    struct mote_keyset set = {0};
    unsigned role;
    int rc = cvt_role_parse(name, &role, e);
    if (rc == OK && role == MOTE_KEY_ROOT) {
        rc = err_set(e, E_REFUSED,
                     "the root key is pinned in every device: a new one needs devices that are "
                     "provisioned anew");
    }
    rc = rc == OK ? load_root(&root, p, o, e) : rc;
    rc = rc == OK ? cvt_keyset_load(&set, p, root.point, e) : rc;
    rc = rc == OK ? cvt_key_generate(&k, role, e) : rc;
    rc = rc == OK ? cvt_keyset_change(&set, role, k.point, o->revoke, e) : rc;
    // The key goes first: a set that names a key nobody holds would be worse than a key that no set
    // names yet, which 'release' refuses to sign with and another rotation replaces.
    rc = rc == OK ? cvt_key_save(&k, project_path(p, dir, "keys"), true, e) : rc;
    rc = rc == OK ? publish(&set, &root, p, e) : rc;
    cvt_key_wipe(&k);
    cvt_key_wipe(&root);
    return rc;
}

struct key_row {
    char role[16], kid[2 * MOTE_KID_LEN + 1], point[2 * MOTE_PUBKEY_LEN + 1];
    bool secret, trusted;
};

static void fill_row(struct key_row *row, const struct project *p, const struct mote_keyset *set,
                     unsigned role, const uint8_t point[MOTE_PUBKEY_LEN], bool current)
{
    char name[32], path[IO_PATH_MAX];
    uint8_t kid[MOTE_KID_LEN];
    mote_key_id(kid, point);
    (void)snprintf(row->role, sizeof row->role, "%s", cvt_role_name(role));
    hex_encode(row->kid, kid, sizeof kid);
    hex_encode(row->point, point, MOTE_PUBKEY_LEN);
    (void)snprintf(name, sizeof name, "keys/%s.key", row->role);
    row->secret = current && io_exists(project_path(p, path, name));
    row->trusted = role == MOTE_KEY_ROOT;
    for (uint8_t i = 0; i < set->count; i++) {
        row->trusted |=
            set->key[i].role == role && memcmp(set->key[i].point, point, MOTE_PUBKEY_LEN) == 0;
    }
}

// The present key of each role, then the others that the key set trusts.
static size_t collect(struct key_row *row, const struct project *p, const struct mote_keyset *set)
{
    uint8_t current[3][MOTE_PUBKEY_LEN];
    bool there[3] = {false};
    size_t n = 0;
    for (unsigned role = 0; role < 3; role++) {
        char name[32], path[IO_PATH_MAX];
        struct err ignored = {0}; // a role without a key is simply not listed
        (void)snprintf(name, sizeof name, "keys/%s.pub", cvt_role_name(role));
        there[role] =
            cvt_key_load_public(current[role], project_path(p, path, name), &ignored) == OK;
        if (there[role]) {
            fill_row(&row[n++], p, set, role, current[role], true);
        }
    }
    for (uint8_t i = 0; i < set->count; i++) {
        unsigned role = set->key[i].role;
        if (role < 3 &&
            !(there[role] && memcmp(current[role], set->key[i].point, MOTE_PUBKEY_LEN) == 0)) {
            fill_row(&row[n++], p, set, role, set->key[i].point, false);
        }
    }
    return n;
}

static int key_list(const struct project *p, const struct key_opts *o, const char *only,
                    struct err *e)
{
    struct mote_keyset set = {0};
    struct key_row row[3 + MOTE_KEYS_MAX];
    int rc = cvt_keyset_load(&set, p, NULL, e);
    if (rc != OK && rc != E_NOT_FOUND) {
        return rc;
    }
    size_t n = collect(row, p, &set), shown = 0;
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        if (only && strcmp(only, row[i].role) != 0) {
            continue;
        }
        shown++;
        if (o->json) {
            json_array_append_new(list, json_pack("{ss ss ss sb sb}", "role", row[i].role, "kid",
                                                  row[i].kid, "point", row[i].point, "secret_here",
                                                  row[i].secret, "trusted", row[i].trusted));
        } else {
            printf("%-8s %s  %-10s %s\n", row[i].role, row[i].kid,
                   row[i].trusted ? "trusted" : "not yet",
                   row[i].secret ? "secret here" : "public only");
            if (only) {
                printf("         %s\n", row[i].point);
            }
        }
    }
    if (o->json) {
        jx_print(json_pack("{sI so}", "version", (json_int_t)set.version, "keys", list));
    } else {
        json_decref(list);
    }
    return shown ? OK
                 : err_set(e, E_NOT_FOUND, only ? "there is no %s key" : "there are no keys%s",
                           only ? only : "");
}

static int run(const struct key_opts *o, const char *action, const char *role, struct err *e)
{
    static struct project p;
    bool list = strcmp(action, "list") == 0, show = strcmp(action, "show") == 0,
         init = strcmp(action, "init") == 0, new = strcmp(action, "new") == 0,
         rotate = strcmp(action, "rotate") == 0;
    if (!list && !show && !init && !new && !rotate) {
        return err_set(e, E_USAGE, "unknown action '%s': init, new, list, show or rotate", action);
    }
    if ((role == NULL) != (list || init)) {
        return err_set(e, E_USAGE,
                       role ? "'%s' takes no role" : "'%s' needs a role: root, release or beacon",
                       action);
    }
    int rc = project_open(&p, o->project, e);
    if (rc != OK) {
        return rc;
    }
    if (list || show) {
        return key_list(&p, o, role, e);
    }
    rc = init ? key_init(&p, o, e) : new ? key_new(&p, role, e) : key_rotate(&p, o, role, e);
    if (rc == OK && o->json) {
        rc = key_list(&p, o, role, e);
    } else if (rc == OK) {
        printf(init  ? "made keys and key set in '%s/keys'\n"
               : new ? "made key in '%s/keys'\n"
                     : "rotated; key set published from '%s/keys'\n",
               p.dir);
    }
    return rc;
}

static int cmd_key(void *options, int npos, char **pos)
{
    struct err e = {0};
    int rc =
        npos < 1 || npos > 2
            ? err_set(&e, E_USAGE, "say what to do: init, new ROLE, list, show ROLE or rotate ROLE")
            : run(options, pos[0], npos == 2 ? pos[1] : NULL, &e);
    return rc != OK ? cvt_fail("key", &e) : 0;
}

const struct opt_command cvt_key_command = {
    "key",
    "ACTION [ROLE]",
    "signing keys and key sets",
    "Actions:\n"
    "  init          root, release and beacon keys and the first key set (done by 'moteloop "
    "init')\n"
    "  new ROLE      a key without telling devices\n"
    "  list          keys, and which of them devices trust\n"
    "  show ROLE     the public key\n"
    "  rotate ROLE   a new release or beacon key, signed into a new key set by the root\n\n"
    "The root signs key sets, the release key manifests; the beacon key can only assert time.\n"
    "Keep keys/root.key away from this machine: rotate takes it from --root-key FILE.\n",
    key_options,
    sizeof(struct key_opts),
    NULL,
    cmd_key};
