/* SPDX-License-Identifier: ISC */
#include "session/refusal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../stage.h"
#include "../unit.h"

#define LINE "* BYE [UNAVAILABLE] sallyport: no way\r\n"

static struct config *config;
static struct wire *client;
static uint16_t port; /* that the client knows the server by */

static void set_up(void)
{
    stage_set_up();
    client = stage_new_wire();
    port = 0;
}

static void tear_down(void)
{
    if (wire_is_held(client))
        transport_reset(&client->near);
    config_unref(config);
    config = NULL;
    stage_tear_down();
}

/* Whether the client of a listener with this target was told. */
static bool say(const char *target, enum refusal_client known)
{
    struct failure failure;
    char text[200];

    failure_set(&failure, FAILURE_TEMPORARY, "no way");
    snprintf(text, sizeof text, "[proxy]\nurl=http://proxy.example:3128\n[imap]\ntarget=%s\n", target);
    config = unit_config(text);
    return refusal_say(&client->near, config_listener(config, "imap"), port, &failure, known);
}

START_TEST(it_is_one_line_and_the_end)
{
    ck_assert(say("mail.example.net", REFUSAL_CLIENT_UNKNOWN));
    ck_assert_str_eq(client->heard, LINE);
    ck_assert(client->shut);
    ck_assert(wire_is_held(client));
}
END_TEST

START_TEST(who_speaks_tls_is_not_told)
{
    static const struct {
        const char *target, *said;
        enum refusal_client known;
        bool told;
        uint16_t port;
    } rows[] = {
        {"mail.example.net", "a1 NOOP\r\n", REFUSAL_CLIENT_UNKNOWN, true, 0},
        {"mail.example.net", "\x16\x03\x01", REFUSAL_CLIENT_UNKNOWN, false, 0},
        {"mail.example.net:993", "", REFUSAL_CLIENT_UNKNOWN, false, 0},
        {"mail.example.net:993", "a1 NOOP\r\n", REFUSAL_CLIENT_UNKNOWN, true, 0},
        {"mail.example.net", "", REFUSAL_CLIENT_SPOKE, false, 0},
        {"srv:example.net", "", REFUSAL_CLIENT_UNKNOWN, true, 0},
        {"mail.example.net:993", "", REFUSAL_CLIENT_LISTENS, true, 0},
        {"mail.example.net:993", "\x16\x03\x01", REFUSAL_CLIENT_LISTENS, false, 0},
        {"mail.example.net", "", REFUSAL_CLIENT_UNKNOWN, false, 993},
        {"mail.example.net:10143", "", REFUSAL_CLIENT_UNKNOWN, false, 993},
        {"mail.example.net:10143", "", REFUSAL_CLIENT_UNKNOWN, true, 143},
        {"mail.example.net", "a1 NOOP\r\n", REFUSAL_CLIENT_UNKNOWN, true, 993},
    };

    port = rows[_i].port;
    if (*rows[_i].said)
        wire_say(client, rows[_i].said);
    ck_assert_int_eq(say(rows[_i].target, rows[_i].known), rows[_i].told);
    ck_assert_str_eq(client->heard, rows[_i].told ? LINE : "");
}
END_TEST

START_TEST(who_takes_no_bytes_is_not_told)
{
    client->room = 0;
    ck_assert(!say("mail.example.net", REFUSAL_CLIENT_UNKNOWN));
}
END_TEST

START_TEST(what_is_said_afterwards_is_dropped)
{
    uint32_t dropped = 0;

    wire_say(client, "a1 LOGIN arthur secret\r\n");
    ck_assert(refusal_drain(&client->near, &dropped));
    ck_assert_uint_eq(dropped, 24);
    ck_assert_uint_eq(client->said_at, client->said_length);
    wire_say(client, "a2 NOOP\r\n");
    ck_assert(refusal_drain(&client->near, &dropped));
    ck_assert_uint_eq(dropped, 33);
    wire_end(client);
    ck_assert(!refusal_drain(&client->near, &dropped));
}
END_TEST

START_TEST(a_broken_client_is_over)
{
    uint32_t dropped = 0;

    wire_break(client, ECONNRESET);
    ck_assert(!refusal_drain(&client->near, &dropped));
}
END_TEST

START_TEST(what_is_dropped_is_bounded)
{
    char *talk = calloc(1, REFUSAL_BYTES_MAX);
    uint32_t dropped = 0;

    ck_assert_ptr_nonnull(talk);
    wire_say_bytes(client, talk, REFUSAL_BYTES_MAX);
    ck_assert(refusal_drain(&client->near, &dropped));
    wire_say_bytes(client, talk, 1);
    ck_assert(!refusal_drain(&client->near, &dropped));
    free(talk);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("refusal");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, it_is_one_line_and_the_end);
    tcase_add_loop_test(cases, who_speaks_tls_is_not_told, 0, 12);
    tcase_add_test(cases, who_takes_no_bytes_is_not_told);
    tcase_add_test(cases, what_is_said_afterwards_is_dropped);
    tcase_add_test(cases, a_broken_client_is_over);
    tcase_add_test(cases, what_is_dropped_is_bounded);
    return unit_run();
}
