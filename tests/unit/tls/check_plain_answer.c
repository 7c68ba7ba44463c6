/* SPDX-License-Identifier: ISC */
#include "tls/plain_answer.h"

#include <stdlib.h>
#include <string.h>

#include "../stage.h"
#include "../unit.h"

#define PORTAL "does not speak TLS here, but sends a web page: most likely a captive portal or login page"
#define HTTP "does not speak TLS here, but HTTP without TLS: perhaps a captive portal or login page"
#define PAGE "<html lang=\"en\"><head><title>Welcome</title></head><body class=\"x\">" \
    "<p>Log in to \"our\" network</p></body></html>"

static const struct {
    const char *first, *rest, *what, *detail;
} rows[] = {
    {"* OK hello\r\n", "", "does not speak TLS here", " answer=\"* OK hello\\r\\n\""},
    {"* OK ", "hello\r\n", "does not speak TLS here", " answer=\"* OK hello\\r\\n\""},
    {"<html", PAGE + 5, PORTAL,
     " answer=\"<html lang=\\\"en\\\"><head><title>Welcome</title></he\" body=\"Log in to \\\"our\\\" network\""},
    {"HTTP/1.1 200 OK\r\nServer: portal\r\n\r\n", PAGE, HTTP,
     " answer=\"HTTP/1.1 200 OK\\r\\nServer: portal\\r\\n\\r\\n<html lang=\\\"e\""
     " body=\"Log in to \\\"our\\\" network\""},
    {"HTTP/1.1 200 OK\r\nServer: ", "", HTTP, " answer=\"HTTP/1.1 200 OK\\r\\nServer: \""},
    {"<!DOCTYPE HTML>", "", PORTAL, " answer=\"<!DOCTYPE HTML>\""},
    {"", "", "does not speak TLS here", " answer=\"\""},
};

START_TEST(what_is_said_in_place_of_tls_is_quoted)
{
    struct failure failure;
    struct wire *wire;

    stage_set_up();
    wire = stage_new_wire();
    if (*rows[_i].rest)
        wire_say(wire, rows[_i].rest);
    plain_answer_fail(rows[_i].first, strlen(rows[_i].first), &wire->near, &failure);
    ck_assert_str_eq(failure.what, rows[_i].what);
    ck_assert_str_eq(failure.detail, rows[_i].detail);
    ck_assert(failure.they_did);
    ck_assert_int_eq(failure.class, FAILURE_PERMANENT);
    transport_close(&wire->near);
    stage_tear_down();
}
END_TEST

int main(void)
{
    tcase_add_loop_test(unit_case("plain_answer"), what_is_said_in_place_of_tls_is_quoted, 0,
                        sizeof rows / sizeof rows[0]);
    return unit_run();
}
