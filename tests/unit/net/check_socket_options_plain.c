/* SPDX-License-Identifier: ISC */
#include "net/socket_options.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../unit.h"

static int number_of(int fd, int level, int option)
{
    int value = -1;
    socklen_t size = sizeof value;

    ck_assert_int_eq(getsockopt(fd, level, option, &value, &size), 0);
    return value;
}

START_TEST(an_idle_path_is_probed)
{
    static const struct {
        uint32_t ms;
        int idle, interval; /* s */
    } kept[] = {{1000, 1, 1}, {7999, 7, 1}, {60000, 60, 15}};
    struct address remote;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    ck_assert(address_from_literal(&remote, "127.0.0.1", 1));
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        socket_options_set_upstream(fd, &remote, kept[i].ms);
        ck_assert_int_eq(number_of(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
        ck_assert_int_eq(number_of(fd, IPPROTO_TCP, TCP_NODELAY), 1);
#ifdef TCP_KEEPIDLE
        ck_assert_int_eq(number_of(fd, IPPROTO_TCP, TCP_KEEPIDLE), kept[i].idle);
        ck_assert_int_eq(number_of(fd, IPPROTO_TCP, TCP_KEEPINTVL), kept[i].interval);
        ck_assert_int_eq(number_of(fd, IPPROTO_TCP, TCP_KEEPCNT), 4);
#endif
    }
    close(fd);
}
END_TEST

/* What this system may have for it is left alone. */
START_TEST(nothing_else_is_asked_for)
{
    int ends[2];

    unit_tcp_pair(ends);
    socket_options_set_patience(ends[0], 1234);
    socket_options_take_plain_congestion(ends[0]);
#ifdef TCP_USER_TIMEOUT
    ck_assert_int_eq(number_of(ends[0], IPPROTO_TCP, TCP_USER_TIMEOUT), 0);
#endif
    ck_assert(!socket_options_break(ends[0]));
    ck_assert_int_eq((int)send(ends[0], "x", 1, MSG_NOSIGNAL), 1); /* it is as whole as before */
    close(ends[0]), close(ends[1]);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("socket_options_plain");

    tcase_add_test(cases, an_idle_path_is_probed);
    tcase_add_test(cases, nothing_else_is_asked_for);
    return unit_run();
}
