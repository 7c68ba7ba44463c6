/* SPDX-License-Identifier: ISC */
#include "proxy/health.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../unit.h"
#include "base/log.h"
#include "net/netwatch.h"

#define START 1000000u /* of the clock, which is ours to walk */

static const struct endpoint proxy = {.host = "proxy.example.net", .port = 3128},
                             other = {.host = "other.example.net", .port = 3128};

static const struct failure *because(const char *what)
{
    static struct failure failure;

    snprintf(failure.what, sizeof failure.what, "%.*s", (int)sizeof failure.what - 1, what);
    return &failure;
}

START_TEST(an_unknown_proxy_is_up)
{
    struct health *health = health_new();
    const char *why = "unchanged";

    ck_assert_int_eq(health_state(health, &proxy, START), HEALTH_UP);
    ck_assert_uint_eq(health_rest_left(health, &proxy, START, &why), 0);
    ck_assert_str_eq(why, "unchanged");
    ck_assert(!health_is_plain(health, &proxy));
    health_free(health);
}
END_TEST

START_TEST(each_failure_doubles_the_rest_up_to_a_cap)
{
    struct health *health = health_new();
    uint64_t now = START, rest = HEALTH_REST_FIRST_MS;
    const char *why = "";

    for (int i = 0; i < 100; i++) {
        health_failed(health, NULL, &proxy, now, because("connection refused"));
        ck_assert_int_eq(health_state(health, &proxy, now), HEALTH_RESTING);
        ck_assert_uint_eq(health_rest_left(health, &proxy, now, &why), rest);
        ck_assert_str_eq(why, "connection refused");
        ck_assert_int_eq(health_state(health, &proxy, now + rest - 1), HEALTH_RESTING);
        ck_assert_uint_eq(health_rest_left(health, &proxy, now + rest - 1, &why), 1);
        ck_assert_int_eq(health_state(health, &proxy, now + rest), HEALTH_DOUBTFUL);
        ck_assert_uint_eq(health_rest_left(health, &proxy, now + rest, &why), 0);
        ck_assert_int_eq(health_state(health, &other, now), HEALTH_UP);
        now += rest;
        rest = rest * 2 < HEALTH_REST_MAX_MS ? rest * 2 : HEALTH_REST_MAX_MS;
    }
    health_free(health);
}
END_TEST

START_TEST(failures_during_a_rest_are_one_failure)
{
    struct health *health = health_new();
    const char *why = "";

    for (unsigned i = 0; i < 50; i++)
        health_failed(health, NULL, &proxy, START + i, because(i ? "later" : "first"));
    ck_assert_uint_eq(health_rest_left(health, &proxy, START, &why), HEALTH_REST_FIRST_MS);
    ck_assert_str_eq(why, "first");
    health_failed(health, NULL, &proxy, START + HEALTH_REST_FIRST_MS, because("second"));
    ck_assert_uint_eq(health_rest_left(health, &proxy, START + HEALTH_REST_FIRST_MS, &why), 2 * HEALTH_REST_FIRST_MS);
    ck_assert_str_eq(why, "second");
    health_free(health);
}
END_TEST

START_TEST(an_answer_ends_the_rest_and_the_count)
{
    struct health *health = health_new();
    const char *why = "";

    health_failed(health, NULL, &proxy, START, because("one"));
    health_failed(health, NULL, &proxy, START + HEALTH_REST_FIRST_MS, because("two"));
    health_worked(health, &proxy, START + HEALTH_REST_FIRST_MS + 1);
    ck_assert_int_eq(health_state(health, &proxy, START + HEALTH_REST_FIRST_MS + 1), HEALTH_UP);
    health_failed(health, NULL, &proxy, START + 100000, because("three"));
    ck_assert_uint_eq(health_rest_left(health, &proxy, START + 100000, &why), HEALTH_REST_FIRST_MS);
    health_free(health);
}
END_TEST

