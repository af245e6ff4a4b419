// Dataset versions. The digest is SHA-256 over the items in order, each as its fields in decimal or
// text with a NUL behind every one: rec_id, stream, start_us, end_us, label, split, grp.
#include "common/store/store_dataset.h"

#include <sodium.h>

#include "common/clock.h"
#include "common/err.h"
#include "common/hex.h"
#include "common/store/sql.h"

static void hash_text(crypto_hash_sha256_state *h, const char *text)
{
    text = text ? text : "";
    crypto_hash_sha256_update(h, (const unsigned char *)text, strlen(text) + 1);
}

static void hash_i64(crypto_hash_sha256_state *h, int64_t v)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)v);
    hash_text(h, text);
}

static void digest_items(const struct store_dataset_item *items, size_t count,
                         char out[STORE_DIGEST_TEXT])
{
    crypto_hash_sha256_state h;
    uint8_t digest[HEX_DIGEST_LEN];
    crypto_hash_sha256_init(&h);
    for (size_t i = 0; i < count; i++) {
        hash_i64(&h, items[i].rec_id);
        hash_text(&h, items[i].stream);
        hash_i64(&h, items[i].start_us);
        hash_i64(&h, items[i].end_us);
        hash_text(&h, items[i].label);
        hash_text(&h, items[i].split);
        hash_text(&h, items[i].grp);
    }
    crypto_hash_sha256_final(&h, digest);
    hex_encode(out, digest, sizeof digest);
}

static int put_item(struct store *s, int64_t dataset_id, size_t n,
                    const struct store_dataset_item *i, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "INSERT INTO dataset_item (dataset_id, n, rec_id, stream, start_us, end_us, label, "
             "split, grp)"
             " VALUES (?,?,?,?,?,?,?,?,?)",
             e);
    sql_i64(&q, dataset_id);
    sql_i64(&q, (int64_t)n);
    sql_i64(&q, i->rec_id);
    sql_text(&q, i->stream);
    sql_i64(&q, i->start_us);
    sql_i64(&q, i->end_us);
    sql_text(&q, i->label);
    sql_text(&q, i->split);
    sql_text(&q, i->grp);
    return sql_run(&q);
}

int store_dataset_put(struct store *s, const char *name, const char *query,
                      const struct store_dataset_item *items, size_t count, char *out_digest,
                      struct err *e)
{
    struct sql q;
    digest_items(items, count, out_digest);
    int rc = sql_enter(s, SQL_MAIN, e);
    if (rc) {
        return rc;
    }
    sql_open(&q, s, SQL_MAIN,
             "INSERT INTO dataset (digest, name, query, items, created_ms) VALUES (?,?,?,?,?) ON "
             "CONFLICT (digest) DO NOTHING",
             e);
    sql_text(&q, out_digest);
    sql_text(&q, name);
    sql_text(&q, query);
    sql_i64(&q, (int64_t)count);
    sql_i64(&q, clock_wall_ms());
    rc = sql_run(&q);
    if (!rc && sql_changes(&q) == 1) {
        int64_t dataset_id = sql_last_id(s, SQL_MAIN);
        for (size_t i = 0; i < count && !rc; i++) {
            rc = put_item(s, dataset_id, i, &items[i], e);
        }
    }
    rc = sql_leave(s, rc, e);
    return rc ? err_wrap(e, "store dataset '%s'", name) : OK;
}

int store_dataset_items(struct store *s, const char *digest, const char *split,
                        store_dataset_item_fn fn, void *ctx, struct err *e)
{
    struct sql q;
    sql_open(
        &q, s, SQL_MAIN,
        "SELECT i.rec_id, i.stream, i.start_us, i.end_us, i.label, i.split, i.grp FROM dataset d"
        " JOIN dataset_item i USING (dataset_id) WHERE d.digest = ?1 AND (?2 IS NULL OR i.split = "
        "?2) ORDER BY i.n",
        e);
    sql_text(&q, digest);
    sql_text_or_null(&q, split);
    int rc;
    while ((rc = sql_step(&q)) == SQL_ROW) {
        struct store_dataset_item i = {.rec_id = sql_get_i64(&q, 0),
                                       .stream = sql_get_text(&q, 1),
                                       .start_us = sql_get_i64(&q, 2),
                                       .end_us = sql_get_i64(&q, 3),
                                       .label = sql_get_text(&q, 4),
                                       .split = sql_get_text(&q, 5),
                                       .grp = sql_get_text(&q, 6)};
        rc = fn(ctx, &i);
        if (rc) {
            break;
        }
    }
    return sql_close(&q, rc);
}

int store_dataset_walk(struct store *s, store_dataset_fn fn, void *ctx, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "SELECT dataset_id, digest, name, query, items, created_ms FROM dataset ORDER BY "
             "dataset_id DESC",
             e);
    int rc;
    while ((rc = sql_step(&q)) == SQL_ROW) {
        struct store_dataset d = {.dataset_id = sql_get_i64(&q, 0),
                                  .digest = sql_get_text(&q, 1),
                                  .name = sql_get_text(&q, 2),
                                  .query = sql_get_text(&q, 3),
                                  .items = sql_get_i64(&q, 4),
                                  .created_ms = sql_get_i64(&q, 5)};
        rc = fn(ctx, &d);
        if (rc) {
            break;
        }
    }
    return sql_close(&q, rc);
}
