/* SPDX-License-Identifier: ISC */
/* With a name server of its own on loopback, and a channel of c-ares without a loop. */
#include "net/srv_query.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../unit.h"
#include "net/srv.h"

#define NAME "_imap._tcp.example.net"
#define ANSWER "\xc0\x0c\0\x21\0\x01\0\0\x01\x2c\0\x0a\0\x05\0\x07\x03\xe1\x02mx\0"
#define PATIENCE_MS 20000

static struct scene {
    int server;
    ares_channel channel;
    ares_socket_t socket; /* that c-ares waits for; ARES_SOCKET_BAD: none */
    unsigned told;
    int status;
    struct srv_list list;
    bool message; /* there was one */
} scene;

static void on_socket(void *arg, ares_socket_t fd, int readable, int writable)
{
    (void)arg;
    scene.socket = readable || writable ? fd : ARES_SOCKET_BAD;
}

static void on_answer(void *arg, int status, const unsigned char *message, size_t length)
{
    ck_assert_ptr_eq(arg, &scene);
    scene.told++;
    scene.status = status;
    scene.message = message != NULL;
    ck_assert_int_eq(scene.message, length > 0);
    ck_assert_int_eq(scene.message, status == ARES_SUCCESS);
    if (message)
        ck_assert(srv_read(&scene.list, message, length));
}

static void set_up(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    struct ares_options options = {.sock_state_cb = on_socket};
    char servers[64];

    memset(&scene, 0, sizeof scene);
    scene.socket = ARES_SOCKET_BAD;
    scene.server = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(scene.server, (struct sockaddr *)&address, size), 0);
    ck_assert_int_eq(getsockname(scene.server, (struct sockaddr *)&address, &size), 0);
    ck_assert_int_eq(ares_library_init(ARES_LIB_INIT_ALL), ARES_SUCCESS);
    ck_assert_int_eq(ares_init_options(&scene.channel, &options, ARES_OPT_SOCK_STATE_CB), ARES_SUCCESS);
    snprintf(servers, sizeof servers, "127.0.0.1:%u", (unsigned)ntohs(address.sin_port));
    ck_assert_int_eq(ares_set_servers_ports_csv(scene.channel, servers), ARES_SUCCESS);
}

static void destroy_channel(void)
{
    if (scene.channel)
        ares_destroy(scene.channel);
    scene.channel = NULL;
}

static void tear_down(void)
{
    destroy_channel();
    ares_library_cleanup();
    close(scene.server);
}

/* Takes the question and sends it back as an answer: with this code, and so many records, which are the bytes behind
 * the question. */
static void serve(unsigned code, unsigned records, const char *bytes, size_t length)
{
    struct pollfd asked = {.fd = scene.server, .events = POLLIN};
    unsigned char message[512];
    struct sockaddr_in from;
    socklen_t size = sizeof from;
    const size_t question = 12 + sizeof NAME + 1 + 4;
    ssize_t got;

    ck_assert_int_eq(poll(&asked, 1, PATIENCE_MS), 1);
    got = recvfrom(scene.server, message, sizeof message, 0, (struct sockaddr *)&from, &size);
    ck_assert_int_ge(got, (ssize_t)question);
    ck_assert_mem_eq(message + question - 4, "\0\x21\0\x01", 4);
    message[2] = 0x81;
    message[3] = (unsigned char)(0x80 | code);
    memcpy(message + 6, "\0\0\0\0\0\0", 6);
    message[7] = (unsigned char)records;
    memcpy(message + question, bytes, length);
    ck_assert_int_gt(sendto(scene.server, message, question + length, 0, (struct sockaddr *)&from, size), 0);
}

static void wait_for_answer(void)
{
    while (!scene.told) {
        struct pollfd answered = {.fd = scene.socket, .events = POLLIN};

        ck_assert_int_eq(poll(&answered, 1, PATIENCE_MS), 1);
        ares_process_fd(scene.channel, scene.socket, ARES_SOCKET_BAD);
    }
}

START_TEST(the_answer_is_a_message)
{
    srv_query(scene.channel, NAME, on_answer, &scene);
    ck_assert_uint_eq(scene.told, 0);
    serve(0, 1, ANSWER, sizeof ANSWER - 1);
    wait_for_answer();
    ck_assert_uint_eq(scene.told, 1);
    ck_assert(scene.message);
    ck_assert_uint_eq(scene.list.count, 1);
    ck_assert_uint_eq(scene.list.ttl, 300);
    ck_assert_str_eq(scene.list.at[0].place.host, "mx");
    ck_assert_uint_eq(scene.list.at[0].place.port, 993);
    ck_assert_uint_eq(scene.list.at[0].priority, 5);
    ck_assert_uint_eq(scene.list.at[0].weight, 7);
    destroy_channel();
    ck_assert_uint_eq(scene.told, 1);
}
END_TEST

START_TEST(a_name_that_is_not_there_has_no_message)
{
    srv_query(scene.channel, NAME, on_answer, &scene);
    serve(3, 0, "", 0);
    wait_for_answer();
    ck_assert_uint_eq(scene.told, 1);
    ck_assert_int_eq(scene.status, ARES_ENOTFOUND);
    destroy_channel();
    ck_assert_uint_eq(scene.told, 1);
}
END_TEST

START_TEST(no_records_are_no_message)
{
    srv_query(scene.channel, NAME, on_answer, &scene);
    serve(0, 0, "", 0);
    wait_for_answer();
    ck_assert_int_eq(scene.status, ARES_ENODATA);
}
END_TEST

START_TEST(a_name_that_cannot_be_asked_for_is_told)
{
    srv_query(scene.channel, "a..b", on_answer, &scene);
    ck_assert_uint_eq(scene.told, 1);
    ck_assert_int_eq(scene.status, ARES_EBADNAME);
}
END_TEST

START_TEST(who_waits_when_the_channel_ends_is_told)
{
    srv_query(scene.channel, NAME, on_answer, &scene);
    destroy_channel();
    ck_assert_uint_eq(scene.told, 1);
    ck_assert_int_eq(scene.status, ARES_EDESTRUCTION);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("srv_query");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, the_answer_is_a_message);
    tcase_add_test(cases, a_name_that_is_not_there_has_no_message);
    tcase_add_test(cases, no_records_are_no_message);
    tcase_add_test(cases, a_name_that_cannot_be_asked_for_is_told);
    tcase_add_test(cases, who_waits_when_the_channel_ends_is_told);
    return unit_run();
}