/* That it can be connected to is no answer: until there is one, each failure still counts. */
START_TEST(a_doubtful_one_is_up_when_it_was_reached)
{
    uint64_t now = START + HEALTH_REST_FIRST_MS;
    struct health *health = health_new();
    const char *why = "";

    health_reached(health, &proxy, START);
    ck_assert_int_eq(health_state(health, &proxy, START), HEALTH_UP);
    health_failed(health, NULL, &proxy, START, because("timed out"));
    health_reached(health, &proxy, now - 1); /* it rests */
    ck_assert_int_eq(health_state(health, &proxy, now), HEALTH_DOUBTFUL);
    health_reached(health, &proxy, now);
    ck_assert_int_eq(health_state(health, &proxy, now), HEALTH_UP);
    health_failed(health, NULL, &proxy, now, because("no TLS"));
    ck_assert_uint_eq(health_rest_left(health, &proxy, now, &why), 2 * HEALTH_REST_FIRST_MS);
    now += 2 * HEALTH_REST_FIRST_MS;
    ck_assert_int_eq(health_state(health, &proxy, now), HEALTH_DOUBTFUL);
    health_worked(health, &proxy, now);
    ck_assert_int_eq(health_state(health, &proxy, now), HEALTH_UP);
    health_failed(health, NULL, &proxy, now, because("timed out"));
    ck_assert_uint_eq(health_rest_left(health, &proxy, now, &why), HEALTH_REST_FIRST_MS);
    health_free(health);
}
END_TEST

/* That it can be connected to says nothing then; nor is what it does, as long as that is no tunnel, the end of its
 * failures. */
START_TEST(a_silent_one_is_doubtful_until_it_is_heard)
{
    const struct failure silence = {.cause = CAUSE_SILENCE, .what = "no answer within 30 s"};
    uint64_t now = START + HEALTH_REST_FIRST_MS;
    struct health *health = health_new();
    const char *why = "";

    health_heard(health, &proxy, START);
    ck_assert_int_eq(health_state(health, &proxy, START), HEALTH_UP);
    health_failed(health, NULL, &proxy, START, &silence);
    ck_assert(health_was_silent(health, &proxy));
    health_heard(health, &proxy, now - 1); /* it rests */
    health_reached(health, &proxy, now);
    ck_assert_int_eq(health_state(health, &proxy, now), HEALTH_DOUBTFUL);
    health_heard(health, &proxy, now);
    ck_assert_int_eq(health_state(health, &proxy, now), HEALTH_UP);
    health_failed(health, NULL, &proxy, now, &silence);
    ck_assert_uint_eq(health_rest_left(health, &proxy, now, &why), 2 * HEALTH_REST_FIRST_MS);
    now += 2 * HEALTH_REST_FIRST_MS;
    ck_assert_int_eq(health_state(health, &proxy, now), HEALTH_DOUBTFUL);
    ck_assert_int_eq(health_state(health, &proxy, now + HEALTH_DOUBT_MS), HEALTH_UP);
    health_worked(health, &proxy, now);
    ck_assert(!health_was_silent(health, &proxy));
    health_free(health);
}
END_TEST

/* It is the last failure that counts, and only its own: a proxy before it may have been silent. */
START_TEST(other_failures_are_no_silence)
{
    const struct failure silence = {.cause = CAUSE_SILENCE, .what = "no answer within 30 s"},
                         before = {.cause = CAUSE_SILENCE, .on_the_way = true, .what = "out of reach"};
    const uint64_t again = START + HEALTH_REST_FIRST_MS, after = again + 2 * HEALTH_REST_FIRST_MS;
    struct health *health = health_new();

    health_failed(health, NULL, &other, START, &before);
    health_reached(health, &other, again);
    ck_assert_int_eq(health_state(health, &other, again), HEALTH_UP);
    health_failed(health, NULL, &proxy, START, &silence);
    health_failed(health, NULL, &proxy, again, because("connection refused"));
    health_reached(health, &proxy, after); /* it may hang again, as it did before it was gone */
    ck_assert_int_eq(health_state(health, &proxy, after), HEALTH_DOUBTFUL);
    health_free(health);
}
END_TEST

