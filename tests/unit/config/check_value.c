/* SPDX-License-Identifier: ISC */
#include "config/value.h"

#include <stdlib.h>
#include <string.h>

#include "config/networks.h"
#include "config/pac_question.h"
#include "config/paths.h"
#include "config/trusted.h"

#include "../unit.h"

static const char *const colours[] = {"red", "green", "blue", NULL};

/* A field that any kind may fill. */
union field {
    bool flag;
    unsigned index;
    uint32_t number;
    char *text;
    struct value_places places;
    struct value_texts texts;
    struct endpoint_target target;
    const struct protocol *protocol;
    struct value_networks networks;
    struct value_paths paths;
    struct endpoint registered;
    unsigned char bytes[sizeof(struct value_places)];
};

struct kind {
    const char *name;
    struct value_rule rule;
    const char *section; /* of the protocol, where the kind asks for it */
};

static const struct kind kinds[] = {
    {"yes-no", {.key = "key", .kind = &value_yes_no}, NULL},
    {"word", {.key = "key", .kind = &value_word, .words = colours}, NULL},
    {"words", {.key = "key", .kind = &value_words, .words = colours}, NULL},
    {"number", {.key = "key", .kind = &value_number, .least = 1, .most = 4294967295}, NULL},
    {"small", {.key = "key", .kind = &value_number, .least = 10, .most = 2048}, NULL},
    {"time", {.key = "key", .kind = &value_time, .least = 0, .most = 4294967295}, NULL},
    {"phase", {.key = "key", .kind = &value_time, .least = 1000, .most = 3600000}, NULL},
    {"text", {.key = "key", .kind = &value_text}, NULL},
    {"verbatim", {.key = "key", .kind = &value_text, .flags = VALUE_VERBATIM}, NULL},
    {"secret", {.key = "key", .kind = &value_text, .flags = VALUE_SECRET}, NULL},
    {"user", {.key = "key", .kind = &value_user}, NULL},
    {"token", {.key = "key", .kind = &value_token}, NULL},
    {"listen", {.key = "key", .kind = &value_listen}, "imap"},
    {"urls", {.key = "key", .kind = &value_urls}, NULL},
    {"target", {.key = "key", .kind = &value_target}, "imap"},
    {"forward-target", {.key = "key", .kind = &value_target}, "forward"},
    {"protocol", {.key = "key", .kind = &value_protocol}, NULL},
    {"relay", {.key = "key", .kind = &value_relay}, NULL},
    {"networks", {.key = "key", .kind = &value_networks}, NULL},
    {"paths", {.key = "key", .kind = &value_paths, .flags = VALUE_REPEATS}, NULL},
    {"registered", {.key = "key", .kind = &value_registered}, NULL},
    {"header", {.key = "key", .kind = &value_headers, .flags = VALUE_REPEATS}, NULL},
    {"pac-url", {.key = "key", .kind = &value_pac_url}, NULL},
    {"trusted", {.key = "key", .kind = &value_trusted}, NULL},
};

static const struct kind *kind_of(const struct unit_cell *name, const char *where)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (unit_cell_is(name, kinds[i].name))
            return &kinds[i];
    ck_abort_msg("%s: no such kind", where);
    return NULL;
}

/* Reads values into one field, then says what is printed of it, without the last line's end; or "!" and the first
 * fault.  Values are separated by '|'; one that begins with '>' is that of an indented line. */
static const char *read_and_print(const struct kind *kind, const char *values, char *out, size_t size)
{
    const struct protocol *protocol = kind->section ? protocol_find(kind->section, strlen(kind->section)) : NULL;
    char *copy = strdup(values), *rest = copy, *printed;
    union field field;
    const char *why = NULL;
    size_t length;
    FILE *stream;

    memset(&field, 0, sizeof field);
    while (rest && !why) {
        const char *next = strsep(&rest, "|");
        char *value = unit_exact(next, strlen(next) + 1);

        if (!(*value == '>' ? value_continue(&kind->rule, protocol, &field, value + 1, &why)
                            : value_parse(&kind->rule, protocol, &field, value, &why)))
            ck_assert(why && *why);
        free(value);
    }
    if (why) {
        snprintf(out, size, "!%s", why);
    } else {
        stream = open_memstream(&printed, &length);
        value_print(&kind->rule, &field, stream);
        fclose(stream);
        ck_assert_uint_gt(length, 0);
        ck_assert_int_eq(printed[length - 1], '\n');
        snprintf(out, size, "%.*s", (int)length - 1, printed);
        free(printed);
    }
    value_release(&kind->rule, &field);
    free(copy);
    return out;
}

