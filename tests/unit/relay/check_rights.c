/* SPDX-License-Identifier: ISC */
#include "relay/rights.h"

#include <string.h>

#include "../unit.h"

static const char text[] =
    "alice:!x:register=home:143,home:993 reach=*\n"
    "bob:!x:reach=home:143\n"
    "carol:!x:register=* reach=*\n";

static const struct {
    const char *user;
    enum request_wish wish;
    const char *host;
    unsigned port;
    bool served, switches, foreign;
    unsigned status;
} rows[] = {
    /* who waits */
    {"alice", WISH_REGISTER, "home", 143, false, true, false, 0},
    {"alice", WISH_REGISTER, "home", 144, false, true, false, 403},
    {"alice", WISH_REGISTER, "home", 143, false, false, false, 426},
    {"alice", WISH_REGISTER, "home", 144, false, false, false, 403},
    {"bob", WISH_REGISTER, "home", 143, true, true, false, 403},
    {"carol", WISH_REGISTER, "anything", 1, false, true, false, 0},
    /* who comes */
    {"bob", WISH_CONNECT, "home", 143, true, false, false, 0},
    {"bob", WISH_CONNECT, "home", 143, false, false, false, 0}, /* it is expected */
    {"bob", WISH_CONNECT, "home", 993, true, false, false, 403},
    {"alice", WISH_CONNECT, "home", 993, false, false, false, 0},
    {"alice", WISH_CONNECT, "127.0.0.1", 22, false, false, false, 403}, /* no place of this name */
    {"carol", WISH_CONNECT, "127.0.0.1", 22, false, false, false, 403},
    {"carol", WISH_CONNECT, "127.0.0.1", 22, true, false, false, 0},
    {"bob", WISH_SWITCH, "home", 143, true, true, false, 0},
    {"bob", WISH_SWITCH, "home", 143, true, false, false, 426},
    {"bob", WISH_SWITCH, "home", 143, true, true, true, 403},
    {"bob", WISH_SWITCH, "home", 993, true, true, false, 403},
};

static void on_report(void *arg, const char *line)
{
    (void)arg;
    ck_abort_msg("%s", line);
}

START_TEST(a_user_gets_what_the_file_says_and_no_more)
{
    FILE *stream = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    struct relay_users *users = relay_users_parse(stream, "users", on_report, NULL);
    struct relay_request request = {.target.wish = rows[_i].wish, .foreign = rows[_i].foreign};

    fclose(stream);
    ck_assert_ptr_nonnull(users);
    snprintf(request.target.name.host, sizeof request.target.name.host, "%s", rows[_i].host);
    request.target.name.port = (uint16_t)rows[_i].port;
    if (rows[_i].switches)
        memcpy(request.token, "t", 2);
    ck_assert_uint_eq(rights_judge(&request, users, relay_users_find(users, rows[_i].user), rows[_i].served),
                      rows[_i].status);
    relay_users_unref(users);
}
END_TEST

START_TEST(what_to_ask_for_is_said)
{
    struct relay_request request = {.target.wish = WISH_REGISTER};

    ck_assert_str_eq(rights_token(&request), "reverse");
    request.target.wish = WISH_SWITCH;
    ck_assert_str_eq(rights_token(&request), "TCPConnection/1.0");
}
END_TEST

int main(void)
{
    TCase *tcase = unit_case("rights");

    tcase_add_loop_test(tcase, a_user_gets_what_the_file_says_and_no_more, 0, (int)(sizeof rows / sizeof rows[0]));
    tcase_add_test(tcase, what_to_ask_for_is_said);
    return unit_run();
}
