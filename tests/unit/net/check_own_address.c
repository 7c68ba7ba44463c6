/* SPDX-License-Identifier: ISC */
#include "net/own_address.h"

#include <errno.h>
#include <string.h>

#include "../unit.h"

/* What the linker puts in place of the system's: a machine whose routes the test sets. */
int __wrap_socket(int family, int type, int protocol);
int __real_socket(int family, int type, int protocol);
int __wrap_connect(int fd, const struct sockaddr *to, socklen_t length);
int __wrap_getsockname(int fd, struct sockaddr *name, socklen_t *length);

static const char *four, *six; /* the address towards each; NULL: there is no way */
static bool without_six;       /* the system has no IPv6 at all */
static const char *ours;       /* of the socket that was connected last */

int __wrap_socket(int family, int type, int protocol)
{
    ck_assert_int_eq(type & SOCK_DGRAM, SOCK_DGRAM);
    if (family == AF_INET6 && without_six) {
        errno = EAFNOSUPPORT;
        return -1;
    }
    return __real_socket(family, type, protocol);
}

int __wrap_connect(int fd, const struct sockaddr *to, socklen_t length)
{
    struct address there;
    char text[ADDRESS_TEXT_MAX];

    (void)fd;
    memset(&there, 0, sizeof there);
    ck_assert_uint_le(length, sizeof there);
    memcpy(&there, to, length);
    ck_assert_str_eq(address_format(&there, text), to->sa_family == AF_INET ? "192.0.2.1:9" : "[2001:db8::1]:9");
    ours = to->sa_family == AF_INET ? four : six;
    errno = ENETUNREACH;
    return ours ? 0 : -1;
}

int __wrap_getsockname(int fd, struct sockaddr *name, socklen_t *length)
{
    struct address address;

    (void)fd;
    ck_assert(address_from_literal(&address, ours, 40000));
    ck_assert_uint_ge(*length, address_length(&address));
    *length = address_length(&address);
    memcpy(name, &address, *length);
    return 0;
}

static void expect(const char *first, const char *second)
{
    int before = unit_descriptors();
    struct address_list list;
    char text[ADDRESS_TEXT_MAX];

    own_address_find(&list);
    ck_assert_uint_eq(list.count, (size_t)((first != NULL) + (second != NULL)));
    if (first)
        ck_assert_str_eq(address_format_host(&list.at[0], text), first);
    if (second)
        ck_assert_str_eq(address_format_host(&list.at[1], text), second);
    for (size_t i = 0; i < list.count; i++)
        ck_assert_uint_eq(address_port(&list.at[i]), 0);
    ck_assert_int_eq(unit_descriptors(), before);
}

START_TEST(it_is_the_one_towards_the_default_route)
{
    without_six = false;
    four = "198.51.100.7", six = "2001:db8:5::7";
    expect("198.51.100.7", "2001:db8:5::7");
    four = NULL;
    expect("2001:db8:5::7", NULL);
    four = "198.51.100.7", six = NULL;
    expect("198.51.100.7", NULL);
    four = NULL;
    expect(NULL, NULL);
}
END_TEST

START_TEST(a_system_without_ipv6_has_that_of_ipv4)
{
    without_six = true;
    four = "198.51.100.7", six = "2001:db8:5::7";
    expect("198.51.100.7", NULL);
}
END_TEST

START_TEST(loopback_is_no_way_out)
{
    without_six = false;
    four = "127.0.0.1", six = "::1";
    expect(NULL, NULL);
    four = "0.0.0.0", six = "::";
    expect(NULL, NULL);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("own_address");

    tcase_add_test(cases, it_is_the_one_towards_the_default_route);
    tcase_add_test(cases, a_system_without_ipv6_has_that_of_ipv4);
    tcase_add_test(cases, loopback_is_no_way_out);
    return unit_run();
}
