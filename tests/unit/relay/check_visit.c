/* SPDX-License-Identifier: ISC */
#include "relay/visit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "relay/place.h"

#include "../unit.h"
#include "hall.h"

static struct hall hall;

static void set_up(void)
{
    hall_set_up(&hall, "alpn = http/1.1,h2\npath = /mail/imap = home:143\n");
}

static void tear_down(void)
{
    hall_tear_down(&hall);
}

#define HEARD_101(who) "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: reverse\r\n" \
                       "Forwarded: for=\"" who "\";by=\"203.0.113.5:8443\"\r\n\r\n"

/* --- a place --- */

START_TEST(a_place_waits_and_is_answered_after_50_s_on_the_same_connection)
{
    struct wire *place = hall_wait(&hall);

    given_check_log("info relay #1 waiting name=home:143 from=198.51.100.1:50000 user=\"alice\"\n");
    hall_check_names(&hall, "home:143 alice 1 0\n");
    for (unsigned i = 0; i < 5; i++) {
        stage_advance(PLACE_BEAT_MS - 1);
        ck_assert_str_eq(place->heard, "");
        stage_advance(1);
        ck_assert_str_eq(place->heard, "HTTP/1.1 204 No Content\r\n\r\n");
        wire_clear(place);
        hall_check_names(&hall, "");
        wire_say(place, HALL_REGISTER);
        hall_check_names(&hall, "home:143 alice 1 0\n");
    }
    given_check_log(""); /* one line for all of them */
    ck_assert(wire_is_held(place));
}
END_TEST

START_TEST(a_place_that_waits_has_no_timer_but_its_heartbeat)
{
    unsigned before;

    hall_wait(&hall);
    before = stage_timers();
    stage_advance(PLACE_BEAT_MS - 1);
    ck_assert_uint_eq(stage_timers(), before);
}
END_TEST

START_TEST(a_place_is_handed_a_client_with_a_101_that_names_it)
{
    struct wire *place = hall_wait(&hall), *client = hall_call(&hall);

    ck_assert_str_eq(place->heard, HEARD_101("192.0.2.7:50000"));
    ck_assert_str_eq(client->heard, HALL_OPEN);
    hall_check_names(&hall, "home:143 alice 0 1\n");
    ck_assert_uint_eq(visits_count(hall.visits), 2);
}
END_TEST

START_TEST(the_token_is_repeated_as_it_was_asked_and_one_known_alpn_id_is_chosen)
{
    struct wire *place = hall_come(&hall, "198.51.100.1");

    wire_say(place, "GET /.well-known/reverse/tcp/home/143/ HTTP/1.1\r\nhost: relay.example\r\n"
             "connection: Upgrade\r\nupgrade: h2c, ReVerse\r\nalpn: h2,http%2F1.1\r\n"
             "authorization: " HALL_ALICE "\r\n\r\n");
    hall_call(&hall);
    ck_assert_str_eq(place->heard, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: ReVerse\r\n"
                     "Forwarded: for=\"192.0.2.7:50000\";by=\"203.0.113.5:8443\"\r\n"
                     "Selected-ALPN: http%2F1.1\r\n\r\n");
}
END_TEST

START_TEST(a_place_that_ends_or_speaks_early_serves_nobody)
{
    struct wire *ends = hall_wait(&hall), *breaks = hall_wait(&hall), *speaks = hall_wait(&hall);
    struct wire *good = hall_wait(&hall);

    wire_end(ends);
    wire_break(breaks, ECONNRESET);
    hall_check_names(&hall, "home:143 alice 2 0\n");
    hall_check_status(speaks, "* OK\r\n", 400);
    ck_assert(speaks->shut);
    hall_check_names(&hall, "home:143 alice 1 0\n");
    ck_assert(ends->closed && breaks->reset);
    hall_call(&hall);
    ck_assert_uint_gt(good->heard_length, 0);
}
END_TEST

START_TEST(what_comes_right_behind_the_request_of_a_place_is_early_too)
{
    struct wire *wire = hall_come(&hall, "198.51.100.1");

    hall_check_status(wire, HALL_REGISTER "* OK\r\n", 400);
    ck_assert(wire->shut);
    hall_check_names(&hall, "");
}
END_TEST

