/* SPDX-License-Identifier: ISC */
/* A login whose owner sends the requests, because they have another reader, too: it makes credentials, and judges the
 * answers that it is brought.  On the stage; libcurl is the real one. */
#include <stdio.h>
#include <string.h>

#include "../stage.h"
#include "../unit.h"
#include "auth/curl_client.h"
#include "auth/negotiate_login.h"

#define LIMIT_MS 10000
#define WHO "HTTP/1.1 401 Who?\r\nWWW-Authenticate: "
#define BASIC WHO "Basic realm=\"r\"\r\n"
#define OPENS "HTTP/1.1 101 Yes\r\nConnection: Upgrade\r\nUpgrade: TCPConnection/1.0\r\n"
#define FORBIDS "HTTP/1.1 403 No\r\n"

/* libcurl may never hear of a challenge (-Wl,--wrap=curl_client_challenge), and then has nothing to say. */
bool __real_curl_client_challenge(struct curl_client *curl, const char *challenge);
bool __wrap_curl_client_challenge(struct curl_client *curl, const char *challenge);

static bool is_deaf;

bool __wrap_curl_client_challenge(struct curl_client *curl, const char *challenge)
{
    return is_deaf || __real_curl_client_challenge(curl, challenge);
}

static const struct endpoint server = {.host = "relay.example", .port = 80, .resource = 7};
static const struct endpoint target = {.host = "mail.example.net", .port = 143};
static const struct connect_request mailbox = {.method = METHOD_TCPCONNECTION, .target = &target, .proxy = &server,
                                              .path = "/mail"};

static struct services *services;
static struct negotiate_login *login;
static unsigned wanted, told;
static enum outcome outcome;
static struct failure failure;
static struct connect_response response;
static struct http_head head;
static char bytes[300]; /* of the head */

static void on_wanted(void *arg)
{
    (void)arg;
    ck_assert_uint_eq(told, 0);
    memset(bytes, 'x', sizeof bytes); /* the last answer may be gone now */
    wanted++;
}

static void on_told(void *arg, enum outcome how, const struct failure *why)
{
    (void)arg;
    unit_note_outcome(&told, &outcome, &failure, how, why);
}

/* An answer that was asked for by 401, or was not. */
static void set_answer(const char *lines)
{
    size_t used;

    snprintf(bytes, sizeof bytes, "%s\r\n", lines);
    http_head_start(&head);
    ck_assert_int_eq(http_head_read(&head, bytes, strlen(bytes), &used, NULL), HTTP_HEAD_DONE);
    connect_response_judge(&mailbox, &head, "", 0, false, 0, &response);
    ck_assert_int_eq(response.denied, head.status == 401);
}

/* One that gives the nonce of that number, and says this beside it. */
static const char *digest(unsigned nonce, const char *more)
{
    static char lines[200];

    snprintf(lines, sizeof lines, WHO "Digest realm=\"r\", qop=\"auth\", nonce=\"n%u\"%s\r\n", nonce, more);
    return lines;
}

/* first: begins with the answer that was set. */
static void begin(bool first)
{
    wanted = told = 0;
    login = negotiate_login_start(&(struct negotiate_login_params){
        .loop = stage_loop(),
        .curl_loop = services->curl_loop,
        .nonces = services->nonces,
        .owner_asks = true,
        .response = &response,
        .head = first ? &head : NULL,
        .proxy = &server,
        .request = &mailbox,
        .scheme = CHALLENGE_DIGEST,
        .user = "arthur",
        .password = "secret",
        .limit_ms = LIMIT_MS,
        .connect = on_wanted,
        .done = on_told,
    });
    ck_assert_ptr_nonnull(login);
    ck_assert_uint_eq(wanted + told, 0);
    stage_settle();
}

static void hear(const char *lines)
{
    set_answer(lines);
    negotiate_login_hear(login, &response, &head);
    stage_settle();
}

static void set_up(void)
{
    is_deaf = false;
    services = stage_set_up();
}

static void end(void)
{
    negotiate_login_free(login);
    login = NULL;
    stage_settle();
}

static void tear_down(void)
{
    end();
    ck_assert_uint_eq(stage_dials() + stage_wires(), 0);
    stage_tear_down();
}

