/* SPDX-License-Identifier: ISC */
#include "net/netwatch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "net/epochs.h"
#include "net/network_print.h"
#include "net/suspend.h"

#include "../stage.h"
#include "../unit.h"
#include "rtnetlink.h"

/* --- the kernel, played by the test: it answers what it is asked, and tells what the test lets it tell --- */

int __real_socket(int family, int type, int protocol);
int __wrap_socket(int family, int type, int protocol);
int __real_bind(int fd, const struct sockaddr *address, socklen_t size);
int __wrap_bind(int fd, const struct sockaddr *address, socklen_t size);
ssize_t __real_send(int fd, const void *bytes, size_t length, int flags);
ssize_t __wrap_send(int fd, const void *bytes, size_t length, int flags);
ssize_t __real_recvfrom(int fd, void *bytes, size_t size, int flags, struct sockaddr *from, socklen_t *from_size);
ssize_t __wrap_recvfrom(int fd, void *bytes, size_t size, int flags, struct sockaddr *from, socklen_t *from_size);
struct suspend_watch *__wrap_suspend_watch_start(struct loop *loop, void (*woke)(void *arg), void *arg);
void __wrap_suspend_watch_stop(struct suspend_watch *watch);
void __wrap_log_message(enum log_level level, const char *name, const char *format, ...);

#define RUNS (IFF_UP | IFF_RUNNING)

static int ends[2] = {-1, -1};   /* the kernel's end and the program's */
static int socket_says, bind_says;
static const char *address;      /* of this machine, or NULL */
static bool interrupted;         /* the answers are */
static unsigned asked, warned;
static bool disturbed;           /* the next call that receives is, by a signal */
static struct {
    struct datagram datagram;
    unsigned group, sender;
} queue[16];
static size_t queued;
static void (*wake)(void *arg);
static void *wake_arg;

int __wrap_socket(int family, int type, int protocol)
{
    if (family != AF_NETLINK)
        return __real_socket(family, type, protocol);
    errno = socket_says;
    if (socket_says)
        return -1;
    ck_assert_int_eq(type & (SOCK_CLOEXEC | SOCK_NONBLOCK), SOCK_CLOEXEC | SOCK_NONBLOCK);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    return ends[1];
}

int __wrap_bind(int fd, const struct sockaddr *to, socklen_t size)
{
    static const int groups[] = {RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE,
                                 RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE};
    struct sockaddr_nl us;

    if (fd != ends[1])
        return __real_bind(fd, to, size);
    memcpy(&us, to, sizeof us);
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++)
        ck_assert_msg(us.nl_groups & 1u << (groups[i] - 1), "group %d is not listened to", groups[i]);
    errno = bind_says;
    return bind_says ? -1 : 0;
}

static struct datagram *add(unsigned group)
{
    ck_assert_uint_lt(queued, sizeof queue / sizeof queue[0]);
    memset(&queue[queued], 0, sizeof queue[0]);
    queue[queued].group = group;
    return &queue[queued++].datagram;
}

ssize_t __wrap_send(int fd, const void *bytes, size_t length, int flags)
{
    struct nlmsghdr head;
    struct datagram *answer;

    if (fd != ends[1])
        return __real_send(fd, bytes, length, flags);
    memcpy(&head, bytes, sizeof head);
    asked++;
    answer = add(0);
    switch (head.nlmsg_type) {
    case RTM_GETLINK:
        rtnetlink_link(answer, RTM_NEWLINK, head.nlmsg_seq, 2, RUNS);
        break;
    case RTM_GETADDR:
        if (address)
            rtnetlink_address(answer, RTM_NEWADDR, head.nlmsg_seq, 2, address, 24, 0);
        break;
    default:
        rtnetlink_error(answer, head.nlmsg_seq, ENETUNREACH);
        return (ssize_t)length;
    }
    rtnetlink_done(answer, head.nlmsg_seq);
    if (interrupted)
        rtnetlink_flag(answer, NLM_F_DUMP_INTR);
    return (ssize_t)length;
}

