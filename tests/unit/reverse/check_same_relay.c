/* SPDX-License-Identifier: ISC */
#include "reverse/same_relay.h"

#include <stdio.h>

#include "../unit.h"

#define URL "relay = http://localhost:8080/reverse/tcp/home/143/\n"

static bool same(const char *one, const char *other)
{
    char text[1000];
    struct config *config;
    bool result;

    snprintf(text, sizeof text, "[reverse a]\n%s\n[reverse b]\n%s\n[proxy p]\nurl = http://p:3128\n", one, other);
    config = unit_config(text);
    result = same_relay(&config->reverses[0], &config->reverses[1]);
    config_unref(config);
    return result;
}

START_TEST(what_is_behind_the_requests_does_not_matter)
{
    ck_assert(same(URL "target = localhost:143", URL "target = localhost:143"));
    ck_assert(same(URL "target = localhost:143", URL "target = localhost:1143\nwaiting = 7\nsessions = 3"));
    ck_assert(same(URL "target = localhost:143\nuser = me\npassword = x\nheader = A: 1",
                   URL "target = localhost:143\nuser = me\npassword = x\nheader = A: 1"));
}
END_TEST

START_TEST(all_that_the_relay_sees_matters)
{
    static const char *const differ[][2] = {
        {"relay = http://localhost:8080/a", "relay = http://localhost:8081/a"},
        {"relay = http://localhost:8080/a", "relay = http://localhost:8080/b"},
        {"relay = http://localhost/a", "relay = http://127.0.0.1/a"},
        {URL "user = me\npassword = x", URL "user = you\npassword = x"},
        {URL "user = me\npassword = x", URL "user = me\npassword = y"},
        {URL "user = me\npassword = x", URL},
        {URL "user = me\npassword-command = a", URL "user = me\npassword-command = b"},
        {URL "header = A: 1", URL "header = A: 2"},
        {URL "header = A: 1", URL},
        {URL "insecure = yes\nproxy = p", URL},
        {URL "verify = no", URL},
    };

    for (size_t i = 0; i < sizeof differ / sizeof differ[0]; i++) {
        char one[300], other[300];

        snprintf(one, sizeof one, "%s\ntarget = localhost:143", differ[i][0]);
        snprintf(other, sizeof other, "%s\ntarget = localhost:143", differ[i][1]);
        ck_assert_msg(!same(one, other), "%s\n%s", one, other);
        ck_assert_msg(same(one, one), "%s", one);
    }
}
END_TEST

int main(void)
{
    TCase *tests = unit_case("same_relay");

    tcase_add_test(tests, what_is_behind_the_requests_does_not_matter);
    tcase_add_test(tests, all_that_the_relay_sees_matters);
    return unit_run();
}
