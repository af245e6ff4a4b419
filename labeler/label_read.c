// Readers of labels in JSON. See label_file.h.
#include "labeler/label_file.h"

#include "common/err.h"
#include "common/jx.h"

static const char *const names[LABEL_FORMATS] = {
    "csv",  "label-studio", "edge-impulse", "edge-impulse-structured", "edge-impulse-boxes",
    "coco", "voc",          "audacity"};

enum label_format label_format_of(const char *name)
{
    int f = 0;
    while (f < LABEL_FORMATS && strcmp(name, names[f]) != 0) {
        f++;
    }
    return (enum label_format)f;
}

void label_items_release(struct label_items *l)
{
    free(l->item);
    *l = (struct label_items){0};
}

struct label_item *label_add(struct label_items *l)
{
    if (l->count == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 64;
        struct label_item *more =
            cap <= 2 * LABEL_ITEMS_MAX ? reallocarray(l->item, cap, sizeof(*more)) : NULL;
        if (!more) {
            return NULL;
        }
        l->item = more;
        l->cap = cap;
    }
    struct label_item *item = &l->item[l->count++];
    *item = (struct label_item){.whole = true};
    return item;
}

static const char *text_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "";
}

static double number_of(const json_t *o, const char *key)
{
    return json_number_value(json_object_get(o, key));
}

// A file's name without the folders and the random prefix that Label Studio puts before uploads ("1a2b3c4d-name").
static void set_file(struct label_item *item, const char *path)
{
    const char *slash = strrchr(path, '/');
    path = slash ? slash + 1 : path;
    if (strspn(path, "0123456789abcdef") == 8 && path[8] == '-') {
        path += 9;
    }
    (void)snprintf(item->file, sizeof(item->file), "%s", path);
}

static int full(struct err *e)
{
    return err_set(e, E_LIMIT, "more than %d labels in one file", LABEL_ITEMS_MAX);
}

static void set_box(struct label_item *item, const json_t *o)
{
    item->has_box = true;
    item->x = number_of(o, "x");
    item->y = number_of(o, "y");
    item->w = number_of(o, "width");
    item->h = number_of(o, "height");
}

// One result of a Label Studio annotation; kinds that label nothing here are passed over.
static int studio_result(const json_t *result, const struct label_item *task, bool model,
                         struct label_items *out, struct err *e)
{
    static const char *const kinds[] = {"timeserieslabels", "labels", "choices", "rectanglelabels"};
    const json_t *value = json_object_get(result, "value"), *list = NULL;
    for (size_t i = 0; !list && i < ARRAY_LEN(kinds); i++) {
        list = json_object_get(value, kinds[i]);
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *label = json_string_value(json_array_get(list, i));
        struct label_item *item = label ? label_add(out) : NULL;
        if (!item) {
            return label ? full(e) : err_set(e, E_FORMAT, "a label is no text");
        }
        memcpy(item, task, sizeof(*item));
        item->model = model;
        (void)snprintf(item->label, sizeof(item->label), "%s", label);
        if (i == 0) {
            (void)snprintf(item->region, sizeof(item->region), "%s", text_of(result, "id"));
        }
        if (json_object_get(value, "width")) {
            set_box(item, value);
            item->percent = true;
        } else if (json_object_get(value, "start")) {
            item->whole = false;
            item->unit = LABEL_SECONDS;
            item->start = number_of(value, "start");
            item->end = number_of(value, "end");
        }
    }
    return OK;
}

static int studio_task(const json_t *task, struct label_items *out, struct err *e)
{
    static const char *const files[] = {"file", "audio", "image", "csv", "video", "text"};
    const json_t *data = json_object_get(task, "data");
    struct label_item item = {.whole = true};
    int rc = OK;
    if (!json_is_object(data)) {
        return err_set(e, E_FORMAT, "a task has no 'data'");
    }
    item.rec = json_integer_value(json_object_get(data, "recording"));
    for (size_t i = 0; !item.file[0] && i < ARRAY_LEN(files); i++) {
        set_file(&item, text_of(data, files[i]));
    }
    for (int model = 0; model < 2; model++) {
        const json_t *list = json_object_get(task, model ? "predictions" : "annotations"),
                     *annotation, *result;
        size_t i, k;
        json_array_foreach(list, i, annotation) {
            if (json_is_true(json_object_get(annotation, "was_cancelled"))) {
                continue;
            }
            json_array_foreach(json_object_get(annotation, "result"), k, result) {
                rc = rc ? rc : studio_result(result, &item, model, out, e);
            }
        }
    }
    return rc;
}

static int read_studio(const json_t *root, struct label_items *out, struct err *e)
{
    const json_t *task;
    size_t i;
    int rc =
        json_is_array(root) ? OK : err_set(e, E_FORMAT, "Label Studio's JSON is a list of tasks");
    json_array_foreach(root, i, task) {
        rc = rc ? rc : studio_task(task, out, e);
        if (rc) {
            return err_wrap(e, "task %zu", i + 1);
        }
    }
    return rc;
}

static int add_boxes(const json_t *boxes, const char *file, struct label_items *out, struct err *e)
{
    const json_t *box;
    size_t i;
    json_array_foreach(boxes, i, box) {
        struct label_item *item = label_add(out);
        if (!item) {
            return full(e);
        }
        set_file(item, file);
        set_box(item, box);
        (void)snprintf(item->label, sizeof(item->label), "%s", text_of(box, "label"));
    }
    return OK;
}