/* If nobody has come for long, it may as well have been a moment's trouble; it still counts if it fails again. */
START_TEST(a_doubt_ends_with_time)
{
    const uint64_t end = START + HEALTH_REST_FIRST_MS + HEALTH_DOUBT_MS;
    struct health *health = health_new();
    const char *why = "";

    health_failed(health, NULL, &proxy, START, because("timed out"));
    ck_assert_int_eq(health_state(health, &proxy, end - 1), HEALTH_DOUBTFUL);
    ck_assert_int_eq(health_state(health, &proxy, end), HEALTH_UP);
    health_failed(health, NULL, &proxy, end, because("timed out"));
    ck_assert_uint_eq(health_rest_left(health, &proxy, end, &why), 2 * HEALTH_REST_FIRST_MS);
    health_free(health);
}
END_TEST

/* Who has answered can be reached, and in another network, or after a reload, nothing is known. */
START_TEST(others_are_up_when_their_rest_is_over)
{
    const uint64_t after = START + HEALTH_REST_MAX_MS;
    struct health *health = health_new();

    health_refused(health, NULL, &proxy, START, because("407"));
    ck_assert_int_eq(health_state(health, &proxy, after), HEALTH_UP);
    health_failed(health, NULL, &proxy, after, because("timed out"));
    ck_assert_int_eq(health_state(health, &proxy, after + HEALTH_REST_MAX_MS), HEALTH_DOUBTFUL);
    health_sent_away(health, NULL, &proxy, after + HEALTH_REST_MAX_MS, 1, because("503"));
    ck_assert_int_eq(health_state(health, &proxy, after + HEALTH_REST_MAX_MS + 1000), HEALTH_UP);
    health_failed(health, NULL, &other, START, because("timed out"));
    ck_assert_int_eq(health_state(health, &other, after), HEALTH_DOUBTFUL);
    health_renew(health, after);
    ck_assert_int_eq(health_state(health, &other, after), HEALTH_UP);
    health_failed(health, NULL, &other, after + NETWATCH_GRACE_MS, because("timed out"));
    health_forget(health);
    ck_assert_int_eq(health_state(health, &other, after + HEALTH_REST_MAX_MS), HEALTH_UP);
    health_free(health);
}
END_TEST

START_TEST(a_proxy_sent_us_away_for_as_long_as_it_said)
{
    struct health *health = health_new();
    const char *why = "";

    health_sent_away(health, NULL, &proxy, START, 7, because("503 Service Unavailable"));
    ck_assert_int_eq(health_state(health, &proxy, START), HEALTH_AWAY);
    ck_assert_uint_eq(health_rest_left(health, &proxy, START + 1000, &why), 6000);
    ck_assert_str_eq(why, "503 Service Unavailable");
    ck_assert_int_eq(health_state(health, &proxy, START + 6999), HEALTH_AWAY);
    ck_assert_int_eq(health_state(health, &proxy, START + 7000), HEALTH_UP);

    /* zero seconds are none; a second word of the proxy replaces the first */
    health_sent_away(health, NULL, &proxy, START, 0, because("503"));
    ck_assert_int_eq(health_state(health, &proxy, START), HEALTH_UP);
    health_sent_away(health, NULL, &proxy, START, 3, because("429 Too Many Requests"));
    ck_assert_uint_eq(health_rest_left(health, &proxy, START, &why), 3000);

    /* and an old session's failure does not shorten it */
    health_failed(health, NULL, &proxy, START + 1, because("connection reset"));
    ck_assert_int_eq(health_state(health, &proxy, START + 1), HEALTH_AWAY);
    ck_assert_uint_eq(health_rest_left(health, &proxy, START, &why), 3000);
    health_worked(health, &proxy, START + 2);
    ck_assert_int_eq(health_state(health, &proxy, START + 2), HEALTH_UP);
    health_free(health);
}
END_TEST

START_TEST(a_failure_after_being_away_rests_and_is_not_away)
{
    struct health *health = health_new();

    health_sent_away(health, NULL, &proxy, START, 1, because("503"));
    health_failed(health, NULL, &proxy, START + 1000, because("connection refused"));
    ck_assert_int_eq(health_state(health, &proxy, START + 1000), HEALTH_RESTING);
    health_free(health);
}
END_TEST

START_TEST(plain_is_remembered_whatever_else_happens)
{
    struct health *health = health_new();

    health_set_plain(health, NULL, &proxy, START);
    ck_assert(health_is_plain(health, &proxy));
    ck_assert(!health_is_plain(health, &other));
    ck_assert_int_eq(health_state(health, &proxy, START), HEALTH_UP);
    health_failed(health, NULL, &proxy, START, because("x"));
    health_sent_away(health, NULL, &proxy, START, 5, because("x"));
    health_worked(health, &proxy, START);
    ck_assert(health_is_plain(health, &proxy));
    health_free(health);
}
END_TEST

