/* SPDX-License-Identifier: ISC */
#include "base/secrets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

/* Registers what the test is about, for one test. */
static void hold(const char *secret)
{
    secrets_hold(secret, strlen(secret));
}

static void drop(const char *secret)
{
    secrets_drop(secret, strlen(secret));
}

static void becomes(const char *text, const char *expected)
{
    char *exact = unit_exact(text, strlen(text) + 1);

    secrets_withhold(exact);
    ck_assert_str_eq(exact, expected);
    free(exact);
}

START_TEST(nothing_is_withheld_while_nothing_is_secret)
{
    becomes("user fred password hunter22xyz", "user fred password hunter22xyz");
}
END_TEST

START_TEST(six_bytes_in_a_row_are_withheld_wherever_they_are)
{
    hold("hunter22xyz");
    becomes("hunter22xyz", "***********");
    becomes("a hunter22xyz b", "a *********** b");
    becomes("hunter22xyzhunter22xyz", "**********************");
    becomes("hunter", "******");
    becomes("r22xyz", "******");
    becomes("nter22x!", "*******!");
    becomes("hunte ter22 2xyz", "hunte ter22 2xyz");
    becomes("hunte", "hunte");
    becomes("", "");
    becomes("HUNTER22XYZ", "HUNTER22XYZ");
    drop("hunter22xyz");
    becomes("hunter22xyz", "hunter22xyz");
}
END_TEST

START_TEST(each_run_of_a_long_secret_is_found)
{
    char secret[3001], text[16];

    for (size_t i = 0; i < sizeof secret - 1; i++)
        secret[i] = (char)('!' + i * i % 83);
    secret[sizeof secret - 1] = '\0';
    hold(secret);
    for (size_t i = 0; i + SECRETS_RUN < sizeof secret; i++) {
        snprintf(text, sizeof text, "%.*s", SECRETS_RUN, secret + i);
        becomes(text, "******");
    }
    drop(secret);
}
END_TEST

START_TEST(several_holders_and_several_secrets)
{
    hold("first secret");
    hold("first secret");
    hold("second one");
    drop("first secret");
    becomes("first secret, second one", "************, **********");
    drop("first secret");
    becomes("first secret, second one", "first secret, **********");
    drop("first secret"); /* one too many harms nobody */
    drop("second one");
    becomes("first secret, second one", "first secret, second one");
}
END_TEST

/* A password of five bytes is in many an innocent word. */
START_TEST(short_ones_and_none_are_not_registered)
{
    hold("short");
    hold("");
    secrets_hold(NULL, 0);
    secrets_hold_password(NULL);
    becomes("short", "short");
    secrets_drop_password(NULL);
    secrets_drop(NULL, 0);
    drop("");
    drop("short");
}
END_TEST

START_TEST(a_password_is_withheld_in_base64_too)
{
    secrets_hold_password("hunter22xyz");
    becomes("hunter22xyz aHVudGVyMjJ4eXo= aHVudGVy", "*********** **************** ********");
    secrets_drop_password("hunter22xyz");
    becomes("hunter22xyz aHVudGVyMjJ4eXo=", "hunter22xyz aHVudGVyMjJ4eXo=");
}
END_TEST

/* As log_escape writes it; and no quote loses its backslash, or the field would end too early. */
START_TEST(an_escaped_secret_is_withheld_whole)
{
    hold("p\"a\\s\xc3\xbcs");
    becomes("x p\\\"a\\\\s\\xc3\\xbcs y", "x **************** y");
    drop("p\"a\\s\xc3\xbcs");
    hold("abcdef\\");
    becomes("abcdef\\\"ghi", "********ghi");
    becomes("abcdef\\\\\" next=\"", "********\" next=\"");
    drop("abcdef\\");
}
END_TEST

/* Were "proxy.example" withheld, one could read in it what the password has of it. */
START_TEST(what_is_shown_anyhow_is_shown)
{
    secrets_show("proxy.example.net");
    secrets_show(NULL);
    hold("example.2026");
    becomes("http://proxy.example.net:3128", "http://proxy.example.net:3128");
    becomes("password example.2026", "password exa*********");
    secrets_hide(NULL);
    secrets_hide("proxy.example.net");
    becomes("proxy.example.net", "proxy.********net");
    drop("example.2026");
    hold("Basic sallyport");
    becomes("sallyport: offers Basic only", "sallyport: offers Basic only");
    drop("Basic sallyport");
}
END_TEST

/* --- what is given back --- */

static const char *watched;
static bool seen;
static size_t watched_length;

void __real_free(void *memory);
void __wrap_free(void *memory);

/* Looks at memory of the register as it is given back; it is as long as the secret at least. */
void __wrap_free(void *memory)
{
    if (watched && memory && memmem(memory, watched_length, watched, SECRETS_RUN))
        seen = true;
    __real_free(memory);
}

START_TEST(what_is_dropped_is_wiped)
{
    static const char secret[] = "a secret that is longer than what stands before it in the register";

    watched_length = sizeof secret - 1;
    secrets_hold_password(secret);
    watched = "secret";
    secrets_drop_password(secret);
    watched = NULL;
    ck_assert(!seen);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("secrets");

    tcase_add_test(cases, nothing_is_withheld_while_nothing_is_secret);
    tcase_add_test(cases, six_bytes_in_a_row_are_withheld_wherever_they_are);
    tcase_add_test(cases, each_run_of_a_long_secret_is_found);
    tcase_add_test(cases, several_holders_and_several_secrets);
    tcase_add_test(cases, short_ones_and_none_are_not_registered);
    tcase_add_test(cases, a_password_is_withheld_in_base64_too);
    tcase_add_test(cases, an_escaped_secret_is_withheld_whole);
    tcase_add_test(cases, what_is_shown_anyhow_is_shown);
    tcase_add_test(cases, what_is_dropped_is_wiped);
    return unit_run();
}
