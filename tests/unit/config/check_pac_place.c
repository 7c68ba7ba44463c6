/* SPDX-License-Identifier: ISC */
#include "config/pac_place.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

#define NEITHER "a PAC file is known by https://HOST/PATH or by its full path"
#define NO_USER "a PAC file is fetched without user and password: leave them out of its URL"
#define NO_FILE "a PAC file of this machine is known by its full path alone: leave file:// out"
#define NO_PORT "the port is not a number from 1 to 65535"

static const struct {
    const char *text;
    enum pac_place place;
    const char *why;
} rows[] = {
    {"https://wpad.example.net/proxy.pac", PAC_PLACE_HTTPS, NULL},
    {"HTTPS://wpad.example.net/proxy.pac", PAC_PLACE_HTTPS, NULL},
    {"https://wpad.example.net", PAC_PLACE_HTTPS, NULL},
    {"https://[2001:db8::1]:8443/p?a=b&c=%20", PAC_PLACE_HTTPS, NULL},
    {"https://h/user@site", PAC_PLACE_HTTPS, NULL},
    {"http://192.0.2.1:1/wpad.dat", PAC_PLACE_HTTP, NULL},
    {"/etc/proxy.pac", PAC_PLACE_PATH, NULL},
    {"/home/me/b\xc3\xbcro 1.pac", PAC_PLACE_PATH, NULL},
    {"//host/x", PAC_PLACE_PATH, NULL},
    {"", PAC_PLACE_NONE, NEITHER},
    {"proxy.pac", PAC_PLACE_NONE, NEITHER},
    {"~/proxy.pac", PAC_PLACE_NONE, NEITHER},
    {" /etc/proxy.pac", PAC_PLACE_NONE, NEITHER},
    {"ftp://h/proxy.pac", PAC_PLACE_NONE, NEITHER},
    {"data:,x", PAC_PLACE_NONE, NEITHER},
    {"socks5h://h/x", PAC_PLACE_NONE, NEITHER},
    {"https:/h/x", PAC_PLACE_NONE, NEITHER},
    {"file:///etc/proxy.pac", PAC_PLACE_NONE, NO_FILE},
    {"FILE:/etc/proxy.pac", PAC_PLACE_NONE, NO_FILE},
    {"https://", PAC_PLACE_NONE, "the host is missing"},
    {"https:///x", PAC_PLACE_NONE, "the host is missing"},
    {"https://h:0/x", PAC_PLACE_NONE, NO_PORT},
    {"https://h:65536/x", PAC_PLACE_NONE, NO_PORT},
    {"https://a b/x", PAC_PLACE_NONE, "the host has a byte that no host name has"},
    {"https://[::1/x", PAC_PLACE_NONE, "a bracket is missing"},
    {"https://u@h/x", PAC_PLACE_NONE, NO_USER},
    {"http://u:p@h", PAC_PLACE_NONE, NO_USER},
    {"https://h/x#y", PAC_PLACE_NONE, "a fragment (# and what follows) is never sent: leave it out"},
    {"https://h#y", PAC_PLACE_NONE, "a fragment (# and what follows) is never sent: leave it out"},
    {"https://h?x", PAC_PLACE_NONE, "the path is missing: write a / behind the host"},
    {"https://h/a b", PAC_PLACE_NONE, "a blank stands in the path: write %20"},
    {"https://h/\xc3\xb6", PAC_PLACE_NONE, "the path is not ASCII: write each byte of the character as %XX"},
    {"https://h/%4", PAC_PLACE_NONE, "a % has no two hexadecimal digits behind it: write %25 if it stands for itself"},
    {"https://h/x\x7f", PAC_PLACE_NONE, "a control character stands in the path"},
    {"/etc/\x01", PAC_PLACE_NONE, "a path has a control byte"},
    {"/etc/\x7f", PAC_PLACE_NONE, "a path has a control byte"},
};

START_TEST(each_place)
{
    char *text = unit_exact(rows[_i].text, strlen(rows[_i].text));
    const char *why = NULL;

    ck_assert_msg(pac_place_read(text, strlen(rows[_i].text), &why) == rows[_i].place, "%s: %s", rows[_i].text, why);
    if (rows[_i].why)
        ck_assert_str_eq(why, rows[_i].why);
    free(text);
}
END_TEST

/* A NUL is a byte like others for who says how long the text is. */
START_TEST(a_nul_is_of_no_place)
{
    static const char url[] = "https://h/x\0y", host[] = "https://h\0.example/", path[] = "/etc\0/x";
    const char *why;

    ck_assert_int_eq(pac_place_read(url, sizeof url - 1, &why), PAC_PLACE_NONE);
    ck_assert_int_eq(pac_place_read(host, sizeof host - 1, &why), PAC_PLACE_NONE);
    ck_assert_int_eq(pac_place_read(path, sizeof path - 1, &why), PAC_PLACE_NONE);
}
END_TEST

START_TEST(a_place_is_bounded)
{
    static char text[PATH_MAX + 1];
    const char *why;

    memset(text, 'x', sizeof text);
    memcpy(text, "https://h/", strlen("https://h/"));
    ck_assert_int_eq(pac_place_read(text, PAC_PLACE_URL_MAX, &why), PAC_PLACE_HTTPS);
    ck_assert_int_eq(pac_place_read(text, PAC_PLACE_URL_MAX + 1, &why), PAC_PLACE_NONE);
    ck_assert_str_eq(why, "a PAC file's URL is longer than 2048 bytes");
    text[0] = '/';
    ck_assert_int_eq(pac_place_read(text, PATH_MAX - 1, &why), PAC_PLACE_PATH);
    ck_assert_int_eq(pac_place_read(text, PATH_MAX, &why), PAC_PLACE_NONE);
    ck_assert_str_eq(why, "a path is longer than the system takes");
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("pac_place");

    tcase_add_loop_test(cases, each_place, 0, sizeof rows / sizeof rows[0]);
    tcase_add_test(cases, a_nul_is_of_no_place);
    tcase_add_test(cases, a_place_is_bounded);
    return unit_run();
}
