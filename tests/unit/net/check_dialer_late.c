/* SPDX-License-Identifier: ISC */
/* Addresses that come while others are being dialed.  The test is the network, and has the clock. */
#include "net/dialer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../stage.h"
#include "../unit.h"

#define PORT 3128
#define LIMIT_MS 15000

/* --- a network in which each address is silent until the test says otherwise --- */

int __wrap_socket(int domain, int type, int protocol);
int __real_socket(int domain, int type, int protocol);
int __wrap_connect(int fd, const struct sockaddr *to, socklen_t size);

static struct {
    int near, far;               /* a pair of sockets: what is sent to the far end finds no room */
    char host[ADDRESS_TEXT_MAX]; /* who was asked over it; empty: nobody yet */
} lines[2 * ADDRESS_LIST_MAX];
static size_t line_count;
static char asked[1000];     /* who was asked, and when: "192.0.2.1@0 2001:db8::1@250" */
static const char *refusing; /* the hosts that refuse at once */

int __wrap_socket(int domain, int type, int protocol)
{
    static const char filling[4096];
    int ends[2];

    if (domain != AF_INET && domain != AF_INET6)
        return __real_socket(domain, type, protocol);
    ck_assert_uint_lt(line_count, sizeof lines / sizeof lines[0]);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    unit_nonblocking(ends[0]);
    unit_nonblocking(ends[1]);
    while (send(ends[0], filling, sizeof filling, MSG_NOSIGNAL) > 0)
        continue;
    lines[line_count].near = ends[0];
    lines[line_count].host[0] = '\0';
    lines[line_count++].far = ends[1];
    return ends[0];
}

int __wrap_connect(int fd, const struct sockaddr *to, socklen_t size)
{
    struct address address = {.any = *to};
    size_t length = strlen(asked), i = line_count - 1;
    const char *host;

    memcpy(&address, to, size);
    ck_assert_uint_eq(address_port(&address), PORT);
    ck_assert_int_eq(lines[i].near, fd);
    host = address_format_host(&address, lines[i].host);
    snprintf(asked + length, sizeof asked - length, "%s%s@%u", length > 0 ? " " : "", host, (unsigned)stage_time());
    errno = refusing && strstr(refusing, host) ? ECONNREFUSED : EINPROGRESS;
    return -1;
}

static size_t line_to(const char *host)
{
    size_t i = 0;

    while (i < line_count && strcmp(lines[i].host, host) != 0)
        i++;
    ck_assert_msg(i < line_count, "%s was not asked", host);
    return i;
}

/* It answers: there is room for what is sent. */
static void answers(const char *host)
{
    char bytes[4096];

    while (recv(lines[line_to(host)].far, bytes, sizeof bytes, 0) > 0)
        continue;
    stage_settle();
}

/* It breaks the connection that is being made: what was sent is not read. */
static void breaks(const char *host)
{
    size_t i = line_to(host);

    close(lines[i].far);
    lines[i].far = -1;
    stage_settle();
}

/* --- dials --- */

struct scene {
    struct dialer *dialer;
    struct dial *dial;
    unsigned calls;
    enum outcome outcome;
    int fd;
    char address[ADDRESS_TEXT_MAX], error[200];
};

static void on_done(void *arg, enum outcome outcome, int fd, const struct address *address, const char *error)
{
    struct scene *scene = arg;

    scene->calls++;
    scene->outcome = outcome;
    scene->fd = fd;
    address_format(address, scene->address);
    snprintf(scene->error, sizeof scene->error, "%s", error ? error : "");
}

/* With spaces between. */
static struct address_list list_of(const char *hosts)
{
    struct address_list list = {.count = 0};
    char text[2000], *rest = text;

    snprintf(text, sizeof text, "%s", hosts);
    for (const char *one; (one = strsep(&rest, " "));)
        ck_assert(address_from_literal(&list.at[list.count++], one, 0));
    return list;
}

/* Another dial, of those; who was asked before is forgotten. */
static void begin(struct scene *scene, const char *hosts)
{
    struct address_list list = list_of(hosts);

    scene->calls = 0;
    asked[0] = '\0';
    scene->dial = dialer_dial(scene->dialer, &list, PORT, LIMIT_MS, 60000, on_done, scene);
    ck_assert_ptr_nonnull(scene->dial);
}

static void set_up(struct scene *scene, const char *hosts)
{
    *scene = (struct scene){.dialer = stage_set_up()->dialer, .fd = -1};
    line_count = 0;
    refusing = NULL;
    begin(scene, hosts);
}

/* At that time. */
static void add(const struct scene *scene, uint64_t ms, const char *hosts)
{
    const struct address_list list = list_of(hosts);

    stage_advance(ms - stage_time());
    dial_add(scene->dial, &list);
    ck_assert_uint_eq(scene->calls, 0);
    stage_settle();
}

