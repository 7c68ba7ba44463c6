/* SPDX-License-Identifier: ISC */
#include "findproxy/desktop_pac.h"

#include <stdio.h>
#include <string.h>

#include "../unit.h"

static char place[DESKTOP_PLACE_MAX];

START_TEST(gnome_names_a_file_only_when_it_is_automatic)
{
    static const char url[] = "'https://wpad.example.net/proxy.pac'\n";

    ck_assert_int_eq(desktop_pac_gnome("'auto'\n", url, place), DESKTOP_PAC_PLACE);
    ck_assert_str_eq(place, "https://wpad.example.net/proxy.pac");
    ck_assert_int_eq(desktop_pac_gnome("'none'\n", url, place), DESKTOP_PAC_NONE);
    ck_assert_int_eq(desktop_pac_gnome("'manual'\n", url, place), DESKTOP_BY_HAND);
    ck_assert_int_eq(desktop_pac_gnome("", "", place), DESKTOP_PAC_NONE);
    ck_assert_int_eq(desktop_pac_gnome("'auto'\n", "''\n", place), DESKTOP_PAC_DETECT);
    ck_assert_int_eq(desktop_pac_gnome("'auto'\n", "", place), DESKTOP_PAC_DETECT);
}
END_TEST

START_TEST(kde_names_a_file_only_when_it_is_automatic)
{
    ck_assert_int_eq(desktop_pac_kde("[Proxy Settings]\nProxy Config Script=http://p.test/x.pac\nProxyType=2\n", place),
                     DESKTOP_PAC_PLACE);
    ck_assert_str_eq(place, "http://p.test/x.pac");
    ck_assert_int_eq(desktop_pac_kde("[Proxy Settings][$i]\nProxyType=2\nProxy Config Script=/a\n[Other]\nProxyType=0",
                                     place), DESKTOP_PAC_PLACE);
    ck_assert_str_eq(place, "/a");
    ck_assert_int_eq(desktop_pac_kde("[Proxy Settings][More]\nProxyType=2\n[Other]\nProxyType=2\n", place),
                     DESKTOP_PAC_NONE);
    ck_assert_int_eq(desktop_pac_kde("[Proxy Settings]\r\nProxyType[$e]= 2 \r\nProxy Config Script[$e]=/etc/p.pac\r\n",
                                     place), DESKTOP_PAC_PLACE);
    ck_assert_str_eq(place, "/etc/p.pac");
    ck_assert_int_eq(desktop_pac_kde("[Proxy Settings]\nProxy Config Script=http://p.test/x.pac\nProxyType=1", place),
                     DESKTOP_BY_HAND);
    ck_assert_int_eq(desktop_pac_kde("[Proxy Settings]\nProxy Config Script=http://p.test/x.pac\n", place),
                     DESKTOP_PAC_NONE);
    ck_assert_int_eq(desktop_pac_kde("[Proxy Settings]\nProxyType=2\n", place), DESKTOP_PAC_DETECT);
    ck_assert_int_eq(desktop_pac_kde("[Proxy Settings]\nProxyType=3", place), DESKTOP_PAC_DETECT);
    ck_assert_int_eq(desktop_pac_kde("[Proxy Settings]\nProxyType=22\n", place), DESKTOP_PAC_NONE);
    ck_assert_int_eq(desktop_pac_kde("ProxyType=2\n[Proxy Settings", place), DESKTOP_PAC_NONE);
    ck_assert_int_eq(desktop_pac_kde("", place), DESKTOP_PAC_NONE);
}
END_TEST

START_TEST(a_place_is_a_url_or_a_path)
{
    char much[DESKTOP_PLACE_MAX + 8];

    ck_assert_int_eq(desktop_pac_gnome("'auto'", "'file:///etc/proxy.pac'", place), DESKTOP_PAC_PLACE);
    ck_assert_str_eq(place, "/etc/proxy.pac");
    ck_assert_int_eq(desktop_pac_gnome("'auto'", "'HTTP://p.example/'", place), DESKTOP_PAC_PLACE);
    ck_assert_int_eq(desktop_pac_gnome("'auto'", "'file:///etc/my%20proxy.pac'", place), DESKTOP_PAC_BAD);
    ck_assert_int_eq(desktop_pac_gnome("'auto'", "'file://host/proxy.pac'", place), DESKTOP_PAC_BAD);
    ck_assert_int_eq(desktop_pac_gnome("'auto'", "'ftp://p.example/x'", place), DESKTOP_PAC_BAD);
    ck_assert_int_eq(desktop_pac_gnome("'auto'", "'proxy.pac'", place), DESKTOP_PAC_BAD);
    ck_assert_int_eq(desktop_pac_gnome("'auto'", "'http://p.example/a b'", place), DESKTOP_PAC_BAD);
    ck_assert_int_eq(desktop_pac_gnome("'auto'", "'http://p.example/\n'", place), DESKTOP_PAC_BAD);
    for (int length = DESKTOP_PLACE_MAX - 1; length <= DESKTOP_PLACE_MAX; length++) {
        snprintf(much, sizeof much, "'http://%0*d'", length - 7, 0);
        ck_assert_int_eq(desktop_pac_gnome("'auto'", much, place),
                         length < DESKTOP_PLACE_MAX ? DESKTOP_PAC_PLACE : DESKTOP_PAC_BAD);
    }
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("desktop_pac");

    tcase_add_test(cases, gnome_names_a_file_only_when_it_is_automatic);
    tcase_add_test(cases, kde_names_a_file_only_when_it_is_automatic);
    tcase_add_test(cases, a_place_is_a_url_or_a_path);
    return unit_run();
}