static const struct {
    const char *request;
    unsigned status;
    const char *has;
} places[] = {
    {HALL_GET HALL_SWITCH "\r\n", 401, "WWW-Authenticate: Basic realm="},
    {HALL_GET "\r\n", 401, "WWW-Authenticate: "},
    {HALL_GET HALL_SWITCH "Proxy-Authorization: " HALL_ALICE "\r\n\r\n", 401, "WWW-Authenticate: "},
    {HALL_GET HALL_SWITCH "Authorization: " HALL_BOB "\r\n\r\n", 403, "Not for this user"},
    {HALL_GET "Authorization: " HALL_ALICE "\r\n\r\n", 426, "\r\nUpgrade: reverse\r\nConnection: upgrade\r\n"},
    {HALL_GET "Connection: upgrade\r\nUpgrade: websocket\r\nAuthorization: " HALL_ALICE "\r\n\r\n", 426, "reverse"},
    {HALL_GET "Upgrade: reverse\r\nAuthorization: " HALL_ALICE "\r\n\r\n", 426, "reverse"}, /* RFC 9110 section 7.8 */
    {"GET /.well-known/reverse/tcp/other/1/ HTTP/1.1\r\nHost: r\r\n" HALL_SWITCH "Authorization: " HALL_ALICE
     "\r\n\r\n", 403, ""},
    {"GET / HTTP/1.1\r\nHost: relay.example\r\n\r\n", 404, "\r\n\r\nNot found.\n"},
    {"GET / HTTP/1.1\r\nHost: relay.example\r\nAuthorization: " HALL_ALICE "\r\n\r\n", 404, "\r\n\r\nNot found.\n"},
    {"GET /.well-known/reverse/tcp/%2e%2e/143/ HTTP/1.1\r\nHost: r\r\n" HALL_SWITCH "\r\n", 404, ""},
    {"POST /.well-known/reverse/tcp/home/143/ HTTP/1.1\r\nHost: r\r\n\r\n", 405, "\r\nAllow: GET\r\n"},
    {HALL_GET HALL_SWITCH "Expect: magic\r\nAuthorization: " HALL_ALICE "\r\n\r\n", 417, ""},
};

START_TEST(a_place_that_may_not_wait_is_told_why_and_may_ask_again)
{
    struct wire *wire = hall_come(&hall, "198.51.100.1");

    wire_say(wire, places[_i].request);
    ck_assert_ptr_nonnull(strstr(wire->heard, places[_i].has));
    hall_check_status(wire, "", places[_i].status);
    hall_check_names(&hall, "");
    ck_assert(!wire->shut);
    wire_say(wire, HALL_REGISTER);
    ck_assert_str_eq(wire->heard, "");
    hall_check_names(&hall, "home:143 alice 1 0\n");
}
END_TEST

/* A web server before the relay would take it for the next answer (RFC 9112 section 6.3). */
START_TEST(an_answer_to_head_has_no_body)
{
    struct wire *wire = hall_come(&hall, "198.51.100.1");
    const char *end;

    wire_say(wire, "HEAD / HTTP/1.1\r\nHost: relay.example\r\n\r\n");
    ck_assert_ptr_nonnull(strstr(wire->heard, "\r\nContent-Length: 11\r\n"));
    end = strstr(wire->heard, "\r\n\r\n");
    ck_assert_ptr_nonnull(end);
    ck_assert_str_eq(end + 4, "");
    hall_check_status(wire, "", 404);
    ck_assert(!wire->shut);
}
END_TEST

START_TEST(a_second_user_of_a_name_is_told_so)
{
    struct wire *other = hall_come(&hall, "198.51.100.2");

    hall_wait(&hall);
    given_forget_log();
    hall_check_status(other, HALL_GET HALL_SWITCH "Authorization: " HALL_CAROL "\r\n\r\n", 409);
    given_check_log("warning relay #1 refused from=198.51.100.2:50000 user=\"carol\" name=home:143 status=409\n");
    hall_check_names(&hall, "home:143 alice 1 0\n");
}
END_TEST

