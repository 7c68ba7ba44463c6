/* SPDX-License-Identifier: ISC */
#include "discover/mail_address.h"

#include <stdlib.h>
#include <string.h>

#include "../unit.h"

static bool parse(struct mail_address *address, const char *text, const char **why)
{
    char *exact = unit_exact(text, strlen(text));
    bool good = mail_address_parse(address, exact, strlen(text), why);

    free(exact);
    return good;
}

START_TEST(an_address_is_taken_apart)
{
    static const struct {
        const char *text, *local, *domain;
    } rows[] = {
        {"me@example.net", "me", "example.net"},
        {" \tMe.And+tag@Mail.Example.NET.\n", "Me.And+tag", "mail.example.net"},
        {"!#$%&'*+-/=?^_`{|}~@xn--bcher-kva.example", "!#$%&'*+-/=?^_`{|}~", "xn--bcher-kva.example"},
        {"a@1.2x", "a", "1.2x"},
    };
    struct mail_address address;
    const char *why;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[MAIL_ADDRESS_MAX + 1];

        ck_assert_msg(parse(&address, rows[i].text, &why), "%s: %s", rows[i].text, why);
        ck_assert_str_eq(address.local, rows[i].local);
        ck_assert_str_eq(address.domain, rows[i].domain);
        snprintf(text, sizeof text, "%s@%s", rows[i].local, rows[i].domain);
        ck_assert_str_eq(address.text, text);
    }
}
END_TEST

START_TEST(what_is_no_address_is_told)
{
    static const struct {
        const char *text, *why;
    } rows[] = {
        {"", "it has no @"},
        {"example.net", "it has no @"},
        {"@example.net", "nothing stands before the @"},
        {"me@", "nothing stands behind the @"},
        {"me@.", "nothing stands behind the @"},
        {"\"me\"@example.net", "an address in quotes is not understood"},
        {"me you@example.net", "the part before the @ has a character that no address has"},
        {"me@you@example.net", "the part before the @ has a character that no address has"},
        {".me@example.net", "a dot of the part before the @ has nothing on one side"},
        {"m..e@example.net", "a dot of the part before the @ has nothing on one side"},
        {"me@[192.0.2.1]", "an address of a host in brackets has no domain to ask"},
        {"me@b\xc3\xbc" "cher.example", "only ASCII is understood: a domain in other letters is written as xn--..."},
        {"me@exa\tmple.net", "only ASCII is understood: a domain in other letters is written as xn--..."},
        {"me@example", "its domain has no dot: is the end missing?"},
        {"me@192.0.2.1", "its domain ends in a number, as no domain does"},
        {"me@example..net", "its domain is none: it has letters, digits, hyphens, and dots between"},
        {"me@-example.net", "its domain is none: it has letters, digits, hyphens, and dots between"},
        {"me@example-.net", "its domain is none: it has letters, digits, hyphens, and dots between"},
        {"me@ex_ample.net", "its domain is none: it has letters, digits, hyphens, and dots between"},
        {"me@example.net/x", "its domain is none: it has letters, digits, hyphens, and dots between"},
        {"me@example.net?x", "its domain is none: it has letters, digits, hyphens, and dots between"},
        {"me@example.net:25", "its domain is none: it has letters, digits, hyphens, and dots between"},
    };
    struct mail_address address;
    const char *why;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert_msg(!parse(&address, rows[i].text, &why), "%s is taken", rows[i].text);
        ck_assert_str_eq(why, rows[i].why);
    }
    ck_assert(!mail_address_parse(&address, "me@exam\0ple.net", 15, &why));
}
END_TEST

START_TEST(all_parts_are_bounded)
{
    char text[MAIL_ADDRESS_MAX + 3];
    struct mail_address address;
    const char *why;

    memset(text, 'a', sizeof text);
    text[MAIL_ADDRESS_LOCAL_MAX] = '@';
    for (size_t i = MAIL_ADDRESS_LOCAL_MAX + 60; i < sizeof text; i += 60)
        text[i] = '.';
    ck_assert_msg(mail_address_parse(&address, text, MAIL_ADDRESS_MAX, &why), "%s", why);
    ck_assert_uint_eq(strlen(address.text), MAIL_ADDRESS_MAX);
    ck_assert_uint_eq(strlen(address.domain), MAIL_ADDRESS_DOMAIN_MAX);
    ck_assert(!mail_address_parse(&address, text, MAIL_ADDRESS_MAX + 1, &why));
    ck_assert_str_eq(why, "its domain is too long");
    text[MAIL_ADDRESS_LOCAL_MAX] = 'a';
    text[MAIL_ADDRESS_LOCAL_MAX + 1] = '@';
    ck_assert(!mail_address_parse(&address, text, MAIL_ADDRESS_MAX, &why));
    ck_assert_str_eq(why, "the part before the @ is longer than 64 characters");
    ck_assert(!parse(&address, "me@a234567890123456789012345678901234567890123456789012345678901234.net", &why));
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("mail_address");

    tcase_add_test(cases, an_address_is_taken_apart);
    tcase_add_test(cases, what_is_no_address_is_told);
    tcase_add_test(cases, all_parts_are_bounded);
    return unit_run();
}
