/* SPDX-License-Identifier: ISC */
#include "relay/request_target.h"

#include <stdlib.h>
#include <string.h>

#include "../unit.h"

#define AT REQUEST_TARGET_PREFIX

static char imap[] = "/mail/imap", news[] = "/news?group=1";
static const struct value_paths paths = {
    .count = 2,
    .at = {
        {.path = imap, .leads_to = {.host = "Home", .port = 143}},
        {.path = news, .leads_to = {.host = "news", .port = 119}},
    },
};

/* Reads a request whose texts end where they end. */
static struct request_target read_target(const char *method, const char *target)
{
    char *method_bytes = unit_exact(method, strlen(method)), *target_bytes = unit_exact(target, strlen(target));
    struct http_head_slice verb = {method_bytes, strlen(method)}, what = {target_bytes, strlen(target)};
    struct request_target out;

    request_target_read(&out, &verb, &what, &paths);
    free(method_bytes);
    free(target_bytes);
    return out;
}

static const struct {
    const char *method, *target, *host;
    unsigned port;
    enum request_wish wish;
} there[] = {
    {"GET", AT "home/993/", "home", 993, WISH_REGISTER},
    {"GET", AT "HoMe.Example/993/", "home.example", 993, WISH_REGISTER},
    {"GET", AT "%68ome/993/", "home", 993, WISH_REGISTER}, /* once */
    {"GET", AT "192.0.2.7/25/", "192.0.2.7", 25, WISH_REGISTER},
    {"GET", AT "2001%3Adb8%3A%3A42/443/", "2001:db8::42", 443, WISH_REGISTER},
    {"GET", AT "2001%3aDB8%3a0%3A0%3A0%3A0%3A0%3A42/443/", "2001:db8::42", 443, WISH_REGISTER},
    {"GET", "http://relay.example" AT "home/993/", "home", 993, WISH_REGISTER},
    {"GET", "HTTPS://relay.example:8443" AT "home/993/", "home", 993, WISH_REGISTER},
    {"CONNECT", "home:993", "home", 993, WISH_CONNECT},
    {"CONNECT", "HOME:993", "home", 993, WISH_CONNECT},
    {"CONNECT", "[2001:DB8:0::42]:443", "2001:db8::42", 443, WISH_CONNECT},
    {"OPTIONS", "/mail/imap", "home", 143, WISH_SWITCH},
    {"OPTIONS", "/news?group=1", "news", 119, WISH_SWITCH},
    {"OPTIONS", "http://relay.example/mail/imap", "home", 143, WISH_SWITCH},
};

START_TEST(what_is_here_is_found)
{
    struct request_target out = read_target(there[_i].method, there[_i].target);

    ck_assert_int_eq(out.wish, there[_i].wish);
    ck_assert_str_eq(out.name.host, there[_i].host);
    ck_assert_uint_eq(out.name.port, there[_i].port);
    ck_assert_ptr_null(out.allow);
}
END_TEST

static const char *const nothing[] = {
    "/", "*", "/index.html", "", "relay.example", "http://", "http://relay.example", "http:///",
    "http://" AT "home/993/",
    "/.well-known/reverse/tcp", AT, AT "/", AT "//", AT "home", AT "home/", AT "home/993", AT "/993/",
    AT "home/993//", AT "home/993/x", AT "home/993/?a", AT "home//", AT "home/0/", AT "home/0993/", AT "home/65536/",
    AT "home/+993/", AT "home/99 3/", AT "home/%39/", AT "home/-1/", AT "home/https/",
    /* tricks with the path */
    AT "%2e%2e/993/", AT "../993/", AT "./home/993/", AT "home/../bob/993/", AT "%00/993/", AT "home%00/993/",
    AT "%252e/993/", AT "%2568ome/993/", AT "home%2f993/", AT "home%2F25%2F/993/", AT "%/993/", AT "%6/993/",
    AT "%zz/993/", AT "a..b/993/", AT ".home/993/", AT "ho me/993/", AT "%20/993/",
    AT "%0d%0a/993/", AT "h%C3%B6m/993/",
    "/.well-known/../.well-known/reverse/tcp/home/993/", "//.well-known/reverse/tcp/home/993/",
    "/.Well-Known/reverse/tcp/home/993/", "/%2ewell-known/reverse/tcp/home/993/", "/x" AT "home/993/",
    /* and with addresses */
    AT "[2001:db8::42]/443/", AT "%5B2001%3Adb8%3A%3A42%5D/443/", AT "home%3A25/993/", AT "::1%25lo/25/",
    AT "fe80%3A%3A1%25eth0/25/", AT "%3A%3A%3A/25/", AT "1%3A2/25/",
    /* no path that leads anywhere */
    "/mail/imap/", "/mail/imap?", "/mail/ima", "/Mail/imap", "/mail%2fimap", "/news", "/news?group=12",
};

