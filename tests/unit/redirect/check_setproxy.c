/* SPDX-License-Identifier: ISC */
#include "redirect/setproxy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

#define CAP 86400 /* seconds */

/* Columns of set-proxy.tsv: the URL asked for, the field's value, "action proxy lifetime" or "malformed", and exact or
 * wider; "seconds=cap" stands for the cap. */
enum { URL, VALUE, RESULT, WIDTH, COLUMNS };

static const struct scope_url mail = {.scheme = "imap", .place = {.host = "mail.example.net", .port = 143}};

/* Parses an exact copy; false leaves the reason in *why, which there must be. */
static bool parse(struct setproxy *result, const struct scope_url *url, const char *value, size_t length,
                  const char **why)
{
    char *exact = unit_exact(value, length);
    bool good;

    *why = NULL;
    memset(result, 'x', sizeof *result);
    good = setproxy_parse(result, url, exact, length, CAP, why);
    ck_assert_msg(good || (*why && **why), "no reason for %.*s", (int)length, value);
    /* whatever it says, it never covers something else than what was asked for */
    ck_assert_msg(!good || scope_covers(&result->scope, url), "covers something else: %.*s", (int)length, value);
    ck_assert_msg(!good || result->wider == (result->scope.kind != SCOPE_EXACT), "wider: %.*s", (int)length, value);
    ck_assert_msg(!good || result->action != SETPROXY_SET || result->proxy.port > 0, "port 0: %.*s", (int)length,
                  value);
    free(exact);
    return good;
}

/* As the table writes it. */
static const char *format(const struct setproxy *result, char *out, size_t size)
{
    static const char *const actions[] = {"SET", "DIRECT", "IPL"};
    struct setproxy_lifetime lifetime = result->lifetime;
    char proxy[ENDPOINT_URL_MAX] = "-", text[48];
    bool capped = lifetime.seconds == CAP;

    if (result->action == SETPROXY_SET)
        endpoint_format_url(&result->proxy, proxy);
    if (!capped)
        setproxy_format_lifetime(&lifetime, text);
    else if (lifetime.hits)
        snprintf(text, sizeof text, "hits=%u,seconds=cap", lifetime.hits);
    else
        snprintf(text, sizeof text, "seconds=cap");
    snprintf(out, size, "%s %s %s", actions[result->action], proxy, text);
    return out;
}

static void read_url(struct scope_url *url, const struct unit_cell *cell, const char *where)
{
    ck_assert_msg(scope_url_parse(url, cell->bytes), "%s: the URL", where);
}

static void check_row(const struct unit_cell *cells, const char *where)
{
    struct setproxy result;
    struct scope_url url;
    const char *why;
    char got[600];

    read_url(&url, &cells[URL], where);
    if (!parse(&result, &url, cells[VALUE].bytes, cells[VALUE].length, &why)) {
        ck_assert_msg(unit_cell_is(&cells[RESULT], "malformed"), "%s: malformed: %s", where, why);
        ck_assert_msg(unit_cell_is(&cells[WIDTH], "-"), "%s: the width of what is malformed", where);
        return;
    }
    format(&result, got, sizeof got);
    ck_assert_msg(unit_cell_is(&cells[RESULT], got), "%s: %s", where, got);
    ck_assert_msg(unit_cell_is(&cells[WIDTH], result.wider ? "wider" : "exact"), "%s: width", where);
}

START_TEST(each_case_of_the_table)
{
    unit_table("set-proxy.tsv", COLUMNS, check_row);
}
END_TEST

