// converter/cvt_key, cvt_keyset: files, signatures, key sets.
#include <check.h>
#include <sodium.h>
#include <sys/stat.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/project.h"
#include "common/store/store_outbox.h"
#include "converter/cvt_key.h"
#include "tests/support/store_fixture.h"

static struct store_fixture f;
static struct project p;

static void setup(void)
{
    char keys[IO_PATH_MAX];
    struct err e = {0};
    ck_assert_int_ge(sodium_init(), 0);
    store_fixture_make(&f);
    p = (struct project){0};
    snprintf(p.dir, sizeof p.dir, "%s", f.dir);
    ck_assert_int_eq(io_mkdirs(project_path(&p, keys, "keys"), 0700, &e), OK);
}

static void teardown(void)
{
    store_fixture_remove(&f);
}

static const char *in_keys(const char *name)
{
    static char path[IO_PATH_MAX];
    char relative[96];
    snprintf(relative, sizeof relative, "keys/%s", name);
    return project_path(&p, path, relative);
}

static struct cvt_key make(unsigned role, bool replace)
{
    struct cvt_key k;
    struct err e = {0};
    char dir[IO_PATH_MAX];
    ck_assert_msg(cvt_key_generate(&k, role, &e) == OK, "%s", e.msg);
    ck_assert_msg(cvt_key_save(&k, project_path(&p, dir, "keys"), replace, &e) == OK, "%s", e.msg);
    return k;
}

