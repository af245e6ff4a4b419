// OpenAPI from the route table. See lab_openapi.h.
#include "labeler/lab_openapi.h"

#include "common/err.h"
#include "labeler/api.h"

static const char *const whole_numbers[] = {
    "after",    "before",  "limit",      "offset",    "from",    "to_us",     "points",   "width",
    "height",   "bins",    "channel",    "low_db",    "high_db", "seed",      "days",     "since",
    "until",    "version", "position",   "last",      "each",    "window_ms", "took_ms",  "time_ms",
    "start_us", "end_us",  "unlabelled", "uncertain", "task",    "rec",       "recording"};
static const char *const numbers[] = {"score", "seconds", "train", "validation", "test"};
static const char *const truths[] = {"disabled", "dry",    "retired", "delete", "done",
                                     "accept",   "closed", "review",  "gold"};

static bool is_among(const char *name, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(name, list[i]) == 0) {
            return true;
        }
    }
    return false;
}

static json_t *schema_of(const char *name, const char *rest, bool in_query)
{
    rest += strspn(rest, " ");
    const char *type = *rest == '['                                          ? "array"
                       : *rest == '{'                                        ? "object"
                       : is_among(name, whole_numbers, ARRAY_LEN(whole_numbers)) ? "integer"
                       : in_query && strcmp(name, "to") == 0                 ? "integer"
                       : is_among(name, numbers, ARRAY_LEN(numbers))         ? "number"
                       : is_among(name, truths, ARRAY_LEN(truths))           ? "boolean"
                                                                             : "string";
    json_t *schema = json_pack("{s:s}", "type", type);
    if (*rest == '[') {
        json_object_set_new(schema, "items", json_object());
    }
    if (*rest) {
        json_object_set_new(schema, "description", json_string(rest));
    }
    return schema;
}

// The end of the item that starts at p: the next comma outside brackets.
static size_t item_len(const char *p)
{
    int depth = 0;
    size_t n = 0;
    for (; p[n] && (depth || p[n] != ','); n++) {
        depth += strchr("([{", p[n]) ? 1 : strchr(")]}", p[n]) ? -1 : 0;
    }
    return n;
}

static const struct lab_route *find(const char *pattern)
{
    for (const struct lab_route *r = lab_routes; r->pattern; r++) {
        if (r->method == LAB_GET && strcmp(r->pattern, pattern) == 0) {
            return r;
        }
    }
    return NULL;
}

static void put_params(const struct lab_route *r, bool in_query, json_t *out);

// One item of the table's words: "as above", "the filters of /api/x", or a name with what follows it.
static void put_item(const struct lab_route *r, const char *text, bool in_query, json_t *out)
{
    static const char filters[] = "the filters of ";
    char name[40];
    text += strncmp(text, "and ", 4) == 0 ? 4 : 0;
    if (strncmp(text, "as above", 8) == 0) {
        if (r > lab_routes) {
            put_params(r - 1, in_query, out);
        }
        const char *also = strstr(text, " and ");
        if (also) {
            put_item(r, also + 5, in_query, out);
        }
        return;
    }
    if (strncmp(text, filters, strlen(filters)) == 0) {
        const struct lab_route *other = find(text + strlen(filters));
        if (other) {
            put_params(other, in_query, out);
        }
        return;
    }
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_");
    if (len && len < sizeof(name)) {
        (void)snprintf(name, sizeof(name), "%.*s", (int)len, text);
        json_object_set_new(out, name, schema_of(name, text + len, in_query));
    }
}

static void put_params(const struct lab_route *r, bool in_query, json_t *out)
{
    char item[600];
    for (const char *p = r->params; *p;) {
        size_t len = item_len(p);
        (void)snprintf(item, sizeof(item), "%.*s", (int)len, p);
        put_item(r, item, in_query, out);
        p += len;
        p += strspn(p, ", ");
    }
}

