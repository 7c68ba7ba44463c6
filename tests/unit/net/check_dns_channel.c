/* SPDX-License-Identifier: ISC */
#include "net/dns_channel.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../unit.h"

/* The clock can be put forward: the linker puts this in place of loop_now. */
uint64_t __wrap_loop_now(struct loop *loop);
uint64_t __real_loop_now(struct loop *loop);

static uint64_t ahead_ms;

uint64_t __wrap_loop_now(struct loop *loop)
{
    return __real_loop_now(loop) + ahead_ms;
}

/* --- a channel with a file of its own --- */

static struct loop *loop;
static struct dns_channel *channel;
static char path[64];
static unsigned renewed, ended;

static void on_renewed(void *arg)
{
    ck_assert_ptr_eq(arg, path);
    renewed++;
}

static void write_file(const char *text)
{
    char aside[80];
    FILE *file;

    snprintf(aside, sizeof aside, "%s.new", path);
    file = fopen(aside, "we");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
    ck_assert_int_eq(rename(aside, path), 0);
}

static void set_up(const char *text)
{
    const struct dns_channel_params params = {loop = loop_new(), path, on_renewed, path};
    char error[128] = "";

    ahead_ms = 0;
    renewed = ended = 0;
    snprintf(path, sizeof path, "dns_channel.conf.%ld", (long)getpid());
    unlink(path);
    if (text)
        write_file(text);
    channel = dns_channel_new(&params, error, sizeof error);
    ck_assert_msg(channel != NULL, "%s", error);
}

static void tear_down(void)
{
    dns_channel_free(channel);
    loop_free(loop);
    unlink(path);
    unsetenv("SALLYPORT_NAMESERVERS");
}

static void follow_after(uint64_t ms, unsigned renewals)
{
    ahead_ms += ms;
    dns_channel_follow(channel);
    ck_assert_uint_eq(renewed, renewals);
}

/* --- which file counts --- */

START_TEST(a_file_that_stays_is_read_once)
{
    set_up("nameserver 192.0.2.1\n");
    follow_after(5000, 0);
    follow_after(5000, 0);
    tear_down();
}
END_TEST

START_TEST(a_file_may_come_go_and_change)
{
    set_up(NULL);
    follow_after(5000, 0);
    write_file("nameserver 192.0.2.1\n");
    follow_after(1000, 1);
    write_file("nameserver 192.0.2.2\n"); /* as long, at nearly the same time: it is another file */
    follow_after(999, 1);                 /* not looked at so soon */
    follow_after(1, 2);
    unlink(path);
    follow_after(1000, 2);
    write_file("nameserver 192.0.2.2\n");
    follow_after(1000, 3);
    follow_after(1000, 3);
    tear_down();
}
END_TEST

START_TEST(an_order_reads_what_stays)
{
    set_up("nameserver 192.0.2.1\n");
    dns_channel_renew(channel);
    dns_channel_renew(channel);
    ck_assert_uint_eq(renewed, 2);
    follow_after(1000, 2);
    tear_down();
}
END_TEST

/* --- what the settings are --- */

/* The first name server, and how many there are; c-ares 1.24 brought the list as text, and took the old one out of
 * favour. */
static unsigned servers(char first[64])
{
    unsigned count = 0;
#if ARES_VERSION >= 0x011800
    char *list = ares_get_servers_csv(dns_channel_handle(channel));

    ck_assert_ptr_nonnull(list);
    snprintf(first, 64, "%.*s", (int)strcspn(list, ":,"), list);
    for (const char *server = list; server; server = strchr(server, ',') ? strchr(server, ',') + 1 : NULL)
        count++;
    ares_free_string(list);
#else
    struct ares_addr_port_node *list;

    ck_assert_int_eq(ares_get_servers_ports(dns_channel_handle(channel), &list), ARES_SUCCESS);
    for (struct ares_addr_port_node *server = list; server; server = server->next, count++)
        if (count == 0)
            ck_assert_ptr_nonnull(ares_inet_ntop(server->family, &server->addr, first, 64));
    ares_free_data(list);
#endif
    return count;
}