START_TEST(a_saved_key_loads_and_signs_alike)
{
    struct cvt_key k = make(MOTE_KEY_RELEASE, false), again;
    struct err e = {0};
    uint8_t digest[MOTE_DIGEST_LEN] = {1, 2, 3}, a[MOTE_SIG_LEN], b[MOTE_SIG_LEN],
            point[MOTE_PUBKEY_LEN];
    ck_assert_int_eq(cvt_key_load(&again, in_keys("release.key"), MOTE_KEY_RELEASE, &e), OK);
    ck_assert_mem_eq(&k, &again, sizeof k);
    ck_assert_int_eq(cvt_key_load_public(point, in_keys("release.pub"), &e), OK);
    ck_assert_mem_eq(point, k.point, sizeof point);
    ck_assert_int_eq(cvt_key_sign(&k, digest, a), MOTE_OK);
    ck_assert_int_eq(cvt_key_sign(&again, digest, b), MOTE_OK);
    ck_assert_mem_eq(a, b, sizeof a);
    struct stat st;
    ck_assert_int_eq(stat(in_keys("release.key"), &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0600);
}
END_TEST

START_TEST(keys_differ)
{
    struct cvt_key a = make(MOTE_KEY_RELEASE, false), b = make(MOTE_KEY_BEACON, false);
    ck_assert_mem_ne(a.secret, b.secret, sizeof a.secret);
}
END_TEST

START_TEST(a_key_is_not_replaced_by_accident)
{
    struct cvt_key old = make(MOTE_KEY_RELEASE, false), k;
    struct err e = {0};
    char dir[IO_PATH_MAX], kid[2 * MOTE_KID_LEN + 1], name[64];
    ck_assert_int_eq(cvt_key_generate(&k, MOTE_KEY_RELEASE, &e), OK);
    ck_assert_int_eq(cvt_key_save(&k, project_path(&p, dir, "keys"), false, &e), E_EXISTS);
    (void)make(MOTE_KEY_RELEASE, true);
    sodium_bin2hex(kid, sizeof kid, old.kid, sizeof old.kid);
    snprintf(name, sizeof name, "release-%s.pub", kid);
    ck_assert_msg(io_exists(in_keys(name)), "the older public key is gone");
}
END_TEST

static void write_key_file(const char *text, unsigned mode)
{
    struct err e = {0};
    ck_assert_int_eq(io_write_atomic(in_keys("release.key"), text, strlen(text), mode, &e), OK);
    ck_assert_int_eq(chmod(in_keys("release.key"), mode), 0);
}

START_TEST(bad_key_files_are_refused)
{
    static const struct {
        const char *text;
        unsigned mode;
        int code;
    } bad[] = {
        {"", 0600, E_FORMAT},
        {"hello\n", 0600, E_FORMAT},
        {"moteloop-key 1 beacon 0101010101010101010101010101010101010101010101010101010101010101\n",
         0600, E_AUTH},
        {"moteloop-key 1 release 01\n", 0600, E_FORMAT},
        {"moteloop-key 1 release "
         "0000000000000000000000000000000000000000000000000000000000000000\n",
         0600, E_FORMAT},
        {"moteloop-key 1 release "
         "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551\n",
         0600, E_FORMAT},
        {"moteloop-key 1 release "
         "0101010101010101010101010101010101010101010101010101010101010101\n",
         0640, E_AUTH},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct cvt_key k;
        struct err e = {0};
        write_key_file(bad[i].text, bad[i].mode);
        ck_assert_msg(cvt_key_load(&k, in_keys("release.key"), MOTE_KEY_RELEASE, &e) == bad[i].code,
                      "%zu: %s", i, e.msg);
        ck_assert(sodium_is_zero(k.secret, sizeof k.secret));
    }
    struct cvt_key k;
    struct err e = {0};
    write_key_file(
        "moteloop-key 1 release ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550\n",
        0600);
    ck_assert_msg(cvt_key_load(&k, in_keys("release.key"), MOTE_KEY_RELEASE, &e) == OK, "%s",
                  e.msg);
}
END_TEST

START_TEST(key_sets_are_signed_published_and_checked)
{
    struct cvt_key root = make(MOTE_KEY_ROOT, false), release = make(MOTE_KEY_RELEASE, false),
                   other;
    struct mote_keyset set = {0}, read;
    struct err e = {0};
    int64_t pending;
    ck_assert_int_eq(cvt_keyset_load(&read, &p, NULL, &e), E_NOT_FOUND);
    ck_assert_int_eq(cvt_keyset_change(&set, MOTE_KEY_RELEASE, release.point, false, &e), OK);
    ck_assert_msg(cvt_keyset_publish(&set, &root, &p, f.store, &e) == OK, "%s", e.msg);
    ck_assert_int_eq(store_outbox_count(f.store, &pending, &e), OK);
    ck_assert_int_eq(pending, 1);
    ck_assert_msg(cvt_keyset_load(&read, &p, NULL, &e) == OK, "%s", e.msg);
    ck_assert_uint_eq(read.version, 1);
    ck_assert_uint_eq(read.count, 1);
    ck_assert_mem_eq(read.key[0].point, release.point, MOTE_PUBKEY_LEN);
    ck_assert_int_eq(cvt_key_generate(&other, MOTE_KEY_ROOT, &e), OK);
    ck_assert_int_eq(cvt_keyset_load(&read, &p, other.point, &e), E_AUTH); // not by that root
}
END_TEST

START_TEST(rotation_keeps_or_revokes)
{
    struct mote_keyset set = {0};
    struct err e = {0};
    uint8_t point[MOTE_PUBKEY_LEN] = {4};
    for (unsigned i = 0; i < MOTE_KEYS_MAX; i++) {
        point[1] = (uint8_t)i;
        ck_assert_int_eq(
            cvt_keyset_change(&set, i ? MOTE_KEY_RELEASE : MOTE_KEY_BEACON, point, false, &e), OK);
    }
    ck_assert_uint_eq(set.count, MOTE_KEYS_MAX);
    ck_assert_uint_eq(set.version, MOTE_KEYS_MAX);
    point[1] = 99;
    ck_assert_int_eq(cvt_keyset_change(&set, MOTE_KEY_RELEASE, point, false, &e), E_LIMIT);
    ck_assert_uint_eq(set.version, MOTE_KEYS_MAX);
    ck_assert_int_eq(cvt_keyset_change(&set, MOTE_KEY_RELEASE, point, true, &e), OK);
    ck_assert_uint_eq(set.count, 2); // the beacon key stays
    ck_assert_int_eq(set.key[0].role, MOTE_KEY_BEACON);
    ck_assert_int_eq(set.key[1].point[1], 99);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("key");
    TCase *t = tcase_create("key");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_saved_key_loads_and_signs_alike);
    tcase_add_test(t, keys_differ);
    tcase_add_test(t, a_key_is_not_replaced_by_accident);
    tcase_add_test(t, bad_key_files_are_refused);
    tcase_add_test(t, key_sets_are_signed_published_and_checked);
    tcase_add_test(t, rotation_keeps_or_revokes);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
