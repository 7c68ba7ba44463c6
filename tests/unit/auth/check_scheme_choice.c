/* SPDX-License-Identifier: ISC */
#include "auth/scheme_choice.h"

#include <string.h>

#include "../unit.h"

#define BIT(scheme) (1u << (scheme))
#define BASIC BIT(CHALLENGE_BASIC)
#define DIGEST BIT(CHALLENGE_DIGEST)
#define NTLM BIT(CHALLENGE_NTLM)
#define NEGOTIATE BIT(CHALLENGE_NEGOTIATE)

static char why[200];

static struct scheme_choice started(enum proxy_auth configured, bool tls, bool has_user,
                                    enum challenge_scheme remembered)
{
    const struct proxy_config own = {.auth = configured, .verify = true};
    struct scheme_choice choice;

    scheme_choice_start(&choice, &own, METHOD_CONNECT, tls, has_user, remembered, 0);
    return choice;
}

START_TEST(any_asks_first_without_credentials)
{
    ck_assert_int_eq(started(AUTH_ANY, false, true, CHALLENGE_NONE).scheme, CHALLENGE_NONE);
    ck_assert_int_eq(started(AUTH_ANY, true, true, CHALLENGE_NONE).scheme, CHALLENGE_NONE);
    ck_assert_int_eq(started(AUTH_ANY, false, false, CHALLENGE_NONE).scheme, CHALLENGE_NONE);
}
END_TEST

START_TEST(what_the_configuration_names_is_used_at_once)
{
    ck_assert_int_eq(started(AUTH_BASIC, false, true, CHALLENGE_NONE).scheme, CHALLENGE_BASIC);
    ck_assert_int_eq(started(AUTH_DIGEST, false, true, CHALLENGE_NTLM).scheme, CHALLENGE_DIGEST);
    ck_assert_int_eq(started(AUTH_NTLM, false, true, CHALLENGE_NONE).scheme, CHALLENGE_NTLM);
    ck_assert_int_eq(started(AUTH_NEGOTIATE, false, false, CHALLENGE_NONE).scheme, CHALLENGE_NEGOTIATE);
}
END_TEST

START_TEST(what_worked_is_used_again)
{
    ck_assert_int_eq(started(AUTH_ANY, false, true, CHALLENGE_DIGEST).scheme, CHALLENGE_DIGEST);
    ck_assert_int_eq(started(AUTH_ANY, false, false, CHALLENGE_NEGOTIATE).scheme, CHALLENGE_NEGOTIATE);
    /* but not without the user that it needs */
    ck_assert_int_eq(started(AUTH_ANY, false, false, CHALLENGE_DIGEST).scheme, CHALLENGE_NONE);
}
END_TEST

START_TEST(a_proxy_without_a_section_gets_nothing)
{
    struct scheme_choice choice;

    scheme_choice_start(&choice, NULL, METHOD_CONNECT, true, true, CHALLENGE_NEGOTIATE, 0);
    ck_assert_int_eq(choice.scheme, CHALLENGE_NONE);
    ck_assert(!scheme_choice_offered(&choice, NEGOTIATE | DIGEST | NTLM | BASIC, why, sizeof why));
    ck_assert_int_eq(choice.scheme, CHALLENGE_NONE);
}
END_TEST

/* Nor does one that was found outside of `trusted`, a ticket included; but for what its own URL says. */
START_TEST(a_stranger_gets_nothing_of_ours)
{
    struct scheme_choice choice = started(AUTH_NONE, true, false, CHALLENGE_NEGOTIATE);

    ck_assert_int_eq(choice.scheme, CHALLENGE_NONE);
    ck_assert(!scheme_choice_offered(&choice, NEGOTIATE | DIGEST | NTLM | BASIC, why, sizeof why));
    ck_assert_int_eq(choice.scheme, CHALLENGE_NONE);
    ck_assert_str_eq(why, "it asks for Negotiate, Digest, NTLM, Basic, and only hosts in trusted get credentials");
    choice = started(AUTH_NONE, true, true, CHALLENGE_NEGOTIATE);
    ck_assert_int_eq(choice.scheme, CHALLENGE_NONE);
    ck_assert(scheme_choice_offered(&choice, NEGOTIATE | DIGEST | NTLM | BASIC, why, sizeof why));
    ck_assert_int_eq(choice.scheme, CHALLENGE_DIGEST);
}
END_TEST

