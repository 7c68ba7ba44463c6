/* SPDX-License-Identifier: ISC */
#include "net/peer.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../unit.h"

START_TEST(nobody_is_known)
{
    struct address here, there;
    char error[128] = "";
    uid_t uid = 12345;
    int ends[2];
    socklen_t size = sizeof here.v6, there_size = sizeof there.v6;

    unit_tcp_pair(ends);
    ck_assert_int_eq(getsockname(ends[1], &here.any, &size), 0);
    ck_assert_int_eq(getpeername(ends[1], &there.any, &there_size), 0);
    ck_assert(!peer_is_told());
    ck_assert_int_eq(peer_uid(&there, &here, &uid, error, sizeof error), PEER_UNTOLD);
    ck_assert_str_eq(error, "this system has no way to ask");
    ck_assert_uint_eq(uid, 12345);
    peer_release();
    close(ends[0]), close(ends[1]);
}
END_TEST

/* The folder of the control socket lets nobody else come as far as here. */
START_TEST(who_has_come_to_a_socket_of_ours_is_ours)
{
    int ends[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    ck_assert(peer_is_ours(ends[0]));
    close(ends[0]), close(ends[1]);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("peer_none");

    tcase_add_test(cases, nobody_is_known);
    tcase_add_test(cases, who_has_come_to_a_socket_of_ours_is_ours);
    return unit_run();
}
