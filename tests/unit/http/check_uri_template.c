/* SPDX-License-Identifier: ISC */
#include "http/uri_template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

/* Columns of uri-template.tsv: "template" or "path", what a url has behind its authority, the target, and what goes
 * out for it, or "!" and the reason why it is refused. */
enum { KIND, TEXT, TARGET, RESULT, COLUMNS };

static void read_row(const struct unit_cell *cells, const char *where)
{
    bool template = unit_cell_is(&cells[KIND], "template");
    char *text = unit_exact(cells[TEXT].bytes, cells[TEXT].length), out[URI_TEMPLATE_MAX], got[URI_TEMPLATE_MAX];
    const char *why = "no reason given";
    struct endpoint target;

    ck_assert_msg(template || unit_cell_is(&cells[KIND], "path"), "%s: kind", where);
    ck_assert_msg(endpoint_parse(&target, cells[TARGET].bytes, cells[TARGET].length, 143, &why), "%s: target", where);
    if (template ? uri_template_check(text, cells[TEXT].length, &why)
                 : uri_path_check(text, cells[TEXT].length, &why)) {
        ck_assert_msg(uri_path_is_template(text, cells[TEXT].length) == template, "%s: is template", where);
        if (template)
            ck_assert_uint_eq(uri_template_expand(cells[TEXT].bytes, &target, out, sizeof out), strlen(out));
        snprintf(got, sizeof got, "%.*s", template ? (int)sizeof out : (int)cells[TEXT].length, template ? out : text);
    } else {
        snprintf(got, sizeof got, "!%s", why);
        if (template && strlen(cells[TEXT].bytes) == cells[TEXT].length)
            ck_assert_uint_eq(uri_template_expand(cells[TEXT].bytes, &target, out, sizeof out), 0);
    }
    ck_assert_msg(unit_cell_is(&cells[RESULT], got), "%s: %s", where, got);
    free(text);
}

START_TEST(paths_and_templates)
{
    unit_table("uri-template.tsv", COLUMNS, read_row);
}
END_TEST

/* Every beginning is read without looking behind its end, and is either good or has a reason. */
static void read_every_beginning(const struct unit_cell *cells, const char *where)
{
    for (size_t length = 0; length <= cells[TEXT].length; length++) {
        char *text = unit_exact(cells[TEXT].bytes, length);
        const char *path_why = NULL, *template_why = NULL;
        bool path = uri_path_check(text, length, &path_why), template = uri_template_check(text, length, &template_why);

        ck_assert_msg(path == !path_why, "%s: path, %zu bytes", where, length);
        ck_assert_msg(template == !template_why, "%s: template, %zu bytes", where, length);
        ck_assert_msg(!path || !template, "%s: both, %zu bytes", where, length);
        ck_assert_uint_le(uri_path_begin(text, length), length);
        free(text);
    }
}

START_TEST(every_beginning_is_good_or_has_a_reason)
{
    unit_table("uri-template.tsv", COLUMNS, read_every_beginning);
}
END_TEST

START_TEST(the_default_is_a_template)
{
    static const struct endpoint target = {.host = "Mail.Example.NET", .port = 993};
    char out[URI_TEMPLATE_MAX];
    const char *why;

    ck_assert(uri_template_check(URI_TEMPLATE_DEFAULT, strlen(URI_TEMPLATE_DEFAULT), &why));
    ck_assert_uint_ne(uri_template_expand(URI_TEMPLATE_DEFAULT, &target, out, sizeof out), 0);
    ck_assert_str_eq(out, "/.well-known/masque/tcp/mail.example.net/993/");
}
END_TEST

/* All bytes that may not stand in a path for themselves, and those that may. */
START_TEST(each_byte_is_of_a_path_or_refused)
{
    static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=:@/?";

    for (unsigned c = 0; c < 256; c++) {
        char path[] = {'/', (char)c, 'x'}, template[] = "/ {target_host}{target_port}";
        bool expected = c && strchr(good, (int)c);
        const char *why;

        template[1] = (char)c;
        ck_assert_msg(uri_path_check(path, sizeof path, &why) == expected, "byte %u in a path", c);
        ck_assert_msg(uri_template_check(template, sizeof template - 1, &why) == expected, "byte %u in a template", c);
    }
}
END_TEST