/* It wants its count-th request to go out, with a proof by this nonce, used so often; 0: with none. */
static void check_wants(unsigned count, unsigned nonce, unsigned uses)
{
    const char *credentials = negotiate_login_credentials(login);
    char text[40];

    ck_assert_uint_eq(told, 0);
    ck_assert_uint_eq(wanted, count);
    if (nonce == 0) {
        ck_assert_ptr_null(credentials);
        return;
    }
    ck_assert_ptr_nonnull(credentials);
    ck_assert_int_eq(strncmp(credentials, "Digest username=\"arthur\"", 24), 0);
    snprintf(text, sizeof text, "nonce=\"n%u\"", nonce);
    ck_assert_msg(strstr(credentials, text) != NULL, "%s", credentials);
    snprintf(text, sizeof text, "nc=%08x", uses);
    ck_assert_msg(strstr(credentials, text) != NULL, "%s", credentials);
    ck_assert_ptr_nonnull(strstr(credentials, "uri=\"/mail\""));
}

static void check_answered(bool denied, bool sent)
{
    ck_assert_uint_eq(told, 1);
    ck_assert_msg(outcome == OUTCOME_DONE, "%s", failure.what);
    ck_assert_ptr_eq(negotiate_login_response(login), &response);
    ck_assert_ptr_eq(negotiate_login_head(login), &head);
    ck_assert_int_eq(response.denied, denied);
    ck_assert_int_eq(negotiate_login_credentials_were_sent(login), sent);
    ck_assert_ptr_null(negotiate_login_credentials(login));
}

/* With an answer to begin with, or without; and then at once. */
START_TEST(it_makes_one_proof_a_request)
{
    set_up();
    if (_i)
        set_answer(digest(1, ""));
    begin(_i);
    if (_i == 0) {
        check_wants(1, 0, 0);
        hear(digest(1, ""));
    }
    check_wants(2 - (unsigned)_i, 1, 1);
    hear(OPENS);
    check_answered(false, true);
    for (unsigned uses = 2; uses < 5; uses++) {
        end();
        begin(false);
        check_wants(1, 1, uses);
        hear(OPENS);
        check_answered(false, true);
    }
    tear_down();
}
END_TEST

/* A nonce that is stale, or was of an earlier login, says nothing against the password. */
START_TEST(an_old_nonce_is_no_refusal)
{
    set_up();
    set_answer(digest(1, ""));
    begin(true);
    hear(OPENS);
    end();
    begin(false);
    check_wants(1, 1, 2);
    hear(digest(2, _i ? ", stale=true" : ""));
    check_wants(2, 2, 1);
    hear(digest(3, ", stale=true"));
    check_wants(3, 3, 1);
    hear(OPENS);
    check_answered(false, true);
    tear_down();
}
END_TEST

/* One that lets us in, and names the nonce of that number. */
static const char *opens(unsigned next)
{
    static char lines[200];

    snprintf(lines, sizeof lines, OPENS "Authentication-Info: nextnonce=\"n%u\", qop=auth\r\n", next);
    return lines;
}

/* Each is used once, and then the last one on. */
START_TEST(the_next_nonce_is_used_without_asking)
{
    set_up();
    set_answer(digest(1, ", opaque=\"o\""));
    begin(true);
    check_wants(1, 1, 1);
    for (unsigned nonce = 2; nonce < 5; nonce++) {
        hear(opens(nonce));
        check_answered(false, true);
        end();
        begin(false);
        check_wants(1, nonce, 1);
        ck_assert_ptr_nonnull(strstr(negotiate_login_credentials(login), "opaque=\"o\""));
    }
    hear(OPENS);
    end();
    begin(false);
    check_wants(1, 4, 2);
    hear(opens(5)); /* what was kept with the handle knows how to go on */
    end();
    begin(false);
    check_wants(1, 5, 1);
    tear_down();
}
END_TEST

/* It was forgotten, or was for another: that says nothing against the password. */
START_TEST(a_next_nonce_may_be_refused_once)
{
    set_up();
    set_answer(digest(1, ""));
    begin(true);
    hear(opens(2));
    end();
    begin(false);
    check_wants(1, 2, 1);
    hear(digest(3, ""));
    check_wants(2, 3, 1);
    ck_assert(negotiate_login_credentials_were_sent(login));
    hear(digest(4, ""));
    check_answered(true, true);
    end();
    begin(false);
    check_wants(1, 0, 0);
    tear_down();
}
END_TEST