static int read_info(const json_t *root, struct label_items *out, struct err *e)
{
    const json_t *files = json_object_get(root, "files"), *file;
    size_t i;
    int rc = json_is_array(files) ? OK : err_set(e, E_FORMAT, "info.labels has no 'files'");
    json_array_foreach(files, i, file) {
        const char *path = *text_of(file, "path") ? text_of(file, "path") : text_of(file, "name");
        const json_t *label = json_object_get(file, "label");
        rc = rc ? rc : add_boxes(json_object_get(file, "boundingBoxes"), path, out, e);
        if (rc == OK && strcmp(text_of(label, "type"), "label") == 0) {
            struct label_item *item = label_add(out);
            if (!item) {
                return full(e);
            }
            set_file(item, path);
            (void)snprintf(item->label, sizeof(item->label), "%s", text_of(label, "label"));
        }
    }
    return rc;
}

static int add_pieces(const json_t *pieces, const char *file, struct label_items *out,
                      struct err *e)
{
    const json_t *piece;
    size_t i;
    json_array_foreach(pieces, i, piece) {
        if (strcmp(text_of(piece, "label"), LABEL_GAP) == 0) {
            continue;
        }
        struct label_item *item = label_add(out);
        if (!item) {
            return full(e);
        }
        set_file(item, file);
        item->whole = false;
        item->unit = LABEL_FRAMES;
        item->start = number_of(piece, "startIndex");
        item->end = number_of(piece, "endIndex") + 1; // theirs is inclusive
        (void)snprintf(item->label, sizeof(item->label), "%s", text_of(piece, "label"));
    }
    return OK;
}

static int read_by_file(const json_t *root, const char *member,
                        int (*add)(const json_t *, const char *, struct label_items *,
                                   struct err *),
                        struct label_items *out, struct err *e)
{
    json_t *files = json_object_get(root, member), *list;
    const char *file;
    int rc = json_is_object(files) ? OK : err_set(e, E_FORMAT, "the file has no '%s'", member);
    json_object_foreach(files, file, list) {
        rc = rc ? rc : add(list, file, out, e);
    }
    return rc;
}

static const json_t *with_id(const json_t *list, json_int_t id)
{
    const json_t *o;
    size_t i;
    // Ids are mostly 1, 2, 3..: look there first.
    o = id > 0 ? json_array_get(list, (size_t)id - 1) : NULL;
    if (o && json_integer_value(json_object_get(o, "id")) == id) {
        return o;
    }
    json_array_foreach(list, i, o) {
        if (json_integer_value(json_object_get(o, "id")) == id) {
            return o;
        }
    }
    return NULL;
}

static int coco_annotation(const json_t *root, const json_t *a, struct label_items *out,
                           struct err *e)
{
    const json_t *image = with_id(json_object_get(root, "images"),
                                  json_integer_value(json_object_get(a, "image_id")));
    const json_t *category = with_id(json_object_get(root, "categories"),
                                     json_integer_value(json_object_get(a, "category_id")));
    const json_t *box = json_object_get(a, "bbox");
    if (!image || !category || (box && json_array_size(box) != 4)) {
        return err_set(e, E_FORMAT, "its image, category or bbox is missing");
    }
    struct label_item *item = label_add(out);
    if (!item) {
        return full(e);
    }
    set_file(item, text_of(image, "file_name"));
    item->rec = json_integer_value(json_object_get(image, "recording"));
    (void)snprintf(item->label, sizeof(item->label), "%s", text_of(category, "name"));
    (void)snprintf(item->region, sizeof(item->region), "%s", text_of(a, "region"));
    if (box) {
        item->has_box = true;
        item->x = json_number_value(json_array_get(box, 0));
        item->y = json_number_value(json_array_get(box, 1));
        item->w = json_number_value(json_array_get(box, 2));
        item->h = json_number_value(json_array_get(box, 3));
    }
    return OK;
}

static int read_coco(const json_t *root, struct label_items *out, struct err *e)
{
    const json_t *list = json_object_get(root, "annotations"), *a;
    size_t i;
    int rc = json_is_array(list) ? OK : err_set(e, E_FORMAT, "the file has no 'annotations'");
    json_array_foreach(list, i, a) {
        rc = rc ? rc : coco_annotation(root, a, out, e);
        if (rc) {
            return err_wrap(e, "annotation %zu", i + 1);
        }
    }
    return rc;
}

static int read_json(enum label_format f, const char *body, size_t len, struct label_items *out,
                     struct err *e)
{
    json_t *root = jx_parse(body, len, e);
    if (!root) {
        return e->code ? e->code : err_set(e, E_FORMAT, "the file is no JSON");
    }
    int rc = f == LABEL_STUDIO          ? read_studio(root, out, e)
             : f == LABEL_EI_INFO       ? read_info(root, out, e)
             : f == LABEL_EI_STRUCTURED ? read_by_file(root, "structuredLabels", add_pieces, out, e)
             : f == LABEL_EI_BOXES      ? read_by_file(root, "boundingBoxes", add_boxes, out, e)
                                        : read_coco(root, out, e);
    json_decref(root);
    return rc;
}

int label_read(enum label_format f, const char *body, size_t len, struct label_items *out,
               struct err *e)
{
    return f == LABEL_CSV        ? label_read_csv(body, len, out, e)
           : f == LABEL_VOC      ? label_read_voc(body, len, out, e)
           : f == LABEL_AUDACITY ? label_read_track(body, len, out, e)
                                 : read_json(f, body, len, out, e);
}
