/* SPDX-License-Identifier: ISC */
#include "http/error_page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

/* As squid 5 writes them, shortened. */
#define SQUID(cause) \
    "<!DOCTYPE html><html><head><meta name=\"x\"><title>ERROR: The requested URL could not be retrieved</title>" \
    "<style type=\"text/css\"><!--\n body { margin: 0 }\n --></style></head><body id=\"ERR\">\n<div id=\"titles\">" \
    "<h1>ERROR</h1><h2>The requested URL could not be retrieved</h2></div><hr>\n<div id=\"content\">\n" \
    "<p>The following error was encountered while trying to retrieve the URL: <a href=\"m:1\">m:1</a></p>\n" cause \
    "\n<div id=\"footer\">\n<p>Generated today by squid</p>\n</div></body></html>"

static const struct {
    const char *code, *page, *cause;
} rows[] = {
    {"ERR_ACCESS_DENIED 0", SQUID("<blockquote id=\"error\">\n<p><b>Access Denied.</b></p>\n</blockquote>\n<p>"
     "Access control configuration prevents your request.</p>"),
     "ERR_ACCESS_DENIED 0: Access Denied. Access control configuration prevents your request."},
    {"ERR_CONNECT_FAIL 111", SQUID("<blockquote id=\"error\"><p><b>Connection to 192.0.2.1 failed.</b></p></blockquote>"
     "<p id=\"sysmsg\">The system returned: <i>(111) Connection refused</i></p>"),
     "ERR_CONNECT_FAIL 111: Connection to 192.0.2.1 failed. The system returned: (111) Connection refused"},
    {"ERR_SHUTTING_DOWN 0", SQUID("<p>It stops.</p>"), "ERR_SHUTTING_DOWN 0: The following error was encountered while "
     "trying to retrieve the URL: m:1 It stops. Generated today by squid"},
    {"ERR_X 1", "", "ERR_X 1"},
    {"ERR_X 1", "<b id=\"error\"", "ERR_X 1"},
    {"ERR_X 1", "<b id=\"error\">", "ERR_X 1"},
    {"", "plain", ": plain"},
    {NULL, "<title>403</title><p id=\"error\">no <b>way</b></p><div id=\"footer\">end</div>", "no way end"},
    {NULL, "", ""},
};

static size_t cause_of(const char *code, const char *page, size_t length, char out[ERROR_PAGE_CAUSE_MAX])
{
    struct http_head head;
    char text[200], *body = unit_exact(page, length);
    const char *why;
    size_t used, written;

    snprintf(text, sizeof text, "HTTP/1.1 403 no\r\n%s%s%s\r\n", code ? "X-Squid-Error: " : "", code ? code : "",
             code ? "\r\n" : "");
    http_head_start(&head);
    ck_assert_int_eq(http_head_read(&head, text, strlen(text), &used, &why), HTTP_HEAD_DONE);
    written = error_page_cause(&head, body, length, out);
    free(body);
    return written;
}

START_TEST(the_cause_and_not_the_title)
{
    char out[ERROR_PAGE_CAUSE_MAX];

    ck_assert_uint_eq(cause_of(rows[_i].code, rows[_i].page, strlen(rows[_i].page), out), strlen(rows[_i].cause));
    ck_assert_str_eq(out, rows[_i].cause);
}
END_TEST

START_TEST(a_page_may_end_anywhere_and_a_code_may_be_long)
{
    char out[ERROR_PAGE_CAUSE_MAX], code[100];

    memset(code, 'c', sizeof code - 1);
    code[sizeof code - 1] = '\0';
    for (size_t length = 0; length <= strlen(rows[0].page); length++)
        ck_assert_uint_lt(cause_of(code, rows[0].page, length, out), ERROR_PAGE_CAUSE_MAX);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("error_page");

    tcase_add_loop_test(cases, the_cause_and_not_the_title, 0, sizeof rows / sizeof rows[0]);
    tcase_add_test(cases, a_page_may_end_anywhere_and_a_code_may_be_long);
    return unit_run();
}
