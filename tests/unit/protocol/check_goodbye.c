/* SPDX-License-Identifier: ISC */
#include "protocol/goodbye.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

static const struct {
    const char *section, *client, *server;
    bool said, answered;
} talks[] = {
    {"imap", "a1 NOOP\r\na2 LOGOUT\r\n", "* BYE bye\r\na2 OK Logout completed (0.001 + 0.000 secs).\r\n", true, true},
    {"imap", "a2 logout\n", "* OK\n* bye\n", true, true}, /* the server leaves at once */
    {"imap", "C4711.12 LOGOUT\r\n", "c4711.12 ok\r\n", true, true},
    {"imap", "a2 LOGOUT\r\n", "a1 OK\r\n", true, false},
    {"imap", "a2 LOGOUT\r\n", "a2 OK done", true, false}, /* its line is not whole */
    {"imap", "a2 LOGOUT\r\n", "a2 NO\r\n", true, false},
    {"imap", "a2 LOGOUT\r\n", "a2 OKAY\r\n", true, false},
    {"imap", "a2 LOGOUT\r\n", "", true, false},
    {"imap", "a2 LOGOUT", "a2 OK\r\n", false, false},
    {"imap", "LOGOUT\r\n", "* BYE\r\n", false, false},
    {"imap", " LOGOUT\r\n", "* BYE\r\n", false, false},
    {"imap", "a2 LOGOUTS\r\n", "* BYE\r\n", false, false},
    {"imap", "a2 LOGOUT now\r\n", "* BYE\r\n", false, false},
    {"imap", "a2 LOGOUT\r\na3 NOOP\r\n", "* BYE\r\n", false, false},
    {"imap", "a-longer-tag.. LOGOUT\r\n", "* BYE\r\n", false, false},
    {"smtp", "DATA\r\n.\r\nQUIT\r\n", "250 ok\r\n221 2.0.0 bye\r\n", true, true},
    {"submission", "QUIT\r\n", "221-one\r\n221 two\r\n", true, true},
    {"submission", "quit\r\n", "221\r\n", true, true},
    {"smtp", "QUIT\r\n", "250 ok\r\n", true, false},
    {"smtp", "QUIT\r\n", "2210\r\n", true, false},
    {"smtp", "QUIT \r\n", "221 bye\r\n", false, false},
    {"smtp", "QUI\r\n", "221 bye\r\n", false, false},
    {"smtp", "", "221 bye\r\n", false, false},
    {"nntp", "QUIT\r\n", "205 bye\r\n", true, true},
    {"pop3", "QUIT\r\n", "+OK bye\r\n", true, true},
    {"pop3", "QUIT\r\n", "-ERR some were not deleted\r\n", true, true},
    {"managesieve", "LOGOUT\r\n", "OK \"bye\"\r\n", true, true},
    {"forward", "QUIT\r\n", "221 bye\r\n", false, false},
};

/* Whole, and cut after each number of bytes again and again: the pieces do not matter. */
static void note(struct goodbye_line *line, const char *bytes, size_t piece)
{
    size_t length = strlen(bytes);

    for (size_t given = 0, some; given < length; given += some) {
        char *exact;

        some = piece > 0 && piece < length - given ? piece : length - given;
        exact = unit_exact(bytes + given, some);
        goodbye_note(line, exact, some);
        free(exact);
    }
}

START_TEST(a_leave_is_taken_and_answered)
{
    const struct protocol *protocol = protocol_find(talks[_i].section, strlen(talks[_i].section));

    for (size_t piece = 0; piece < 12; piece++) {
        struct goodbye_line client = {.length = 0}, server = {.length = 0};

        note(&client, talks[_i].client, piece);
        note(&server, talks[_i].server, piece);
        ck_assert_int_eq(goodbye_is_said(protocol, &client), talks[_i].said);
        ck_assert_int_eq(goodbye_is_answered(protocol, &client, &server), talks[_i].answered);
        goodbye_miss(&server);
        ck_assert(!goodbye_is_answered(protocol, &client, &server));
        goodbye_miss(&client);
        ck_assert(!goodbye_is_said(protocol, &client));
    }
}
END_TEST

/* Only the end of a long piece is looked at. */
START_TEST(long_pieces)
{
    const struct protocol *protocol = protocol_find("smtp", 4);
    static char bytes[5000];
    struct goodbye_line client = {.length = 0};

    memset(bytes, 'x', sizeof bytes);
    goodbye_note(&client, bytes, sizeof bytes);
    ck_assert(!goodbye_is_said(protocol, &client));
    memcpy(bytes + sizeof bytes - 7, "\nQUIT\r\n", 7);
    goodbye_note(&client, bytes, sizeof bytes);
    ck_assert(goodbye_is_said(protocol, &client));
    goodbye_note(&client, bytes, sizeof bytes - 7);
    goodbye_note(&client, "QUIT\r\n", 6);
    ck_assert(!goodbye_is_said(protocol, &client)); /* it stands behind the x */
    goodbye_note(&client, "QUIT\r\n", 6);
    ck_assert(goodbye_is_said(protocol, &client));
    memset(bytes, 'x', sizeof bytes);
    memcpy(bytes, "QUIT\r\n", 6);
    bytes[sizeof bytes - 1] = '\n';
    goodbye_note(&client, bytes, sizeof bytes);
    ck_assert(!goodbye_is_said(protocol, &client));
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("goodbye");

    tcase_add_loop_test(cases, a_leave_is_taken_and_answered, 0, sizeof talks / sizeof talks[0]);
    tcase_add_test(cases, long_pieces);
    return unit_run();
}