ssize_t __wrap_recvfrom(int fd, void *bytes, size_t size, int flags, struct sockaddr *from, socklen_t *from_size)
{
    struct sockaddr_nl sender = {.nl_family = AF_NETLINK};
    ssize_t length;
    char signs[64];

    if (fd != ends[1])
        return __real_recvfrom(fd, bytes, size, flags, from, from_size);
    if (queued == 0) {
        while (read(fd, signs, sizeof signs) > 0) /* what made it readable */
            ;
        errno = EAGAIN;
        return -1;
    }
    if (disturbed) {
        disturbed = false;
        errno = EINTR;
        return -1;
    }
    length = (ssize_t)queue[0].datagram.length;
    ck_assert_uint_le((size_t)length, size);
    memcpy(bytes, queue[0].datagram.bytes, (size_t)length);
    sender.nl_groups = queue[0].group;
    sender.nl_pid = queue[0].sender;
    memcpy(from, &sender, sizeof sender);
    memmove(&queue[0], &queue[1], --queued * sizeof queue[0]);
    if (length == 1) { /* stands for one that is too long */
        memset(bytes, 0, size);
        return (ssize_t)size + 1;
    }
    if (length == 0) { /* stands for more than it could keep */
        memset(bytes, 0, size);
        errno = ENOBUFS;
        return -1;
    }
    return length;
}

struct suspend_watch *__wrap_suspend_watch_start(struct loop *loop, void (*woke)(void *arg), void *arg)
{
    (void)loop;
    wake = woke;
    wake_arg = arg;
    return NULL;
}

void __wrap_suspend_watch_stop(struct suspend_watch *watch)
{
    ck_assert_ptr_null(watch);
}

void __wrap_log_message(enum log_level level, const char *name, const char *format, ...)
{
    (void)name;
    (void)format;
    warned += level == LEVEL_WARNING;
}

/* What was added is told. */
static void tell(void)
{
    ck_assert_int_eq(write(ends[0], "x", 1), 1);
    stage_settle();
}

static void tell_address(const char *host, unsigned type)
{
    rtnetlink_address(add(1), type, 0, 2, host, 24, 0);
    tell();
}

/* --- who watches --- */

static char folder[64], path[96];
static struct netwatch *watch;
static unsigned changed, doubted, same, woken;
static bool stops;

static void put(const char *text)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
    stage_settle();
}

static void on_changed(void *arg)
{
    ck_assert_ptr_eq(arg, &changed);
    changed++;
    if (!stops)
        return;
    netwatch_stop(watch);
    watch = NULL;
}

static void on_doubted(void *arg)
{
    ck_assert_ptr_eq(arg, &changed);
    doubted++;
}

static void on_same(void *arg)
{
    ck_assert_ptr_eq(arg, &changed);
    same++;
}

static void on_woke(void *arg)
{
    ck_assert_ptr_eq(arg, &changed);
    woken++;
}

static void start(void)
{
    watch = netwatch_start(&(struct netwatch_params){.loop = stage_loop(), .resolv_conf = path,
                                                     .changed = on_changed, .doubted = on_doubted, .same = on_same,
                                                     .woke = on_woke, .arg = &changed});
    ck_assert_ptr_nonnull(watch);
    stage_settle();
}

static void set_up(void)
{
    stage_set_up();
    socket_says = bind_says = 0;
    address = "10.0.0.2";
    interrupted = stops = false;
    disturbed = false;
    asked = warned = changed = doubted = same = woken = 0;
    queued = 0;
    ends[0] = ends[1] = -1;
    snprintf(folder, sizeof folder, "/tmp/check_netwatch.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/resolv.conf", folder);
    put("nameserver 10.0.0.1\n");
}

static void tear_down(void)
{
    netwatch_stop(watch);
    watch = NULL;
    if (ends[0] >= 0)
        close(ends[0]);
    ends[0] = ends[1] = -1;
    (void)unlink(path);
    ck_assert_int_eq(rmdir(folder), 0);
    stage_tear_down();
}

START_TEST(the_first_epoch_and_nothing_happens)
{
    set_up();
    start();
    ck_assert_uint_eq(netwatch_epochs(watch)->number, 1);
    ck_assert_uint_eq(netwatch_epochs(watch)->since, loop_now(stage_loop()));
    ck_assert_uint_eq(asked, NETWORK_PRINT_QUESTIONS);
    ck_assert_uint_eq(warned, 0);
    stage_advance(86400000);
    ck_assert_uint_eq(asked, NETWORK_PRINT_QUESTIONS);
    ck_assert_uint_eq(changed, 0);
    ck_assert_uint_eq(stage_timers(), 0);
    tear_down();
}
END_TEST

