/* SPDX-License-Identifier: ISC */
#include "auth/web_place.h"

#include <string.h>

#include "../unit.h"

START_TEST(a_url_is_written_anew)
{
    static const struct {
        const char *url, *host, *written;
        uint16_t port;
        bool tls;
    } rows[] = {
        {"https://example.net", "example.net", "https://example.net/", 443, true},
        {"HTTPS://Example.NET:8443/a/../b?c#d", "Example.NET", "https://Example.NET:8443/b?c#d", 8443, true},
        {"http://[2001:db8::1]/x", "2001:db8::1", "http://[2001:db8::1]/x", 80, false},
    };
    struct web_place place = {0};
    const char *why;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert_msg(web_place_read(&place, rows[i].url, &why), "%s: %s", rows[i].url, why);
        ck_assert_str_eq(place.url, rows[i].written);
        ck_assert_str_eq(place.server.host, rows[i].host);
        ck_assert_uint_eq(place.server.port, rows[i].port);
        ck_assert_int_eq(place.server.tls, rows[i].tls);
    }
    web_place_release(&place);
    web_place_release(&place);
}
END_TEST

START_TEST(what_cannot_be_asked_is_told)
{
    static const struct {
        const char *url, *why;
    } rows[] = {
        {"", "its URL cannot be read"},
        {"https:///", "its URL cannot be read"},
        {"https://a b/", "its URL cannot be read"},
        {"file:///etc/passwd", "its URL cannot be read"},
        {"ftp://example.net/", "its URL begins with neither https:// nor http://"},
        {"https://exa\x1bmple.net/", "its URL cannot be read"},
        {"https://example.net/\x1b[2J", "its URL cannot be read"},
        {"https://example.net/\xc2\x9b" "2J\r\n", "its URL cannot be read"},
        {"https://example.net:99999/", "its URL cannot be read"},
        {"https://example.net:0/", "the port is not a number from 1 to 65535"},
        {"https://ex%0aample.net/", "its URL cannot be read"},
        {"https://me@example.net/", "its URL has a user or a password, which is not sent"},
        {"https://:pw@example.net/", "its URL has a user or a password, which is not sent"},
    };
    struct web_place place = {0};
    const char *why;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert(web_place_read(&place, "https://example.net/", &why));
        ck_assert_msg(!web_place_read(&place, rows[i].url, &why), "%s is taken", rows[i].url);
        ck_assert_str_eq(why, rows[i].why);
        ck_assert_ptr_null(place.url);
    }
    ck_assert(!web_place_read(&place, "https://exa_mple..net:0/", &why));
    ck_assert_ptr_nonnull(why);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("web_place");

    tcase_add_test(cases, a_url_is_written_anew);
    tcase_add_test(cases, what_cannot_be_asked_is_told);
    return unit_run();
}
