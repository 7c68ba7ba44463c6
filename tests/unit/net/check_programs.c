/* SPDX-License-Identifier: ISC */
#include "net/programs.h"

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/address.h"

#include "../unit.h"

/* The two ends of a connection in words, as this end sees it. */
static void set_ends(int fd, char own[ADDRESS_TEXT_MAX], char other[ADDRESS_TEXT_MAX])
{
    struct address near = {0}, far = {0};
    socklen_t near_size = sizeof near.v6, far_size = sizeof far.v6;

    ck_assert_int_eq(getsockname(fd, &near.any, &near_size), 0);
    ck_assert_int_eq(getpeername(fd, &far.any, &far_size), 0);
    address_format(&near, own);
    address_format(&far, other);
}

START_TEST(the_program_of_a_connection_is_found)
{
    char own[ADDRESS_TEXT_MAX], other[ADDRESS_TEXT_MAX];
    const struct program *found;
    struct programs *programs;
    int ends[2];

    prctl(PR_SET_NAME, "a program (1)");
    unit_tcp_pair(ends);
    programs = programs_read();
    for (int i = 0; i < 2; i++) {
        set_ends(ends[i], own, other);
        found = programs_find(programs, own, other);
        ck_assert_ptr_nonnull(found);
        ck_assert_int_eq(found->pid, getpid());
        ck_assert_str_eq(found->name, "a program (1)");
    }
    ck_assert_ptr_null(programs_find(programs, own, "127.0.0.1:1"));
    ck_assert_ptr_null(programs_find(programs, "", ""));
    programs_free(programs);
    close(ends[0]);
    close(ends[1]);
    programs = programs_read(); /* what waits for its time has no owner */
    ck_assert_ptr_null(programs_find(programs, own, other));
    programs_free(programs);
    programs_free(NULL);
}
END_TEST

START_TEST(over_ipv6_too)
{
    struct address at = {.v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT}};
    int listener = socket(AF_INET6, SOCK_STREAM, 0), client = socket(AF_INET6, SOCK_STREAM, 0);
    char own[ADDRESS_TEXT_MAX], other[ADDRESS_TEXT_MAX];
    socklen_t size = sizeof at.v6;
    struct programs *programs;

    if (listener >= 0 && bind(listener, &at.any, size) == 0) { /* a machine may be without IPv6 */
        ck_assert_int_eq(listen(listener, 1), 0);
        ck_assert_int_eq(getsockname(listener, &at.any, &size), 0);
        ck_assert_int_eq(connect(client, &at.any, size), 0);
        set_ends(client, own, other);
        programs = programs_read();
        ck_assert_ptr_nonnull(programs_find(programs, own, other));
        programs_free(programs);
    }
    close(client);
    close(listener);
}
END_TEST

/* The client has a socket of IPv6, and we, who ask, one of IPv4. */
START_TEST(over_ipv4_by_a_socket_of_ipv6)
{
    struct address at = {.v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
    struct address to = {.v6 = {.sin6_family = AF_INET6}};
    const unsigned char mapped[16] = {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1};
    int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET6, SOCK_STREAM, 0), ours;
    char own[ADDRESS_TEXT_MAX], other[ADDRESS_TEXT_MAX];
    socklen_t size = sizeof at.v4;
    struct programs *programs;

    ck_assert_int_eq(bind(listener, &at.any, size), 0);
    ck_assert_int_eq(listen(listener, 1), 0);
    ck_assert_int_eq(getsockname(listener, &at.any, &size), 0);
    memcpy(&to.v6.sin6_addr, mapped, sizeof mapped);
    to.v6.sin6_port = at.v4.sin_port;
    if (client >= 0 && connect(client, &to.any, sizeof to.v6) == 0) { /* a machine may be without IPv6 */
        ours = accept(listener, NULL, NULL);
        set_ends(ours, own, other);
        programs = programs_read();
        ck_assert_ptr_nonnull(programs_find(programs, other, own));
        programs_free(programs);
        close(ours);
    }
    close(client);
    close(listener);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("programs");

    tcase_add_test(cases, the_program_of_a_connection_is_found);
    tcase_add_test(cases, over_ipv6_too);
    tcase_add_test(cases, over_ipv4_by_a_socket_of_ipv6);
    return unit_run();
}
