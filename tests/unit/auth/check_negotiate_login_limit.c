/* SPDX-License-Identifier: ISC */
/* How long a login may take: one limit for all of it, whatever number of connections it needs, and whether or not
 * libcurl ever comes back.  On the stage, where time is the test's. */
#include <errno.h>
#include <string.h>

#include "../stage.h"
#include "../unit.h"
#include "auth/negotiate_login.h"

#define LIMIT_MS 10000

/* --- libcurl may forget a transfer (-Wl,--wrap=curl_loop_add); and what it wants watched may be refused
 *     (-Wl,--wrap=loop_io_levels) --- */

bool __real_curl_loop_add(struct curl_loop *curl_loop, struct curl_loop_transfer *transfer, CURL *easy,
                          curl_loop_done_fn *done, void *arg);
bool __wrap_curl_loop_add(struct curl_loop *curl_loop, struct curl_loop_transfer *transfer, CURL *easy,
                          curl_loop_done_fn *done, void *arg);
bool __real_loop_io_levels(struct loop *loop, struct loop_io *io, int fd, int wanted, loop_io_fn *call, void *arg);
bool __wrap_loop_io_levels(struct loop *loop, struct loop_io *io, int fd, int wanted, loop_io_fn *call, void *arg);

static bool forgets;
static unsigned watches, refused; /* calls so far; the first to refuse, or 0: libcurl may watch more than ours */

bool __wrap_curl_loop_add(struct curl_loop *curl_loop, struct curl_loop_transfer *transfer, CURL *easy,
                          curl_loop_done_fn *done, void *arg)
{
    return forgets || __real_curl_loop_add(curl_loop, transfer, easy, done, arg);
}

bool __wrap_loop_io_levels(struct loop *loop, struct loop_io *io, int fd, int wanted, loop_io_fn *call, void *arg)
{
    if (wanted && ++watches >= refused && refused > 0) {
        errno = ENOSPC;
        return false;
    }
    return __real_loop_io_levels(loop, io, fd, wanted, call, arg);
}

/* --- one login --- */

static const struct endpoint proxy = {.host = "proxy.example", .port = 3128};
static const struct endpoint target = {.host = "mail.example.net", .port = 143};
static const struct connect_request imap = {.target = &target, .token = "IMAP", .scheme = "imap", .alpn = "imap"};

static const char challenge[] = "HTTP/1.1 407 Who?\r\n"
                                "Proxy-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\n"
                                "Content-Length: 0\r\nConnection: close\r\n\r\n";

static struct services *services;
static struct negotiate_login *login;
static unsigned wanted, told;
static enum outcome outcome;
static struct failure failure;

static void on_wanted(void *arg)
{
    (void)arg;
    wanted++;
}

static void on_told(void *arg, enum outcome how, const struct failure *why)
{
    (void)arg;
    unit_note_outcome(&told, &outcome, &failure, how, why);
}

static void start(void)
{
    wanted = told = 0;
    login = negotiate_login_start(&(struct negotiate_login_params){
        .loop = stage_loop(),
        .curl_loop = services->curl_loop,
        .nonces = services->nonces,
        .proxy = &proxy,
        .request = &imap,
        .scheme = CHALLENGE_DIGEST,
        .user = "arthur",
        .password = "secret",
        .limit_ms = LIMIT_MS,
        .connect = on_wanted,
        .done = on_told,
    });
    ck_assert_ptr_nonnull(login);
    stage_settle();
}

static void set_up(void)
{
    forgets = false;
    watches = refused = 0;
    services = stage_set_up();
    start();
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
    stage_tear_down();
}

/* It wants its count-th connection: here it is. */
static struct wire *connect_it(unsigned count)
{
    struct wire *wire;

    stage_settle();
    ck_assert_uint_ge(wanted, count);
    ck_assert_uint_eq(told, 0);
    wire = stage_new_wire();
    negotiate_login_connect(login, &wire->near);
    stage_settle();
    return wire;
}

static void check_late(const char *words)
{
    ck_assert_uint_eq(told, 1);
    ck_assert_str_eq(failure.what, words);
}

START_TEST(one_limit_counts_for_all_connections)
{
    struct wire *wire;

    set_up();
    wire = connect_it(1);
    stage_advance(LIMIT_MS - 4000);
    wire_say(wire, challenge);
    wire_end(wire);
    connect_it(2);
    stage_advance(3900);
    ck_assert_uint_eq(told, 0);
    stage_advance(200);
    check_late("no answer within 10 s");
    ck_assert_int_eq(outcome, OUTCOME_PEER);
    ck_assert_int_eq(failure.cause, CAUSE_SILENCE);
    tear_down();
}
END_TEST

START_TEST(the_wait_for_a_connection_does_not_count)
{
    struct wire *wire;

    set_up();
    stage_advance(LIMIT_MS * 3);
    wire = connect_it(1);
    stage_advance(1000);
    wire_say(wire, challenge);
    wire_end(wire);
    ck_assert_uint_eq(wanted, 2);
    stage_advance(LIMIT_MS * 3);
    wire = connect_it(2);
    stage_advance(8900);
    ck_assert_uint_eq(told, 0);
    wire_say(wire, "HTTP/1.1 200 OK\r\n\r\n");
    ck_assert_uint_eq(told, 1);
    ck_assert_int_eq(outcome, OUTCOME_DONE);
    tear_down();
}
END_TEST

START_TEST(a_libcurl_that_never_comes_back_is_not_waited_for)
{
    set_up();
    end();
    forgets = true;
    start();
    stage_advance(LIMIT_MS - 1);
    ck_assert_uint_eq(told, 0);
    stage_advance(1);
    check_late("libcurl had no answer within 10 s");
    ck_assert_int_eq(outcome, OUTCOME_LOCAL);
    tear_down();
}
END_TEST

/* And the next login is as good as ever. */
START_TEST(a_socket_that_cannot_be_watched_is_our_own_trouble)
{
    struct wire *wire;

    set_up();
    end();
    watches = 0;
    refused = 1;
    start();
    check_late("no socket for libcurl: No space left on device");
    ck_assert_int_eq(outcome, OUTCOME_LOCAL);
    end();
    refused = 0;
    start();
    wire = connect_it(1);
    wire_say(wire, challenge);
    wire_end(wire);
    wire = connect_it(2);
    wire_say(wire, "HTTP/1.1 200 OK\r\n\r\n");
    ck_assert_uint_eq(told, 1);
    ck_assert_int_eq(outcome, OUTCOME_DONE);
    tear_down();
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("limit");

    tcase_add_test(cases, one_limit_counts_for_all_connections);
    tcase_add_test(cases, the_wait_for_a_connection_does_not_count);
    tcase_add_test(cases, a_libcurl_that_never_comes_back_is_not_waited_for);
    tcase_add_test(cases, a_socket_that_cannot_be_watched_is_our_own_trouble);
    return unit_run();
}
