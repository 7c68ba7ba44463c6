/* SPDX-License-Identifier: ISC */
#include "net/free_port.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../unit.h"

#define START 20000u /* below the range from which the system gives ports */

/* Listens on the first port from START upwards that it can have, and whose next one seems to be free. */
static int take(uint16_t *port, bool six)
{
    for (unsigned at = START; at < UINT16_MAX; at++) {
        const struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons((uint16_t)at),
                                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        const struct sockaddr_in6 other = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)at),
                                           .sin6_addr = IN6ADDR_LOOPBACK_INIT};
        int fd = socket(six ? AF_INET6 : AF_INET, SOCK_STREAM, 0);

        ck_assert_int_ge(fd, 0);
        if ((six ? bind(fd, (const struct sockaddr *)&other, sizeof other)
                 : bind(fd, (const struct sockaddr *)&four, sizeof four)) == 0 && listen(fd, 1) == 0) {
            *port = (uint16_t)at;
            return fd;
        }
        close(fd);
    }
    ck_abort_msg("no port is free");
    return -1;
}

START_TEST(a_free_one_is_taken)
{
    uint16_t port;
    int fd = take(&port, false);

    close(fd);
    ck_assert_uint_eq(free_port_find(port, NULL, NULL), port);
}
END_TEST

START_TEST(one_that_is_taken_is_not)
{
    for (int six = 0; six < 2; six++) {
        uint16_t port, found;
        int fd = take(&port, six);

        found = free_port_find(port, NULL, NULL);
        ck_assert_uint_gt(found, port);
        ck_assert_uint_lt(found, port + FREE_PORT_TRIES);
        close(fd);
    }
}
END_TEST

struct words {
    uint16_t first;
    unsigned asked;
};

static free_port_word say(void *arg, uint16_t port)
{
    struct words *words = arg;

    words->asked++;
    return port == words->first ? FREE_PORT_SKIP : port == words->first + 1 ? FREE_PORT_TAKE : FREE_PORT_LOOK;
}

static free_port_word skip(void *arg, uint16_t port)
{
    (void)port;
    ++*(unsigned *)arg;
    return FREE_PORT_SKIP;
}

START_TEST(the_caller_has_a_word)
{
    struct words words = {0, 0};
    unsigned asked = 0;
    int fd = take(&words.first, false);

    words.first--;
    ck_assert_uint_eq(free_port_find(words.first, say, &words), words.first + 1);
    ck_assert_uint_eq(words.asked, 2);
    close(fd);
    ck_assert_uint_eq(free_port_find(1143, skip, &asked), 0);
    ck_assert_uint_eq(asked, FREE_PORT_TRIES);
    asked = 0;
    ck_assert_uint_eq(free_port_find(UINT16_MAX, skip, &asked), 0);
    ck_assert_uint_eq(asked, 1);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("free_port");

    tcase_add_test(cases, a_free_one_is_taken);
    tcase_add_test(cases, one_that_is_taken_is_not);
    tcase_add_test(cases, the_caller_has_a_word);
    return unit_run();
}
