/* SPDX-License-Identifier: ISC */
#include "discover/found_servers.h"

#include <stdio.h>
#include <string.h>

#include "../unit.h"

static struct found_servers found;

static struct found_server server(const char *section, const char *host, enum listener_tls tls)
{
    struct found_server made = {.protocol = protocol_find(section, strlen(section)), .tls = tls, .source = "a test"};

    snprintf(made.place.host, sizeof made.place.host, "%s", host);
    made.place.port = 1;
    return made;
}

static bool add(const char *section, const char *host, enum listener_tls tls)
{
    struct found_server made = server(section, host, tls);

    return found_servers_add(&found, &made);
}

static void check(const char *section, const char *host)
{
    const struct found_server *best = found_servers_of(&found, section);

    ck_assert_ptr_nonnull(best);
    ck_assert_str_eq(best->place.host, host);
}

START_TEST(the_best_comes_first)
{
    struct found_server foreign = server("imap", "foreign", TLS_YES), oauth = server("imap", "oauth", TLS_YES);

    memset(&found, 0, sizeof found);
    ck_assert_ptr_null(found_servers_of(&found, "imap"));
    foreign.foreign = oauth.oauth_only = true;
    ck_assert(found_servers_add(&found, &foreign));
    check("imap", "foreign");
    ck_assert(found_servers_add(&found, &oauth));
    check("imap", "oauth");
    ck_assert(add("imap", "starttls", TLS_STARTTLS));
    check("imap", "starttls");
    ck_assert(add("imap", "tls", TLS_YES));
    check("imap", "tls");
    ck_assert(add("imap", "another", TLS_YES));
    check("imap", "tls");
    ck_assert_uint_eq(found.count, 4); /* the foreign one has gone */
    ck_assert_ptr_null(found_servers_of(&found, "pop3"));
}
END_TEST

START_TEST(one_that_is_there_is_not_added_again)
{
    struct found_server foreign = server("imap", "a.example", TLS_YES);

    memset(&found, 0, sizeof found);
    foreign.foreign = true;
    ck_assert(found_servers_add(&found, &foreign));
    ck_assert(found_servers_add(&found, &foreign));
    ck_assert_uint_eq(found.count, 1);
    ck_assert(add("imap", "A.example", TLS_YES));
    ck_assert_uint_eq(found.count, 1);
    ck_assert(!found.at[0].foreign);
    ck_assert(found_servers_add(&found, &foreign));
    ck_assert(!found.at[0].foreign);
    ck_assert(add("imap", "a.example", TLS_STARTTLS));
    ck_assert(add("pop3", "a.example", TLS_YES));
    ck_assert_uint_eq(found.count, 3);
}
END_TEST

START_TEST(both_ways_are_wanted)
{
    struct found_server foreign = server("submission", "a", TLS_YES);

    memset(&found, 0, sizeof found);
    foreign.foreign = true;
    ck_assert(!found_servers_suffice(&found));
    add("pop3", "a", TLS_YES);
    ck_assert(!found_servers_suffice(&found));
    found_servers_add(&found, &foreign);
    ck_assert(!found_servers_suffice(&found));
    add("submission", "b", TLS_STARTTLS);
    ck_assert(found_servers_suffice(&found));
    memset(&found, 0, sizeof found);
    add("submission", "b", TLS_STARTTLS);
    add("managesieve", "b", TLS_STARTTLS);
    ck_assert(!found_servers_suffice(&found));
    add("imap", "b", TLS_STARTTLS);
    ck_assert(found_servers_suffice(&found));
}
END_TEST

START_TEST(of_a_protocol_the_best_are_kept)
{
    char host[16];

    memset(&found, 0, sizeof found);
    for (unsigned i = 0; i < FOUND_SERVERS_OF_ONE_MAX; i++) {
        snprintf(host, sizeof host, "%u", i);
        ck_assert(add("imap", host, TLS_STARTTLS));
    }
    ck_assert(!add("imap", "more", TLS_STARTTLS));
    ck_assert(add("imap", "better", TLS_YES));
    ck_assert_uint_eq(found.count, FOUND_SERVERS_OF_ONE_MAX);
    check("imap", "better");
    ck_assert_str_eq(found.at[FOUND_SERVERS_OF_ONE_MAX - 1].place.host, "2");
}
END_TEST

START_TEST(no_protocol_takes_the_room_of_another)
{
    static const char *const sections[] = {"imap", "pop3", "managesieve", "submission"};
    char host[16];

    memset(&found, 0, sizeof found);
    for (unsigned k = 0; k < 4; k++)
        for (unsigned i = 0; i < 2 * FOUND_SERVERS_MAX; i++) {
            struct found_server forged;

            snprintf(host, sizeof host, "%u", i);
            forged = server(sections[k], host, TLS_YES);
            forged.foreign = true;
            found_servers_add(&found, &forged);
        }
    ck_assert_uint_eq(found.count, FOUND_SERVERS_MAX);
    for (unsigned k = 0; k < 4; k++) {
        ck_assert(add(sections[k], "true", TLS_STARTTLS));
        check(sections[k], "true");
    }
    ck_assert_uint_eq(found.count, FOUND_SERVERS_MAX);
}
END_TEST

START_TEST(a_place_where_no_server_can_be_is_known)
{
    static const char *const bad[] = {"192.0.2.1", "192.0.2.1.", "::1", "2001:db8::1", "::ffff:192.0.2.1", "localhost",
                                      "a.LocalHost", "a.localhost.", "10"};
    struct endpoint place = {.host = "localhost.example.net"};

    ck_assert_ptr_null(found_servers_fault(&place));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(place.host, sizeof place.host, "%s", bad[i]);
        ck_assert_msg(found_servers_fault(&place) != NULL, "%s", bad[i]);
    }
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("found_servers");

    tcase_add_test(cases, the_best_comes_first);
    tcase_add_test(cases, one_that_is_there_is_not_added_again);
    tcase_add_test(cases, both_ways_are_wanted);
    tcase_add_test(cases, of_a_protocol_the_best_are_kept);
    tcase_add_test(cases, no_protocol_takes_the_room_of_another);
    tcase_add_test(cases, a_place_where_no_server_can_be_is_known);
    return unit_run();
}
