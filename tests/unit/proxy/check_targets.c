/* SPDX-License-Identifier: ISC */
#include "proxy/targets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

#include "../stage.h"
#include "../unit.h"

#define LIMIT_MS 10000
#define RECORD "_imap._tcp.example.net"

/* --- a listener's target, and who waits for its places --- */

struct asked {
    struct services *services;
    struct config *config;
    const struct listener_config *listener;
    struct targets *targets;
    unsigned told;
    bool failed;
    struct failure failure;
    bool frees; /* from within found */
};

static void on_found(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct asked *asked = arg;

    ck_assert((outcome == OUTCOME_DONE) == (failure == NULL));
    asked->told++;
    asked->failed = failure != NULL;
    if (failure)
        asked->failure = *failure;
    if (asked->frees)
        targets_free(asked->targets);
}

/* The first listener of this configuration. */
static void set_up(struct asked *asked, const char *text)
{
    memset(asked, 0, sizeof *asked);
    asked->services = stage_set_up();
    asked->config = unit_config(text);
    asked->listener = &asked->config->listeners[0];
}

static void start(struct asked *asked)
{
    asked->told = 0;
    asked->failed = false;
    asked->targets = targets_find(asked->services->loop, asked->services->resolver, asked->listener, LIMIT_MS,
                                  on_found, asked);
    ck_assert_ptr_nonnull(asked->targets);
    ck_assert_uint_eq(asked->told, 0);
    ck_assert_uint_eq(stage_lookups_open(), 0); /* nothing happens within the call */
}

static void tear_down(struct asked *asked)
{
    config_unref(asked->config);
    stage_tear_down();
}

static void check_failed(const struct asked *asked, enum failure_class class, const char *what)
{
    ck_assert_uint_eq(asked->told, 1);
    ck_assert(asked->failed);
    ck_assert_int_eq(asked->failure.class, class);
    ck_assert_str_eq(asked->failure.what, what);
}

/* These places and no more, as "host:port" with spaces between. */
static void check_places(struct asked *asked, const char *expected)
{
    char words[1024] = "", text[ENDPOINT_TEXT_MAX];
    struct endpoint place;
    size_t at = 0;

    while (targets_next(asked->targets, &place)) {
        ck_assert(!place.tls && !place.socks);
        at += (size_t)snprintf(words + at, sizeof words - at, "%s%s", at ? " " : "", endpoint_format(&place, text));
        ck_assert_uint_lt(at, sizeof words);
    }
    ck_assert_str_eq(words, expected);
    memset(&place, 'x', sizeof place);
    ck_assert(!targets_next(asked->targets, &place)); /* the end stays the end */
    ck_assert_int_eq(place.host[0], 'x');
}

/* --- what is found --- */

struct written {
    const char *target, *place;
};

static const struct written plain[] = {
    {"mail.example.net", "mail.example.net:143"},
    {"mail.example.net:7", "mail.example.net:7"},
    {"[2001:db8::1]:993", "[2001:db8::1]:993"},
    {"192.0.2.9", "192.0.2.9:143"},
};

START_TEST(a_plain_target_is_its_only_place_and_needs_no_look_up)
{
    struct asked asked;
    char text[200];

    snprintf(text, sizeof text, "[imap]\ntarget = %s\nproxy = direct\n", plain[_i].target);
    set_up(&asked, text);
    start(&asked);
    stage_settle();
    ck_assert_uint_eq(asked.told, 1);
    ck_assert(!asked.failed);
    ck_assert_uint_eq(stage_lookups(), 0);
    check_places(&asked, plain[_i].place);
    stage_advance(2 * LIMIT_MS);
    ck_assert_uint_eq(asked.told, 1);
    targets_free(asked.targets);
    tear_down(&asked);
}
END_TEST

#define SRV "[imap]\ntarget = srv:example.net\nproxy = direct\n"

START_TEST(the_places_of_the_records_come_in_their_order)
{
    struct asked asked;
    struct endpoint place;

    set_up(&asked, SRV);
    stage_srv(RECORD, "c.example.net:1143 a.example.net:143 b.example.org:10143");
    start(&asked);
    ck_assert(!targets_next(asked.targets, &place)); /* not yet */
    stage_settle();
    ck_assert_uint_eq(asked.told, 1);
    ck_assert(!asked.failed);
    ck_assert_uint_eq(stage_lookups(), 1);
    check_places(&asked, "c.example.net:1143 a.example.net:143 b.example.org:10143");
    stage_advance(2 * LIMIT_MS); /* the limit was one of the look-up */
    ck_assert_uint_eq(asked.told, 1);
    targets_free(asked.targets);
    tear_down(&asked);
}
END_TEST

