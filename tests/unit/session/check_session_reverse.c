/* SPDX-License-Identifier: ISC */
/* Sessions whose client is behind a relay. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "net/leftover.h"
#include "session/refusal.h"

#include "../unit.h"
#include "scene.h"

#define RELAY "relay=https://relay.example.net/.well-known/reverse/tcp/home/993/\n"
#define HOME "[reverse home]\n" RELAY "target=mail.example.net:143\n"
#define HOME_V1 HOME "forwarded=proxy-v1\n"
#define STARTED "info reverse/home #1 reverse from=192.0.2.7:5123\n"
#define OPENED "info reverse/home #1 open proxy=direct target=mail.example.net:143 switched=no redirects=0 ms=0\n"
#define BYE "* BYE [UNAVAILABLE] sallyport: the server is not there at the moment\r\n"

bool __wrap_transport_ends(const struct transport *transport, struct address *far, struct address *near);

static struct scene scene;
static struct origin origin;
static unsigned told_of_end;
static size_t left; /* sessions of the section when that was told */

/* The server's address is the one that was dialed; a client of the relay's has none that matters. */
bool __wrap_transport_ends(const struct transport *transport, struct address *far, struct address *near)
{
    ck_assert_ptr_eq(transport, &stage_wire(1)->near);
    return address_from_literal(far, "192.0.2.20", 143) && address_from_literal(near, "192.0.2.99", 1);
}

static void on_end(void *arg)
{
    ck_assert_ptr_eq(arg, &scene);
    told_of_end++;
    left = sessions_count_of(scene.sessions, "reverse/home");
}

static void set_up(const char *text)
{
    scene_set_up(&scene, text);
    stage_name("mail.example.net", "192.0.2.20");
    stage_address("192.0.2.20", STAGE_CONNECTS);
    told_of_end = 0;
    left = 99;
    origin = (struct origin){.told = scene.config->reverses[0].forwarded, .ended = on_end, .arg = &scene};
    ck_assert(address_from_literal(&origin.from, "192.0.2.7", 5123));
    ck_assert(address_from_literal(&origin.on, "203.0.113.5", 143));
}

/* The relay's connection is a wire; these bytes have come with its answer. */
static void start_with(const char *bytes)
{
    struct transport *client;
    char *copy = strdup(bytes);

    scene.client = stage_new_wire();
    client = &scene.client->near;
    ck_assert_ptr_nonnull(copy);
    if (*bytes)
        client = leftover_transport(client, copy, strlen(bytes));
    else
        free(copy);
    ck_assert_ptr_nonnull(client);
    session_start(scene.sessions, &(struct session_params){
        .config = scene.config, .listener = &scene.config->reverses[0].home, .client = client,
        .from = "from=192.0.2.7:5123", .origin = &origin});
    stage_settle();
}

/* Up to the target, which is scene.proxy. */
static void open_with(const char *bytes)
{
    start_with(bytes);
    scene.proxy = stage_wire(1);
}

START_TEST(it_pipes_between_the_relay_and_the_target)
{
    set_up(HOME);
    open_with("a1 CAPA");
    ck_assert_str_eq(scene.proxy->to, "192.0.2.20:143");
    given_check_log(STARTED OPENED);
    ck_assert_str_eq(scene.proxy->heard, "a1 CAPA");
    wire_say(scene.client, "BILITY\r\n");
    ck_assert_str_eq(scene.proxy->heard, "a1 CAPABILITY\r\n");
    wire_say(scene.proxy, "* OK hi\r\n");
    ck_assert_str_eq(scene.client->heard, "* OK hi\r\n");
    wire_end(scene.client);
    ck_assert(scene.proxy->shut && !scene.proxy->closed);
    ck_assert_uint_eq(told_of_end, 0);
    wire_end(scene.proxy);
    ck_assert(scene.client->closed && scene.proxy->closed);
    ck_assert_uint_eq(told_of_end, 1);
    ck_assert_uint_eq(left, 0);
    ck_assert_uint_eq(scene.well, 1);
    scene_tear_down(&scene);
}
END_TEST

