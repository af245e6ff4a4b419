// Devices: provisioning rows in main.db, each device's last word in blocks.db's device_state.
#include "common/store/store_device.h"

#include "common/clock.h"
#include "common/err.h"
#include "common/parse.h"
#include "common/store/sql.h"

int store_device_add(struct store *s, const char *id, const char *name, const char *grp,
                     struct err *e)
{
    if (!parse_is_device_id(id)) {
        return err_set(e, E_USAGE, "'%s' is not a device id: 1 to 32 of a-z, 0-9 and '-'", id);
    }
    struct sql q;
    sql_open(
        &q, s, SQL_MAIN,
        "INSERT INTO device (id, name, grp, created_ms) VALUES (?,?,?,?) ON CONFLICT (id) DO UPDATE"
        " SET name = excluded.name, grp = excluded.grp, removed_ms = NULL WHERE removed_ms IS NOT "
        "NULL",
        e);
    sql_text(&q, id);
    sql_text(&q, name);
    sql_text(&q, grp);
    sql_i64(&q, clock_wall_ms());
    int rc = sql_run(&q);
    if (!rc && sql_changes(&q) == 0) {
        rc = err_set(e, E_EXISTS, "device '%s' is there already", id);
    }
    return rc;
}

int store_device_remove(struct store *s, const char *id, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "UPDATE device SET removed_ms = ? WHERE id = ? AND removed_ms IS NULL", e);
    sql_i64(&q, clock_wall_ms());
    sql_text(&q, id);
    int rc = sql_run(&q);
    if (!rc && sql_changes(&q) == 0) {
        rc = err_set(e, E_NOT_FOUND, "no device '%s' in use", id);
    }
    return rc;
}

static int give(struct sql *q, store_device_fn fn, void *ctx)
{
    struct store_device d = {.id = sql_get_text(q, 0),
                             .name = sql_get_text(q, 1),
                             .grp = sql_get_text(q, 2),
                             .created_ms = sql_get_i64(q, 3),
                             .removed_ms = sql_get_i64(q, 4),
                             .hello_ms = sql_get_i64(q, 5),
                             .status_ms = sql_get_i64(q, 6),
                             .reported_ms = sql_get_i64(q, 7),
                             .last_data_ms = sql_get_i64(q, 8),
                             .board = sql_get_text(q, 9),
                             .isa = sql_get_text(q, 10),
                             .runtime = sql_get_text(q, 11),
                             .ops = sql_get_text(q, 12),
                             .dsp_variant = sql_get_text(q, 13),
                             .model = sql_get_text(q, 14),
                             .model_digest = sql_get_text(q, 15),
                             .status_reason = sql_get_text(q, 16),
                             .ram = sql_get_i64(q, 17),
                             .arena = sql_get_i64(q, 18),
                             .slots = sql_get_i64(q, 19),
                             .slot_bytes = sql_get_i64(q, 20),
                             .device_class = sql_get_i64(q, 21),
                             .boot_count = sql_get_i64(q, 22),
                             .simulated = sql_get_i64(q, 23) != 0,
                             .online = sql_get_i64(q, 24) != 0,
                             .rel_state = sql_get_text(q, 25),
                             .rel_manifest = sql_get_text(q, 26),
                             .rel_reason = sql_get_text(q, 27),
                             .active_model = sql_get_text(q, 28),
                             .rel_seq = sql_get_i64(q, 29),
                             .active_seq = sql_get_i64(q, 30),
                             .fetched = sql_get_i64(q, 31),
                             .total = sql_get_i64(q, 32)};
    return fn(ctx, &d);
}

int store_device_walk(struct store *s, const char *id, store_device_fn fn, void *ctx, struct err *e)
{
    struct sql q;
    sql_open(
        &q, s, SQL_MAIN,
        "SELECT d.id, d.name, d.grp, d.created_ms, d.removed_ms, t.hello_ms, t.status_ms, "
        "t.reported_ms,"
        " t.last_data_ms, t.board, t.isa, t.runtime, t.ops, t.dsp_variant, t.model, t.model_digest,"
        " t.status_reason, t.ram, t.arena, t.slots, t.slot_bytes, t.class, t.boot_count, "
        "t.simulated, t.online,"
        " t.rel_state, t.rel_manifest, t.rel_reason, t.active_model, t.rel_seq, t.active_seq, "
        "t.fetched, t.total"
        " FROM device d LEFT JOIN device_state t ON t.device = d.id WHERE ?1 IS NULL OR d.id = ?1 "
        "ORDER BY d.id",
        e);
    sql_text_or_null(&q, id);
    int rc, found = 0;
    while ((rc = sql_step(&q)) == SQL_ROW) {
        found++;
        rc = give(&q, fn, ctx);
        if (rc) {
            break;
        }
    }
    rc = sql_close(&q, rc);
    return !rc && id && !found ? err_set(e, E_NOT_FOUND, "no device '%s'", id) : rc;
}