START_TEST(a_refusal_ends_it)
{
    set_up();
    set_answer(digest(1, ""));
    begin(true);
    hear(digest(1, ""));
    check_answered(true, true);
    end();
    begin(false); /* nothing is remembered */
    check_wants(1, 0, 0);
    tear_down();
}
END_TEST

/* It may have arrived before: then the nonce may be used up. */
START_TEST(what_goes_out_again_may_be_refused_once)
{
    set_up();
    set_answer(digest(1, ""));
    begin(true);
    negotiate_login_again(login);
    check_wants(1, 1, 1);
    hear(digest(2, ""));
    check_wants(2, 2, 1);
    hear(digest(3, ""));
    check_answered(true, true);
    tear_down();
}
END_TEST

START_TEST(it_does_not_go_on_for_ever)
{
    set_up();
    set_answer(digest(1, "")); /* counts as that to a request without credentials, which is none of its own */
    begin(true);
    for (unsigned nonce = 2; nonce < NEGOTIATE_LOGIN_DIGEST_HEADS_MAX + 2; nonce++)
        hear(digest(nonce, ", stale=true"));
    check_wants(NEGOTIATE_LOGIN_DIGEST_HEADS_MAX + 1, NEGOTIATE_LOGIN_DIGEST_HEADS_MAX + 1, 1);
    hear(digest(99, ", stale=true"));
    ck_assert_uint_eq(told, 1);
    ck_assert_int_eq(outcome, OUTCOME_PEER);
    ck_assert_str_eq(failure.what, "calls each nonce stale that it has just given");
    tear_down();
}
END_TEST

/* Another scheme is the owner's affair, who still has the answer. */
START_TEST(it_may_have_no_answer)
{
    set_up();
    if (_i)
        set_answer(BASIC);
    begin(_i);
    if (_i == 0)
        hear(BASIC);
    check_answered(true, false);
    ck_assert_ptr_null(negotiate_login_end(login));
    login = NULL;
    tear_down();
}
END_TEST

START_TEST(any_other_answer_ends_it)
{
    set_up();
    begin(false);
    hear(FORBIDS);
    check_answered(false, false);
    tear_down();
}
END_TEST

/* The time that the owner takes is the owner's. */
START_TEST(the_owner_may_take_its_time)
{
    set_up();
    begin(false);
    stage_advance(3 * LIMIT_MS);
    check_wants(1, 0, 0);
    hear(digest(1, ""));
    stage_advance(3 * LIMIT_MS);
    check_wants(2, 1, 1);
    tear_down();
}
END_TEST

/* That of libcurl is limited. */
START_TEST(a_libcurl_that_never_comes_back_is_not_waited_for)
{
    set_up();
    begin(false);
    is_deaf = true;
    stage_advance(LIMIT_MS);
    hear(digest(1, ""));
    stage_advance(LIMIT_MS - 1);
    ck_assert_uint_eq(told, 0);
    stage_advance(1);
    ck_assert_uint_eq(told, 1);
    ck_assert_int_eq(outcome, OUTCOME_LOCAL);
    ck_assert_str_eq(failure.what, "libcurl had no answer within 10 s");
    ck_assert_uint_eq(wanted, 1);
    tear_down();
}
END_TEST

/* It wants none: before it has begun, and once it is over. */
START_TEST(an_answer_to_nothing_is_not_heard)
{
    set_up();
    begin(false);
    hear(FORBIDS);
    check_answered(false, false);
    hear(digest(1, ""));
    ck_assert_uint_eq(told, 1);
    ck_assert_uint_eq(wanted, 1);
    tear_down();
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("owner");

    tcase_add_loop_test(cases, it_makes_one_proof_a_request, 0, 2);
    tcase_add_loop_test(cases, an_old_nonce_is_no_refusal, 0, 2);
    tcase_add_test(cases, the_next_nonce_is_used_without_asking);
    tcase_add_test(cases, a_next_nonce_may_be_refused_once);
    tcase_add_test(cases, a_refusal_ends_it);
    tcase_add_test(cases, what_goes_out_again_may_be_refused_once);
    tcase_add_test(cases, it_does_not_go_on_for_ever);
    tcase_add_loop_test(cases, it_may_have_no_answer, 0, 2);
    tcase_add_test(cases, any_other_answer_ends_it);
    tcase_add_test(cases, the_owner_may_take_its_time);
    tcase_add_test(cases, a_libcurl_that_never_comes_back_is_not_waited_for);
    tcase_add_test(cases, an_answer_to_nothing_is_not_heard);
    return unit_run();
}