START_TEST(all_else_is_not_here)
{
    static const char *const methods[] = {"GET", "OPTIONS", "POST", "get"};

    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        struct request_target out = read_target(methods[i], nothing[_i]);

        ck_assert_msg(out.wish == WISH_NOTHING, "%s %s: %d", methods[i], nothing[_i], out.wish);
    }
}
END_TEST

START_TEST(a_path_that_is_here_says_which_method_it_wants)
{
    static const char *const others[] = {"HEAD", "POST", "get", "CONNECTS", "G", "OPTION"};

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        ck_assert_int_eq(read_target(others[i], AT "home/993/").wish, WISH_OTHER_METHOD);
        ck_assert_str_eq(read_target(others[i], AT "home/993/").allow, "GET");
    }
    ck_assert_str_eq(read_target("OPTIONS", AT "home/993/").allow, "GET");
    ck_assert_int_eq(read_target("GET", "/mail/imap").wish, WISH_OTHER_METHOD);
    ck_assert_str_eq(read_target("GET", "/mail/imap").allow, "OPTIONS");
}
END_TEST

START_TEST(connect_takes_a_host_and_a_port_only)
{
    static const char *const bad[] = {
        "", "home", "home:", ":993", "home:0", "home:65536", "home:993/", "http://home:993", "2001:db8::42:443", "::1",
        "[::1]", "[::1%lo]:25", "home%2e:993", "a..b:993", "home:993 x", "user@home:993", "/mail/imap", "*",
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(read_target("CONNECT", bad[i]).wish == WISH_UNREADABLE, "%s", bad[i]);
    ck_assert_int_eq(read_target("connect", "home:993").wish, WISH_NOTHING);
}
END_TEST

START_TEST(a_name_that_is_too_long_is_not_here)
{
    char target[2048] = AT, *at = target + strlen(target);

    for (size_t i = 0; i < 127; i++, at += 2)
        memcpy(at, "a.", 2);
    memcpy(at - 1, "/993/", sizeof "/993/");
    ck_assert_int_eq(read_target("GET", target).wish, WISH_REGISTER); /* 253 bytes */
    memcpy(at, "a/993/", sizeof "a/993/");
    at[-1] = '.';
    ck_assert_int_eq(read_target("GET", target).wish, WISH_NOTHING);
    memset(target + strlen(AT), '1', 1500);
    memcpy(target + strlen(AT) + 700, "%3A", 3);
    memcpy(target + strlen(AT) + 1500, "/993/", sizeof "/993/");
    ck_assert_int_eq(read_target("GET", target).wish, WISH_NOTHING);
}
END_TEST

int main(void)
{
    TCase *tcase = unit_case("request_target");

    tcase_add_loop_test(tcase, what_is_here_is_found, 0, (int)(sizeof there / sizeof there[0]));
    tcase_add_loop_test(tcase, all_else_is_not_here, 0, (int)(sizeof nothing / sizeof nothing[0]));
    tcase_add_test(tcase, a_path_that_is_here_says_which_method_it_wants);
    tcase_add_test(tcase, connect_takes_a_host_and_a_port_only);
    tcase_add_test(tcase, a_name_that_is_too_long_is_not_here);
    return unit_run();
}
