// The set of labels: names, keys, colours, guidelines.
#include "labeler/api.h"

#include "common/clock.h"
#include "common/err.h"
#include "common/jx.h"
#include "common/store/store_label.h"
#include "common/store/store_page.h"

static json_t *class_json(const struct store_label_class *c)
{
    return json_pack("{s:I,s:o,s:o,s:o,s:o,s:I,s:I,s:o}", "id", (json_int_t)c->label_id, "name",
                     api_text(c->name), "hotkey", api_text(c->hotkey), "color", api_text(c->color),
                     "guideline", api_text(c->guideline), "position", (json_int_t)c->position,
                     "uses", (json_int_t)c->uses, "retired_ms", api_time(c->retired_ms));
}

static int on_class(void *ctx, const struct store_label_class *c)
{
    return json_array_append_new(ctx, class_json(c));
}

static int answer_classes(struct lab *lab, struct lab_res *r, struct err *e)
{
    json_t *list = json_array();
    int rc = store_label_class_walk(lab->store, on_class, list, e);
    if (rc) {
        json_decref(list);
        return rc;
    }
    return api_answer(r, json_pack("{s:o}", "classes", list), e);
}

int api_classes(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    (void)q;
    return answer_classes(lab, r, e);
}

struct present {
    const char *name;
    char hotkey[8], color[16];
    char *guideline;
    int64_t position, retired_ms;
};

static int on_present(void *ctx, const struct store_label_class *c)
{
    struct present *p = ctx;
    if (strcmp(c->name, p->name) == 0) {
        (void)snprintf(p->hotkey, sizeof(p->hotkey), "%s", c->hotkey);
        (void)snprintf(p->color, sizeof(p->color), "%s", c->color);
        free(p->guideline);
        p->guideline = strdup(c->guideline);
        p->position = c->position;
        p->retired_ms = c->retired_ms;
    }
    return OK;
}

static int check_looks(const struct store_label_class *c, struct err *e)
{
    if (*c->color && (strlen(c->color) != 7 || c->color[0] != '#' ||
                      strspn(c->color + 1, "0123456789abcdefABCDEF") != 6)) {
        return err_set(e, E_FORMAT, "a colour is '#rrggbb'");
    }
    if (strlen(c->hotkey) > 1 ||
        (*c->hotkey && !strchr("1234567890abcdefghijklmnopqrstuvwxyz", *c->hotkey))) {
        return err_set(e, E_FORMAT, "a key is one digit or small letter");
    }
    return lab_text_ok(c->guideline, 4000, true)
               ? OK
               : err_set(e, E_FORMAT, "a guideline is text of at most 4000 bytes");
}

int api_class_put(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    struct present now = {.name = q->arg[0]};
    int rc = api_check_label(now.name, e);
    rc = rc ? rc : store_label_class_walk(lab->store, on_present, &now, e);
    struct store_label_class c = {.name = now.name,
                                  .hotkey = now.hotkey,
                                  .color = now.color,
                                  .guideline = now.guideline ? now.guideline : "",
                                  .position = now.position};
    bool retired = now.retired_ms != 0;
    rc = rc ? rc : api_opt_str(q->json, "hotkey", 1, &c.hotkey, e);
    rc = rc ? rc : api_opt_str(q->json, "color", 7, &c.color, e);
    rc = rc ? rc : api_opt_str(q->json, "guideline", 4000, &c.guideline, e);
    rc = rc ? rc : api_opt_i64(q->json, "position", 0, 10000, &c.position, e);
    rc = rc ? rc : api_opt_bool(q->json, "retired", &retired, e);
    c.retired_ms = retired ? (now.retired_ms ? now.retired_ms : clock_wall_ms()) : 0;
    rc = rc ? rc : check_looks(&c, e);
    rc = rc ? rc : store_label_class_put(lab->store, &c, e);
    free(now.guideline);
    return rc ? rc : answer_classes(lab, r, e);
}

int api_class_rename(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    const char *to;
    int64_t changed = 0;
    int rc = jx_get_str(q->json, "to", 64, &to, e);
    rc = rc ? rc : api_check_label(to, e);
    rc = rc ? rc : store_page_label_rename(lab->store, q->arg[0], to, q->user, &changed, e);
    return rc ? rc : api_answer(r, json_pack("{s:I}", "changed", (json_int_t)changed), e);
}
