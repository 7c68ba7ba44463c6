/* SPDX-License-Identifier: ISC */
#include "config/config_secrets.h"

#include <string.h>

#include "../unit.h"
#include "base/secrets.h"
#include "config/config.h"

#define SECRETS "hunter22xyz tokenQQ-1 mail.example.net proxy.example.net imap/important"

static void becomes(const char *expected)
{
    char text[] = SECRETS;

    secrets_withhold(text);
    ck_assert_str_eq(text, expected);
}

static const char given[] =
    "[proxy]\nurl = http://proxy.example.net:3128\nuser = fred\npassword = hunter22xyz\nheader = X-Token: tokenQQ-1\n"
    "header = A: mail.example.net\n"
    "header = B: proxy.example.net\nheader = C: imap/important\n[imap important]\ntarget = mail.example.net\n";

START_TEST(passwords_and_headers_are_secret_and_names_are_not)
{
    struct config *config = unit_config(given);

    becomes("*********** ********* mail.example.net proxy.example.net imap/important");
    config_unref(config);
    becomes(SECRETS);
}
END_TEST

START_TEST(a_reload_forgets_what_is_no_longer_there)
{
    struct config *old = unit_config(given), *same = unit_config(given), *fresh;

    config_unref(old);
    becomes("*********** ********* mail.example.net proxy.example.net imap/important");
    fresh = unit_config("[proxy]\nurl = http://p:3128\nuser = fred\npassword = another\n[imap]\ntarget = m\n");
    config_ref(same); /* a session goes on with it */
    config_unref(same);
    becomes("*********** ********* mail.example.net proxy.example.net imap/important");
    config_unref(same);
    becomes(SECRETS);
    config_unref(fresh);
}
END_TEST

/* Who finds the proxies, and those that are trusted, stand in the log. */
START_TEST(what_is_known_of_found_proxies_is_no_secret)
{
    struct config *config = unit_config(
        "[proxy]\nurl = pac:https://proxy.example.net/p.pac\nuser = fred\npassword = hunter22xyz\n"
        "trusted = mail.example.net\nheader = A: mail.example.net\nheader = X-Token: tokenQQ-1\n"
        "header = B: https://proxy.example.net/p.pac\n[imap important]\ntarget = t\n");
    char text[] = "pac:https://proxy.example.net/p.pac", kept[sizeof text];

    becomes("*********** ********* mail.example.net proxy.example.net imap/important");
    memcpy(kept, text, sizeof text);
    secrets_withhold(text);
    ck_assert_str_eq(text, kept);
    config_unref(config);
    becomes(SECRETS);
}
END_TEST

/* What a [reverse] says to its relay is as secret as what is said to a proxy; the words of all new sections are not. */
START_TEST(a_relay_is_told_secrets_too)
{
    struct config *config = unit_config(
        "[reverse important]\nrelay = https://proxy.example.net/x\ntarget = mail.example.net:143\nuser = fred\n"
        "password = hunter22xyz\nheader = X-Token: tokenQQ-1\nheader = A: mail.example.net\n"
        "header = B: proxy.example.net\nheader = C: reverse/important\nheader = D: relay/somewhere\n"
        "header = E: registered-name\nheader = F: public/imaps\nheader = G: 192.0.2.111\n"
        "[relay somewhere]\nlisten = localhost:8080\nusers = /dev/null\n"
        "[public imaps]\nlisten = 192.0.2.111:993\nname = registered-name:993\nallow = everyone\n");
    char text[] = "reverse/important relay/somewhere registered-name public/imaps 192.0.2.111", kept[sizeof text];

    becomes("*********** ********* mail.example.net proxy.example.net imap/important");
    memcpy(kept, text, sizeof text);
    secrets_withhold(text);
    ck_assert_str_eq(text, kept);
    config_unref(config);
    becomes(SECRETS);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("config_secrets");

    tcase_add_test(cases, passwords_and_headers_are_secret_and_names_are_not);
    tcase_add_test(cases, a_reload_forgets_what_is_no_longer_there);
    tcase_add_test(cases, a_relay_is_told_secrets_too);
    tcase_add_test(cases, what_is_known_of_found_proxies_is_no_secret);
    return unit_run();
}