START_TEST(as_many_places_as_there_can_be_are_given)
{
    char records[512] = "", last[] = "m15.example.net:15";
    struct asked asked;
    struct endpoint place;

    for (unsigned i = 0; i < SRV_LIST_MAX; i++)
        snprintf(records + strlen(records), sizeof records - strlen(records), "%sm%u.example.net:%u", i ? " " : "", i,
                 i);
    ck_assert_str_eq(records + strlen(records) - strlen(last), last);
    set_up(&asked, SRV);
    stage_srv(RECORD, records);
    start(&asked);
    stage_settle();
    for (unsigned i = 0; i < SRV_LIST_MAX; i++) {
        ck_assert(targets_next(asked.targets, &place));
        ck_assert_uint_eq(place.port, i);
    }
    ck_assert(!targets_next(asked.targets, &place));
    targets_free(asked.targets);
    tear_down(&asked);
}
END_TEST

/* RFC 6186 and RFC 8314, RFC 5804: the service by protocol, and by whether TLS is spoken from the first byte. */
struct service {
    const char *text, *record;
};

static const struct service services[] = {
    {"[imap]\ntarget = srv:example.net\nproxy = direct\n", "_imap._tcp.example.net"},
    {"[imap]\ntarget = srv:example.net\nproxy = direct\ntls = starttls\n", "_imap._tcp.example.net"},
    {"[imap]\ntarget = srv:example.net\nproxy = direct\ntls = yes\n", "_imaps._tcp.example.net"},
    {"[submission]\ntarget = srv:example.net\nproxy = direct\n", "_submission._tcp.example.net"},
    {"[submission]\ntarget = srv:example.net\nproxy = direct\ntls = yes\n", "_submissions._tcp.example.net"},
    {"[pop3]\ntarget = srv:example.net\nproxy = direct\n", "_pop3._tcp.example.net"},
    {"[managesieve]\ntarget = srv:example.net\nproxy = direct\n", "_sieve._tcp.example.net"},
    {"[imap]\ntarget = srv:mail.example.org\nproxy = direct\n", "_imap._tcp.mail.example.org"},
};

START_TEST(the_record_is_that_of_the_service)
{
    struct asked asked;

    set_up(&asked, services[_i].text);
    stage_srv(services[_i].record, "a.example.net:4711");
    start(&asked);
    stage_settle();
    ck_assert_uint_eq(asked.told, 1);
    ck_assert_msg(!asked.failed, "%s: %s", services[_i].record, asked.failure.what);
    check_places(&asked, "a.example.net:4711");
    targets_free(asked.targets);
    tear_down(&asked);
}
END_TEST

/* --- what goes wrong --- */

START_TEST(a_domain_without_the_service_is_told_for_good)
{
    struct asked asked;

    set_up(&asked, SRV);
    stage_srv(RECORD, ".");
    start(&asked);
    stage_settle();
    check_failed(&asked, FAILURE_PERMANENT, "example.net says that it has no such service (SRV)");
    check_places(&asked, "");
    stage_advance(2 * LIMIT_MS);
    ck_assert_uint_eq(asked.told, 1);
    targets_free(asked.targets);
    tear_down(&asked);
}
END_TEST

START_TEST(a_look_up_that_fails_is_told_with_its_reason)
{
    struct asked asked;

    set_up(&asked, SRV);
    stage_srv(RECORD, "!the name servers are out to lunch");
    start(&asked);
    stage_settle();
    check_failed(&asked, FAILURE_TEMPORARY, "no SRV record for example.net: the name servers are out to lunch");
    check_places(&asked, "");
    stage_advance(2 * LIMIT_MS);
    ck_assert_uint_eq(asked.told, 1);
    targets_free(asked.targets);
    tear_down(&asked);
}
END_TEST