/* Cut short, spoilt or doubled at each byte, a value is still read within its bytes and to one end or the other. */
static void spoil_row(const struct unit_cell *cells, const char *where)
{
    static const char spoilers[] = "\"\\=,; \t\0*/:@[].%\x80";
    char text[2 * SETPROXY_VALUE_MAX];
    struct setproxy result;
    struct scope_url url;
    const char *why;

    read_url(&url, &cells[URL], where);
    for (size_t at = 0; at <= cells[VALUE].length; at++) {
        parse(&result, &url, cells[VALUE].bytes, at, &why);
        parse(&result, &url, cells[VALUE].bytes + at, cells[VALUE].length - at, &why);
        for (size_t k = at % 4; k < sizeof spoilers - 1; k += 4) { /* others at the next byte */
            memcpy(text, cells[VALUE].bytes, cells[VALUE].length + 1);
            memmove(text + at + 1, text + at, cells[VALUE].length - at);
            text[at] = spoilers[k];
            parse(&result, &url, text, cells[VALUE].length + 1, &why);
        }
    }
}

START_TEST(spoilt_values_are_read_to_an_end)
{
    unit_table("set-proxy.tsv", COLUMNS, spoil_row);
}
END_TEST

/* --- blanks and separators --- */

static const char *const equals[] = {"=", " =", "= ", " = ", "\t=", "=\t", "\t =  \t"};
static const char *const separators[] = {",", ";", " ", "\t", ", ", " ;", "; ", "\t,\t", ",;", " , ; ", "   "};
#define EQUALS (sizeof equals / sizeof equals[0])
#define SEPARATORS (sizeof separators / sizeof separators[0])

static void must_read(const char *value, const char *wanted, bool wider)
{
    struct setproxy result;
    const char *why = "";
    char got[600];

    ck_assert_msg(parse(&result, &mail, value, strlen(value), &why), "%s: %s", value, why);
    ck_assert_msg(strcmp(format(&result, got, sizeof got), wanted) == 0, "%s: %s", value, got);
    ck_assert_msg(result.wider == wider, "%s: width", value);
}

START_TEST(the_drafts_spelling_with_every_split)
{
    char value[400];

    for (size_t all = 0; all < SEPARATORS * SEPARATORS * EQUALS * EQUALS * 2; all++) {
        const char *first = separators[all % SEPARATORS], *second = separators[all / SEPARATORS % SEPARATORS];
        const char *left = equals[all / SEPARATORS / SEPARATORS % EQUALS];
        const char *right = equals[all / SEPARATORS / SEPARATORS / EQUALS % EQUALS];
        const char *quote = all & 1 ? "\"" : "";

        snprintf(value, sizeof value, "SET%sproxyURI%s%shttp://p.example.net:8080/%s%sscope%s%simap://*.example.net/%s"
                 "%sseconds%s%s60%s", first, left, quote, quote, second, right, quote, quote, first, left, quote,
                 quote);
        must_read(value, "SET http://p.example.net:8080 seconds=60", true);
    }
}
END_TEST

START_TEST(the_notes_spelling_with_every_split)
{
    char value[400];

    for (size_t all = 0; all < SEPARATORS * SEPARATORS * EQUALS * EQUALS * 2; all++) {
        const char *first = separators[all % SEPARATORS], *second = separators[all / SEPARATORS % SEPARATORS];
        const char *left = equals[all / SEPARATORS / SEPARATORS % EQUALS];
        const char *right = equals[all / SEPARATORS / SEPARATORS / EQUALS % EQUALS];
        const char *quote = all & 1 ? "\"" : "";

        snprintf(value, sizeof value, "%shttp://p.example.net:8080/%sscope%s%simap://mail.example.net/%s%stype%s%shits"
                 "%s%scount%s%s5%s%s", all & 2 ? " \t" : "", first, left, quote, quote, second, right, quote, quote,
                 first, left, quote, quote, all & 4 ? "" : second);
        must_read(value, "SET http://p.example.net:8080 hits=5", false);
    }
}
END_TEST

START_TEST(what_may_not_be_split_is_not)
{
    static const char *const rows[] = {
        "http://p. example.net/", "http://p.example.net/ type=on ce", "S ET; proxyURI=http://p.example.net/",
        "http://p.example.net/ ty pe=once", "http://p.example.net/ lifetime=6 00 seconds",
        "http://p.example.net/ scope=imap://mail. example.net/", "http://p.example.net/ scope=imap://mail,example.net/",
        "SET; proxyURI=\"http://p.example.net/ \"", "SET; proxyURI=\" http://p.example.net/\"",
        "http://p.example.net/ lifetime=\"6 \"",
    };
    struct setproxy result;
    const char *why;
    size_t refused = 0;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        refused += !parse(&result, &mail, rows[i], strlen(rows[i]), &why);
    /* "ty" and "00" are parameters that we do not know and pass over */
    ck_assert_uint_eq(refused, sizeof rows / sizeof rows[0] - 2);
}
END_TEST