START_TEST(a_reset_on_one_side_is_one_on_the_other)
{
    set_up(HOME);
    open_with("");
    wire_say(scene.proxy, "* OK hi\r\n");
    wire_break(_i == 0 ? scene.client : scene.proxy, ECONNRESET);
    ck_assert(scene.client->reset && scene.proxy->reset);
    ck_assert_uint_eq(told_of_end, 1);
    scene_tear_down(&scene);
}
END_TEST

/* --- who the client is --- */

START_TEST(the_server_is_told_who_it_is_before_its_first_byte)
{
    set_up(HOME_V1);
    open_with("a1 NOOP\r\n");
    ck_assert_str_eq(scene.proxy->heard, "PROXY TCP4 192.0.2.7 203.0.113.5 5123 143\r\na1 NOOP\r\n");
    ck_assert_uint_eq(sessions_sums(scene.sessions).in, strlen("a1 NOOP\r\n")); /* the client's */
    scene_tear_down(&scene);
}
END_TEST

START_TEST(where_was_dialed_stands_in_for_what_the_relay_did_not_say)
{
    set_up(HOME_V1);
    origin.on = (struct address){0};
    open_with("");
    ck_assert_str_eq(scene.proxy->heard, "PROXY TCP4 192.0.2.7 192.0.2.20 5123 143\r\n");
    scene_tear_down(&scene);
}
END_TEST

START_TEST(without_its_address_there_is_no_session)
{
    set_up(HOME_V1);
    origin.from = (struct address){0};
    start_with("");
    ck_assert_uint_eq(stage_dials(), 0);
    ck_assert_str_eq(scene.client->heard, BYE);
    ck_assert(scene.client->shut);
    given_check_log("warning reverse/home #1 refused from=192.0.2.7:5123 class=temporary reason=\"the relay does not "
                    "say who the client is, and the server is to be told; it must send Forwarded with the address of "
                    "one client; or take `forwarded` out\"\n");
    wire_end(scene.client);
    ck_assert_uint_eq(told_of_end, 1);
    scene_tear_down(&scene);
}
END_TEST

START_TEST(a_server_that_is_not_told_need_not_know)
{
    set_up(HOME);
    origin.from = (struct address){0};
    open_with("a1 NOOP\r\n");
    ck_assert_str_eq(scene.proxy->heard, "a1 NOOP\r\n");
    scene_tear_down(&scene);
}
END_TEST

static void see_ends(void *arg, const struct session_facts *facts)
{
    (void)arg;
    ck_assert_str_eq(facts->name, "reverse/home #1");
    ck_assert_str_eq(facts->listener, "reverse/home");
    ck_assert_str_eq(facts->from, "192.0.2.7:5123");
    ck_assert_str_eq(facts->on, "203.0.113.5:143");
    ck_assert_str_eq(facts->via, "mail.example.net:143");
}

/* And not whence the relay's connection comes. */
START_TEST(status_shows_what_the_relay_told)
{
    set_up(HOME);
    open_with("");
    sessions_some(scene.sessions, SESSIONS_NEWEST, SIZE_MAX, see_ends, NULL);
    scene_tear_down(&scene);
}
END_TEST

/* --- a target that is down --- */

START_TEST(the_refusal_goes_into_the_tunnel)
{
    set_up(HOME);
    stage_address("192.0.2.20", STAGE_REFUSES);
    start_with("");
    ck_assert_str_eq(scene.client->heard, BYE);
    ck_assert(scene.client->shut && wire_is_held(scene.client));
    given_check_log(STARTED "warning reverse/home #1 failed class=temporary reason=\"mail.example.net:143: cannot "
                    "connect to 192.0.2.20:143: Connection refused\"\n");
    stage_advance(REFUSAL_READING_MS + 100);
    ck_assert(scene.client->closed && !scene.client->reset);
    ck_assert_uint_eq(told_of_end, 1);
    scene_tear_down(&scene);
}
END_TEST

