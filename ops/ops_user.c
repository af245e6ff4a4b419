// moteloop user: people who may use the page. Passwords are chosen in the browser, never on a command line.
#include "common/clock.h"
#include "common/err.h"
#include "common/jx.h"
#include "common/project.h"
#include "common/store/store_user.h"
#include "ops/ops_cmd.h"
#include "ops/ops_web.h"

struct user_opts {
    const char *project, *role;
    bool json;
};
static const struct opt user_options[] = {OPT_PROJECT(struct user_opts, project),
                                          {"role", "ROLE",
                                           "admin, reviewer, annotator or viewer (of role)",
                                           OPT_STR, offsetof(struct user_opts, role)},
                                          OPT_JSON(struct user_opts, json),
                                          OPT_END};

static int print_user(void *ctx, const struct store_user *u)
{
    json_t *list = ctx;
    char made[24];
    clock_iso(u->created_ms, made, sizeof(made));
    if (list) {
        json_array_append_new(list, json_pack("{ss ss sb ss}", "name", u->name, "role", u->role,
                                              "disabled", u->disabled_ms != 0, "created", made));
    } else {
        printf("%-24s %-10s %-9s since %s\n", u->name, u->role, u->disabled_ms ? "disabled" : "",
               made);
    }
    return 0;
}

static int run(const struct user_opts *o, const char *verb, const char *name, struct err *e)
{
    static struct project p;
    struct store *s = NULL;
    int rc = project_open(&p, o->project, e);
    if (rc == OK) {
        rc = store_open(&s, p.dir, strcmp(verb, "list") == 0 ? STORE_READ : STORE_WRITE, e);
    }
    if (rc) {
        return rc;
    }
    if (strcmp(verb, "list") == 0) {
        json_t *list = o->json ? json_array() : NULL;
        rc = store_user_walk(s, NULL, print_user, list, e);
        if (rc == OK && list) {
            jx_print(json_incref(list));
        }
        json_decref(list);
    } else if (strcmp(verb, "link") == 0) {
        char url[512];
        rc = ops_new_setup_link(&p, s, url, sizeof(url), e);
        if (rc == OK) {
            printf("%s\n", url);
        }
    } else if (!name) {
        rc = err_set(e, E_USAGE, "name a user: moteloop user %s NAME", verb);
    } else if (strcmp(verb, "disable") == 0) {
        rc = store_user_set_role(s, name, NULL, true, e);
    } else if (strcmp(verb, "role") == 0 && o->role) {
        rc = store_user_set_role(s, name, o->role, false, e);
    } else {
        rc = err_set(e, E_USAGE,
                     "unknown verb '%s': list, link, disable NAME, or role NAME --role ROLE", verb);
    }
    store_close(s);
    return rc;
}

static int cmd_user(void *options, int npos, char **pos)
{
    struct err e = {0};
    int rc = npos > 2 ? err_set(&e, E_USAGE, "too many words")
                      : run(options, npos ? pos[0] : "list", npos > 1 ? pos[1] : NULL, &e);
    return rc ? ops_fail("user", &e) : 0;
}

const struct opt_command ops_user_command = {
    "user", "list|link|disable|role [NAME]", "people who may use the page",
    "  moteloop user link              a new one-time link for an administrator\n"
    "  moteloop user disable anna      she cannot log in any more; her labels stay\n"
    "  moteloop user role anna --role reviewer\n"
    "Further people are added on the page, where they choose their own passwords.\n",
    user_options, sizeof(struct user_opts), NULL, cmd_user};