START_TEST(another_address_is_another_network)
{
    set_up();
    start();
    address = "10.7.0.2";
    tell_address("10.0.0.2", RTM_DELADDR);
    tell_address("10.7.0.2", RTM_NEWADDR);
    stage_advance(EPOCHS_QUIET_MS - 1);
    ck_assert_uint_eq(changed, 0);
    ck_assert_uint_eq(doubted, 2);
    stage_advance(1);
    ck_assert_uint_eq(changed, 1);
    ck_assert_uint_eq(same, 0);
    ck_assert_uint_eq(netwatch_epochs(watch)->number, 2);
    ck_assert_uint_eq(netwatch_epochs(watch)->since, loop_now(stage_loop()));
    tell_address("10.7.0.2", RTM_NEWADDR); /* is known now */
    stage_advance(60000);
    ck_assert_uint_eq(asked, 2 * NETWORK_PRINT_QUESTIONS);
    tear_down();
}
END_TEST

START_TEST(one_that_comes_back_in_time_is_the_same)
{
    set_up();
    start();
    tell_address("10.0.0.2", RTM_DELADDR);
    ck_assert_uint_eq(doubted, 1);
    stage_advance(1000);
    tell_address("10.0.0.2", RTM_NEWADDR);
    ck_assert_uint_eq(same, 0);
    stage_advance(60000);
    ck_assert_uint_eq(same, 1);
    ck_assert_uint_eq(asked, 2 * NETWORK_PRINT_QUESTIONS);
    ck_assert_uint_eq(changed, 0);
    tear_down();
}
END_TEST

START_TEST(what_was_missed_and_what_others_say)
{
    set_up();
    start();
    address = "10.7.0.2";
    rtnetlink_address(add(1), RTM_NEWADDR, 0, 2, address, 24, 0);
    queue[0].sender = 4711; /* another process, and not the kernel */
    tell();
    rtnetlink_address(add(0), RTM_NEWADDR, 0, 2, address, 24, 0); /* an answer, too late */
    tell();
    stage_advance(60000);
    ck_assert_uint_eq(asked, NETWORK_PRINT_QUESTIONS);
    add(1); /* there was more than the kernel could keep */
    tell();
    stage_advance(EPOCHS_QUIET_MS);
    ck_assert_uint_eq(changed, 1);
    address = "10.8.0.2";
    add(1)->length = 1;
    tell();
    stage_advance(EPOCHS_QUIET_MS);
    ck_assert_uint_eq(changed, 2);
    tear_down();
}
END_TEST

START_TEST(a_signal_disturbs_nothing)
{
    set_up();
    disturbed = true;
    start();
    ck_assert(!disturbed);
    ck_assert_uint_eq(asked, NETWORK_PRINT_QUESTIONS);
    ck_assert_uint_eq(warned, 0);
    tear_down();
}
END_TEST

START_TEST(resolv_conf_counts_by_its_content)
{
    set_up();
    start();
    put("nameserver 10.0.0.1\n"); /* the same again */
    stage_advance(60000);
    ck_assert_uint_eq(asked, NETWORK_PRINT_QUESTIONS);
    put("nameserver 10.7.0.1\n");
    stage_advance(EPOCHS_QUIET_MS);
    ck_assert_uint_eq(changed, 1);
    ck_assert_int_eq(unlink(path), 0);
    stage_settle();
    stage_advance(EPOCHS_QUIET_MS);
    ck_assert_uint_eq(changed, 2);
    ck_assert_int_eq(mkfifo(path, 0600), 0); /* nobody waits for what is no file */
    stage_settle();
    stage_advance(EPOCHS_QUIET_MS);
    ck_assert_uint_eq(changed, 2);
    ck_assert_int_eq(unlink(path), 0);
    put("nameserver 10.7.0.1\n");
    stage_advance(EPOCHS_QUIET_MS);
    ck_assert_uint_eq(changed, 3);
    tear_down();
}
END_TEST

START_TEST(a_sleep_is_a_change)
{
    set_up();
    start();
    wake(wake_arg);
    ck_assert_uint_eq(woken, 1);
    ck_assert_uint_eq(changed, 0);
    stage_advance(EPOCHS_QUIET_MS);
    ck_assert_uint_eq(changed, 1);
    tear_down();
}
END_TEST

