/* SPDX-License-Identifier: ISC */
#include "net/machine.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "../unit.h"

/* --- the system, which the test plays where it has another opinion --- */

int __real_bind(int fd, const struct sockaddr *address, socklen_t size);
int __wrap_bind(int fd, const struct sockaddr *address, socklen_t size);
int __real_socket(int family, int type, int protocol);
int __wrap_socket(int family, int type, int protocol);

static int bind_says, socket_says; /* errno; 0: what the system says */
static struct address asked;       /* last */

int __wrap_bind(int fd, const struct sockaddr *address, socklen_t size)
{
    memset(&asked, 0, sizeof asked);
    memcpy(&asked, address, size);
    errno = bind_says;
    return bind_says ? -1 : __real_bind(fd, address, size);
}

int __wrap_socket(int family, int type, int protocol)
{
    errno = socket_says;
    return socket_says ? -1 : __real_socket(family, type, protocol);
}

static bool has(const char *host, uint16_t port)
{
    struct address address;
    int before = unit_descriptors();
    bool answer;

    ck_assert(address_from_literal(&address, host, port));
    answer = machine_has(&address);
    ck_assert_int_eq(unit_descriptors(), before);
    return answer;
}

START_TEST(what_the_kernel_says)
{
    static const char *const never[] = {"192.0.2.200", "::ffff:192.0.2.200", "2001:db8::200"};

    bind_says = socket_says = 0;
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
        ck_assert_msg(!has(never[i], 3128), "%s", never[i]);
}
END_TEST

START_TEST(loopback_is_always_there)
{
    static const char *const always[] = {"127.0.0.1", "127.7.8.9", "::1", "::ffff:127.0.0.9", "0.0.0.0", "::"};

    bind_says = EADDRNOTAVAIL;
    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++)
        ck_assert_msg(has(always[i], 3128), "%s", always[i]);
    bind_says = 0;
}
END_TEST

/* Only a plain no is one. */
START_TEST(where_the_system_does_not_say_it_is_there)
{
    static const struct {
        int error;
        bool has;
    } errors[] = {{EADDRNOTAVAIL, false}, {ENODEV, false}, {EACCES, true}, {EADDRINUSE, true}, {ENOBUFS, true}};

    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        bind_says = errors[i].error;
        ck_assert_msg(has("192.0.2.200", 3128) == errors[i].has, "%s", strerror(errors[i].error));
    }
    bind_says = 0;
    socket_says = EMFILE;
    ck_assert(has("192.0.2.200", 3128));
    socket_says = 0;
}
END_TEST

START_TEST(it_is_asked_without_the_port_and_for_what_is_mapped)
{
    bind_says = EADDRNOTAVAIL;
    ck_assert(!has("::ffff:192.0.2.200", 3128));
    ck_assert_int_eq(asked.any.sa_family, AF_INET);
    ck_assert_int_eq(address_port(&asked), 0);
    ck_assert(!has("2001:db8::200", 3128));
    ck_assert_int_eq(asked.any.sa_family, AF_INET6);
    ck_assert_int_eq(address_port(&asked), 0);
    bind_says = 0;
}
END_TEST

static bool is_gotten(const char *own, const char *host, uint16_t port)
{
    struct address at, address;

    ck_assert(address_from_literal(&at, own, 1143));
    ck_assert(address_from_literal(&address, host, port));
    return machine_gets(&at, &address);
}

START_TEST(what_leads_to_a_socket)
{
    static const struct {
        const char *own, *host;
        bool gets;
    } cases[] = {
        {"127.0.0.1", "127.0.0.1", true},
        {"127.0.0.1", "::ffff:127.0.0.1", true},
        {"127.0.0.1", "0.0.0.0", true},
        {"::1", "::", true},
        {"127.0.0.1", "127.0.0.2", false},
        {"127.0.0.1", "192.0.2.200", false},
        {"0.0.0.0", "127.0.0.2", true},
        {"0.0.0.0", "0.0.0.0", true},
        {"0.0.0.0", "192.0.2.200", false},
        {"::", "::ffff:127.0.0.1", true},
        {"192.0.2.200", "192.0.2.200", true},
        {"192.0.2.200", "0.0.0.0", false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bind_says = strcmp(cases[i].host, "192.0.2.200") == 0 ? EADDRNOTAVAIL : 0;
        ck_assert_msg(is_gotten(cases[i].own, cases[i].host, 1143) == cases[i].gets, "%s to %s", cases[i].host,
                      cases[i].own);
        ck_assert(!is_gotten(cases[i].own, cases[i].host, 1144));
    }
    bind_says = 0;
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("machine");

    tcase_add_test(cases, what_the_kernel_says);
    tcase_add_test(cases, loopback_is_always_there);
    tcase_add_test(cases, where_the_system_does_not_say_it_is_there);
    tcase_add_test(cases, it_is_asked_without_the_port_and_for_what_is_mapped);
    tcase_add_test(cases, what_leads_to_a_socket);
    return unit_run();
}