START_TEST(a_user_has_16_places)
{
    struct wire *more = hall_come(&hall, "198.51.100.1");

    for (unsigned i = 0; i < REGISTRY_WAITING_MAX; i++)
        hall_wait(&hall);
    wire_say(more, HALL_REGISTER);
    ck_assert_ptr_nonnull(strstr(more->heard, "\r\nRetry-After: 5\r\n"));
    hall_check_status(more, "", 429);
    ck_assert(!more->shut);
}
END_TEST

START_TEST(a_wrong_password_is_answered_after_a_second)
{
    struct wire *wire = hall_come(&hall, "198.51.100.1");

    wire_say(wire, HALL_GET HALL_SWITCH "Authorization: Basic YWxpY2U6d3Jvbmc=\r\n\r\n");
    stage_advance(LOGIN_DELAY_MS - 1);
    ck_assert_str_eq(wire->heard, "");
    stage_advance(1);
    hall_check_status(wire, "", 401);
    given_check_log("warning relay #1 refused from=198.51.100.1 user=\"alice\" reason=\"wrong password\"\n");
}
END_TEST

START_TEST(an_address_that_guesses_is_told_to_wait)
{
    struct wire *wire = hall_come(&hall, "198.51.100.1");

    for (unsigned i = 0; i < 5; i++) {
        wire_say(wire, HALL_GET HALL_SWITCH "Authorization: Basic YWxpY2U6d3Jvbmc=\r\n\r\n");
        stage_advance(LOGIN_DELAY_MS);
        hall_check_status(wire, "", 401);
    }
    wire_say(wire, HALL_REGISTER);
    ck_assert_ptr_nonnull(strstr(wire->heard, "\r\nRetry-After: "));
    hall_check_status(wire, "", 429);
}
END_TEST

/* --- a client --- */

static const struct {
    const char *request;
    unsigned status;
    bool kept;
} clients[] = {
    {"CONNECT home:143 HTTP/1.1\r\nHost: home:143\r\n\r\n", 407, true},
    {"CONNECT home:143 HTTP/1.1\r\nHost: home:143\r\nAuthorization: " HALL_BOB "\r\n\r\n", 407, true},
    {"CONNECT home:143 HTTP/1.1\r\nHost: home:143\r\n\r\n\x16\x03\x01", 407, false}, /* behind it is no request */
    {"CONNECT home:143 HTTP/1.1\r\nHost: home:143\r\nConnection: close\r\n\r\n", 407, false},
    {"CONNECT home:143 HTTP/1.0\r\n\r\n", 407, false},
    {"CONNECT home:993 HTTP/1.1\r\nHost: home:993\r\nProxy-Authorization: " HALL_BOB "\r\n\r\n", 403, false},
    {"CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1:22\r\nProxy-Authorization: " HALL_ALICE "\r\n\r\n", 403, false},
    {"CONNECT [::1]:22 HTTP/1.1\r\nHost: [::1]:22\r\nProxy-Authorization: " HALL_CAROL "\r\n\r\n", 403, false},
    {"CONNECT www.example.com:443 HTTP/1.1\r\nHost: www.example.com:443\r\nProxy-Authorization: " HALL_CAROL
     "\r\n\r\n", 403, false},
    {"CONNECT home:993 HTTP/1.1\r\nHost: home:993\r\nProxy-Authorization: " HALL_ALICE "\r\n\r\n", 503, false},
    {HALL_CONNECT, 503, false}, /* nobody has ever waited: at once */
    {"CONNECT home HTTP/1.1\r\nHost: home\r\nProxy-Authorization: " HALL_BOB "\r\n\r\n", 400, false},
    {"CONNECT home:143 HTTP/1.1\r\nHost: home:143\r\nContent-Length: 3\r\nProxy-Authorization: " HALL_BOB
     "\r\n\r\nabc", 400, false},
    {"OPTIONS /mail/imap HTTP/1.1\r\nHost: relay.example\r\n\r\n", 401, true},
    {"OPTIONS /mail/other HTTP/1.1\r\nHost: relay.example\r\n\r\n", 404, true},
    {"OPTIONS * HTTP/1.1\r\nHost: relay.example\r\n\r\n", 404, true},
    {"OPTIONS /mail/imap HTTP/1.1\r\nHost: relay.example\r\nAuthorization: " HALL_BOB "\r\n\r\n", 426, true},
    {"OPTIONS /mail/imap HTTP/1.1\r\nHost: relay.example\r\nConnection: Upgrade\r\nUpgrade: TCPConnection/1.1\r\n"
     "Authorization: " HALL_BOB "\r\n\r\n", 426, true},
    {"OPTIONS /mail/imap HTTP/1.1\r\nHost: relay.example\r\nConnection: Upgrade\r\nUpgrade: TCPConnection/1.0\r\n"
     "Origin: http://elsewhere.example\r\nAuthorization: " HALL_BOB "\r\n\r\n", 403, true},
    {"OPTIONS /mail/imap HTTP/1.1\r\nHost: relay.example\r\nConnection: Upgrade\r\nUpgrade: TCPConnection/1.0\r\n"
     "Authorization: " HALL_BOB "\r\n\r\n", 503, true},
    {"OPTIONS /mail/imap HTTP/1.1\r\nHost: relay.example\r\nConnection: Upgrade\r\nUpgrade: TCPConnection/1.0\r\n"
     "Authorization: " HALL_BOB "\r\n\r\na1 NOOP\r\n", 503, false},
};