START_TEST(a_kernel_that_does_not_tell)
{
    for (unsigned i = 0; i < 2; i++) {
        set_up();
        socket_says = i == 0 ? EAFNOSUPPORT : 0;
        bind_says = i == 1 ? EPERM : 0;
        start();
        ck_assert_uint_eq(asked, 0);
        ck_assert_uint_eq(warned, 1);
        wake(wake_arg);
        stage_advance(EPOCHS_QUIET_MS);
        ck_assert_uint_eq(changed, 1);
        put("nameserver 10.7.0.1\n");
        stage_advance(EPOCHS_QUIET_MS);
        ck_assert_uint_eq(changed, 2);
        tear_down();
    }
}
END_TEST

START_TEST(an_answer_that_is_interrupted_is_asked_for_again)
{
    set_up();
    start();
    address = "10.7.0.2";
    interrupted = true;
    tell_address("10.7.0.2", RTM_NEWADDR);
    stage_advance(EPOCHS_QUIET_MS);
    ck_assert_uint_eq(changed, 0);
    interrupted = false;
    stage_advance(EPOCHS_QUIET_MS);
    ck_assert_uint_eq(changed, 1);
    interrupted = true;
    tell_address("10.7.0.3", RTM_NEWADDR);
    asked = 0;
    stage_advance(3600000);
    ck_assert_uint_eq(asked, EPOCHS_JUDGED_MAX); /* not for ever */
    tear_down();
}
END_TEST

START_TEST(a_change_is_told_with_half_an_answer_and_asked_about_again)
{
    set_up();
    start();
    interrupted = true;
    put("nameserver 10.7.0.1\n");
    stage_advance(EPOCHS_QUIET_MS);
    ck_assert_uint_eq(changed, 1);
    address = "10.7.0.2"; /* nobody tells of it any more */
    interrupted = false;
    stage_advance(EPOCHS_QUIET_MS);
    ck_assert_uint_eq(changed, 2);
    tear_down();
}
END_TEST

START_TEST(news_while_it_is_asked_are_not_lost)
{
    set_up();
    start();
    tell_address("10.0.0.2", RTM_DELADDR);
    rtnetlink_address(add(1), RTM_NEWADDR, 0, 2, "10.7.0.2", 24, 0); /* is read with the answers */
    stage_advance(EPOCHS_QUIET_MS);
    ck_assert_uint_eq(changed, 0);
    address = "10.7.0.2";
    stage_advance(EPOCHS_QUIET_MS);
    ck_assert_uint_eq(changed, 1);
    asked = 0;
    stage_advance(3600000);
    ck_assert_uint_eq(asked, 0); /* they were looked at */
    tear_down();
}
END_TEST

START_TEST(it_can_be_stopped_before_it_has_judged)
{
    set_up();
    start();
    wake(wake_arg);
    netwatch_stop(watch);
    watch = NULL;
    stage_advance(60000);
    ck_assert_uint_eq(changed, 0);
    tear_down();
}
END_TEST

START_TEST(who_is_told_may_stop_it)
{
    set_up();
    start();
    stops = true;
    wake(wake_arg);
    stage_advance(EPOCHS_QUIET_MS);
    ck_assert_uint_eq(changed, 1);
    ck_assert_ptr_null(watch);
    tear_down();
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("netwatch");

    tcase_add_test(cases, the_first_epoch_and_nothing_happens);
    tcase_add_test(cases, another_address_is_another_network);
    tcase_add_test(cases, one_that_comes_back_in_time_is_the_same);
    tcase_add_test(cases, what_was_missed_and_what_others_say);
    tcase_add_test(cases, a_signal_disturbs_nothing);
    tcase_add_test(cases, resolv_conf_counts_by_its_content);
    tcase_add_test(cases, a_sleep_is_a_change);
    tcase_add_test(cases, a_kernel_that_does_not_tell);
    tcase_add_test(cases, an_answer_that_is_interrupted_is_asked_for_again);
    tcase_add_test(cases, a_change_is_told_with_half_an_answer_and_asked_about_again);
    tcase_add_test(cases, news_while_it_is_asked_are_not_lost);
    tcase_add_test(cases, it_can_be_stopped_before_it_has_judged);
    tcase_add_test(cases, who_is_told_may_stop_it);
    return unit_run();
}
