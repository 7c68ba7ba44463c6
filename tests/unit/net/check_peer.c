/* SPDX-License-Identifier: ISC */
#include "net/peer.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../unit.h"

static void ends_of(int fd, struct address *here, struct address *there)
{
    socklen_t size = sizeof here->v6, there_size = sizeof there->v6;

    memset(here, 0, sizeof *here);
    memset(there, 0, sizeof *there);
    ck_assert_int_eq(getsockname(fd, &here->any, &size), 0);
    ck_assert_int_eq(getpeername(fd, &there->any, &there_size), 0);
}

START_TEST(the_other_end_is_ours)
{
    struct address here, there;
    char error[128] = "";
    uid_t uid = 12345;
    int ends[2];

    unit_tcp_pair(ends);
    ends_of(ends[1], &here, &there);
    ck_assert_msg(peer_uid(&there, &here, &uid, error, sizeof error) == PEER_KNOWN, "%s", error);
    ck_assert_uint_eq(uid, getuid());
    peer_release();
    ck_assert_int_eq(peer_uid(&there, &here, &uid, error, sizeof error), PEER_KNOWN); /* and again */
    peer_release();
    peer_release();
    close(ends[0]), close(ends[1]);
}
END_TEST

/* The client has a socket of IPv6, and we one of IPv4. */
START_TEST(the_other_end_may_speak_through_ipv6)
{
    struct sockaddr_in bound = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 to = {.sin6_family = AF_INET6};
    socklen_t size = sizeof bound;
    struct address here, there;
    char error[128] = "";
    uid_t uid = 12345;
    int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), ours;
    int client = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(bind(listening, (const struct sockaddr *)&bound, size), 0);
    ck_assert_int_eq(listen(listening, 1), 0);
    ck_assert_int_eq(getsockname(listening, (struct sockaddr *)&bound, &size), 0);
    ck_assert_int_eq(inet_pton(AF_INET6, "::ffff:127.0.0.1", &to.sin6_addr), 1);
    to.sin6_port = bound.sin_port;
    if (client >= 0 && connect(client, (const struct sockaddr *)&to, sizeof to) == 0) { /* it has IPv6 */
        ours = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
        ends_of(ours, &here, &there);
        ck_assert_int_eq(there.any.sa_family, AF_INET);
        ck_assert_int_eq(peer_uid(&there, &here, &uid, error, sizeof error), PEER_KNOWN);
        ck_assert_uint_eq(uid, getuid());
        close(ours);
    }
    close(client), close(listening);
    peer_release();
}
END_TEST

/* No such connection: nobody owns it, and surely not the one who asks. */
START_TEST(a_connection_that_is_not_there_has_no_owner)
{
    struct address here, there;
    char error[128] = "";
    uid_t uid = 12345;

    ck_assert(address_from_literal(&here, "127.0.0.1", 1));
    ck_assert(address_from_literal(&there, "127.0.0.1", 2));
    ck_assert_int_eq(peer_uid(&there, &here, &uid, error, sizeof error), PEER_GONE);
    ck_assert(address_from_literal(&here, "::1", 1));
    ck_assert(address_from_literal(&there, "::1", 2));
    ck_assert_int_eq(peer_uid(&there, &here, &uid, error, sizeof error), PEER_GONE);
    peer_release();
}
END_TEST

/* Who listens on the port of a client that is not there is not that client. */
START_TEST(a_listening_socket_is_no_client)
{
    const struct sockaddr_in any = {.sin_family = AF_INET};
    struct sockaddr_in bound;
    socklen_t size = sizeof bound;
    struct address here, there;
    char error[128] = "";
    uid_t uid = 12345;
    int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(bind(listening, (const struct sockaddr *)&any, sizeof any), 0);
    ck_assert_int_eq(listen(listening, 1), 0);
    ck_assert_int_eq(getsockname(listening, (struct sockaddr *)&bound, &size), 0);
    ck_assert(address_from_literal(&here, "127.0.0.1", 1143));
    ck_assert(address_from_literal(&there, _i == 0 ? "10.9.9.9" : "127.0.0.1", ntohs(bound.sin_port)));
    ck_assert_int_eq(peer_uid(&there, &here, &uid, error, sizeof error), PEER_GONE);
    close(listening);
    peer_release();
}
END_TEST

START_TEST(an_end_that_is_closed_has_no_owner)
{
    struct address here, there;
    char error[128] = "";
    uid_t uid = 12345;
    int ends[2];

    unit_tcp_pair(ends);
    ends_of(ends[1], &here, &there);
    close(ends[0]);
    ck_assert_int_eq(peer_uid(&there, &here, &uid, error, sizeof error), PEER_GONE);
    close(ends[1]);
    peer_release();
}
END_TEST

START_TEST(a_port_of_another_user_is_foreign)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), other = -1;

    ck_assert_int_eq(bind(fd, (const struct sockaddr *)&at, sizeof at), 0);
    ck_assert_int_eq(listen(fd, 1), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    ck_assert(!peer_port_is_foreign(ntohs(at.sin_port)));
    close(fd);
    if (geteuid() != 0)
        return; /* only root can play another user */
    ck_assert_int_eq(seteuid(65534), 0);
    other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(seteuid(0), 0);
    ck_assert_int_eq(bind(other, (const struct sockaddr *)&at, sizeof at), 0);
    ck_assert(!peer_port_is_foreign(ntohs(at.sin_port))); /* it does not listen */
    ck_assert_int_eq(listen(other, 1), 0);
    ck_assert(peer_port_is_foreign(ntohs(at.sin_port)));
    close(other);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("peer");

    tcase_add_test(cases, the_other_end_is_ours);
    tcase_add_test(cases, the_other_end_may_speak_through_ipv6);
    tcase_add_test(cases, a_connection_that_is_not_there_has_no_owner);
    tcase_add_loop_test(cases, a_listening_socket_is_no_client, 0, 2);
    tcase_add_test(cases, an_end_that_is_closed_has_no_owner);
    tcase_add_test(cases, a_port_of_another_user_is_foreign);
    return unit_run();
}