START_TEST(who_takes_upgrade_is_remembered_whatever_else_happens)
{
    struct health *health = health_new();

    ck_assert(!health_takes_upgrade(health, &proxy));
    health_note_upgrade(health, &proxy, START);
    ck_assert(health_takes_upgrade(health, &proxy));
    ck_assert(!health_takes_upgrade(health, &other));
    health_failed(health, NULL, &proxy, START, because("x"));
    health_worked(health, &proxy, START);
    health_set_plain(health, NULL, &proxy, START);
    ck_assert(health_takes_upgrade(health, &proxy));
    health_forget(health);
    ck_assert(!health_takes_upgrade(health, &proxy));
    health_free(health);
}
END_TEST

START_TEST(one_proxy_is_one_whatever_the_case_of_its_name_but_not_at_another_port)
{
    struct health *health = health_new();
    const struct endpoint loud = {.host = "PROXY.example.NET", .port = 3128},
                          elsewhere = {.host = "proxy.example.net", .port = 8080};

    health_failed(health, NULL, &proxy, START, because("x"));
    ck_assert_int_eq(health_state(health, &loud, START), HEALTH_RESTING);
    ck_assert_int_eq(health_state(health, &elsewhere, START), HEALTH_UP);
    health_free(health);
}
END_TEST

START_TEST(when_full_the_one_touched_longest_ago_gives_way)
{
    struct health *health = health_new();
    struct endpoint place = {.port = 1};

    for (unsigned i = 0; i < HEALTH_ENTRIES_MAX; i++) {
        snprintf(place.host, sizeof place.host, "p%u.example.net", i);
        health_set_plain(health, NULL, &place, START + i);
    }
    snprintf(place.host, sizeof place.host, "p0.example.net");
    health_worked(health, &place, START + 10000); /* now p1 is the oldest */
    health_set_plain(health, NULL, &proxy, START + 20000);
    ck_assert(health_is_plain(health, &proxy));
    for (unsigned i = 0; i < HEALTH_ENTRIES_MAX; i++) {
        snprintf(place.host, sizeof place.host, "p%u.example.net", i);
        ck_assert_msg(health_is_plain(health, &place) == (i != 1), "%s", place.host);
    }
    /* whoever takes the place takes nothing over from the one before */
    health_failed(health, NULL, &other, START + 30000, because("x"));
    ck_assert(!health_is_plain(health, &other));
    ck_assert_int_eq(health_state(health, &other, START + 30000), HEALTH_RESTING);
    health_free(health);
}
END_TEST

START_TEST(others_do_not_push_out_what_was_offered)
{
    struct health *health = health_new();
    struct endpoint place = {.port = 1};

    health_set_plain(health, NULL, &other, START);
    health_note_offer(health, &proxy, START + 1, 1u << CHALLENGE_DIGEST);
    for (unsigned i = 0; i < 2 * HEALTH_ENTRIES_MAX; i++) {
        snprintf(place.host, sizeof place.host, "p%u.example.net", i);
        health_note_upgrade(health, &place, START + 10 + i);
    }
    ck_assert_uint_eq(health_offers(health, &proxy), 1u << CHALLENGE_DIGEST);
    ck_assert(!health_is_plain(health, &other));
    health_free(health);
}
END_TEST

/* There is an end to that, too. */
/* By CONNECT or for a resource: who may be on the way is the same. */
START_TEST(what_was_offered_counts_for_all_forms)
{
    struct endpoint form = proxy, elsewhere = proxy;
    struct health *health = health_new();

    form.resource = 7;
    elsewhere.port++;
    health_note_offer(health, &form, START, 1u << CHALLENGE_DIGEST);
    ck_assert_uint_eq(health_offers(health, &proxy), 1u << CHALLENGE_DIGEST);
    health_note_offer(health, &proxy, START, 1u << CHALLENGE_BASIC);
    form.resource++;
    ck_assert_uint_eq(health_offers(health, &form), 1u << CHALLENGE_DIGEST | 1u << CHALLENGE_BASIC);
    ck_assert_uint_eq(health_offers(health, &elsewhere), 0);
    health_free(health);
}
END_TEST