static void tear_down(const struct scene *scene)
{
    for (size_t i = 0; i < line_count; i++)
        if (lines[i].far >= 0)
            close(lines[i].far);
    if (scene->fd >= 0)
        close(scene->fd);
    stage_tear_down();
}

static void check_connected(const struct scene *scene, const char *address)
{
    ck_assert_uint_eq(scene->calls, 1);
    ck_assert_msg(scene->outcome == OUTCOME_DONE, "%s", scene->error);
    ck_assert_str_eq(scene->address, address);
}

static void check_failed(const struct scene *scene, const char *address, const char *error)
{
    ck_assert_uint_eq(scene->calls, 1);
    ck_assert_int_eq(scene->outcome, OUTCOME_PEER);
    ck_assert_str_eq(scene->error, error);
    ck_assert_str_eq(scene->address, address);
}

/* --- the turn of those that come late --- */

/* Asked first, added when, and who was asked at what time. */
static const struct {
    const char *first;
    uint64_t ms;
    const char *late, *asked;
} turns[] = {
    /* the time is over */
    {"2001:db8::1", 300, "192.0.2.1", "2001:db8::1@0 192.0.2.1@300"},
    {"192.0.2.1", 9000, "2001:db8::1 2001:db8::2", "192.0.2.1@0 2001:db8::1@9000 2001:db8::2@9250"},
    /* it is not */
    {"2001:db8::1", 100, "192.0.2.1", "2001:db8::1@0 192.0.2.1@250"},
    {"2001:db8::1", 0, "192.0.2.1", "2001:db8::1@0 192.0.2.1@250"},
    /* others wait: the families take turns from then on, and the turn that is waited for stays */
    {"2001:db8::1 2001:db8::2 2001:db8::3", 100, "192.0.2.1 192.0.2.2",
     "2001:db8::1@0 192.0.2.1@250 2001:db8::2@500 192.0.2.2@750 2001:db8::3@1000"},
    {"192.0.2.1 192.0.2.2", 249, "2001:db8::1", "192.0.2.1@0 2001:db8::1@250 192.0.2.2@500"},
    {"192.0.2.1 192.0.2.2", 251, "2001:db8::1", "192.0.2.1@0 192.0.2.2@250 2001:db8::1@500"},
    /* none twice */
    {"2001:db8::1 2001:db8::1", 300, "192.0.2.1 2001:db8::1 192.0.2.1", "2001:db8::1@0 192.0.2.1@300"},
};

START_TEST(late_addresses_have_their_turn)
{
    struct scene scene;

    set_up(&scene, turns[_i].first);
    add(&scene, turns[_i].ms, turns[_i].late);
    stage_advance(2000);
    ck_assert_str_eq(asked, turns[_i].asked);
    ck_assert_uint_eq(scene.calls, 0);
    dial_cancel(scene.dial);
    tear_down(&scene);
}
END_TEST

START_TEST(those_that_come_before_the_first_has_begun_are_behind_it)
{
    const struct address_list late = list_of("192.0.2.1");
    struct scene scene;

    set_up(&scene, "2001:db8::1");
    dial_add(scene.dial, &late);
    stage_settle();
    ck_assert_str_eq(asked, "2001:db8::1@0");
    stage_advance(250);
    ck_assert_str_eq(asked, "2001:db8::1@0 192.0.2.1@250");
    dial_cancel(scene.dial);
    tear_down(&scene);
}
END_TEST

START_TEST(after_a_failure_the_next_one_is_tried_at_once)
{
    struct scene scene;

    set_up(&scene, "2001:db8::1 2001:db8::2");
    stage_advance(260);
    breaks("2001:db8::2");
    add(&scene, 270, "192.0.2.1");
    ck_assert_str_eq(asked, "2001:db8::1@0 2001:db8::2@250 192.0.2.1@270");
    dial_cancel(scene.dial);
    tear_down(&scene);
}
END_TEST

/* --- what comes of it --- */

/* The next time the silent one comes last, also where it is the one that is late. */
START_TEST(a_late_one_answers)
{
    struct scene scene;

    set_up(&scene, "2001:db8::1");
    add(&scene, 300, "192.0.2.1");
    answers("192.0.2.1");
    check_connected(&scene, "192.0.2.1:3128");
    begin(&scene, "192.0.2.2");
    stage_settle();
    add(&scene, 310, "2001:db8::1 192.0.2.3");
    stage_advance(1000);
    ck_assert_str_eq(asked, "192.0.2.2@300 192.0.2.3@550 2001:db8::1@800");
    dial_cancel(scene.dial);
    tear_down(&scene);
}
END_TEST