START_TEST(name_servers_are_those_of_the_file_or_of_the_environment)
{
    char first[64];

    set_up("nameserver 192.0.2.1\nnameserver 192.0.2.2\n");
    ck_assert_uint_eq(servers(first), 2);
    ck_assert_str_eq(first, "192.0.2.1");
    write_file("nameserver 192.0.2.3\nsearch . example.net .\n"); /* the root is left out, which changes nothing else */
    follow_after(1000, 1);
    ck_assert_uint_eq(servers(first), 1);
    ck_assert_str_eq(first, "192.0.2.3");
    setenv("SALLYPORT_NAMESERVERS", "192.0.2.4:5353", 1);
    dns_channel_renew(channel);
    ck_assert_uint_eq(servers(first), 1);
    ck_assert_str_eq(first, "192.0.2.4");
    setenv("SALLYPORT_NAMESERVERS", "nonsense", 1); /* the log says so, and the old ones stay */
    dns_channel_renew(channel);
    ck_assert_uint_eq(renewed, 2);
    ck_assert_uint_eq(servers(first), 1);
    ck_assert_str_eq(first, "192.0.2.4");
    tear_down();
}
END_TEST

/* --- what is under way --- */

static void on_ended(void *arg, int status, int timeouts, struct ares_addrinfo *result)
{
    (void)timeouts;
    ck_assert_ptr_eq(arg, path);
    ck_assert_int_eq(status, ARES_EDESTRUCTION);
    ck_assert_ptr_null(result);
    ended++;
}

static bool was_renewed(void *arg)
{
    (void)arg;
    return renewed > 0;
}

/* Nobody calls: the channel looks by itself. */
START_TEST(queries_end_with_the_old_settings)
{
    struct ares_addrinfo_hints hints = {.ai_flags = ARES_AI_NOSORT, .ai_family = AF_INET};
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof at;
    int silent = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0); /* a name server that never answers */
    char server[32];

    set_up(NULL);
    ck_assert_int_eq(bind(silent, (struct sockaddr *)&at, sizeof at), 0);
    ck_assert_int_eq(getsockname(silent, (struct sockaddr *)&at, &length), 0);
    snprintf(server, sizeof server, "127.0.0.1:%u", ntohs(at.sin_port));
    setenv("SALLYPORT_NAMESERVERS", server, 1);
    dns_channel_renew(channel);
    renewed = 0;
    for (int i = 0; i < 3; i++)
        ares_getaddrinfo(dns_channel_handle(channel), "a.example.net", NULL, &hints, on_ended, path);
    dns_channel_asked(channel);
    write_file("nameserver 192.0.2.1\n");
    unit_wait(loop, was_renewed, NULL);
    ck_assert_uint_eq(ended, 3);
    ares_getaddrinfo(dns_channel_handle(channel), "a.example.net", NULL, &hints, on_ended, path);
    tear_down();
    ck_assert_uint_eq(ended, 4);
    close(silent);
}
END_TEST

START_TEST(a_path_has_a_limit)
{
    char longest[1000], error[128] = "";
    const struct dns_channel_params params = {loop = loop_new(), longest, on_renewed, path};

    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    ck_assert_ptr_null(dns_channel_new(&params, error, sizeof error));
    ck_assert_msg(strncmp(error, "cannot start the resolver: ", 27) == 0, "%s", error);
    dns_channel_free(NULL);
    loop_free(loop);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("dns_channel");

    tcase_add_test(cases, a_file_that_stays_is_read_once);
    tcase_add_test(cases, a_file_may_come_go_and_change);
    tcase_add_test(cases, an_order_reads_what_stays);
    tcase_add_test(cases, name_servers_are_those_of_the_file_or_of_the_environment);
    tcase_add_test(cases, queries_end_with_the_old_settings);
    tcase_add_test(cases, a_path_has_a_limit);
    return unit_run();
}
