// The host support library: errors, buffers, numbers, configuration, files, JSON.
#include "common/buf.h"
#include "common/conf.h"
#include "common/err.h"
#include "common/hex.h"
#include "common/io.h"
#include "common/jx.h"
#include "common/parse.h"
#include "common/project.h"

#include <check.h>
#include <errno.h>
#include <unistd.h>

START_TEST(errors_grow_a_clause_a_layer)
{
    struct err e = {0};
    errno = EACCES;
    ck_assert_int_eq(err_errno(&e, E_IO, "cannot open '%s'", "x.db"), E_IO);
    ck_assert_int_eq(err_wrap(&e, "open store"), E_IO);
    ck_assert_str_eq(e.msg, "open store: cannot open 'x.db': Permission denied");
    errno = ENOSPC;
    ck_assert_int_eq(err_errno(&e, E_IO, "cannot write"), E_FULL);
}
END_TEST

START_TEST(an_error_longer_than_its_room_is_cut_not_overrun)
{
    struct err e = {0};
    char longer[2000];
    memset(longer, 'a', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = 0;
    err_set(&e, E_IO, "%s", longer);
    err_wrap(&e, "%s", longer);
    ck_assert_uint_eq(strlen(e.msg), sizeof(e.msg) - 1);
}
END_TEST

START_TEST(a_buffer_stops_at_its_ceiling_unchanged)
{
    struct buf b;
    buf_init(&b, 8);
    ck_assert_int_eq(buf_puts(&b, "12345678"), OK);
    ck_assert_int_eq(buf_puts(&b, "9"), E_LIMIT);
    ck_assert_uint_eq(b.len, 8);
    ck_assert_str_eq(b.data, "12345678");
    buf_release(&b);
    ck_assert_int_eq(buf_printf(&b, "%d", 12), OK);
    ck_assert_str_eq(b.data, "12");
    buf_release(&b);
}
END_TEST

START_TEST(numbers_are_whole_and_bounded)
{
    int64_t v = 7;
    ck_assert_int_eq(parse_i64("12", 0, 20, &v), OK);
    ck_assert_int_eq(v, 12);
    ck_assert_int_eq(parse_i64("21", 0, 20, &v), E_LIMIT);
    ck_assert_int_eq(parse_i64("12x", 0, 20, &v), E_FORMAT);
    ck_assert_int_eq(parse_i64("", 0, 20, &v), E_FORMAT);
    ck_assert_int_eq(parse_i64("99999999999999999999", 0, INT64_MAX, &v), E_LIMIT);
    ck_assert_int_eq(parse_duration_ms("1.5s", &v), OK);
    ck_assert_int_eq(v, 1500);
    ck_assert_int_eq(parse_duration_ms("2h", &v), OK);
    ck_assert_int_eq(v, 7200000);
    ck_assert_int_eq(parse_duration_ms("-1s", &v), E_FORMAT);
    ck_assert_int_eq(parse_duration_ms("3 weeks", &v), E_FORMAT);
}
END_TEST

START_TEST(the_nearest_name_is_near)
{
    static const char *const names[] = {"epochs", "batch", "rate"};
    ck_assert_str_eq(parse_nearest("epoch", names, 3), "epochs");
    ck_assert_ptr_null(parse_nearest("temperature", names, 3));
    ck_assert(parse_is_device_id("pump-1"));
    ck_assert(!parse_is_device_id("Pump"));
    ck_assert(!parse_is_device_id("a/b"));
    ck_assert(!parse_is_device_id(""));
    ck_assert(!parse_is_device_id("012345678901234567890123456789012"));
}
END_TEST

START_TEST(configuration_names_line_and_nearest_key)
{
    struct conf c;
    struct err e = {0};
    static const char text[] =
        "# comment\n[train]\nepochs = 12 # inline\nepoch = 3\ncolor = #fff\n";
    ck_assert_int_eq(conf_parse(&c, "x.recipe", text, strlen(text), &e), OK);
    int64_t epochs = 0;
    ck_assert_int_eq(conf_i64(&c, "train", "epochs", 1, 100, &epochs, &e), OK);
    ck_assert_int_eq(epochs, 12);
    ck_assert_str_eq(conf_str(&c, "train", "color", ""), "");
    static const char *const known[] = {"epochs", "color"};
    ck_assert_int_eq(conf_check_used(&c, known, 2, &e), E_FORMAT);
    ck_assert_str_eq(e.msg, "x.recipe:4: [train] epoch: unknown key, did you mean 'epochs'?");
    conf_release(&c);
    ck_assert_int_eq(conf_parse(&c, "y", "[open\n", 6, &e), E_FORMAT);
    ck_assert_int_eq(conf_parse(&c, "y", "a = 1\0b", 7, &e), E_FORMAT);
}
END_TEST

START_TEST(files_are_replaced_whole)
{
    char dir[] = "/tmp/moteloop-base-XXXXXX", path[IO_PATH_MAX];
    struct err e = {0};
    struct buf b = {0};
    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert_int_eq(io_join(path, sizeof(path), dir, "f"), OK);
    ck_assert_int_eq(io_write_atomic(path, "old", 3, 0600, &e), OK);
    ck_assert_int_eq(io_write_atomic(path, "newer", 5, 0600, &e), OK);
    ck_assert_int_eq(io_read_file(path, 100, &b, &e), OK);
    ck_assert_str_eq(b.data, "newer");
    ck_assert_int_eq(io_read_file(path, 4, &b, &e), E_LIMIT);
    ck_assert_int_eq(io_read_file("/nonexistent/x", 4, &b, &e), E_NOT_FOUND);
    buf_release(&b);
    unlink(path);
    rmdir(dir);
}
END_TEST

START_TEST(json_is_read_with_its_bounds)
{
    struct err e = {0};
    static const char text[] = "{\"n\": 5, \"s\": \"abc\", \"r\": 1.5}";
    json_t *v = jx_parse(text, sizeof(text) - 1, &e);
    int64_t n = 0;
    const char *s = NULL;
    ck_assert_ptr_nonnull(v);
    ck_assert_int_eq(jx_get_i64(v, "n", 0, 4, &n, &e), E_LIMIT);
    ck_assert_int_eq(jx_get_i64(v, "n", 0, 5, &n, &e), OK);
    ck_assert_int_eq(jx_get_i64(v, "r", 0, 5, &n, &e), E_FORMAT);
    ck_assert_int_eq(jx_get_str(v, "s", 2, &s, &e), E_LIMIT);
    ck_assert_int_eq(jx_get_str(v, "missing", 2, &s, &e), E_FORMAT);
    ck_assert_str_eq(e.msg, "'missing' is missing");
    json_decref(v);
    ck_assert_ptr_null(jx_parse("{\"a\":1,\"a\":2}", 13, &e));
}
END_TEST

START_TEST(hex_refuses_what_is_not_whole)
{
    uint8_t out[2];
    ck_assert_int_eq(hex_decode(out, 2, "0aFf"), OK);
    ck_assert_int_eq(out[1], 255);
    ck_assert_int_eq(hex_decode(out, 2, "0aF"), E_FORMAT);
    ck_assert_int_eq(hex_decode(out, 2, "0aFf1"), E_FORMAT);
    ck_assert_int_eq(hex_decode(out, 2, "0ag0"), E_FORMAT);
}
END_TEST

START_TEST(a_projects_configuration_reads_back)
{
    struct project_conf c, back;
    char path[] = "/tmp/moteloop-conf-XXXXXX";
    struct err e = {0};
    project_conf_defaults(&c);
    c.broker_port = 4321;
    snprintf(c.name, sizeof(c.name), "plant a");
    char *text = project_conf_text(&c);
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    ck_assert_int_eq(project_conf_load(&back, path, &e), OK);
    ck_assert_int_eq(back.broker_port, 4321);
    ck_assert_str_eq(back.name, "plant a");
    ck_assert_str_eq(back.prefix, "ml/1");
    free(text);
    unlink(path);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("base");
    TCase *t = tcase_create("base");
    tcase_add_test(t, errors_grow_a_clause_a_layer);
    tcase_add_test(t, an_error_longer_than_its_room_is_cut_not_overrun);
    tcase_add_test(t, a_buffer_stops_at_its_ceiling_unchanged);
    tcase_add_test(t, numbers_are_whole_and_bounded);
    tcase_add_test(t, the_nearest_name_is_near);
    tcase_add_test(t, configuration_names_line_and_nearest_key);
    tcase_add_test(t, files_are_replaced_whole);
    tcase_add_test(t, json_is_read_with_its_bounds);
    tcase_add_test(t, hex_refuses_what_is_not_whole);
    tcase_add_test(t, a_projects_configuration_reads_back);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
