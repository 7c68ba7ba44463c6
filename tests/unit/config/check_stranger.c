/* SPDX-License-Identifier: ISC */
#include "config/stranger.h"

#include <stdlib.h>
#include <string.h>

#include "config/config.h"

#include "../unit.h"

#define FOUND "[proxy]\nurl = pac:https://w.example/p\ntrusted = p.example\nuser = me\n"
#define LISTENER "[imap]\ntarget = mail.example.net\n"

static void has_nothing_of_ours(const struct proxy_config *stranger)
{
    ck_assert_ptr_null(stranger->user);
    ck_assert(!stranger->password && !stranger->password_file && !stranger->password_command);
    ck_assert_uint_eq(stranger->auth, AUTH_NONE);
    ck_assert_uint_eq(stranger->headers.count, 0);
    ck_assert_ptr_null(stranger->headers.at[0]);
    ck_assert(!stranger->cert_file && !stranger->key_file);
    ck_assert_ptr_null(stranger->stranger);
}

START_TEST(a_stranger_gets_nothing_of_ours)
{
    struct config *config = unit_config(FOUND "password = x\nauth = digest\nheader = X-A: 1\nca-file = /dev/null\n"
                                        "cert-file = /dev/null\nkey-file = /dev/null\nverify = no\nhttp = auto\n"
                                        "announce = alpn\nfallback = direct\npac-url = imap://{host}\n" LISTENER);
    const struct proxy_config *section = &config->proxies[0], *stranger = section->stranger;

    ck_assert_ptr_nonnull(stranger);
    has_nothing_of_ours(stranger);
    ck_assert_ptr_eq(stranger->label, section->label);
    ck_assert_ptr_eq(stranger->ca_file, section->ca_file);
    ck_assert(!stranger->verify);
    ck_assert_uint_eq(stranger->http, PROXY_HTTP_AUTO);
    ck_assert_uint_eq(stranger->announce, section->announce);
    ck_assert_uint_eq(stranger->fallback, FALLBACK_DIRECT);
    ck_assert_uint_eq(stranger->urls.source, PLACES_PAC);
    ck_assert_str_eq(section->user, "me"); /* who keeps it all */
    ck_assert_uint_eq(section->headers.count, 1);
    config_unref(config);
}
END_TEST

/* Neither do the other ways to a password, nor a ticket. */
START_TEST(no_password_of_any_kind_goes_to_a_stranger)
{
    static const char *const keys[] = {FOUND "password-file = /dev/null\n", FOUND "password-command = echo x\n",
                                       "[proxy]\nurl = system\n",
                                       "[proxy]\nurl = system\ntrusted = p.example\nauth = negotiate\n"};

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        char text[300];
        struct config *config;

        snprintf(text, sizeof text, "%s" LISTENER, keys[i]);
        config = unit_config(text);
        has_nothing_of_ours(config->proxies[0].stranger);
        config_unref(config);
    }
}
END_TEST

START_TEST(who_lists_proxies_knows_no_strangers)
{
    struct config *config = unit_config("[proxy]\nurl = http://p.example\n[proxy e]\nurl = environment\n" LISTENER);

    ck_assert_ptr_null(config->proxies[0].stranger);
    ck_assert_ptr_null(config->proxies[1].stranger);
    config_unref(config);
}
END_TEST

START_TEST(each_way_of_finding_knows_strangers)
{
    struct config *config = unit_config("[proxy]\nurl = pac:http://p.example\ninsecure = yes\n"
                                        "[proxy s]\nurl = system\n[proxy c]\nurl = command:/bin/sh\n" LISTENER);

    for (size_t i = 0; i < 3; i++)
        ck_assert_ptr_nonnull(config->proxies[i].stranger);
    config_unref(config);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("stranger");

    tcase_add_test(cases, a_stranger_gets_nothing_of_ours);
    tcase_add_test(cases, no_password_of_any_kind_goes_to_a_stranger);
    tcase_add_test(cases, who_lists_proxies_knows_no_strangers);
    tcase_add_test(cases, each_way_of_finding_knows_strangers);
    return unit_run();
}