START_TEST(a_client_that_is_led_nowhere_is_told_why)
{
    struct wire *wire = hall_come(&hall, "192.0.2.7");

    hall_check_status(wire, clients[_i].request, clients[_i].status);
    ck_assert_int_eq(!wire->shut, clients[_i].kept);
    if (clients[_i].kept)
        hall_check_status(wire, "GET / HTTP/1.1\r\nHost: r\r\n\r\n", 404);
    wire_end(wire);
    ck_assert(wire->closed);
}
END_TEST

START_TEST(a_client_is_held_until_a_place_waits)
{
    struct wire *place = hall_wait(&hall), *client;

    wire_end(place);
    client = hall_call(&hall);
    ck_assert_str_eq(client->heard, "");
    stage_advance(MEETING_HOLD_MS - 1);
    ck_assert_str_eq(client->heard, "");
    place = hall_come(&hall, "198.51.100.1");
    wire_say(place, HALL_REGISTER);
    ck_assert_str_eq(client->heard, HALL_OPEN);
    ck_assert_str_eq(place->heard, HEARD_101("192.0.2.7:50000"));
}
END_TEST

START_TEST(a_client_that_was_held_for_10_s_is_told_to_come_again)
{
    struct wire *place = hall_wait(&hall), *client;

    wire_end(place);
    client = hall_call(&hall);
    stage_advance(MEETING_HOLD_MS);
    ck_assert_ptr_nonnull(strstr(client->heard, "\r\nRetry-After: 5\r\n"));
    hall_check_status(client, "", 503);
    ck_assert(client->shut);
    stage_advance(REGISTRY_MEMORY_MS - MEETING_HOLD_MS);
    client = hall_call(&hall); /* a minute after the last place has gone: at once */
    hall_check_status(client, "", 503);
}
END_TEST

START_TEST(tcpconnection_leads_a_path_to_its_name)
{
    struct wire *place = hall_wait(&hall), *client = hall_come(&hall, "192.0.2.7");

    wire_say(client, "OPTIONS /mail/imap HTTP/1.1\r\nHost: relay.example:8443\r\nConnection: Upgrade\r\n"
             "Upgrade: tcpconnection/1.0\r\nAuthorization: " HALL_BOB "\r\n"
             "Origin: http://RELAY.example\r\n\r\na1 CAPABILITY\r\n");
    ck_assert_str_eq(client->heard, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n"
                     "Upgrade: TCPConnection/1.0\r\nAccess-Control: allow <RELAY.example>\r\n\r\n");
    ck_assert_str_eq(place->heard, HEARD_101("192.0.2.7:50000") "a1 CAPABILITY\r\n");
}
END_TEST