START_TEST(the_strongest_that_is_offered_is_taken)
{
    static const struct {
        unsigned offered;
        bool has_user;
        enum challenge_scheme taken;
    } cases[] = {
        {NEGOTIATE | DIGEST | NTLM | BASIC, true, CHALLENGE_NEGOTIATE},
        {DIGEST | NTLM | BASIC, true, CHALLENGE_DIGEST},
        {NTLM | BASIC, true, CHALLENGE_NTLM},
        {BASIC, true, CHALLENGE_BASIC},
        {NEGOTIATE | BASIC, false, CHALLENGE_NEGOTIATE},
        {DIGEST | NTLM | BASIC, false, CHALLENGE_NONE},
        {0, true, CHALLENGE_NONE},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int tls = 0; tls < 2; tls++) {
            struct scheme_choice choice = started(AUTH_ANY, tls, cases[i].has_user, CHALLENGE_NONE);
            bool found = scheme_choice_offered(&choice, cases[i].offered, why, sizeof why);

            ck_assert_int_eq(found, cases[i].taken != CHALLENGE_NONE);
            ck_assert_int_eq(choice.scheme, cases[i].taken);
        }
}
END_TEST

START_TEST(on_a_shared_connection_what_proves_a_request_alone_comes_first)
{
    static const struct {
        unsigned offered;
        bool tls;
        enum challenge_scheme taken;
    } cases[] = {
        {NEGOTIATE | DIGEST | NTLM | BASIC, true, CHALLENGE_DIGEST},
        {NEGOTIATE | DIGEST, false, CHALLENGE_DIGEST},
        {NTLM | BASIC, true, CHALLENGE_BASIC},
        {NTLM | BASIC, false, CHALLENGE_NTLM}, /* others could read the password */
        {NEGOTIATE | NTLM, true, CHALLENGE_NEGOTIATE},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scheme_choice choice = started(AUTH_ANY, cases[i].tls, true, CHALLENGE_NONE);

        choice.shared = true;
        ck_assert(scheme_choice_offered(&choice, cases[i].offered, why, sizeof why));
        ck_assert_int_eq(choice.scheme, cases[i].taken);
    }
}
END_TEST

START_TEST(one_that_cannot_start_gives_way_to_the_next)
{
    struct scheme_choice choice = started(AUTH_ANY, false, true, CHALLENGE_NONE);

    ck_assert(scheme_choice_offered(&choice, NEGOTIATE | NTLM, why, sizeof why));
    ck_assert(scheme_choice_unable(&choice));
    ck_assert_int_eq(choice.scheme, CHALLENGE_NTLM);
    ck_assert(!scheme_choice_unable(&choice));

    /* remembered, and what else is offered is not known: ask */
    choice = started(AUTH_ANY, false, true, CHALLENGE_NEGOTIATE);
    ck_assert(scheme_choice_unable(&choice));
    ck_assert_int_eq(choice.scheme, CHALLENGE_NONE);
    ck_assert(scheme_choice_offered(&choice, NEGOTIATE | DIGEST, why, sizeof why));
    ck_assert_int_eq(choice.scheme, CHALLENGE_DIGEST);

    /* the configuration wants this one and no other */
    choice = started(AUTH_NEGOTIATE, false, true, CHALLENGE_NONE);
    ck_assert(!scheme_choice_unable(&choice));
}
END_TEST

START_TEST(a_readable_password_goes_out_only_when_nothing_else_is_offered)
{
    struct scheme_choice choice = started(AUTH_ANY, false, true, CHALLENGE_NONE);

    ck_assert(scheme_choice_offered(&choice, NEGOTIATE | BASIC, why, sizeof why));
    ck_assert_int_eq(choice.scheme, CHALLENGE_NEGOTIATE);
    ck_assert(!scheme_choice_unable(&choice));

    choice = started(AUTH_ANY, true, true, CHALLENGE_NONE); /* in TLS it is not readable */
    ck_assert(scheme_choice_offered(&choice, NEGOTIATE | BASIC, why, sizeof why));
    ck_assert(scheme_choice_unable(&choice));
    ck_assert_int_eq(choice.scheme, CHALLENGE_BASIC);
}
END_TEST

/* What it has ever offered counts, whatever became of it; and TLS without a look at the certificate hides nothing. */
START_TEST(nobody_talks_us_out_of_a_better_scheme)
{
    struct proxy_config own = {.auth = AUTH_ANY, .verify = true};
    struct scheme_choice choice;

    scheme_choice_start(&choice, &own, METHOD_CONNECT, false, true, CHALLENGE_NONE, DIGEST);
    ck_assert(!scheme_choice_offered(&choice, BASIC, why, sizeof why));
    ck_assert_ptr_nonnull(strstr(why, "auth = basic"));
    scheme_choice_start(&choice, &own, METHOD_CONNECT, false, true, CHALLENGE_BASIC, BASIC | DIGEST);
    ck_assert_int_eq(choice.scheme, CHALLENGE_NONE); /* not at once either */
    scheme_choice_start(&choice, &own, METHOD_CONNECT, false, true, CHALLENGE_BASIC, BASIC);
    ck_assert_int_eq(choice.scheme, CHALLENGE_BASIC);
    scheme_choice_start(&choice, &own, METHOD_CONNECT, true, true, CHALLENGE_NONE, DIGEST);
    ck_assert(scheme_choice_offered(&choice, BASIC, why, sizeof why));
    own.verify = false;
    scheme_choice_start(&choice, &own, METHOD_CONNECT, true, true, CHALLENGE_NONE, DIGEST);
    ck_assert(!scheme_choice_offered(&choice, BASIC, why, sizeof why));
    own.auth = AUTH_BASIC; /* the user says so */
    scheme_choice_start(&choice, &own, METHOD_CONNECT, false, true, CHALLENGE_NONE, DIGEST);
    ck_assert_int_eq(choice.scheme, CHALLENGE_BASIC);
}
END_TEST