START_TEST(names_of_parameters_in_any_case)
{
    must_read("sEt; PrOxYuRi=http://p.example.net SCOPE=* Seconds=5 HITS=4",
              "SET http://p.example.net:80 hits=4,seconds=5", true);
    must_read("http://p.example.net sCoPe=IMAP://MAIL.EXAMPLE.NET TYPE=HITS Count=5",
              "SET http://p.example.net:80 hits=5", false);
    must_read("http://p.example.net Type=LifeTime=7", "SET http://p.example.net:80 seconds=7", false);
    must_read("http://p.example.net LIFETIME=7", "SET http://p.example.net:80 seconds=7", false);
}
END_TEST

/* --- bounds --- */

START_TEST(a_value_may_be_so_long_and_no_longer)
{
    char text[SETPROXY_VALUE_MAX + 2] = "http://p.example.net/ x=";
    size_t start = strlen(text);
    struct setproxy result;
    const char *why;

    memset(text + start, 'y', sizeof text - start);
    ck_assert(parse(&result, &mail, text, SETPROXY_VALUE_MAX, &why));
    ck_assert(!parse(&result, &mail, text, SETPROXY_VALUE_MAX + 1, &why));
    ck_assert_str_eq(why, "it is too long");
}
END_TEST

START_TEST(the_cap_is_the_callers)
{
    static const char value[] = "http://p.example.net/ lifetime=100 hits=1000000";
    struct setproxy result;
    const char *why;

    ck_assert(setproxy_parse(&result, &mail, value, sizeof value - 1, 99, &why));
    ck_assert_uint_eq(result.lifetime.seconds, 99);
    ck_assert_uint_eq(result.lifetime.hits, 1000000);
    ck_assert(setproxy_parse(&result, &mail, value, sizeof value - 1, 101, &why));
    ck_assert_uint_eq(result.lifetime.seconds, 100);
}
END_TEST

START_TEST(every_control_byte_is_refused)
{
    for (int byte = 0; byte < 0x20; byte++) {
        char text[] = "http://p.example.net/ x=?";
        struct setproxy result;
        const char *why;

        if (byte == '\t')
            continue;
        text[sizeof text - 2] = (char)byte;
        ck_assert_msg(!parse(&result, &mail, text, sizeof text - 1, &why), "byte %d", byte);
        ck_assert_str_eq(why, "it has a control byte");
    }
}
END_TEST

START_TEST(each_fault_has_its_own_words)
{
    static const struct {
        const char *value, *why;
    } rows[] = {
        {"", "it is empty"},
        {"SET; scope=*", "it names no proxy"},
        {"http://p.example.net lifetime=5 lifetime=6", "a parameter is given twice"},
        {"http://p.example.net lifetime=-5", "a number is not made of digits"},
        {"http://p.example.net scope=nntp://", "its scope does not cover this request"},
        {"http://p.example.net scope", "a parameter has no value"},
        {"http://p.example.net =x", "a parameter has no name"},
        {"http://p.example.net scope=\"*", "a quote is missing"},
        {"http://p.example.net scope=\"*\"x", "text behind a quoted value"},
        {"http://p.example.net type=hits", "type=hits without a count"},
        {"http://p.example.net type=lifetime", "type=lifetime without a number"},
        {"http://p.example.net type=never", "a type that there is not"},
        {"ftp://p.example.net", "a proxy's URL starts with http:// or https://"},
        {"http://u:p@p.example.net", "a proxy's URL holds no user and no password"},
        {"http://p.example.net/x", "a proxy's URL ends behind the port"},
    };
    struct setproxy result;
    const char *why;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert_msg(!parse(&result, &mail, rows[i].value, strlen(rows[i].value), &why), "%s", rows[i].value);
        ck_assert_msg(strcmp(why, rows[i].why) == 0, "%s: %s", rows[i].value, why);
    }
}
END_TEST