START_TEST(a_web_server_on_this_machine_says_who_its_client_is)
{
    struct wire *place = hall_wait(&hall), *client = hall_come(&hall, "127.0.0.1");

    wire_say(client, "OPTIONS /mail/imap HTTP/1.1\r\nHost: relay.example\r\nConnection: Upgrade\r\n"
             "Upgrade: TCPConnection/1.0\r\nAuthorization: " HALL_BOB "\r\n"
             "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-For: 203.0.113.10, 2001:db8::9\r\n\r\n");
    ck_assert_str_eq(place->heard, HEARD_101("[2001:db8::9]"));
}
END_TEST

/* --- heads --- */

START_TEST(requests_may_come_in_pieces_and_together)
{
    struct wire *wire = hall_come(&hall, "192.0.2.7");

    wire->piece = (size_t)_i; /* 0: all at once */
    wire_say(wire, "\r\nGET / HTTP/1.1\r\nHost: r\r\n\r\nGET /a HTTP/1.1\r\nHost: r\r\n\r\n");
    ck_assert_ptr_nonnull(strstr(wire->heard + 1, "HTTP/1.1 404 "));
    hall_check_status(wire, "", 404);
    ck_assert(!wire->shut);
    hall_check_status(wire, "GET /b HTTP/1.1\r\nHost: r\r\nConnection: close\r\n\r\nGET /", 404);
    ck_assert(wire->shut);
    stage_advance(2000);
    ck_assert(wire->closed);
}
END_TEST

START_TEST(a_slow_head_is_answered_408_and_no_head_with_nothing)
{
    struct wire *slow = hall_come(&hall, "192.0.2.7"), *silent = hall_come(&hall, "192.0.2.8");

    wire_say(slow, "GET");
    stage_advance(VISIT_HEAD_MS - 1);
    wire_say(slow, " / HTTP/1.1\r\nHost: r\r\n");
    ck_assert(wire_is_held(silent));
    stage_advance(1);
    hall_check_status(slow, "", 408);
    ck_assert(slow->shut);
    ck_assert(silent->closed);
    ck_assert_uint_eq(silent->heard_length, 0);
}
END_TEST

START_TEST(a_connection_may_pause_for_10_s_between_two_requests)
{
    struct wire *wire = hall_come(&hall, "192.0.2.7");

    for (unsigned i = 0; i < 3; i++) {
        stage_advance(VISIT_HEAD_MS - 1);
        hall_check_status(wire, "GET / HTTP/1.1\r\nHost: r\r\n\r\n", 404);
    }
    stage_advance(VISIT_HEAD_MS);
    ck_assert(wire->closed);
}
END_TEST

