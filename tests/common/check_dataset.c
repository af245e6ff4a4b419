// Labelled folders: mapping files, patterns, label files, CSV shapes, broken files; and real data where
// the shared folder is there.
#include "common/buf.h"
#include "common/dataset.h"
#include "common/dataset_priv.h"
#include "common/err.h"
#include "common/io.h"
#include "firmware/core/mote_port.h"

#include <check.h>
#include <math.h>
#include <unistd.h>

static char dir[64];

static void setup(void)
{
    snprintf(dir, sizeof(dir), "/tmp/moteloop-ds-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void teardown(void)
{
    char cmd[128];
    snprintf(cmd, sizeof(cmd), "rm -rf '%s'", dir);
    ck_assert_int_eq(system(cmd), 0);
}

static void put(const char *name, const char *text)
{
    char path[IO_PATH_MAX], folder[IO_PATH_MAX];
    struct err e = {0};
    ck_assert_int_eq(io_join(path, sizeof(path), dir, name), OK);
    snprintf(folder, sizeof(folder), "%s", path);
    *strrchr(folder, '/') = 0;
    ck_assert_int_eq(io_mkdirs(folder, 0700, &e), OK);
    ck_assert_int_eq(io_write_atomic(path, text, strlen(text), 0600, &e), OK);
}

struct seen {
    size_t items, bad, frames, regions;
    char log[4000]; // "name|group|frames|label:start-end ..." per item
    char why[480];
};

static int item(void *ctx, const struct ds_item *i)
{
    struct seen *s = ctx;
    size_t n = strlen(s->log);
    s->items++;
    s->frames += i->frames;
    s->regions += i->regions;
    snprintf(s->log + n, sizeof(s->log) - n, "%s|%s|%zu", i->name, i->group, i->frames);
    for (size_t k = 0; k < i->regions && k < 4; k++) {
        n = strlen(s->log);
        const struct ds_region *r = &i->region[k];
        if (r->whole) {
            snprintf(s->log + n, sizeof(s->log) - n, "|%s", r->label);
        } else {
            snprintf(s->log + n, sizeof(s->log) - n, "|%s:%zu-%zu", r->label, r->start, r->end);
        }
    }
    n = strlen(s->log);
    snprintf(s->log + n, sizeof(s->log) - n, "\n");
    return 0;
}

static void bad(void *ctx, const char *path, const struct err *e)
{
    struct seen *s = ctx;
    (void)path;
    s->bad++;
    snprintf(s->why, sizeof(s->why), "%s", e->msg);
}

static int walk(const char *path, const char *map_text, struct seen *s, struct err *e)
{
    char map_path[IO_PATH_MAX];
    struct ds_map *m = NULL;
    *s = (struct seen){0};
    if (map_text) {
        put("../moteloop-ds.map", map_text);
        ck_assert_int_eq(io_join(map_path, sizeof(map_path), dir, "../moteloop-ds.map"), OK);
    }
    int rc = ds_map_load(&m, map_text ? map_path : NULL, e);
    if (rc == OK) {
        struct ds_callbacks cb = {.ctx = s, .item = item, .bad = bad};
        rc = ds_walk(path, m, &cb, e);
    }
    ds_map_free(m);
    return rc;
}

START_TEST(patterns_take_label_and_group_from_names)
{
    char label[DS_TEXT] = "", group[DS_TEXT] = "";
    ck_assert(ds_pattern_match("{label}_{group}_{*}", "7_george_12.wav", label, group));
    ck_assert_str_eq(label, "7");
    ck_assert_str_eq(group, "george");
    ck_assert(ds_pattern_match("{label}/{group}_nohash_{*}", "deep/yes/03401e93_nohash_2.wav",
                               label, group));
    ck_assert_str_eq(label, "yes");
    ck_assert_str_eq(group, "03401e93");
    ck_assert(ds_pattern_match("{label}__{*}_{group}", "ring__ring_hyw.csv", label, group));
    ck_assert_str_eq(group, "hyw");
    ck_assert(!ds_pattern_match("{label}_{group}.wav", "noise.wav", NULL, NULL));
}
END_TEST

START_TEST(folders_name_labels_by_default)
{
    struct seen s;
    struct err e = {0};
    put("run/a.csv", "x,y\n1,2\n3,4\n");
    put("walk/b.csv", "x,y\n1,2\n");
    ck_assert_int_eq(walk(dir, NULL, &s, &e), OK);
    ck_assert_str_eq(s.log, "run/a.csv||2|run\nwalk/b.csv||1|walk\n");
}
END_TEST

START_TEST(columns_can_be_label_group_and_split)
{
    struct seen s;
    struct err e = {0};
    put("a.csv", "who,what,v\nann,sit,1\nann,sit,2\nann,run,3\nbob,run,4\n");
    ck_assert_int_eq(walk(dir,
                          "[csv]\nchannels = v\nlabel = what\ngroup = who\n[stream]\nrate = "
                          "10\n[rename]\nsit = rest\n",
                          &s, &e),
                     OK);
    ck_assert_str_eq(s.log, "a.csv|ann|3|rest:0-2|run:2-3\na.csv|bob|1|run\n");
}
END_TEST

START_TEST(a_label_file_is_found_and_its_seconds_become_frames)
{
    struct seen s;
    struct err e = {0};
    put("a.csv", "t,v\n0,1\n100,1\n200,1\n300,1\n");
    put("labels.csv", "file,label,start,end,group\na.csv,on,0.1,0.3,u1\n");
    ck_assert_int_eq(walk(dir, "[csv]\ntime = t\ntime_unit = ms\nchannels = v\n", &s, &e), OK);
    ck_assert_str_eq(s.log, "a.csv|u1|4|on:1-3\n");
}
END_TEST

START_TEST(one_based_inclusive_samples_and_padded_keys)
{
    struct seen s;
    struct err e = {0};
    put("rec07.csv", "1\n2\n3\n4\n5\n");
    put("labels.csv", "n,activity,from,to\n7,1,2,3\n7,2,4,99\n");
    put("names.csv", "id,name\n1,up\n2,down\n");
    ck_assert_int_eq(walk(dir,
                          "[files]\nmatch = rec*\n[labels]\nfile = labels.csv\nkey = "
                          "rec{n:2}\nlabel = activity\nstart = from\nend = to\n"
                          "unit = frame1\n[names]\nfile = names.csv\n",
                          &s, &e),
                     OK);
    ck_assert_str_eq(s.log, "rec07.csv||5|up:1-3|down:3-5\n");
}
END_TEST

START_TEST(broken_files_are_named_and_the_rest_goes_on)
{
    struct seen s;
    struct err e = {0};
    put("a.csv", "v\n1\nx\n");
    put("b.csv", "v,w\n1,2\n1\n");
    put("c.csv", "");
    put("d.wav", "RIFF....");
    put("e.png", "\x89PNG");
    put("f.jpg", "JFIF");
    put("g.csv", "v\n5\n");
    ck_assert_int_eq(walk(dir, NULL, &s, &e), OK);
    ck_assert_uint_eq(s.bad, 6);
    ck_assert_str_eq(s.log, "g.csv||1\n");
}
END_TEST

START_TEST(a_bad_map_names_its_line)
{
    struct seen s;
    struct err e = {0};
    put("a.csv", "v\n1\n");
    ck_assert_int_eq(walk(dir, "[csv]\nchanels = v\n", &s, &e), E_FORMAT);
    ck_assert_ptr_nonnull(
        strstr(e.msg, ":2: [csv] chanels: unknown key, did you mean 'channels'?"));
    ck_assert_int_eq(walk(dir, "[csv]\ndelimiter = pipe\n", &s, &e), E_FORMAT);
    ck_assert_ptr_nonnull(strstr(e.msg, "none of: comma, semicolon, tab, space"));
    ck_assert_int_eq(walk(dir, "[csv]\nchannels = w\n", &s, &e), OK);
    ck_assert_str_eq(s.why, "'a.csv' has no column 'w'");
    ck_assert_int_eq(walk("/nonexistent", NULL, &s, &e), E_NOT_FOUND);
}
END_TEST

static const struct {
    const char *folder, *map;
    size_t items, least_regions;
} real[] = {
    {"hapt_continuous", "hapt.map", 0, 500},
    {"wisdm_watch", "wisdm.map", 26, 26},
    {"magic_wand", "magic_wand.map", 150, 150},
    {"fsdd", "fsdd.map", 1200, 1200},
    {"speech_commands", "speech_commands.map", 200, 200},
    {"cifar10_subset", "pictures.map", 1500, 1500},
    {"skab", "skab.map", 26, 26},
    {"ota_tinyml_seed", "rows.map", 350, 350},
};

START_TEST(real_folders_read_whole)
{
    const char *shared = getenv("MOTELOOP_SHARED"), *src = getenv("MOTELOOP_SRC");
    char path[IO_PATH_MAX], map[IO_PATH_MAX];
    struct seen s = {0};
    struct err e = {0};
    struct ds_map *m = NULL;
    snprintf(path, sizeof(path), "%s/data/%s", shared ? shared : "../shared", real[_i].folder);
    snprintf(map, sizeof(map), "%s/tests/e2e/maps/%s", src ? src : ".", real[_i].map);
    if (!io_is_dir(path)) {
        printf("SKIP: no recordings at %s\n", path);
        return;
    }
    ck_assert_msg(ds_map_load(&m, map, &e) == OK, "%s", e.msg);
    struct ds_callbacks cb = {.ctx = &s, .item = item, .bad = bad};
    ck_assert_msg(ds_walk(path, m, &cb, &e) == OK, "%s", e.msg);
    ck_assert_msg(s.bad == 0, "%s", s.why);
    ck_assert_uint_ge(s.items, real[_i].items);
    ck_assert_uint_ge(s.regions, real[_i].least_regions);
    ds_map_free(m);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("dataset");
    TCase *t = tcase_create("dataset");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, patterns_take_label_and_group_from_names);
    tcase_add_test(t, folders_name_labels_by_default);
    tcase_add_test(t, columns_can_be_label_group_and_split);
    tcase_add_test(t, a_label_file_is_found_and_its_seconds_become_frames);
    tcase_add_test(t, one_based_inclusive_samples_and_padded_keys);
    tcase_add_test(t, broken_files_are_named_and_the_rest_goes_on);
    tcase_add_test(t, a_bad_map_names_its_line);
    tcase_add_loop_test(t, real_folders_read_whole, 0, (int)ARRAY_LEN(real));
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