/* --- Location --- */

START_TEST(location_alone_is_for_this_url_and_once)
{
    static const struct {
        const char *value, *proxy; /* NULL: malformed */
    } rows[] = {
        {"http://P.example.net:8080/", "http://p.example.net:8080"},
        {"https://p.example.net", "https://p.example.net:443"},
        {"http://[2001:DB8::2]/", "http://[2001:db8::2]:80"},
        {"http://p.example.net/login", NULL},
        {"/login", NULL},
        {"", NULL},
        {"http://u@p.example.net/", NULL},
        {"http://p.example.net/ scope=*", NULL},
        {"DIRECT", NULL},
        {"imap://p.example.net/", NULL},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t length = strlen(rows[i].value);
        char *value = unit_exact(rows[i].value, length), got[ENDPOINT_URL_MAX];
        struct setproxy result;
        const char *why = NULL;
        bool good = setproxy_from_location(&result, &mail, value, length, &why);

        ck_assert_msg(good == (rows[i].proxy != NULL), "%s", rows[i].value);
        if (good) {
            ck_assert_int_eq(result.action, SETPROXY_SET);
            ck_assert_str_eq(endpoint_format_url(&result.proxy, got), rows[i].proxy);
            ck_assert(result.lifetime.once && !result.wider);
            ck_assert(result.scope.kind == SCOPE_EXACT && scope_covers(&result.scope, &mail));
        } else {
            ck_assert_msg(why && *why, "%s", rows[i].value);
        }
        free(value);
    }
}
END_TEST

START_TEST(lifetimes_are_written)
{
    static const struct {
        struct setproxy_lifetime lifetime;
        const char *text;
    } rows[] = {
        {{.once = true, .hits = 3, .seconds = 4}, "once"},
        {{.hits = 3}, "hits=3"},
        {{.seconds = 4}, "seconds=4"},
        {{.hits = 3, .seconds = 4}, "hits=3,seconds=4"},
        {{.hits = 0}, "forever"},
        {{.hits = UINT32_MAX, .seconds = UINT32_MAX}, "hits=4294967295,seconds=4294967295"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *out = malloc(48);

        ck_assert_str_eq(setproxy_format_lifetime(&rows[i].lifetime, out), rows[i].text);
        free(out);
    }
}
END_TEST

START_TEST(places_are_written)
{
    static const struct {
        struct setproxy said;
        const char *text;
    } rows[] = {
        {{.action = SETPROXY_SET, .proxy = {.host = "b", .port = 3128, .tls = true}}, "https://b:3128"},
        {{.action = SETPROXY_DIRECT}, "direct"},
        {{.action = SETPROXY_IPL}, "configuration"},
    };
    char *out = malloc(ENDPOINT_URL_MAX);

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert_str_eq(setproxy_format_place(&rows[i].said, out), rows[i].text);
    free(out);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("setproxy");

    tcase_add_test(cases, each_case_of_the_table);
    tcase_add_test(cases, spoilt_values_are_read_to_an_end);
    tcase_add_test(cases, the_drafts_spelling_with_every_split);
    tcase_add_test(cases, the_notes_spelling_with_every_split);
    tcase_add_test(cases, what_may_not_be_split_is_not);
    tcase_add_test(cases, names_of_parameters_in_any_case);
    tcase_add_test(cases, a_value_may_be_so_long_and_no_longer);
    tcase_add_test(cases, the_cap_is_the_callers);
    tcase_add_test(cases, every_control_byte_is_refused);
    tcase_add_test(cases, each_fault_has_its_own_words);
    tcase_add_test(cases, location_alone_is_for_this_url_and_once);
    tcase_add_test(cases, lifetimes_are_written);
    tcase_add_test(cases, places_are_written);
    return unit_run();
}