// "/api/x/:id" as "/api/x/{id}", and its parameters.
static json_t *path_of(const struct lab_route *r, char *out, size_t cap)
{
    json_t *params = json_array();
    size_t n = 0;
    for (const char *p = r->pattern; *p && n + 2 < cap;) {
        if (*p != ':') {
            out[n++] = *p++;
            continue;
        }
        size_t len = strcspn(++p, "/");
        n += (size_t)snprintf(out + n, cap - n, "{%.*s}", (int)len, p);
        json_array_append_new(params, json_pack("{s:s%,s:s,s:b,s:{s:s}}", "name", p, len, "in",
                                                "path", "required", 1, "schema", "type", "string"));
        p += len;
    }
    out[n < cap ? n : cap - 1] = 0;
    return params;
}

static json_t *body_of(const struct lab_route *r)
{
    if (r->body == LAB_BODY_RAW) {
        bool form = strncmp(r->params, "multipart", 9) == 0;
        return json_pack("{s:{s:{s:{s:s,s:s}}}}", "content",
                         form ? "multipart/form-data" : "application/octet-stream", "schema",
                         "type", "string", "format", "binary");
    }
    json_t *members = json_object();
    put_params(r, false, members);
    return json_pack("{s:{s:{s:{s:s,s:o}}}}", "content", "application/json", "schema", "type",
                     "object", "properties", members);
}

static json_t *operation(const struct lab_route *r, json_t *params)
{
    if (r->body == LAB_BODY_NONE ||
        (r->body == LAB_BODY_RAW && strncmp(r->pattern, "/api/:", 6) != 0)) {
        json_t *query = json_object();
        const char *name;
        json_t *schema;
        put_params(r, true, query);
        json_object_foreach(query, name, schema) {
            json_array_append_new(
                params, json_pack("{s:s,s:s,s:O}", "name", name, "in", "query", "schema", schema));
        }
        json_decref(query);
    }
    json_t *op = json_pack(
        "{s:s,s:o,s:s,s:{s:{s:s},s:{s:s,s:{s:{s:{s:s}}}}}}", "summary", r->summary, "parameters",
        params, "x-role", r->role == LAB_NOBODY ? "everybody" : lab_role_text((int)r->role),
        "responses", "2XX", "description", "done", "default", "description", "refused or failed",
        "content", "application/json", "schema", "$ref", "#/components/schemas/error");
    if (op && r->body != LAB_BODY_NONE) {
        json_object_set_new(op, "requestBody", body_of(r));
    }
    if (op && r->role == LAB_NOBODY) {
        json_object_set_new(op, "security", json_array());
    }
    return op;
}

static json_t *components(void)
{
    return json_pack(
        "{s:{s:{s:s,s:[s],s:{s:{s:s,s:{s:{s:s},s:{s:s}}}}}},s:{s:{s:s,s:s},s:{s:s,s:s,s:s}}}",
        "schemas", "error", "type", "object", "required", "error", "properties", "error", "type",
        "object", "properties", "code", "type", "string", "message", "type", "string",
        "securitySchemes", "token", "type", "http", "scheme", "bearer", "session", "type", "apiKey",
        "in", "cookie", "name", "moteloop");
}

json_t *lab_openapi(void)
{
    static const char *const methods[LAB_METHODS] = {"get", "head", "post", "put", "delete"};
    json_t *paths = json_object();
    for (const struct lab_route *r = lab_routes; r->pattern; r++) {
        char path[200];
        json_t *op = operation(r, path_of(r, path, sizeof(path)));
        json_t *there = json_object_get(paths, path);
        if (!there) {
            there = json_object();
            json_object_set_new(paths, path, there);
        }
        json_object_set_new(there, methods[r->method], op);
    }
    return json_pack("{s:s,s:{s:s,s:s,s:s},s:o,s:o,s:[{s:[]},{s:[]}]}", "openapi", "3.1.0", "info",
                     "title", "Moteloop labeler", "version", MOTELOOP_VERSION, "description",
                     "Made from the labeler's route table; docs/api.md says the rest.", "paths",
                     paths, "components", components(), "security", "token", "session");
}

int api_openapi(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    (void)lab;
    (void)q;
    return api_answer(r, lab_openapi(), e);
}
