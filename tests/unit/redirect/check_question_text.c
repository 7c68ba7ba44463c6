/* SPDX-License-Identifier: ISC */
#include "redirect/question_text.h"

#include <string.h>

#include "../unit.h"

#define IMAP "imap://mail.example.net:143/"
#define IMAPS "imaps://mail.example.net:993/"
#define MINUTES "for 10 minutes"

/* What is asked when the field says this of a request for the URL. */
static const char *text_for(const char *asked, const char *value, char out[QUESTION_TEXT_MAX])
{
    const struct endpoint sender = {.host = "a.example.net", .port = 3128, .tls = true};
    struct setproxy said;
    struct scope_url url;
    const char *why;

    ck_assert(scope_url_parse(&url, asked));
    ck_assert_msg(setproxy_parse(&said, &url, value, strlen(value), 864000, &why), "%s: %s", value, why);
    return question_text(&sender, &said, out);
}

/* Columns: the URL asked for, the parameters of the field, what moves, and for how long. */
START_TEST(it_says_what_moves_where_and_for_how_long)
{
    static const char *const rows[][4] = {
        {IMAPS, "scope=imaps:// seconds=600", "all IMAP over TLS", MINUTES},
        {IMAP, "scope=imap:// seconds=600", "all IMAP", MINUTES},
        {"smtps://a:465/", "scope=smtps:// seconds=600", "all SMTP over TLS", MINUTES},
        {"nntp://a:119/", "scope=nntp:// seconds=600", "all NNTP", MINUTES},
        {"gopher://a:70/", "scope=gopher:// seconds=600", "all gopher", MINUTES},
        {IMAP, "scope=* seconds=600", "everything", MINUTES},
        {IMAPS, "scope=imaps://mail.example.net/ seconds=600", "IMAP over TLS to mail.example.net:993", MINUTES},
        {IMAP, "scope=imap://*.example.net/ seconds=600", "IMAP to example.net:143 and every name below it", MINUTES},
        {IMAP, "scope=*://mail.example.net/ seconds=600", "everything to mail.example.net", MINUTES},
        {"imap://mail.example.net:99/", "scope=*://mail.example.net:99/ seconds=600",
         "everything to mail.example.net:99", MINUTES},
        {IMAP, "scope=* type=once", "everything", "for this connection"},
        {IMAP, "scope=* type=forever", "everything", "until sallyport ends"},
        {IMAP, "scope=* hits=1", "everything", "for 1 connection"},
        {IMAP, "scope=* hits=5", "everything", "for 5 connections"},
        {IMAP, "scope=* hits=5 seconds=60", "everything", "for 5 connections or 1 minute, whichever ends first"},
        {IMAP, "scope=* seconds=1", "everything", "for 1 second"},
        {IMAP, "scope=* seconds=5400", "everything", "for 1 hour 30 minutes"},
        {IMAP, "scope=* seconds=93784", "everything", "for 1 day 2 hours 3 minutes 4 seconds"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char value[200], wanted[QUESTION_TEXT_MAX], got[QUESTION_TEXT_MAX];

        snprintf(value, sizeof value, "http://b.example.net:8080/ %s", rows[i][1]);
        snprintf(wanted, sizeof wanted, "sallyport: the proxy https://a.example.net:3128 wants %s to go through the "
                 "proxy http://b.example.net:8080 %s. Allow it?", rows[i][2], rows[i][3]);
        ck_assert_str_eq(text_for(rows[i][0], value, got), wanted);
    }
}
END_TEST

START_TEST(no_proxy_at_all)
{
    char got[QUESTION_TEXT_MAX];

    ck_assert_str_eq(text_for(IMAP, "DIRECT; scope=\"imap://\", seconds=600", got),
                     "sallyport: the proxy https://a.example.net:3128 wants all IMAP to go without a proxy, directly "
                     "to the server, for 10 minutes. Allow it?");
}
END_TEST

/* The longest names that there are, and the longest words, are not cut. */
START_TEST(nothing_is_cut)
{
    struct endpoint sender = {.port = 65535, .tls = true};
    struct setproxy said = {.action = SETPROXY_SET, .lifetime = {.hits = UINT32_MAX, .seconds = UINT32_MAX}};
    char got[QUESTION_TEXT_MAX];

    memset(sender.host, 'a', ENDPOINT_HOST_MAX);
    said.proxy = sender;
    said.scope.kind = SCOPE_DOMAIN;
    memset(said.scope.scheme, 's', SCOPE_SCHEME_MAX - 1);
    said.scope.place = sender;
    question_text(&sender, &said, got);
    ck_assert_msg(strstr(got, ", whichever ends first. Allow it?") != NULL, "%s", got);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("question_text");

    tcase_add_test(cases, it_says_what_moves_where_and_for_how_long);
    tcase_add_test(cases, no_proxy_at_all);
    tcase_add_test(cases, nothing_is_cut);
    return unit_run();
}