START_TEST(a_late_one_refuses_and_the_first_answers)
{
    struct scene scene;

    set_up(&scene, "2001:db8::1");
    refusing = "192.0.2.1";
    add(&scene, 300, "192.0.2.1");
    stage_advance(1000);
    ck_assert_str_eq(asked, "2001:db8::1@0 192.0.2.1@300");
    ck_assert_uint_eq(scene.calls, 0);
    answers("2001:db8::1");
    check_connected(&scene, "[2001:db8::1]:3128");
    tear_down(&scene);
}
END_TEST

START_TEST(all_fail_the_late_one_last)
{
    struct scene scene;

    set_up(&scene, "2001:db8::1");
    add(&scene, 300, "192.0.2.1");
    breaks("2001:db8::1");
    ck_assert_uint_eq(scene.calls, 0);
    breaks("192.0.2.1");
    check_failed(&scene, "192.0.2.1:3128", strerror(ECONNRESET));
    tear_down(&scene);
}
END_TEST

/* --- limits --- */

/* Who comes a moment before the end has as much time as the first. */
START_TEST(the_limit_counts_from_the_last_that_came)
{
    struct scene scene;

    set_up(&scene, "2001:db8::1");
    add(&scene, LIMIT_MS - 1, "192.0.2.1");
    stage_advance(LIMIT_MS - 1);
    ck_assert_uint_eq(scene.calls, 0);
    stage_advance(1);
    check_failed(&scene, "192.0.2.1:3128", "no answer in time");
    tear_down(&scene);
}
END_TEST

START_TEST(what_is_known_by_then_changes_no_limit)
{
    struct scene scene;

    set_up(&scene, "2001:db8::1 192.0.2.1");
    add(&scene, LIMIT_MS - 1, "192.0.2.1 2001:db8::1");
    stage_advance(1);
    check_failed(&scene, "192.0.2.1:3128", "no answer in time");
    ck_assert_str_eq(asked, "2001:db8::1@0 192.0.2.1@250");
    tear_down(&scene);
}
END_TEST

START_TEST(there_is_room_for_as_many_as_a_list_has)
{
    struct scene scene;
    struct address_list list = {.count = ADDRESS_LIST_MAX};

    set_up(&scene, "2001:db8::1 2001:db8::2");
    for (size_t i = 0; i < list.count; i++) {
        char host[ADDRESS_TEXT_MAX];

        snprintf(host, sizeof host, "192.0.2.%u", (unsigned)i);
        ck_assert(address_from_literal(&list.at[i], host, 0));
    }
    stage_settle();
    dial_add(scene.dial, &list);
    stage_advance(LIMIT_MS - 1);
    ck_assert_uint_eq(line_count, ADDRESS_LIST_MAX);
    ck_assert_str_eq(lines[ADDRESS_LIST_MAX - 1].host, "192.0.2.29");
    dial_cancel(scene.dial);
    tear_down(&scene);
}
END_TEST

/* Before the first has begun, before the late one has, and with both under way. */
START_TEST(it_may_be_cancelled_at_any_time)
{
    static const unsigned asked_by_then[] = {0, 1, 2};
    static const uint64_t moments[] = {0, 100, 250};
    struct scene scene;
    const struct address_list late = list_of("192.0.2.1");

    set_up(&scene, "2001:db8::1");
    if (_i > 0)
        stage_advance(moments[_i]);
    dial_add(scene.dial, &late);
    if (_i > 0)
        stage_settle();
    ck_assert_uint_eq(line_count, asked_by_then[_i]);
    dial_cancel(scene.dial);
    stage_advance(3 * LIMIT_MS);
    ck_assert_uint_eq(line_count, asked_by_then[_i]);
    ck_assert_uint_eq(scene.calls, 0);
    tear_down(&scene);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("dialer, late addresses");

    tcase_add_loop_test(cases, late_addresses_have_their_turn, 0, sizeof turns / sizeof turns[0]);
    tcase_add_test(cases, those_that_come_before_the_first_has_begun_are_behind_it);
    tcase_add_test(cases, after_a_failure_the_next_one_is_tried_at_once);
    tcase_add_test(cases, a_late_one_answers);
    tcase_add_test(cases, a_late_one_refuses_and_the_first_answers);
    tcase_add_test(cases, all_fail_the_late_one_last);
    tcase_add_test(cases, the_limit_counts_from_the_last_that_came);
    tcase_add_test(cases, what_is_known_by_then_changes_no_limit);
    tcase_add_test(cases, there_is_room_for_as_many_as_a_list_has);
    tcase_add_loop_test(cases, it_may_be_cancelled_at_any_time, 0, 3);
    return unit_run();
}
