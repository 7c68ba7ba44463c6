/* SPDX-License-Identifier: ISC */
#include "proxy/announcement.h"

#include "../unit.h"

static struct config *config;

/* One proxy "", with these keys, and the listener [imap] that uses it, with those. */
static const struct listener_config *set_up(const char *proxy, const char *listener)
{
    char text[400];

    snprintf(text, sizeof text, "[proxy]\nurl = http://a:3128\n%s\n[imap]\ntarget = mail.example.net\n%s\n", proxy,
             listener);
    config = unit_config(text);
    return &config->listeners[0];
}

START_TEST(a_proxy_is_told_what_its_section_says)
{
    const struct listener_config *listener = set_up("announce = upgrade alpn\nmethod = connect-uri", "");
    struct connect_request request = {0};

    announcement_set(&request, listener, listener->proxy);
    ck_assert_uint_eq(request.method, METHOD_CONNECT_URI);
    ck_assert_uint_eq(request.announce, ANNOUNCE_UPGRADE | ANNOUNCE_ALPN);
    ck_assert_str_eq(request.token, "IMAP");
    ck_assert_str_eq(request.scheme, "imap");
    ck_assert_str_eq(request.alpn, "imap");
    ck_assert_ptr_eq(request.protocol, listener->protocol);
    ck_assert(!announcement_needs_switch(listener, listener->proxy));
    config_unref(config);
}
END_TEST

START_TEST(a_switch_is_needed_where_either_section_says_so)
{
    const struct listener_config *listener = set_up("require-switch = yes", "");
    struct proxy_config weaker = {0};

    ck_assert(announcement_needs_switch(listener, listener->proxy));
    ck_assert(announcement_needs_switch(listener, &weaker));
    config_unref(config);
    listener = set_up("", "");
    weaker.require_switch = true;
    ck_assert(announcement_needs_switch(listener, &weaker));
    config_unref(config);
}
END_TEST

START_TEST(who_is_not_announced_asks_by_connect_and_no_more)
{
    struct listener_config listener = *set_up("announce = upgrade alpn new-protocol\nmethod = proxy\n"
                                              "require-switch = yes", "");
    struct connect_request request = {0};

    listener.unannounced = true;
    announcement_set(&request, &listener, listener.proxy);
    ck_assert_uint_eq(request.method, METHOD_CONNECT);
    ck_assert_uint_eq(request.announce, 0);
    ck_assert(!announcement_needs_switch(&listener, listener.proxy));
    config_unref(config);
}
END_TEST

int main(void)
{
    TCase *tests = unit_case("announcement");

    tcase_add_test(tests, a_proxy_is_told_what_its_section_says);
    tcase_add_test(tests, a_switch_is_needed_where_either_section_says_so);
    tcase_add_test(tests, who_is_not_announced_asks_by_connect_and_no_more);
    return unit_run();
}
