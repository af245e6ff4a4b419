// Prints the report of cvt_inspect for people.
#include "common/board/board.h"
#include "converter/cvt_inspect.h"

static const char *text(const json_t *o, const char *key)
{
    const char *value = json_string_value(json_object_get(o, key));
    return value ? value : "";
}

static long long whole(const json_t *o, const char *key)
{
    return json_integer_value(json_object_get(o, key));
}

static double number(const json_t *o, const char *key)
{
    return json_number_value(json_object_get(o, key));
}

static void print_shape(const json_t *dims)
{
    size_t i;
    const json_t *d;
    json_array_foreach(dims, i, d)
    {
        printf("%s%lld", i ? "x" : "", json_integer_value(d));
    }
}

static void print_tensors(const char *what, const json_t *list)
{
    size_t i;
    const json_t *t;
    json_array_foreach(list, i, t)
    {
        printf("%s %3lld  %-8s ", what, whole(t, "index"), text(t, "type"));
        print_shape(json_object_get(t, "shape"));
        if (json_object_get(t, "scale")) {
            printf("  scale %.9g zero %lld", number(t, "scale"), whole(t, "zero_point"));
        } else if (json_object_get(t, "scales")) {
            printf("  %lld scales along dimension %lld", whole(t, "scales"),
                   whole(t, "quantized_dimension"));
        }
        printf("  %s\n", text(t, "name"));
    }
}

static void print_operators(const json_t *list, const char *isa)
{
    size_t i;
    const json_t *o;
    json_array_foreach(list, i, o)
    {
        printf("%3lld  %-26s v%-2lld ", whole(o, "index"), text(o, "name"), whole(o, "version"));
        print_shape(json_object_get(o, "output"));
        if (json_object_get(o, "macs")) {
            printf("  %lld MACs, about %.0f instructions on %s", whole(o, "macs"),
                   number(json_object_get(o, "instructions"), isa), isa);
        }
        printf("\n");
    }
}

static void print_pipeline(const json_t *p)
{
    size_t i;
    const json_t *label;
    if (!json_object_get(p, "stream")) {
        printf("pipeline: %s\n", *text(p, "error") ? text(p, "error") : "none");
        return;
    }
    printf("pipeline: stream '%s', %lld channels at %g Hz, window %lld, stride %lld; %s (%s) gives "
           "%lld features; labels",
           text(p, "stream"), whole(p, "channels"), number(p, "rate_hz"), whole(p, "window"),
           whole(p, "stride"), text(p, "block"), text(p, "variant"), whole(p, "features"));
    json_array_foreach(json_object_get(p, "labels"), i, label)
    {
        printf("%s %s", i ? "," : "", json_string_value(label));
    }
    printf("\n");
}

static void print_boards(const json_t *list)
{
    size_t i;
    const json_t *b;
    bool guessed = false;
    printf("\n%-22s %-12s %-5s %12s %10s %10s  %s\n", "board", "core", "fits", "ms", "mJ", "days",
           "");
    json_array_foreach(list, i, b)
    {
        bool sure = json_is_true(json_object_get(b, "counted")) &&
                    json_is_true(json_object_get(b, "power_checked"));
        guessed |= !sure;
        printf("%-22s %-12s %-5s %12.3f %10.4f ", text(b, "title"), text(b, "core"),
               json_is_true(json_object_get(b, "fits")) ? "yes" : "no", number(b, "ms"),
               number(b, "mj"));
        if (number(b, "days") > 0) {
            printf("%10.1f", number(b, "days"));
        } else {
            printf("%10s", "too slow");
        }
        printf("%s %s%s\n", sure ? " " : "~", *text(b, "lacks") ? "needs " : "", text(b, "lacks"));
    }
    if (guessed) {
        printf("~ rough: instructions of another instruction set or type, or currents that were "
               "not looked up (docs/boards.md)\n");
    }
}

void cvt_inspect_print(const json_t *report, bool tensors)
{
    printf("%s\n%.16s  %lld bytes, %lld of them constants\n", text(report, "path"),
           text(report, "model"), whole(report, "bytes"), whole(report, "constant_bytes"));
    print_tensors("in ", json_object_get(report, "inputs"));
    print_tensors("out", json_object_get(report, "outputs"));
    print_pipeline(json_object_get(report, "pipeline"));
    printf("\n");
    print_operators(json_object_get(report, "operators"), text(report, "shown_isa"));
    if (tensors) {
        printf("\n");
        print_tensors("tensor", json_object_get(report, "tensors"));
    }
    if (*text(report, "refused")) {
        printf("\nthe runtime refuses it: %s\n", text(report, "refused"));
        return;
    }
    printf("\n%.0f MACs, arena %lld bytes on this machine", number(report, "macs"),
           whole(report, "arena_bytes"));
    if (json_object_get(report, "pipeline_arena_bytes")) {
        printf(", %lld with the pipeline", whole(report, "pipeline_arena_bytes"));
    }
    const json_t *compiled = json_object_get(report, "compiled_arena_bytes");
    if (*text(compiled, "refused")) {
        printf("\nno compiled form: %s\n", text(compiled, "refused"));
    } else {
        printf("\ncompiled: arena %lld bytes in plain C, %lld with the DSP extension, %lld with "
               "Helium\n",
               whole(compiled, "plain"), whole(compiled, "dsp"), whole(compiled, "mve"));
    }
    print_boards(json_object_get(report, "boards"));
}

void cvt_inspect_boards(void)
{
    size_t count;
    const struct board *b = board_table(&count);
    for (size_t i = 0; i < count; i++) {
        printf("%-14s %-22s %-11s %4u MHz, %u KiB RAM, %u KiB flash, %g V, %g mA, asleep %g mA%s\n "
               "              %s\n",
               b[i].id, b[i].title, b[i].core, b[i].mhz, b[i].ram / 1024, b[i].flash / 1024,
               b[i].volts, b[i].active_ma, b[i].sleep_ma, b[i].checked ? "" : " (not looked up)",
               b[i].source);
    }
}
