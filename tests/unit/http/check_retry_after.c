/* SPDX-License-Identifier: ISC */
#include "http/retry_after.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

#define WALL 1000000000 /* 2001-09-09 01:46:40 GMT */

static int read_after(const char *field)
{
    struct http_head head;
    const char *why;
    size_t used;
    char text[200], *bytes;
    int length = snprintf(text, sizeof text, "HTTP/1.1 204 R\r\n%s\r\n", field), seconds;

    bytes = unit_exact(text, (size_t)length);
    http_head_start(&head);
    ck_assert_int_eq(http_head_read(&head, bytes, (size_t)length, &used, &why), HTTP_HEAD_DONE);
    seconds = retry_after_read(&head, WALL);
    free(bytes);
    return seconds;
}

START_TEST(every_form_is_read)
{
    static const struct {
        const char *value;
        int seconds;
    } rows[] = {
        {"0", 0}, {"1", 1}, {"120", 120}, {" 120 ", 120}, {"299", 299}, {"300", 300}, {"301", RETRY_AFTER_MAX},
        {"0000000007", RETRY_AFTER_MAX}, /* more digits than any sane answer has */
        {"99999999999999999999", RETRY_AFTER_MAX}, {"4294967297", RETRY_AFTER_MAX},
        {"", RETRY_AFTER_NONE}, {"-1", RETRY_AFTER_NONE}, {"+1", RETRY_AFTER_NONE},
        {"1.5", RETRY_AFTER_NONE}, {"1s", RETRY_AFTER_NONE}, {"soon", RETRY_AFTER_NONE},
        {"0x10", RETRY_AFTER_NONE}, {"1 2", RETRY_AFTER_NONE},
        /* dates: before, at and after the time of day, and far behind it (RFC 9110 section 5.6.7: all three forms) */
        {"Sun, 09 Sep 2001 01:46:39 GMT", 0}, {"Sun, 09 Sep 2001 01:46:40 GMT", 0},
        {"Sun, 09 Sep 2001 01:46:41 GMT", 1}, {"Sun, 09 Sep 2001 01:48:40 GMT", 120},
        {"Tue, 19 Jan 2038 03:14:08 GMT", RETRY_AFTER_MAX}, {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
        {"Sunday, 09-Sep-01 01:46:50 GMT", 10}, {"Sun Sep  9 01:46:50 2001", 10},
        {"Sun, 09 Foo 2001 01:48:40 GMT", RETRY_AFTER_NONE}, {"09", 9}, {"Sep", RETRY_AFTER_NONE},
        {"Sun, 09 Sep 2001 01:48:40 GMT and more of it", RETRY_AFTER_NONE},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char field[120];

        snprintf(field, sizeof field, "retry-after: %s\r\n", rows[i].value);
        ck_assert_msg(read_after(field) == rows[i].seconds, "\"%s\" is %d", rows[i].value, read_after(field));
    }
}
END_TEST

START_TEST(without_the_field_there_is_none)
{
    ck_assert_int_eq(read_after(""), RETRY_AFTER_NONE);
    ck_assert_int_eq(read_after("Retry-After-All: 7\r\n"), RETRY_AFTER_NONE);
}
END_TEST

int main(void)
{
    TCase *tests = unit_case("retry_after");

    tcase_add_test(tests, every_form_is_read);
    tcase_add_test(tests, without_the_field_there_is_none);
    return unit_run();
}