START_TEST(of_those_that_offered_the_oldest_gives_way)
{
    struct health *health = health_new();
    struct endpoint place = {.port = 1};

    for (unsigned i = 0; i <= HEALTH_ENTRIES_MAX; i++) {
        snprintf(place.host, sizeof place.host, "p%u.example.net", i);
        health_note_offer(health, &place, START + i, 1u << CHALLENGE_NTLM);
    }
    ck_assert_uint_ne(health_offers(health, &place), 0);
    ck_assert_uint_ne(health_offers(health, &(struct endpoint){.host = "p1.example.net", .port = 1}), 0);
    ck_assert_uint_eq(health_offers(health, &(struct endpoint){.host = "p0.example.net", .port = 1}), 0);
    health_free(health);
}
END_TEST

START_TEST(a_long_reason_is_cut)
{
    struct health *health = health_new();
    const char *why = NULL;
    char text[1000];

    memset(text, 'y', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    health_failed(health, NULL, &proxy, START, because(text));
    ck_assert_uint_gt(health_rest_left(health, &proxy, START, &why), 0);
    ck_assert_uint_ge(strlen(why), 100);
    ck_assert_int_eq(strncmp(why, text, strlen(why)), 0);
    health_free(health);
    health_free(NULL);
}
END_TEST

/* What the default template did is of one place, and a reload forgets it. */
START_TEST(a_template_is_remembered_until_all_is_forgotten)
{
    struct endpoint resource = proxy;
    struct health *health = health_new();

    resource.resource = endpoint_resource("/{target_host}/{target_port}");
    ck_assert_int_eq(health_template(health, &proxy), TEMPLATE_UNKNOWN);
    health_set_template(health, NULL, &proxy, START, TEMPLATE_FAILS);
    ck_assert_int_eq(health_template(health, &proxy), TEMPLATE_FAILS);
    ck_assert_int_eq(health_template(health, &resource), TEMPLATE_UNKNOWN);
    ck_assert_int_eq(health_template(health, &other), TEMPLATE_UNKNOWN);
    ck_assert_int_eq(health_state(health, &proxy, START), HEALTH_UP);
    health_set_template(health, NULL, &proxy, START, TEMPLATE_OPENS);
    health_worked(health, &proxy, START + 1);
    ck_assert_int_eq(health_template(health, &proxy), TEMPLATE_OPENS);
    health_forget(health);
    ck_assert_int_eq(health_template(health, &proxy), TEMPLATE_UNKNOWN);
    health_free(health);
}
END_TEST

/* HTTP/1.1 is for good, and of one place; the log says so once, and why. */
START_TEST(a_version_is_remembered_until_all_is_forgotten)
{
    struct health *health = health_new();
    int saved = dup(STDERR_FILENO);
    FILE *said = tmpfile();
    char text[400] = "";

    ck_assert_int_eq(health_version(health, &proxy), VERSION_UNKNOWN);
    ck_assert_int_ge(dup2(fileno(said), STDERR_FILENO), 0);
    log_setup(LEVEL_INFO, false, false);
    health_set_version(health, "#1", &proxy, START, VERSION_2, NULL);
    ck_assert_int_eq(health_version(health, &proxy), VERSION_2);
    health_set_version(health, "#2", &proxy, START, VERSION_1_1, "it is old");
    health_set_version(health, "#3", &proxy, START, VERSION_1_1, "it is old");
    health_set_version(health, "#4", &proxy, START, VERSION_2, NULL);
    health_worked(health, &proxy, START + 1);
    ck_assert_int_ge(dup2(saved, STDERR_FILENO), 0);
    close(saved);
    ck_assert_int_eq(health_version(health, &proxy), VERSION_1_1);
    ck_assert_int_eq(health_version(health, &other), VERSION_UNKNOWN);
    ck_assert_int_eq(health_state(health, &proxy, START), HEALTH_UP);
    rewind(said);
    ck_assert_uint_lt(fread(text, 1, sizeof text - 1, said), sizeof text - 1);
    ck_assert_str_eq(text, "sallyport: #2 http://proxy.example.net:3128 is asked over HTTP/1.1 from now on: it is "
                     "old\n");
    fclose(said);
    health_forget(health);
    ck_assert_int_eq(health_version(health, &proxy), VERSION_UNKNOWN);
    health_set_version(health, "#5", &proxy, START, VERSION_2, NULL);
    ck_assert_int_eq(health_version(health, &proxy), VERSION_2);
    health_free(health);
}
END_TEST

START_TEST(in_another_network_who_was_out_of_reach_does_not_rest)
{
    struct health *health = health_new();
    uint64_t now = START;
    const char *why = "";

    for (unsigned i = 0; i < 5; i++) {
        health_failed(health, NULL, &proxy, now, because("timed out"));
        now += 60000;
    }
    health_failed(health, NULL, &proxy, now, because("timed out"));
    health_sent_away(health, NULL, &other, now, 100, because("429"));
    health_renew(health, now + 1);
    ck_assert_int_eq(health_state(health, &proxy, now + 1), HEALTH_UP);
    ck_assert_int_eq(health_state(health, &other, now + 1), HEALTH_AWAY);
    now += 1 + NETWATCH_GRACE_MS;
    health_failed(health, NULL, &proxy, now, because("timed out")); /* and it begins anew */
    ck_assert_uint_eq(health_rest_left(health, &proxy, now, &why), HEALTH_REST_FIRST_MS);
    health_free(health);
}
END_TEST

START_TEST(a_refused_password_rests_in_any_network)
{
    struct health *health = health_new();
    const char *why = "";

    health_refused(health, NULL, &proxy, START, because("407"));
    ck_assert_uint_eq(health_rest_left(health, &proxy, START, &why), HEALTH_REST_FIRST_MS);
    health_renew(health, START + 1);
    ck_assert_int_eq(health_state(health, &proxy, START + 1), HEALTH_RESTING);
    health_refused(health, NULL, &other, START + 2, because("407")); /* nor is anybody lenient */
    ck_assert_int_eq(health_state(health, &other, START + 2), HEALTH_RESTING);
    health_worked(health, &proxy, START + 3);
    health_failed(health, NULL, &proxy, START + 60000, because("timed out"));
    health_renew(health, START + 60001);
    ck_assert_int_eq(health_state(health, &proxy, START + 60001), HEALTH_UP);
    health_free(health);
}
END_TEST

/* One rest for two reasons. */
START_TEST(a_password_refused_during_a_rest_makes_it_last)
{
    struct health *health = health_new();

    health_failed(health, NULL, &proxy, START, because("timed out"));
    health_refused(health, NULL, &proxy, START + 1, because("407"));
    health_renew(health, START + 2);
    ck_assert_int_eq(health_state(health, &proxy, START + 2), HEALTH_RESTING);
    health_free(health);
}
END_TEST

START_TEST(just_after_a_change_failures_do_not_count)
{
    struct health *health = health_new();
    const char *why = "";

    health_renew(health, START);
    for (unsigned i = 0; i < NETWATCH_GRACE_MS; i += 100) {
        health_failed(health, NULL, &proxy, START + i, because("unreachable"));
        ck_assert_int_eq(health_state(health, &proxy, START + i), HEALTH_UP);
    }
    health_failed(health, NULL, &proxy, START + NETWATCH_GRACE_MS, because("unreachable"));
    ck_assert_uint_eq(health_rest_left(health, &proxy, START + NETWATCH_GRACE_MS, &why), HEALTH_REST_FIRST_MS);
    health_renew(health, START + NETWATCH_GRACE_MS);
    health_forget(health); /* a reload ends it */
    health_failed(health, NULL, &proxy, START + NETWATCH_GRACE_MS + 1, because("unreachable"));
    ck_assert_int_eq(health_state(health, &proxy, START + NETWATCH_GRACE_MS + 1), HEALTH_RESTING);
    health_free(health);
}
END_TEST

static unsigned changes;

static void on_changed(void *arg)
{
    ck_assert_ptr_eq(arg, &changes);
    changes++;
}

START_TEST(who_watches_is_told_of_each_that_is_sent_away_or_returns)
{
    struct health *health = health_new();
    struct endpoint another = {.port = 1};

    changes = 0;
    health_watch(health, on_changed, &changes);
    health_failed(health, NULL, &proxy, START, because("unreachable"));
    health_worked(health, &proxy, START);
    ck_assert_uint_eq(changes, 0);
    health_failed(health, NULL, &other, START - HEALTH_REST_FIRST_MS, because("unreachable"));
    health_reached(health, &other, START);
    ck_assert_uint_eq(changes, 1);
    health_reached(health, &other, START); /* which it was */
    ck_assert_uint_eq(changes, 1);
    health_failed(health, NULL, &other, START, because("unreachable"));
    health_worked(health, &other, START + HEALTH_REST_FIRST_MS * 2);
    ck_assert_uint_eq(changes, 2);
    health_forget(health);
    changes = 0;
    health_sent_away(health, NULL, &proxy, START, 1, because("503"));
    health_sent_away(health, NULL, &proxy, START, 2, because("503"));
    ck_assert_uint_eq(changes, 1);
    health_worked(health, &proxy, START);
    ck_assert_uint_eq(changes, 2);
    health_sent_away(health, NULL, &proxy, START, 1, because("503"));
    health_failed(health, NULL, &proxy, START + 1000, because("unreachable"));
    ck_assert_uint_eq(changes, 4);
    health_sent_away(health, NULL, &proxy, START + 1000, 1, because("503"));
    health_forget(health);
    ck_assert_uint_eq(changes, 6);
    health_sent_away(health, NULL, &proxy, START, 1, because("503"));
    for (unsigned i = 0; i < HEALTH_ENTRIES_MAX; i++) { /* the last one takes its place */
        ck_assert_uint_eq(changes, 7);
        snprintf(another.host, sizeof another.host, "p%u", i);
        health_worked(health, &another, START + 1);
    }
    ck_assert_uint_eq(changes, 8);
    health_watch(health, NULL, NULL);
    health_sent_away(health, NULL, &proxy, START, 1, because("503"));
    ck_assert_uint_eq(changes, 8);
    health_free(health);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("health");

    tcase_add_test(cases, an_unknown_proxy_is_up);
    tcase_add_test(cases, each_failure_doubles_the_rest_up_to_a_cap);
    tcase_add_test(cases, failures_during_a_rest_are_one_failure);
    tcase_add_test(cases, an_answer_ends_the_rest_and_the_count);
    tcase_add_test(cases, a_doubtful_one_is_up_when_it_was_reached);
    tcase_add_test(cases, a_silent_one_is_doubtful_until_it_is_heard);
    tcase_add_test(cases, other_failures_are_no_silence);
    tcase_add_test(cases, a_doubt_ends_with_time);
    tcase_add_test(cases, others_are_up_when_their_rest_is_over);
    tcase_add_test(cases, a_proxy_sent_us_away_for_as_long_as_it_said);
    tcase_add_test(cases, a_failure_after_being_away_rests_and_is_not_away);
    tcase_add_test(cases, plain_is_remembered_whatever_else_happens);
    tcase_add_test(cases, who_takes_upgrade_is_remembered_whatever_else_happens);
    tcase_add_test(cases, one_proxy_is_one_whatever_the_case_of_its_name_but_not_at_another_port);
    tcase_add_test(cases, when_full_the_one_touched_longest_ago_gives_way);
    tcase_add_test(cases, others_do_not_push_out_what_was_offered);
    tcase_add_test(cases, what_was_offered_counts_for_all_forms);
    tcase_add_test(cases, of_those_that_offered_the_oldest_gives_way);
    tcase_add_test(cases, a_long_reason_is_cut);
    tcase_add_test(cases, a_template_is_remembered_until_all_is_forgotten);
    tcase_add_test(cases, a_version_is_remembered_until_all_is_forgotten);
    tcase_add_test(cases, in_another_network_who_was_out_of_reach_does_not_rest);
    tcase_add_test(cases, a_refused_password_rests_in_any_network);
    tcase_add_test(cases, a_password_refused_during_a_rest_makes_it_last);
    tcase_add_test(cases, just_after_a_change_failures_do_not_count);
    tcase_add_test(cases, who_watches_is_told_of_each_that_is_sent_away_or_returns);
    return unit_run();
}