int store_device_set_hello(struct store *s, const struct store_device *d, struct err *e)
{
    struct sql q;
    sql_open(
        &q, s, SQL_BLOCKS,
        "INSERT INTO device_state (device, hello_ms, board, isa, runtime, ram, arena, slots, "
        "slot_bytes, ops,"
        " dsp_variant, class, simulated, model, model_digest) VALUES "
        "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
        " ON CONFLICT (device) DO UPDATE SET hello_ms = excluded.hello_ms, board = excluded.board,"
        " isa = excluded.isa, runtime = excluded.runtime, ram = excluded.ram, arena = "
        "excluded.arena,"
        " slots = excluded.slots, slot_bytes = excluded.slot_bytes, ops = excluded.ops,"
        " dsp_variant = excluded.dsp_variant, class = excluded.class, simulated = "
        "excluded.simulated,"
        " model = excluded.model, model_digest = excluded.model_digest",
        e);
    sql_text(&q, d->id);
    sql_i64(&q, d->hello_ms ? d->hello_ms : clock_wall_ms());
    sql_text(&q, d->board);
    sql_text(&q, d->isa);
    sql_text(&q, d->runtime);
    sql_i64(&q, d->ram);
    sql_i64(&q, d->arena);
    sql_i64(&q, d->slots);
    sql_i64(&q, d->slot_bytes);
    sql_text(&q, d->ops);
    sql_text(&q, d->dsp_variant);
    sql_i64(&q, d->device_class);
    sql_i64(&q, d->simulated);
    sql_text(&q, d->model);
    sql_text(&q, d->model_digest);
    return sql_run(&q);
}

int store_device_set_status(struct store *s, const char *id, bool online, int64_t boot_count,
                            const char *reason, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_BLOCKS,
             "INSERT INTO device_state (device, online, boot_count, status_reason, status_ms) "
             "VALUES (?,?,?,?,?)"
             " ON CONFLICT (device) DO UPDATE SET online = excluded.online, boot_count = "
             "excluded.boot_count,"
             " status_reason = excluded.status_reason, status_ms = excluded.status_ms",
             e);
    sql_text(&q, id);
    sql_i64(&q, online);
    sql_i64(&q, boot_count);
    sql_text(&q, reason);
    sql_i64(&q, clock_wall_ms());
    return sql_run(&q);
}

int store_device_set_reported(struct store *s, const struct store_device *d, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_BLOCKS,
             "INSERT INTO device_state (device, reported_ms, rel_state, rel_seq, rel_manifest, "
             "rel_reason, active_seq,"
             " active_model, fetched, total) VALUES (?,?,?,?,?,?,?,?,?,?)"
             " ON CONFLICT (device) DO UPDATE SET reported_ms = excluded.reported_ms, rel_state = "
             "excluded.rel_state,"
             " rel_seq = excluded.rel_seq, rel_manifest = excluded.rel_manifest, rel_reason = "
             "excluded.rel_reason,"
             " active_seq = excluded.active_seq, active_model = excluded.active_model, fetched = "
             "excluded.fetched,"
             " total = excluded.total",
             e);
    sql_text(&q, d->id);
    sql_i64(&q, d->reported_ms ? d->reported_ms : clock_wall_ms());
    sql_text(&q, d->rel_state);
    sql_i64(&q, d->rel_seq);
    sql_text(&q, d->rel_manifest);
    sql_text(&q, d->rel_reason);
    sql_i64(&q, d->active_seq);
    sql_text(&q, d->active_model);
    sql_i64(&q, d->fetched);
    sql_i64(&q, d->total);
    return sql_run(&q);
}

int store_device_set_seen(struct store *s, const char *id, int64_t data_ms, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_BLOCKS,
             "INSERT INTO device_state (device, last_data_ms) VALUES (?,?)"
             " ON CONFLICT (device) DO UPDATE SET last_data_ms = excluded.last_data_ms",
             e);
    sql_text(&q, id);
    sql_i64(&q, data_ms);
    return sql_run(&q);
}