/* A sender's server that is told "never" returns the mail. */
START_TEST(whatever_is_wrong_with_the_target_the_sender_may_try_again)
{
    set_up("[reverse home]\n" RELAY "target=nowhere.example:25\nforwarded=proxy-v1\n");
    start_with("");
    ck_assert_str_eq(scene.client->heard, "421 4.4.1 sallyport: the server is not there at the moment\r\n");
    scene_tear_down(&scene);
}
END_TEST

START_TEST(what_has_no_refusal_is_reset)
{
    set_up(_i == 0 ? "[reverse home]\n" RELAY "target=mail.example.net:4711\n"
                   : "[reverse home]\n" RELAY "target=mail.example.net:993\nprotocol=imap\n");
    stage_address("192.0.2.20", STAGE_REFUSES);
    start_with("");
    ck_assert_str_eq(scene.client->heard, "");
    ck_assert(scene.client->reset);
    scene_tear_down(&scene);
}
END_TEST

/* Its client began TLS: what it came to tells, though the target's port is any. */
START_TEST(a_client_of_a_tls_port_is_reset)
{
    set_up("[reverse home]\n" RELAY "target=mail.example.net:10143\nprotocol=imap\n");
    stage_address("192.0.2.20", STAGE_REFUSES);
    address_set_port(&origin.on, 993);
    start_with("");
    ck_assert_str_eq(scene.client->heard, "");
    ck_assert(scene.client->reset);
    scene_tear_down(&scene);
}
END_TEST

/* So does what it has said already, wherever it came to. */
START_TEST(a_client_that_has_begun_tls_is_reset)
{
    set_up(HOME);
    stage_address("192.0.2.20", STAGE_REFUSES);
    start_with("\x16\x03\x01");
    ck_assert_str_eq(scene.client->heard, "");
    ck_assert(scene.client->reset);
    scene_tear_down(&scene);
}
END_TEST

/* --- limits --- */

START_TEST(it_counts_as_one_of_max_sessions)
{
    set_up("[sallyport]\nmax-sessions=1\n" HOME);
    open_with("");
    given_forget_log();
    scene.client = stage_new_wire();
    session_start(scene.sessions, &(struct session_params){
        .config = scene.config, .listener = &scene.config->reverses[0].home, .client = &scene.client->near,
        .from = "from=192.0.2.8:1", .origin = &origin});
    given_check_log("warning reverse/home #2 refused from=192.0.2.8:1 class=temporary reason=\"1 sessions are open, "
                    "which is max-sessions\"\n");
    ck_assert_str_eq(scene.client->heard, BYE);
    ck_assert_uint_eq(sessions_count_of(scene.sessions, "reverse/home"), 2);
    scene_tear_down(&scene);
    ck_assert_uint_eq(told_of_end, 0); /* nobody is left who would want to know */
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("session_reverse");

    tcase_add_test(cases, it_pipes_between_the_relay_and_the_target);
    tcase_add_loop_test(cases, a_reset_on_one_side_is_one_on_the_other, 0, 2);
    tcase_add_test(cases, the_server_is_told_who_it_is_before_its_first_byte);
    tcase_add_test(cases, where_was_dialed_stands_in_for_what_the_relay_did_not_say);
    tcase_add_test(cases, without_its_address_there_is_no_session);
    tcase_add_test(cases, a_server_that_is_not_told_need_not_know);
    tcase_add_test(cases, status_shows_what_the_relay_told);
    tcase_add_test(cases, the_refusal_goes_into_the_tunnel);
    tcase_add_test(cases, whatever_is_wrong_with_the_target_the_sender_may_try_again);
    tcase_add_loop_test(cases, what_has_no_refusal_is_reset, 0, 2);
    tcase_add_test(cases, a_client_of_a_tls_port_is_reset);
    tcase_add_test(cases, a_client_that_has_begun_tls_is_reset);
    tcase_add_test(cases, it_counts_as_one_of_max_sessions);
    return unit_run();
}
