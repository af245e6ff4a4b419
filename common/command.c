// Commands to devices. See command.h.
#include "common/command.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/parse.h"
#include "firmware/core/wire/mote_wire.h"

#define LIVE_ID ((int64_t)1 << 60)

static int kind_of(const char *name)
{
    static const struct {
        const char *name;
        int kind;
    } kinds[] = {{"record", MOTE_CMD_RECORD},
                 {"stop", MOTE_CMD_STOP},
                 {"classify", MOTE_CMD_CLASSIFY},
                 {"reboot", MOTE_CMD_REBOOT},
                 {"hello", MOTE_CMD_SEND_HELLO}};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            return kinds[i].kind;
        }
    }
    return -1;
}

static struct mote_str str(const char *text)
{
    return (struct mote_str){.p = text ? text : "", .len = text ? strlen(text) : 0};
}

static int queue(struct store *s, const struct store_command *c, int kind, struct err *e)
{
    uint8_t bytes[256];
    char topic[64];
    struct mote_cmd m = {.id = (uint64_t)c->command_id,
                         .expires_s = (uint64_t)(c->expires_ms / 1000),
                         .kind = (uint8_t)kind,
                         .stream = str(c->stream),
                         .label = str(c->label),
                         .duration_ms = c->duration_ms < 0 ? UINT64_MAX : (uint64_t)c->duration_ms};
    int n = mote_cmd_encode(bytes, sizeof(bytes), &m);
    if (n < 0) {
        return err_set(e, E_LIMIT, "command to '%s': a name is too long", c->device);
    }
    snprintf(topic, sizeof(topic), "d/%s/cmd", c->device);
    return store_outbox_put(s, topic, bytes, (size_t)n, false, c->expires_ms, e);
}

int command_send(struct store *s, struct store_command *c, struct err *e)
{
    int kind = kind_of(c->kind);
    if (kind < 0 || !parse_is_device_id(c->device)) {
        return err_set(e, E_USAGE, "'%s' to '%s' is not a command to a device", c->kind, c->device);
    }
    int rc = store_begin(s, e);
    if (rc) {
        return rc;
    }
    rc = store_command_put(s, c, e);
    if (rc == OK) {
        rc = queue(s, c, kind, e);
    }
    if (rc) {
        store_rollback(s);
        return rc;
    }
    return store_commit(s, e);
}

int command_live(struct store *s, const char *device, const char *stream, int64_t duration_ms,
                 struct err *e)
{
    int64_t now_ms = clock_wall_ms();
    // Devices remember the last ids, to leave out what comes twice: these must differ from each other and from rows'.
    struct store_command c = {.device = device,
                              .stream = stream,
                              .label = "",
                              .duration_ms = duration_ms,
                              .command_id =
                                  LIVE_ID | ((now_ms << 8) % LIVE_ID) | (clock_mono_us() & 255),
                              .expires_ms = now_ms + duration_ms + 1000};
    return queue(s, &c, MOTE_CMD_LIVE, e);
}
