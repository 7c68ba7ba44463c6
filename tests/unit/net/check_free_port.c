/* SPDX-License-Identifier: ISC */
#include "net/free_port.h"

#include <sys/socket.h>
#include <unistd.h>

#include "net/address.h"

#include "../unit.h"

#define START 20000u /* below the range from which the system gives ports */

/* -1: somebody listens there. */
static int listen_at(const char *host, uint16_t port)
{
    struct address address;
    int fd;

    ck_assert(address_from_literal(&address, host, port));
    fd = socket(address.any.sa_family, SOCK_STREAM, 0);
    ck_assert_int_ge(fd, 0);
    if (bind(fd, &address.any, address_length(&address)) == 0 && listen(fd, 1) == 0)
        return fd;
    close(fd);
    return -1;
}

/* Listens at host on the first port from START upwards that nobody has at any address. */
static int take(uint16_t *port, const char *host)
{
    for (*port = START; *port < UINT16_MAX; ++*port) {
        int fd = listen_at("::", *port); /* which stands for those of IPv4, too */

        if (fd < 0)
            continue;
        close(fd);
        fd = listen_at(host, *port);
        if (fd >= 0)
            return fd;
    }
    ck_abort_msg("no port is free");
    return -1;
}

START_TEST(a_free_one_is_taken)
{
    uint16_t port;
    int fd = take(&port, "127.0.0.1");

    close(fd);
    ck_assert_uint_eq(free_port_find("localhost", port, NULL, NULL), port);
}
END_TEST

START_TEST(one_that_is_taken_is_not)
{
    for (int six = 0; six < 2; six++) {
        uint16_t port, found;
        int fd = take(&port, six ? "::1" : "127.0.0.1");

        found = free_port_find("localhost", port, NULL, NULL);
        ck_assert_uint_gt(found, port);
        ck_assert_uint_lt(found, port + FREE_PORT_TRIES);
        close(fd);
    }
}
END_TEST

/* Only where the listener would be, and wherever it would be, it matters who listens. */
START_TEST(the_address_is_the_listeners)
{
    static const struct {
        const char *taken, *host;
        bool hinders;
    } cases[] = {
        {"127.0.0.9", "127.0.0.9", true}, {"127.0.0.9", "127.0.0.8", false}, {"127.0.0.9", "localhost", false},
        {"127.0.0.1", "LocalHost", true}, {"127.0.0.1", "::1", false},       {"127.0.0.9", "0.0.0.0", true},
        {"0.0.0.0", "127.0.0.9", true},   {"::1", "127.0.0.9", false},       {"::1", "::", true},
        {"127.0.0.9", "192.0.2.7", false}, /* which this machine has not: that is told when it is listened on */
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint16_t port, found;
        int fd = take(&port, cases[i].taken);

        found = free_port_find(cases[i].host, port, NULL, NULL);
        ck_assert_msg((found != port) == cases[i].hinders && found < port + FREE_PORT_TRIES,
                      "%s port %u, taken at %s: %u", cases[i].host, port, cases[i].taken, found);
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
    int fd = take(&words.first, "127.0.0.1");

    words.first--;
    ck_assert_uint_eq(free_port_find("localhost", words.first, say, &words), words.first + 1);
    ck_assert_uint_eq(words.asked, 2);
    close(fd);
    ck_assert_uint_eq(free_port_find("localhost", 1143, skip, &asked), 0);
    ck_assert_uint_eq(asked, FREE_PORT_TRIES);
    asked = 0;
    ck_assert_uint_eq(free_port_find("localhost", UINT16_MAX, skip, &asked), 0);
    ck_assert_uint_eq(asked, 1);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("free_port");

    tcase_add_test(cases, a_free_one_is_taken);
    tcase_add_test(cases, one_that_is_taken_is_not);
    tcase_add_test(cases, the_address_is_the_listeners);
    tcase_add_test(cases, the_caller_has_a_word);
    return unit_run();
}