/* value.tsv: kind, values ('|' between them), what is printed, or "!" and the fault. */
static void table_row(const struct unit_cell *cells, const char *where)
{
    char got[4096];

    read_and_print(kind_of(&cells[0], where), cells[1].bytes, got, sizeof got);
    ck_assert_msg(unit_cell_is(&cells[2], got), "%s: %s", where, got);
}

START_TEST(values_of_each_kind)
{
    unit_table("value.tsv", 3, table_row);
}
END_TEST

/* A field whose value was refused, or never set, is released like any other, and a released one is empty. */
START_TEST(release_empties)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        union field field, zero;

        memset(&field, 0, sizeof field);
        memset(&zero, 0, sizeof zero);
        value_release(&kinds[i].rule, &field);
        ck_assert_int_eq(memcmp(&field, &zero, sizeof field), 0);
    }
}
END_TEST

START_TEST(an_unset_text_is_printed_as_a_comment)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        union field field;
        char *printed;
        size_t length;
        FILE *stream;

        if (kinds[i].rule.kind != &value_text && kinds[i].rule.kind != &value_user &&
            kinds[i].rule.kind != &value_token && kinds[i].rule.kind != &value_headers)
            continue;
        memset(&field, 0, sizeof field);
        stream = open_memstream(&printed, &length);
        value_print(&kinds[i].rule, &field, stream);
        fclose(stream);
        ck_assert_str_eq(printed, ";key =\n");
        free(printed);
    }
}
END_TEST

START_TEST(headers_with_credentials_are_secret)
{
    static const struct {
        const char *header;
        bool secret;
    } rows[] = {
        {"Proxy-Authorization: x", true}, {"proxy-authorization:x", true}, {"Authorization: x", true},
        {"COOKIE: x", true}, {"Cookie2: x", false}, {"X-Cookie: x", false}, {"Cookie", true}, {"", false},
        {"Authorizatio: x", false}, {"X: Cookie: y", false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert_msg(value_header_is_secret(rows[i].header) == rows[i].secret, "%s", rows[i].header);
}
END_TEST

/* Of the proxy; of a server only where one is asked. */
START_TEST(headers_that_a_user_stands_for)
{
    static const struct {
        const char *header;
        bool to_proxy, to_server;
    } rows[] = {
        {"Proxy-Authorization: x", true, true}, {"proxy-authorization:x", true, true},
        {"Authorization: x", false, true},      {"AUTHORIZATION:", false, true},
        {"Authorizations: x", false, false},    {"Proxy-Authorizatio: x", false, false},
        {"Cookie: x", false, false},            {"X: Authorization: y", false, false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert_msg(value_header_is_login(rows[i].header, false) == rows[i].to_proxy, "%s", rows[i].header);
        ck_assert_msg(value_header_is_login(rows[i].header, true) == rows[i].to_server, "%s", rows[i].header);
    }
}
END_TEST

/* What check prints is read again: there, a $ alone would begin a variable. */
START_TEST(a_dollar_is_doubled_where_variables_stand)
{
    static const struct value_rule plain = {.key = "k", .kind = &value_text},
                                   expands = {.key = "k", .kind = &value_text, .flags = VALUE_EXPANDS},
                                   of_file = {.key = "k", .kind = &value_text, .flags = VALUE_OF_FILE};
    const char *field = "a$b$";
    char *text;
    size_t length;
    FILE *out = open_memstream(&text, &length);

    value_print(&plain, &field, out);
    value_print(&expands, &field, out);
    value_print(&of_file, &field, out);
    fclose(out);
    ck_assert_str_eq(text, "k = a$b$\nk = a$$b$$\n;k = a$b$\n");
    free(text);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("value");

    tcase_add_test(cases, values_of_each_kind);
    tcase_add_test(cases, release_empties);
    tcase_add_test(cases, an_unset_text_is_printed_as_a_comment);
    tcase_add_test(cases, headers_with_credentials_are_secret);
    tcase_add_test(cases, headers_that_a_user_stands_for);
    tcase_add_test(cases, a_dollar_is_doubled_where_variables_stand);
    return unit_run();
}