static const struct {
    const char *text;
    unsigned status;
} bad[] = {
    {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\n\r\n", 400},
    {"GET / HTTP/2.0\r\nHost: r\r\n\r\n", 505},
    {"GET / HTTP/1.1\r\nHost: r\r\nHost: s\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost : r\r\n\r\n", 400},
};

START_TEST(what_is_no_request_ends_the_connection)
{
    struct wire *wire = hall_come(&hall, "192.0.2.7");

    hall_check_status(wire, bad[_i].text, bad[_i].status);
    ck_assert(wire->shut);
}
END_TEST

START_TEST(a_head_has_16_kib)
{
    static char text[17000];
    struct wire *wire = hall_come(&hall, "192.0.2.7"), *more = hall_come(&hall, "192.0.2.7");
    static const char start[] = "GET / HTTP/1.1\r\nHost: r\r\nX: ";

    memset(text, 'x', sizeof text);
    memcpy(text, start, sizeof start - 1);
    memcpy(text + 16384 - 4, "\r\n\r\n", 5);
    hall_check_status(wire, text, 404);
    memset(text + 16384 - 4, 'x', 100);
    memcpy(text + 16384 - 3, "\r\n\r\n", 5);
    hall_check_status(more, text, 431);
    ck_assert(more->shut);
}
END_TEST

START_TEST(a_body_is_not_read_as_a_request)
{
    struct wire *wire = hall_come(&hall, "198.51.100.1");

    hall_check_status(wire, HALL_GET HALL_SWITCH "Authorization: " HALL_ALICE "\r\nContent-Length: 5\r\n\r\n"
                      "GET / HTTP/1.1\r\nHost: r\r\n\r\n", 400);
    ck_assert(wire->shut);
}
END_TEST

START_TEST(who_goes_while_the_password_is_compared_is_not_answered)
{
    struct wire *wire = hall_come(&hall, "192.0.2.7");

    wire_say(wire, HALL_GET HALL_SWITCH "Authorization: Basic YWxpY2U6d3Jvbmc=\r\n\r\n");
    wire_end(wire);
    ck_assert(wire->closed);
    stage_advance(2000);
    ck_assert_str_eq(wire->heard, "");
}
END_TEST

START_TEST(who_takes_no_answer_is_reset)
{
    struct wire *wire = hall_come(&hall, "192.0.2.7");

    wire->room = 10;
    wire_say(wire, "GET / HTTP/1.1\r\nHost: r\r\n\r\n");
    ck_assert(wire->reset);
}
END_TEST

START_TEST(who_says_too_much_behind_the_last_answer_is_closed)
{
    struct wire *wire = hall_come(&hall, "192.0.2.7");
    static char much[70000];

    memset(much, 'm', sizeof much);
    hall_check_status(wire, "GET / HTTP/1.1\r\nHost: r\r\nConnection: close\r\n\r\n", 404);
    wire_say_bytes(wire, much, sizeof much);
    ck_assert(wire->closed);
}
END_TEST

#define ALL(rows) (int)(sizeof rows / sizeof rows[0])

int main(void)
{
    TCase *tcase = unit_case("visit");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_place_waits_and_is_answered_after_50_s_on_the_same_connection);
    tcase_add_test(tcase, a_place_that_waits_has_no_timer_but_its_heartbeat);
    tcase_add_test(tcase, a_place_is_handed_a_client_with_a_101_that_names_it);
    tcase_add_test(tcase, the_token_is_repeated_as_it_was_asked_and_one_known_alpn_id_is_chosen);
    tcase_add_test(tcase, a_place_that_ends_or_speaks_early_serves_nobody);
    tcase_add_test(tcase, what_comes_right_behind_the_request_of_a_place_is_early_too);
    tcase_add_loop_test(tcase, a_place_that_may_not_wait_is_told_why_and_may_ask_again, 0, ALL(places));
    tcase_add_test(tcase, an_answer_to_head_has_no_body);
    tcase_add_test(tcase, a_second_user_of_a_name_is_told_so);
    tcase_add_test(tcase, a_user_has_16_places);
    tcase_add_test(tcase, a_wrong_password_is_answered_after_a_second);
    tcase_add_test(tcase, an_address_that_guesses_is_told_to_wait);
    tcase_add_loop_test(tcase, a_client_that_is_led_nowhere_is_told_why, 0, ALL(clients));
    tcase_add_test(tcase, a_client_is_held_until_a_place_waits);
    tcase_add_test(tcase, a_client_that_was_held_for_10_s_is_told_to_come_again);
    tcase_add_test(tcase, tcpconnection_leads_a_path_to_its_name);
    tcase_add_test(tcase, a_web_server_on_this_machine_says_who_its_client_is);
    tcase_add_loop_test(tcase, requests_may_come_in_pieces_and_together, 0, 2);
    tcase_add_test(tcase, a_slow_head_is_answered_408_and_no_head_with_nothing);
    tcase_add_test(tcase, a_connection_may_pause_for_10_s_between_two_requests);
    tcase_add_loop_test(tcase, what_is_no_request_ends_the_connection, 0, ALL(bad));
    tcase_add_test(tcase, a_head_has_16_kib);
    tcase_add_test(tcase, a_body_is_not_read_as_a_request);
    tcase_add_test(tcase, who_goes_while_the_password_is_compared_is_not_answered);
    tcase_add_test(tcase, who_takes_no_answer_is_reset);
    tcase_add_test(tcase, who_says_too_much_behind_the_last_answer_is_closed);
    return unit_run();
}
