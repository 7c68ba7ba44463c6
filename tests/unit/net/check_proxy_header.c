/* SPDX-License-Identifier: ISC */
#include "net/proxy_header.h"

#include <string.h>

#include "../unit.h"

static struct address address_of(const char *host, uint16_t port)
{
    struct address address = {0};

    ck_assert_msg(address_from_literal(&address, host, port), "%s is no address", host);
    return address;
}

static const struct {
    const char *from, *to;
    uint16_t from_port, to_port;
    const char *line; /* version 1 */
    const char *rest; /* version 2, behind the signature */
    size_t length;    /* of that */
} rows[] = {
    {"192.0.2.7", "203.0.113.5", 5123, 993, "PROXY TCP4 192.0.2.7 203.0.113.5 5123 993\r\n",
     "\x21\x11\x00\x0c" "\xc0\x00\x02\x07" "\xcb\x00\x71\x05" "\x14\x03" "\x03\xe1", 16},
    {"255.255.255.255", "0.0.0.0", 65535, 0, "PROXY TCP4 255.255.255.255 0.0.0.0 65535 0\r\n",
     "\x21\x11\x00\x0c" "\xff\xff\xff\xff" "\x00\x00\x00\x00" "\xff\xff" "\x00\x00", 16},
    {"2001:db8::7", "2001:db8::5", 256, 255, "PROXY TCP6 2001:db8::7 2001:db8::5 256 255\r\n",
     "\x21\x21\x00\x24" "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07" "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x05"
     "\x01\x00" "\x00\xff", 40},
    /* of two families: the other one is written inside an IPv6 address */
    {"192.0.2.7", "::1", 1, 2, "PROXY TCP6 ::ffff:192.0.2.7 ::1 1 2\r\n",
     "\x21\x21\x00\x24" "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\x00\x02\x07" "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01"
     "\x00\x01" "\x00\x02", 40},
    {"2001:db8::7", "127.0.0.1", 5123, 143, "PROXY TCP6 2001:db8::7 ::ffff:127.0.0.1 5123 143\r\n",
     "\x21\x21\x00\x24" "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07" "\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\x00\x00\x01"
     "\x14\x03" "\x00\x8f", 40},
    /* one that is inside already stays there */
    {"::ffff:192.0.2.7", "::ffff:127.0.0.1", 5123, 143,
     "PROXY TCP6 ::ffff:192.0.2.7 ::ffff:127.0.0.1 5123 143\r\n",
     "\x21\x21\x00\x24" "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\x00\x02\x07" "\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\x00\x00\x01"
     "\x14\x03" "\x00\x8f", 40},
    /* the longest line that there is */
    {"1111:2222:3333:4444:5555:6666:7777:8888", "9999:aaaa:bbbb:cccc:dddd:eeee:ffff:1111", 65535, 65535,
     "PROXY TCP6 1111:2222:3333:4444:5555:6666:7777:8888 9999:aaaa:bbbb:cccc:dddd:eeee:ffff:1111 65535 65535\r\n",
     "\x21\x21\x00\x24" "\x11\x11\x22\x22\x33\x33\x44\x44\x55\x55\x66\x66\x77\x77\x88\x88"
     "\x99\x99\xaa\xaa\xbb\xbb\xcc\xcc\xdd\xdd\xee\xee\xff\xff\x11\x11" "\xff\xff" "\xff\xff", 40},
};

#define ROWS (int)(sizeof rows / sizeof rows[0])

START_TEST(version_1_is_a_line)
{
    const struct address from = address_of(rows[_i].from, rows[_i].from_port);
    const struct address to = address_of(rows[_i].to, rows[_i].to_port);
    char head[PROXY_HEADER_MAX];

    memset(head, '#', sizeof head);
    ck_assert_uint_eq(proxy_header_write(1, &from, &to, head), strlen(rows[_i].line));
    ck_assert_str_eq(head, rows[_i].line);
}
END_TEST

START_TEST(version_2_is_binary)
{
    static const char signature[] = "\x0d\x0a\x0d\x0a\x00\x0d\x0a\x51\x55\x49\x54\x0a";
    const struct address from = address_of(rows[_i].from, rows[_i].from_port);
    const struct address to = address_of(rows[_i].to, rows[_i].to_port);
    char head[PROXY_HEADER_MAX];

    memset(head, '#', sizeof head);
    ck_assert_uint_eq(proxy_header_write(2, &from, &to, head), 12 + rows[_i].length);
    ck_assert_mem_eq(head, signature, 12);
    ck_assert_mem_eq(head + 12, rows[_i].rest, rows[_i].length);
    ck_assert_int_eq(head[12 + rows[_i].length], '#');
}
END_TEST

/* No name of an interface goes out: a server could not read it. */
START_TEST(a_scope_is_not_told)
{
    struct address from = address_of("fe80::1", 1);
    const struct address to = address_of("::1", 2);
    char head[PROXY_HEADER_MAX];

    from.v6.sin6_scope_id = 1;
    ck_assert_uint_gt(proxy_header_write(1, &from, &to, head), 0);
    ck_assert_str_eq(head, "PROXY TCP6 fe80::1 ::1 1 2\r\n");
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("proxy_header");

    tcase_add_loop_test(cases, version_1_is_a_line, 0, ROWS);
    tcase_add_loop_test(cases, version_2_is_binary, 0, ROWS);
    tcase_add_test(cases, a_scope_is_not_told);
    return unit_run();
}
