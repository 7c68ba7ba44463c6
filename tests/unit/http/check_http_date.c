/* SPDX-License-Identifier: ISC */
#include "http/http_date.h"

#include "../unit.h"

#define NOW INT64_C(1000000000) /* 9 September 2001, 01:46:40 */

START_TEST(every_form_is_read)
{
    static const struct {
        const char *text;
        int64_t seconds;
    } rows[] = {
        {"Thu, 01 Jan 1970 00:00:00 GMT", 0}, {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
        {"Sunday, 06-Nov-94 08:49:37 GMT", 784111777}, {"Sun Nov  6 08:49:37 1994", 784111777},
        {"Sun Nov 16 08:49:37 1994", 784975777}, {"Sun, 09 Sep 2001 01:46:40 GMT", NOW},
        {"Tue, 29 Feb 2000 23:59:59 GMT", 951868799}, {"Wed, 01 Mar 2000 00:00:00 GMT", 951868800},
        {"Sat, 31 Dec 2016 23:59:60 GMT", 1483228800}, /* a leap second */
        /* where seconds of 32 bits end, and long after */
        {"Tue, 19 Jan 2038 03:14:07 GMT", INT32_MAX}, {"Tue, 19 Jan 2038 03:14:08 GMT", INT64_C(2147483648)},
        {"Fri, 31 Dec 9999 23:59:59 GMT", INT64_C(253402300799)},
        {"Sun, 28 Feb 2100 00:00:00 GMT", INT64_C(4107456000)},
        {"Mon, 01 Mar 2100 00:00:00 GMT", INT64_C(4107542400)}, {"Mon, 01 Jan 1900 00:00:00 GMT", INT64_C(-2208988800)},
        /* more than 50 years ahead is the century before */
        {"Saturday, 31-Dec-50 00:00:00 GMT", INT64_C(2556057600)}, {"Sunday, 01-Jan-52 00:00:00 GMT", -568080000},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t seconds = -1;

        ck_assert_msg(http_date_read(rows[i].text, NOW, &seconds), "%s", rows[i].text);
        ck_assert_msg(seconds == rows[i].seconds, "%s is %lld", rows[i].text, (long long)seconds);
    }
}
END_TEST

START_TEST(what_is_none)
{
    static const char *const none[] = {
        "", "Sep", "soon", "12", "Sun", "Sun, 06 Nov 1994", "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 CET",
        "Sun, 06 Nov 1994 08:49:37 GMT and more", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT", "Tue, 29 Feb 2100 00:00:00 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 1994 08:49:61 GMT", "Sun, -6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 -8:49:37 GMT", "Sun, 06 Nov 199 08:49:37 GMT", "Sunday, 06-Nov-1994 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994 GMT", "Sun Nov  6 08:49:37 94",
    };

    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        int64_t seconds = 0;

        ck_assert_msg(!http_date_read(none[i], NOW, &seconds), "\"%s\" is %lld", none[i], (long long)seconds);
    }
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("http_date");

    tcase_add_test(cases, every_form_is_read);
    tcase_add_test(cases, what_is_none);
    return unit_run();
}
