// What tests of releases and rollouts share: a project folder with a store, keys, a model that is
// registered, devices that said hello. Include in one file of a test program only.
#ifndef CONV_FIXTURE_H
#define CONV_FIXTURE_H

#include <check.h>
#include <sodium.h>

#include "common/err.h"
#include "common/project.h"
#include "common/store/store_device.h"
#include "common/store/store_model.h"
#include "common/store/store_outbox.h"
#include "common/store/store_sample.h"
#include "converter/cvt_release.h"
#include "tests/support/release_kit.h"
#include "tests/support/store_fixture.h"

struct conv_fixture {
    struct store_fixture store;
    struct project p;
    struct kit_release kit; // its model file
    char model[HEX_DIGEST_TEXT];
    struct cvt_key root, release;
    struct mote_keyset set;
};

static inline void conv_make_key(struct conv_fixture *f, struct cvt_key *k, unsigned role)
{
    struct err e = {0};
    char dir[IO_PATH_MAX];
    ck_assert_msg(cvt_key_generate(k, role, &e) == OK &&
                      cvt_key_save(k, project_path(&f->p, dir, "keys"), true, &e) == OK,
                  "%s", e.msg);
}

// Registers a model file of the kit. dataset: digest, or "".
static inline void conv_add_model(struct conv_fixture *f, const char *dataset, int variant)
{
    char relative[96], path[IO_PATH_MAX];
    uint8_t digest[HEX_DIGEST_LEN];
    struct err e = {0};
    kit_release_release(&f->kit);
    kit_release_init(&f->kit, 1, 1000000, variant);
    hex_sha256(digest, f->kit.model.data, f->kit.model.len);
    hex_encode(f->model, digest, sizeof digest);
    snprintf(relative, sizeof relative, "models/%s.tflite", f->model);
    struct store_model m = {.bytes = (int64_t)f->kit.model.len,
                            .arena = 1,
                            .digest = f->model,
                            .name = "fan",
                            .path = relative,
                            .dataset = dataset,
                            .recipe = "r",
                            .program = "test",
                            .parent = "",
                            .metrics = "{}",
                            .float_accuracy = -1,
                            .int8_accuracy = -1};
    ck_assert_msg(io_mkdirs(project_path(&f->p, path, "models"), 0700, &e) == OK &&
                      io_write_atomic(project_path(&f->p, path, relative), f->kit.model.data,
                                      f->kit.model.len, 0644, &e) == OK &&
                      store_model_put(f->store.store, &m, &e) == OK,
                  "%s", e.msg);
}

static inline void conv_setup(struct conv_fixture *f)
{
    struct err e = {0};
    char dir[IO_PATH_MAX];
    memset(f, 0, sizeof *f);
    ck_assert_int_ge(sodium_init(), 0);
    store_fixture_make(&f->store);
    snprintf(f->p.dir, sizeof f->p.dir, "%s", f->store.dir);
    ck_assert_int_eq(io_mkdirs(project_path(&f->p, dir, "keys"), 0700, &e), OK);
    conv_make_key(f, &f->root, MOTE_KEY_ROOT);
    conv_make_key(f, &f->release, MOTE_KEY_RELEASE);
    ck_assert_int_eq(cvt_keyset_change(&f->set, MOTE_KEY_RELEASE, f->release.point, false, &e), OK);
    ck_assert_msg(cvt_keyset_publish(&f->set, &f->root, &f->p, f->store.store, &e) == OK, "%s",
                  e.msg);
    conv_add_model(f, "", 1);
}

static inline void conv_teardown(struct conv_fixture *f)
{
    kit_release_release(&f->kit);
    store_fixture_remove(&f->store);
}

// The payload of the latest message to a topic that is still to be sent.
struct conv_message {
    const char *topic; // in
    uint8_t payload[MOTE_MANIFEST_MAX];
    size_t len;
    bool found, retain;
};

static inline int conv_take_message(void *ctx, const struct store_outbox_msg *m)
{
    struct conv_message *want = ctx;
    if (strcmp(m->topic, want->topic) == 0) {
        ck_assert_uint_le(m->len, sizeof want->payload);
        memcpy(want->payload, m->payload, m->len);
        want->len = m->len;
        want->found = true;
        want->retain = m->retain;
    }
    return 0;
}

static inline struct conv_message conv_message(struct conv_fixture *f, const char *topic)
{
    struct conv_message m = {.topic = topic};
    struct err e = {0};
    ck_assert_int_eq(store_outbox_pending(f->store.store, 0, 10000, conv_take_message, &m, &e), OK);
    return m;
}

#endif