/* What the host is made of: all but unreserved bytes are encoded, even those that no host should have. */
START_TEST(all_but_unreserved_bytes_are_encoded)
{
    static const char unreserved[] = "abcdefghijklmnopqrstuvwxyz0123456789-._~";

    for (unsigned c = 1; c < 256; c++) {
        struct endpoint target = {.host = {(char)c}, .port = 1};
        char out[URI_TEMPLATE_MAX], expected[16];

        snprintf(expected, sizeof expected, "/%%%02X/1", c);
        if (strchr(unreserved, (int)c))
            snprintf(expected, sizeof expected, "/%c/1", (char)c);
        else if (c >= 'A' && c <= 'Z')
            snprintf(expected, sizeof expected, "/%c/1", (char)(c + 'a' - 'A'));
        ck_assert_uint_eq(uri_template_expand("/{target_host}/{target_port}", &target, out, sizeof out),
                          strlen(expected));
        ck_assert_str_eq(out, expected);
    }
}
END_TEST

START_TEST(nothing_is_written_behind_the_end)
{
    static const struct endpoint target = {.host = "2001:db8::1", .port = 143};
    static const char template[] = "/a{?target_host,target_port}",
                      expected[] = "/a?target_host=2001%3Adb8%3A%3A1&target_port=143";

    for (size_t size = 0; size <= sizeof expected; size++) {
        char *out = malloc(size ? size : 1);

        ck_assert_ptr_nonnull(out);
        ck_assert_uint_eq(uri_template_expand(template, &target, out, size),
                          size < sizeof expected ? 0 : sizeof expected - 1);
        if (size >= sizeof expected)
            ck_assert_str_eq(out, expected);
        free(out);
    }
}
END_TEST

/* A path of exactly this many bytes. */
static char *path_of(size_t length, const char *end)
{
    char *path = malloc(length + 1);

    ck_assert_ptr_nonnull(path);
    memset(path, 'x', length);
    path[0] = '/';
    memcpy(path + length - strlen(end), end, strlen(end) + 1);
    return path;
}

START_TEST(a_path_has_a_bound)
{
    for (size_t length = URI_TEMPLATE_MAX - 1; length <= URI_TEMPLATE_MAX; length++) {
        char *path = path_of(length, "");
        const char *why = NULL;

        ck_assert(uri_path_check(path, length, &why) == (length < URI_TEMPLATE_MAX));
        if (length >= URI_TEMPLATE_MAX)
            ck_assert_str_eq(why, "the path is longer than 4095 bytes");
        free(path);
    }
}
END_TEST

/* What is accepted fits for every target: also for the longest name. */
START_TEST(a_template_has_a_bound_when_it_is_expanded)
{
    static const char variables[] = "{target_host}{target_port}";
    const size_t most = URI_TEMPLATE_MAX - 1 - ENDPOINT_HOST_MAX - 5 + sizeof variables - 1;
    struct endpoint target = {.port = 65535};

    memset(target.host, 'm', ENDPOINT_HOST_MAX);
    for (size_t length = most; length <= most + 1; length++) {
        char *path = path_of(length, variables), out[URI_TEMPLATE_MAX];
        const char *why = NULL;

        ck_assert(uri_template_check(path, length, &why) == (length == most));
        ck_assert_uint_eq(uri_template_expand(path, &target, out, sizeof out),
                          length == most ? URI_TEMPLATE_MAX - 1 : 0);
        if (length > most)
            ck_assert_str_eq(why, "the template expands to more than 4095 bytes for a long host: name the variables "
                                  "fewer times");
        free(path);
    }
}
END_TEST

START_TEST(where_the_path_begins)
{
    static const struct {
        const char *text;
        size_t at;
    } rows[] = {
        {"", 0}, {"proxy", 5}, {"proxy:8080", 10}, {"proxy/", 5}, {"proxy:1/a?b", 7}, {"proxy?a/b", 5},
        {"proxy#a", 5}, {"proxy{?target_host}", 5}, {"{target_host}/", 0}, {"[::1]:80/{target_host}", 8},
    };
    static const char nul[] = {'a', '\0', '/'};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert_uint_eq(uri_path_begin(rows[i].text, strlen(rows[i].text)), rows[i].at);
    ck_assert_uint_eq(uri_path_begin("proxy/", 3), 3);
    ck_assert_uint_eq(uri_path_begin(nul, sizeof nul), 2);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("uri_template");

    tcase_add_test(cases, paths_and_templates);
    tcase_add_test(cases, every_beginning_is_good_or_has_a_reason);
    tcase_add_test(cases, the_default_is_a_template);
    tcase_add_test(cases, each_byte_is_of_a_path_or_refused);
    tcase_add_test(cases, all_but_unreserved_bytes_are_encoded);
    tcase_add_test(cases, nothing_is_written_behind_the_end);
    tcase_add_test(cases, a_path_has_a_bound);
    tcase_add_test(cases, a_template_has_a_bound_when_it_is_expanded);
    tcase_add_test(cases, where_the_path_begins);
    return unit_run();
}
