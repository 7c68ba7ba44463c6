/* SPDX-License-Identifier: ISC */
#include "session/ending.h"

#include <errno.h>
#include <string.h>

#include "../unit.h"

#define BREAK "Connection reset by peer"

enum side { NOBODY, CLIENT, SERVER };

static const struct {
    const char *client, *server; /* the last words */
    enum side broken;            /* NOBODY: both streams have ended */
    bool closed, lone;           /* the client has ended its stream; there is only one session */
    bool cut_up, cut_down;       /* bytes were held */
    bool well, said_all, error;
} ends[] = {
    {"NOOP\r\n", "250 ok\r\n", NOBODY, true, false, false, false, true, false, false},
    {"NOOP\r\n", "250 ok\r\n", CLIENT, false, false, false, false, false, false, true},
    {"NOOP\r\n", "250 ok\r\n", SERVER, false, false, false, false, false, false, true},
    /* QUIT, and the client is gone before or behind the answer */
    {"QUIT\r\n", "250 ok\r\n", CLIENT, false, false, false, false, false, true, false},
    {"QUIT\r\n", "221 bye\r\n", CLIENT, false, false, false, false, true, true, false},
    {"QUIT\r\n", "221 bye\r\n", CLIENT, false, true, false, false, true, true, false},
    {"QUIT\r\n", "250 ok\r\n", CLIENT, false, false, true, false, false, false, true},
    /* the client has ended its stream and is gone; standard output is another matter */
    {"NOOP\r\n", "250 ok\r\n", CLIENT, true, false, false, false, false, true, false},
    {"NOOP\r\n", "250 ok\r\n", CLIENT, true, true, false, false, false, false, true},
    /* the server leaves without a proper end, behind its answer or not */
    {"QUIT\r\n", "221 bye\r\n", SERVER, false, false, false, false, true, false, false},
    {"QUIT\r\n", "221 bye\r\n", SERVER, true, true, false, false, true, false, false},
    {"QUIT\r\n", "221 bye\r\n", SERVER, false, false, false, true, false, false, true},
    {"QUIT\r\n", "250 ok\r\n", SERVER, false, false, false, false, false, false, true},
    {"QUIT\r\n", "250 ok\r\n", SERVER, true, false, false, false, false, false, false},
    {"QUIT\r\n", "250 ok\r\n", SERVER, true, true, false, false, false, false, true},
    {"NOOP\r\n", "221 bye\r\n", SERVER, true, false, false, false, false, false, true},
};

START_TEST(each_end_is_what_it_is)
{
    struct transport client = {.error = ECONNRESET}, server = {.error = ECONNRESET};
    struct pump pump = {.lone = ends[_i].lone, .first_end = ends[_i].closed ? PUMP_UP : PUMP_DOWN};
    struct ending ending;

    goodbye_note(&pump.way[PUMP_UP].line, ends[_i].client, strlen(ends[_i].client));
    goodbye_note(&pump.way[PUMP_DOWN].line, ends[_i].server, strlen(ends[_i].server));
    pump.way[PUMP_UP].state = ends[_i].closed ? PUMP_ENDED_WAY : PUMP_FLOWING;
    pump.way[PUMP_UP].cut = ends[_i].cut_up;
    pump.way[PUMP_DOWN].cut = ends[_i].cut_down;
    pump.broken_side = ends[_i].broken == CLIENT ? &client : &server;
    ending = ending_of(&pump, ends[_i].broken == NOBODY ? PUMP_ENDED : PUMP_BROKEN, &client, protocol_find("smtp", 4));
    ck_assert_int_eq(ending.by_client, ends[_i].broken == CLIENT || (ends[_i].broken == NOBODY && ends[_i].closed));
    ck_assert_int_eq(ending.well, ends[_i].well);
    ck_assert_int_eq(ending.said_all, ends[_i].said_all);
    ck_assert_pstr_eq(ending.error, ends[_i].error ? BREAK : NULL);
}
END_TEST

/* Bytes that were no capsules have reached nobody; behind the first that did, or on the client's side, it is an end
 * like others. */
START_TEST(a_proxy_without_capsules_is_told_apart)
{
    struct transport client = {.error = EPROTONOSUPPORT}, server = {.error = EPROTONOSUPPORT};
    struct pump pump = {.broken_side = &server};
    const struct protocol *imap = protocol_find("imap", 4);

    ck_assert(ending_of(&pump, PUMP_BROKEN, &client, imap).raw);
    ck_assert(!ending_of(&pump, PUMP_ENDED, &client, imap).raw);
    pump.broken_side = &client;
    ck_assert(!ending_of(&pump, PUMP_BROKEN, &client, imap).raw);
    pump.broken_side = &server;
    server.error = ECONNRESET;
    ck_assert(!ending_of(&pump, PUMP_BROKEN, &client, imap).raw);
    server.error = EPROTONOSUPPORT;
    pump.way[PUMP_DOWN].bytes = 1;
    ck_assert(!ending_of(&pump, PUMP_BROKEN, &client, imap).raw);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("ending");

    tcase_add_loop_test(cases, each_end_is_what_it_is, 0, sizeof ends / sizeof ends[0]);
    tcase_add_test(cases, a_proxy_without_capsules_is_told_apart);
    return unit_run();
}