START_TEST(no_answer_has_a_limit)
{
    struct asked asked;

    set_up(&asked, SRV);
    stage_srv(RECORD, "");
    start(&asked);
    stage_advance(LIMIT_MS - 1);
    ck_assert_uint_eq(asked.told, 0);
    ck_assert_uint_eq(stage_lookups_open(), 1);
    stage_advance(1);
    check_failed(&asked, FAILURE_TEMPORARY, "no answer from the name servers within 10 s");
    ck_assert_uint_eq(stage_lookups_open(), 0); /* nobody waits for it any more */
    check_places(&asked, "");
    stage_advance(2 * LIMIT_MS);
    ck_assert_uint_eq(asked.told, 1);
    targets_free(asked.targets);
    tear_down(&asked);
}
END_TEST

/* The service stands before it, 11 bytes, and all of it is no longer than a name can be; or by one byte. */
START_TEST(a_domain_too_long_for_a_record_is_not_looked_up)
{
    struct listener_config listener;
    struct asked asked;
    char name[300];
    char *domain = listener.target.place.host;
    size_t length = ENDPOINT_HOST_MAX - strlen("_imap._tcp.") + (size_t)_i;

    set_up(&asked, SRV);
    listener = *asked.listener;
    for (size_t i = 0; i < length; i++)
        domain[i] = i % 60 == 59 ? '.' : 'd';
    domain[length] = '\0';
    snprintf(name, sizeof name, "_imap._tcp.%s", domain);
    stage_srv(name, "a.example.net:143");
    asked.listener = &listener;
    start(&asked);
    stage_settle();
    ck_assert_uint_eq(asked.told, 1);
    ck_assert_uint_eq(stage_lookups(), _i == 0);
    if (_i > 0)
        check_failed(&asked, FAILURE_TEMPORARY, "the SRV record cannot be looked up now");
    check_places(&asked, _i == 0 ? "a.example.net:143" : "");
    targets_free(asked.targets);
    tear_down(&asked);
}
END_TEST

/* --- its end --- */

/* While a look-up is under way, with its answer on the way, just before its limit; before a plain target is told. */
START_TEST(one_that_was_freed_is_silent)
{
    struct asked asked;

    set_up(&asked, _i == 3 ? "[imap]\ntarget = mail.example.net\nproxy = direct\n" : SRV);
    stage_srv(RECORD, _i == 1 ? "a.example.net:143" : "");
    start(&asked);
    if (_i == 0)
        stage_settle();
    if (_i == 2)
        stage_advance(LIMIT_MS - 1);
    targets_free(asked.targets);
    targets_free(asked.targets); /* within the turn it is known to be freed */
    ck_assert_uint_eq(stage_lookups_open(), 0);
    stage_advance(2 * LIMIT_MS);
    ck_assert_uint_eq(asked.told, 0);
    tear_down(&asked);
}
END_TEST

/* Found, found among several, unavailable, failed, late. */
START_TEST(it_may_be_freed_from_within_the_call)
{
    static const char *const answers[] = {NULL, "a.example.net:1 b.example.net:2", ".", "!no", ""};
    struct asked asked;

    set_up(&asked, _i == 0 ? "[imap]\ntarget = mail.example.net\nproxy = direct\n" : SRV);
    if (answers[_i])
        stage_srv(RECORD, answers[_i]);
    asked.frees = true;
    start(&asked);
    stage_advance(LIMIT_MS);
    ck_assert_uint_eq(asked.told, 1);
    ck_assert_int_eq(asked.failed, _i > 1);
    stage_advance(2 * LIMIT_MS);
    ck_assert_uint_eq(asked.told, 1);
    targets_free(NULL);
    tear_down(&asked);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("targets");

    tcase_add_loop_test(cases, a_plain_target_is_its_only_place_and_needs_no_look_up, 0,
                        sizeof plain / sizeof plain[0]);
    tcase_add_test(cases, the_places_of_the_records_come_in_their_order);
    tcase_add_test(cases, as_many_places_as_there_can_be_are_given);
    tcase_add_loop_test(cases, the_record_is_that_of_the_service, 0, sizeof services / sizeof services[0]);
    tcase_add_test(cases, a_domain_without_the_service_is_told_for_good);
    tcase_add_test(cases, a_look_up_that_fails_is_told_with_its_reason);
    tcase_add_test(cases, no_answer_has_a_limit);
    tcase_add_loop_test(cases, a_domain_too_long_for_a_record_is_not_looked_up, 0, 2);
    tcase_add_loop_test(cases, one_that_was_freed_is_silent, 0, 4);
    tcase_add_loop_test(cases, it_may_be_freed_from_within_the_call, 0, 5);
    return unit_run();
}
