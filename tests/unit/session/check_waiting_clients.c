/* SPDX-License-Identifier: ISC */
#include "session/waiting_clients.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../unit.h"

#define STAY_MS 50

/* A listening socket on loopback, with the name that a service manager gave it. */
static struct systemd_inherited open_socket(const char *name)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct systemd_inherited inherited = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};

    ck_assert_int_ge(inherited.fd, 0);
    ck_assert_int_eq(bind(inherited.fd, (struct sockaddr *)&at, sizeof at), 0);
    ck_assert_int_eq(listen(inherited.fd, 16), 0);
    snprintf(inherited.name, sizeof inherited.name, "%s", name);
    return inherited;
}

static int connect_to(const struct systemd_inherited *inherited)
{
    struct sockaddr_in at;
    socklen_t length = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(getsockname(inherited->fd, (struct sockaddr *)&at, &length), 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&at, length), 0);
    return fd;
}

/* All that the client is told, up to the end of the stream. */
static void is_told(int fd, const char *wanted)
{
    char got[300];
    size_t length = 0;
    ssize_t more;

    while ((more = recv(fd, got + length, sizeof got - 1 - length, 0)) > 0)
        length += (size_t)more;
    ck_assert_int_eq((int)more, 0); /* an end, no reset */
    got[length] = '\0';
    ck_assert_str_eq(got, wanted);
    close(fd);
}

static struct failure failure_of(const char *what)
{
    struct failure failure;

    failure_set(&failure, FAILURE_TEMPORARY, "%s", what);
    return failure;
}

/* Columns: the name of the socket, and the line. */
START_TEST(each_is_told_in_the_protocol_of_its_socket)
{
    static const char *const rows[][2] = {
        {"imap", "* BYE [UNAVAILABLE] sallyport: no luck\r\n"},
        {"imap/work", "* BYE [UNAVAILABLE] sallyport: no luck\r\n"},
        {"submission", "421 4.4.1 sallyport: no luck\r\n"},
        {"nntp", "400 sallyport: no luck\r\n"},
        {"forward/x", ""},
        {"sallyport.socket", ""},
        {"", ""},
    };
    enum { ROWS = sizeof rows / sizeof rows[0] };
    struct systemd_inherited sockets[ROWS];
    struct failure failure = failure_of("no luck");
    int clients[ROWS], before = unit_descriptors();

    for (size_t i = 0; i < ROWS; i++) {
        sockets[i] = open_socket(rows[i][0]);
        clients[i] = connect_to(&sockets[i]);
    }
    ck_assert_uint_eq(waiting_clients_refuse(sockets, ROWS, &failure, STAY_MS), ROWS);
    for (size_t i = 0; i < ROWS; i++) {
        is_told(clients[i], rows[i][1]);
        close(sockets[i].fd);
    }
    ck_assert_int_eq(unit_descriptors(), before);
}
END_TEST

/* The names of one unit's sockets are all the same: then the usual local port says what it is. */
START_TEST(the_usual_port_tells_the_protocol)
{
    struct systemd_inherited inherited;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(14190)};
    struct failure failure = failure_of("no luck");
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1, client;

    /* an address of loopback that nobody else takes */
    at.sin_addr.s_addr = htonl(0x7f000000u | (0x10000u + (unsigned)getpid() % 0xfe0000u));
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    ck_assert_int_eq(listen(fd, 4), 0);
    inherited = (struct systemd_inherited){.fd = fd, .name = "sallyport.socket"};
    client = connect_to(&inherited);
    ck_assert_uint_eq(waiting_clients_refuse(&inherited, 1, &failure, STAY_MS), 1);
    is_told(client, "BYE (TRYLATER) \"sallyport: no luck\"\r\n");
    close(fd);
}
END_TEST

START_TEST(many_wait_and_one_has_spoken_already)
{
    enum { CLIENTS = 12 };
    struct systemd_inherited inherited = open_socket("imap");
    struct failure failure = failure_of("no luck");
    int clients[CLIENTS];

    for (size_t i = 0; i < CLIENTS; i++)
        clients[i] = connect_to(&inherited);
    ck_assert_int_eq((int)send(clients[3], "a NOOP\r\n", 8, 0), 8);
    shutdown(clients[4], SHUT_WR);
    close(clients[5]);
    ck_assert_uint_eq(waiting_clients_refuse(&inherited, 1, &failure, STAY_MS), CLIENTS);
    for (size_t i = 0; i < CLIENTS; i++)
        if (i != 5)
            is_told(clients[i], "* BYE [UNAVAILABLE] sallyport: no luck\r\n");
    close(inherited.fd);
}
END_TEST

START_TEST(without_sockets_there_is_nothing_to_wait_for)
{
    struct failure failure = failure_of("no luck");

    ck_assert_uint_eq(waiting_clients_refuse(NULL, 0, &failure, UINT32_MAX), 0);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("waiting_clients");

    tcase_add_test(cases, each_is_told_in_the_protocol_of_its_socket);
    tcase_add_test(cases, the_usual_port_tells_the_protocol);
    tcase_add_test(cases, many_wait_and_one_has_spoken_already);
    tcase_add_test(cases, without_sockets_there_is_nothing_to_wait_for);
    return unit_run();
}