START_TEST(each_scheme_is_tried_once)
{
    const unsigned all = NEGOTIATE | DIGEST | NTLM | BASIC;
    struct scheme_choice choice = started(AUTH_ANY, true, true, CHALLENGE_NONE);
    enum challenge_scheme before = CHALLENGE_NEGOTIATE + 1;
    int count = 0;

    while (scheme_choice_offered(&choice, all, why, sizeof why)) {
        ck_assert_int_lt(choice.scheme, before);
        before = choice.scheme;
        count++;
    }
    ck_assert_int_eq(count, 4);
}
END_TEST

START_TEST(the_words_say_what_to_set)
{
    struct scheme_choice choice = started(AUTH_ANY, false, false, CHALLENGE_NONE);

    ck_assert(!scheme_choice_offered(&choice, NTLM | BASIC, why, sizeof why));
    ck_assert_ptr_nonnull(strstr(why, "set user and a password"));
    choice = started(AUTH_DIGEST, false, true, CHALLENGE_NONE);
    ck_assert(!scheme_choice_offered(&choice, BASIC, why, sizeof why));
    ck_assert_ptr_nonnull(strstr(why, "is not what auth says"));
    choice = started(AUTH_ANY, false, true, CHALLENGE_NONE);
    ck_assert(!scheme_choice_offered(&choice, 0, why, sizeof why));
    ck_assert_ptr_nonnull(strstr(why, "no scheme"));
}
END_TEST

START_TEST(other_forms_of_request_know_basic_only)
{
    static const unsigned methods[] = {METHOD_PROXY, METHOD_CONNECT_URI};
    const struct proxy_config own = {.auth = AUTH_ANY};
    struct scheme_choice choice;

    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        ck_assert_uint_eq(scheme_choice_possible(methods[i]), BASIC);
        scheme_choice_start(&choice, &own, methods[i], false, true, CHALLENGE_DIGEST, 0);
        ck_assert_int_eq(choice.scheme, CHALLENGE_NONE);
        ck_assert(!scheme_choice_offered(&choice, DIGEST, why, sizeof why));
        scheme_choice_start(&choice, &own, methods[i], false, true, CHALLENGE_NONE, 0);
        ck_assert(scheme_choice_offered(&choice, BASIC, why, sizeof why));
    }
    ck_assert_uint_eq(scheme_choice_possible(METHOD_CONNECT), CHALLENGE_ALL);
}
END_TEST

/* connect-tcp, and TCPConnection: what authenticates a connection does not go with them, with a user or without. */
START_TEST(a_resource_knows_basic_and_digest)
{
    static const struct {
        unsigned method, offered;
        enum proxy_auth configured;
        bool has_user;
        enum challenge_scheme taken;
        const char *why;
    } offers[] = {
        {METHOD_CONNECT_TCP, NEGOTIATE | DIGEST | NTLM | BASIC, AUTH_ANY, true, CHALLENGE_DIGEST, ""},
        {METHOD_TCPCONNECTION, NEGOTIATE | DIGEST | NTLM | BASIC, AUTH_ANY, true, CHALLENGE_DIGEST, ""},
        {METHOD_CONNECT_TCP, NEGOTIATE | BASIC, AUTH_BASIC, true, CHALLENGE_BASIC, ""},
        {METHOD_TCPCONNECTION, BASIC, AUTH_ANY, true, CHALLENGE_BASIC, ""},
        {METHOD_CONNECT_TCP, NEGOTIATE | NTLM, AUTH_ANY, true, CHALLENGE_NONE,
         "it offers Negotiate, NTLM, usable with CONNECT but not with connect-tcp"},
        {METHOD_TCPCONNECTION, NTLM, AUTH_ANY, false, CHALLENGE_NONE,
         "it offers NTLM, usable with CONNECT but not with TCPConnection"},
        {METHOD_TCPCONNECTION_ABSOLUTE, NTLM | DIGEST, AUTH_ANY, true, CHALLENGE_DIGEST, ""},
        {METHOD_TCPCONNECTION_ABSOLUTE, BASIC, AUTH_BASIC, true, CHALLENGE_BASIC, ""},
        {METHOD_TCPCONNECTION_ABSOLUTE, NEGOTIATE | NTLM, AUTH_ANY, true, CHALLENGE_NONE,
         "it offers Negotiate, NTLM, and with form = absolute only Basic and Digest can be used"},
        {METHOD_CONNECT_TCP, NEGOTIATE, AUTH_NEGOTIATE, false, CHALLENGE_NONE,
         "it offers Negotiate, usable with CONNECT but not with connect-tcp"},
        {METHOD_CONNECT_TCP, DIGEST, AUTH_NTLM, true, CHALLENGE_NONE, "it offers Digest, which is not what auth says"},
        {METHOD_CONNECT_TCP, DIGEST | NTLM, AUTH_ANY, false, CHALLENGE_NONE,
         "it asks for Digest, NTLM: set user and a password"},
        {METHOD_CONNECT_TCP, NEGOTIATE | BASIC, AUTH_ANY, true, CHALLENGE_NONE, /* it is readable */
         "it offers Negotiate, Basic; a readable password goes out only with auth = basic"},
        {METHOD_CONNECT_TCP, 0, AUTH_ANY, true, CHALLENGE_NONE,
         "it offers no scheme of authentication that is known here"},
    };

    for (size_t i = 0; i < sizeof offers / sizeof offers[0]; i++) {
        const struct proxy_config own = {.auth = offers[i].configured, .verify = true};
        struct scheme_choice choice;

        why[0] = '\0';
        scheme_choice_start(&choice, &own, offers[i].method, false, offers[i].has_user, CHALLENGE_NONE, 0);
        if (choice.scheme == CHALLENGE_NONE)
            ck_assert_int_eq(scheme_choice_offered(&choice, offers[i].offered, why, sizeof why),
                             offers[i].taken != CHALLENGE_NONE);
        ck_assert_int_eq(choice.scheme, offers[i].taken);
        ck_assert_str_eq(why, offers[i].why);
    }
}
END_TEST

/* Without a user only a ticket will do, and each method has its schemes. */
START_TEST(a_login_begins_where_it_makes_sense)
{
    static const struct {
        enum challenge_scheme scheme;
        unsigned method;
        bool has_user;
        const char *why; /* NULL: it can */
    } logins[] = {
        {CHALLENGE_DIGEST, METHOD_CONNECT, true, NULL},
        {CHALLENGE_DIGEST, METHOD_CONNECT_TCP, true, NULL},
        {CHALLENGE_NEGOTIATE, METHOD_CONNECT, false, NULL},
        {CHALLENGE_DIGEST, METHOD_CONNECT, false, "it wants digest: set user and a password"},
        {CHALLENGE_BASIC, METHOD_CONNECT, true, "no dialogue for basic"},
        {CHALLENGE_NTLM, METHOD_CONNECT_TCP, true, "method connect-tcp and authentication by ntlm do not go together"},
    };

    for (size_t i = 0; i < sizeof logins / sizeof logins[0]; i++) {
        struct failure failure = {.what = ""};

        ck_assert_int_eq(scheme_choice_can_begin(logins[i].scheme, logins[i].method, logins[i].has_user, &failure),
                         logins[i].why == NULL);
        ck_assert_str_eq(failure.what, logins[i].why ? logins[i].why : "");
        ck_assert_int_eq(failure.class, logins[i].why ? FAILURE_PERMANENT : FAILURE_TEMPORARY);
    }
}
END_TEST

int main(void)
{
    TCase *tcase = unit_case("auth");

    tcase_add_test(tcase, any_asks_first_without_credentials);
    tcase_add_test(tcase, what_the_configuration_names_is_used_at_once);
    tcase_add_test(tcase, what_worked_is_used_again);
    tcase_add_test(tcase, a_proxy_without_a_section_gets_nothing);
    tcase_add_test(tcase, a_stranger_gets_nothing_of_ours);
    tcase_add_test(tcase, the_strongest_that_is_offered_is_taken);
    tcase_add_test(tcase, on_a_shared_connection_what_proves_a_request_alone_comes_first);
    tcase_add_test(tcase, one_that_cannot_start_gives_way_to_the_next);
    tcase_add_test(tcase, a_readable_password_goes_out_only_when_nothing_else_is_offered);
    tcase_add_test(tcase, nobody_talks_us_out_of_a_better_scheme);
    tcase_add_test(tcase, each_scheme_is_tried_once);
    tcase_add_test(tcase, the_words_say_what_to_set);
    tcase_add_test(tcase, other_forms_of_request_know_basic_only);
    tcase_add_test(tcase, a_resource_knows_basic_and_digest);
    tcase_add_test(tcase, a_login_begins_where_it_makes_sense);
    return unit_run();
}
