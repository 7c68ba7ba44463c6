/* SPDX-License-Identifier: ISC */
#include "net/resolver.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../unit.h"

/* The clock of answers can be put forward: the linker puts this in place of loop_now. */
uint64_t __wrap_loop_now(struct loop *loop);
uint64_t __real_loop_now(struct loop *loop);

static uint64_t ahead_ms;

uint64_t __wrap_loop_now(struct loop *loop)
{
    return __real_loop_now(loop) + ahead_ms;
}

/* --- a name server on the loop --- */

enum { TYPE_A = 1, TYPE_AAAA = 28, TYPE_SRV = 33 };

struct zone_row {
    const char *name;
    unsigned type, ttl;
    const char *data; /* of the record; "": there is none; NULL: never answered */
    size_t length;
    unsigned delay_ms;
};

#define SRV(priority, port, wire) priority "\0\0" port wire, sizeof(priority "\0\0" port wire) - 1

static const struct zone_row zone[] = {
    {"mail.example.net", TYPE_A, 300, "\xc0\0\x02\x01", 4, 0},
    {"mail.example.net", TYPE_A, 300, "\xc0\0\x02\x02", 4, 0},
    {"mail.example.net", TYPE_AAAA, 300, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16, 0},
    {"four.example.net", TYPE_A, 300, "\xc0\0\x02\x04", 4, 0},
    {"zero.example.net", TYPE_A, 0, "\xc0\0\x02\x05", 4, 0},
    {"late.example.net", TYPE_A, 300, "\xc0\0\x02\x06", 4, 0},
    {"late.example.net", TYPE_AAAA, 300, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x06", 16, 400},
    {"lone.example.net", TYPE_A, 300, "\xc0\0\x02\x08", 4, 0},
    {"lone.example.net", TYPE_AAAA, 300, "", 0, 400},
    {"single", TYPE_A, 300, "\xc0\0\x02\x07", 4, 0},
    {"silent.example.net", TYPE_A, 0, NULL, 0, 0},
    {"silent.example.net", TYPE_AAAA, 0, NULL, 0, 0},
    {"_imap._tcp.example.net", TYPE_SRV, 300, SRV("\0\x14", "\0\x8f", "\x01" "b\0"), 0},
    {"_imap._tcp.example.net", TYPE_SRV, 300, SRV("\0\x0a", "\x03\xe1", "\x01" "a\0"), 0},
    {"_smtp._tcp.example.net", TYPE_SRV, 300, SRV("\0\0", "\0\0", "\0"), 0},
    {"_pop3._tcp.example.net", TYPE_SRV, 300, "\0\0\0", 3, 0}, /* too short a record */
};

/* The authority's record (SOA) that lets whoever likes keep "no such name" for 300 s (RFC 2308). */
#define NOBODY "\0\0\x06\0\x01\0\0\x01\x2c\0\x16" "\0\0" "\0\0\0\1" "\0\0\0\1" "\0\0\0\1" "\0\0\0\1" "\0\0\1\x2c"

struct server {
    struct loop *loop;
    struct loop_io io;
    int fd;
    unsigned queries;          /* for names of the zone and others */
    bool moved;                /* the last byte of each address is 100 more */
    bool broken;               /* each answer is SERVFAIL */
    unsigned char late[512];   /* an answer that waits */
    size_t late_length;
    struct sockaddr_in late_to;
    struct loop_timer timer;
};

/* The question's name as text; returns its bytes in the message. */
static size_t read_name(const unsigned char *bytes, char *out, size_t size)
{
    size_t at = 0, to = 0;

    while (bytes[at]) {
        ck_assert_uint_lt(to + bytes[at] + 2, size);
        if (to > 0)
            out[to++] = '.';
        memcpy(out + to, bytes + at + 1, bytes[at]);
        to += bytes[at];
        at += bytes[at] + 1u;
    }
    out[to] = '\0';
    return at + 1;
}

static void send_late(void *arg)
{
    struct server *server = arg;

    sendto(server->fd, server->late, server->late_length, 0, (struct sockaddr *)&server->late_to,
           sizeof server->late_to);
}

static void answer(struct server *server, unsigned char *message, size_t question, const char *name, unsigned type,
                   const struct sockaddr_in *from)
{
    unsigned records = 0, delay = 0;
    size_t at = question;
    bool known = false;

    for (size_t i = 0; i < sizeof zone / sizeof zone[0]; i++) {
        const struct zone_row *row = &zone[i];

        known |= strcasecmp(row->name, name) == 0;
        if (row->type != type || strcasecmp(row->name, name) != 0)
            continue;
        if (!row->data)
            return;
        delay = row->delay_ms;
        if (row->length == 0)
            continue;
        memcpy(message + at, "\xc0\x0c\0", 3);
        message[at + 3] = (unsigned char)type;
        memcpy(message + at + 4, "\0\x01\0\0", 4);
        message[at + 8] = (unsigned char)(row->ttl >> 8);
        message[at + 9] = (unsigned char)row->ttl;
        message[at + 10] = 0;
        message[at + 11] = (unsigned char)row->length;
        memcpy(message + at + 12, row->data, row->length);
        if (server->moved)
            message[at + 11 + row->length] += 100;
        at += 12 + row->length;
        records++;
    }
    message[2] = 0x81;
    message[3] = known ? 0x80 : 0x83; /* no such name */
    if (server->broken) {
        message[3] = 0x82;
        records = 0;
        at = question;
    }
    memcpy(message + 6, "\0\0\0\0\0\0", 6);
    message[7] = (unsigned char)records;
    if (!known) {
        message[9] = 1;
        memcpy(message + at, NOBODY, sizeof NOBODY - 1);
        at += sizeof NOBODY - 1;
    }
    if (delay == 0) {
        sendto(server->fd, message, at, 0, (const struct sockaddr *)from, sizeof *from);
        return;
    }
    memcpy(server->late, message, at);
    server->late_length = at;
    server->late_to = *from;
    loop_timer_start(server->loop, &server->timer, delay, send_late, server);
}

static void on_query(void *arg, int ready)
{
    struct server *server = arg;
    unsigned char message[512];
    struct sockaddr_in from;
    socklen_t size = sizeof from;
    ssize_t length = recvfrom(server->fd, message, sizeof message / 2, 0, (struct sockaddr *)&from, &size);
    char name[256];
    size_t name_bytes;

    (void)ready;
    if (length < 17)
        return;
    server->queries++;
    name_bytes = read_name(message + 12, name, sizeof name);
    answer(server, message, 12 + name_bytes + 4, name, message[12 + name_bytes + 1], &from);
}

struct scene {
    struct loop *loop;
    struct server server;
    char resolv_conf[64]; /* the path of a file that is not there yet */
    char nameserver[64];
    struct resolver *resolver;
    unsigned told; /* call backs with addresses */
};

static void set_up(struct scene *scene)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    char error[128] = "";

    memset(scene, 0, sizeof *scene);
    ahead_ms = 0;
    snprintf(scene->resolv_conf, sizeof scene->resolv_conf, "resolv.conf.%ld", (long)getpid());
    unlink(scene->resolv_conf);
    scene->loop = scene->server.loop = loop_new();
    scene->server.fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(scene->server.fd, (struct sockaddr *)&address, size), 0);
    ck_assert_int_eq(getsockname(scene->server.fd, (struct sockaddr *)&address, &size), 0);
    ck_assert(loop_io_levels(scene->loop, &scene->server.io, scene->server.fd, LOOP_READ, on_query, &scene->server));
    snprintf(scene->nameserver, sizeof scene->nameserver, "127.0.0.1:%u", (unsigned)ntohs(address.sin_port));
    setenv("SALLYPORT_NAMESERVERS", scene->nameserver, 1);
    scene->resolver = resolver_new(scene->loop, scene->resolv_conf, error, sizeof error);
    ck_assert_msg(scene->resolver != NULL, "%s", error);
}

static void tear_down(struct scene *scene)
{
    resolver_free(scene->resolver);
    loop_io_stop(&scene->server.io);
    loop_timer_stop(&scene->server.timer);
    close(scene->server.fd);
    loop_free(scene->loop);
    unlink(scene->resolv_conf);
    unsetenv("SALLYPORT_NAMESERVERS");
}

/* --- callers --- */

struct caller {
    struct scene *scene;
    struct lookup *lookup;
    unsigned calls, again; /* how often it asks once more from within its call back */
    unsigned turn;         /* how many of the scene's callers had been told then */
    const char *name;
    char error[64];
    char text[512]; /* "192.0.2.1 2001:db8::1", or "a:993 b:143", or "unavailable", or "!error" */
};

static void on_addresses(void *arg, const struct address_list *addresses, const char *error)
{
    struct caller *caller = arg;
    size_t at = 0;

    caller->calls++;
    caller->turn = ++caller->scene->told;
    snprintf(caller->error, sizeof caller->error, "%s", error ? error : "");
    snprintf(caller->text, sizeof caller->text, "!%s", caller->error);
    for (size_t i = 0; addresses && i < addresses->count; i++) {
        char text[ADDRESS_TEXT_MAX];

        ck_assert_uint_eq(address_port(&addresses->at[i]), 0);
        at += (size_t)snprintf(caller->text + at, sizeof caller->text - at, "%s%s", i ? " " : "",
                               address_format_host(&addresses->at[i], text));
    }
    if (caller->again) {
        caller->again--;
        caller->lookup = resolver_find_addresses(caller->scene->resolver, caller->name, RESOLVER_SOON, on_addresses,
                                                 caller);
        ck_assert_ptr_nonnull(caller->lookup);
    }
}

static void on_srv(void *arg, const struct srv_list *records, const char *error)
{
    struct caller *caller = arg;
    size_t at = 0;

    caller->calls++;
    snprintf(caller->text, sizeof caller->text, "!%s", error ? error : "");
    if (records && records->unavailable)
        snprintf(caller->text, sizeof caller->text, "unavailable");
    for (size_t i = 0; records && i < records->count; i++)
        at += (size_t)snprintf(caller->text + at, sizeof caller->text - at, "%s%s:%u", i ? " " : "",
                               records->at[i].place.host, (unsigned)records->at[i].place.port);
}

static void ask_as(struct scene *scene, struct caller *caller, const char *name, enum resolver_wish wish)
{
    memset(caller, 0, sizeof *caller);
    caller->scene = scene;
    caller->name = name;
    caller->lookup = resolver_find_addresses(scene->resolver, name, wish, on_addresses, caller);
    ck_assert_ptr_nonnull(caller->lookup);
    ck_assert_uint_eq(caller->calls, 0);
}

static void ask(struct scene *scene, struct caller *caller, const char *name, bool both)
{
    ask_as(scene, caller, name, both ? RESOLVER_BOTH : RESOLVER_SOON);
}

static bool was_called(void *arg)
{
    return ((struct caller *)arg)->calls > 0;
}

/* Looks one name up in a scene of its own. */
static void expect(const char *name, bool both, const char *text, unsigned queries)
{
    struct scene scene;
    struct caller caller;

    set_up(&scene);
    ask(&scene, &caller, name, both);
    unit_wait(scene.loop, was_called, &caller);
    ck_assert_msg(strcmp(caller.text, text) == 0, "%s: %s", name, caller.text);
    ck_assert_uint_eq(caller.calls, 1);
    if (queries < 100)
        ck_assert_uint_eq(scene.server.queries, queries);
    tear_down(&scene);
}

/* --- addresses --- */

START_TEST(a_literal_is_its_own_answer)
{
    expect("192.0.2.77", false, "192.0.2.77", 0);
    expect("2001:DB8::77", true, "2001:db8::77", 0);
    expect("::1", false, "::1", 0);
}
END_TEST

START_TEST(both_families_in_the_order_of_dialing)
{
    expect("mail.example.net", true, "2001:db8::1 192.0.2.1 192.0.2.2", 2);
    expect("MAIL.Example.NET", true, "2001:db8::1 192.0.2.1 192.0.2.2", 2);
    expect("four.example.net", true, "192.0.2.4", 2);
}
END_TEST

START_TEST(a_late_family_is_waited_for_only_if_both_are_asked_for)
{
    expect("late.example.net", false, "192.0.2.6", 2);
    expect("late.example.net", true, "2001:db8::6 192.0.2.6", 2);
}
END_TEST

/* --- the rest of an answer --- */

struct rest {
    struct scene scene;
    struct caller first, second;
    const char *name;
    bool renews, leaves;
};

/* Told of one family, it waits for the other. */
static void await_rest(void *arg, const struct address_list *addresses, const char *error)
{
    struct rest *rest = arg;

    on_addresses(&rest->first, addresses, error);
    rest->second.lookup = resolver_await_rest(rest->scene.resolver, rest->name, on_addresses, &rest->second);
    ck_assert_ptr_nonnull(rest->second.lookup);
    if (rest->renews)
        resolver_renew(rest->scene.resolver);
    if (rest->leaves)
        lookup_cancel(rest->second.lookup);
}

static void set_up_rest(struct rest *rest)
{
    set_up(&rest->scene);
    rest->first.scene = rest->second.scene = &rest->scene;
    ck_assert_ptr_nonnull(resolver_find_addresses(rest->scene.resolver, rest->name, RESOLVER_SOON, await_rest, rest));
}

/* It may be that there is none, or that the name servers are others by then. */
START_TEST(the_family_that_is_late_can_be_awaited)
{
    static const struct {
        const char *name, *first, *both;
        bool renews;
        unsigned queries;
    } rows[] = {
        {"late.example.net", "192.0.2.6", "2001:db8::6 192.0.2.6", false, 2},
        {"lone.example.net", "192.0.2.8", "192.0.2.8", false, 2},
        {"late.example.net", "192.0.2.6", "2001:db8::6 192.0.2.6", true, 4},
    };
    struct rest rest = {.name = rows[_i].name, .renews = rows[_i].renews};

    set_up_rest(&rest);
    unit_wait(rest.scene.loop, was_called, &rest.second);
    ck_assert_str_eq(rest.first.text, rows[_i].first);
    ck_assert_str_eq(rest.second.text, rows[_i].both);
    ck_assert_uint_eq(rest.first.calls, 1);
    ck_assert_uint_eq(rest.second.calls, 1);
    ck_assert_uint_eq(rest.scene.server.queries, rows[_i].queries);
    ck_assert_ptr_null(resolver_await_rest(rest.scene.resolver, rest.name, on_addresses, &rest.second));
    tear_down(&rest.scene);
}
END_TEST

START_TEST(whoever_awaits_the_rest_may_go)
{
    struct rest rest = {.name = "late.example.net", .leaves = true};

    set_up_rest(&rest);
    unit_wait(rest.scene.loop, was_called, &rest.first);
    ask(&rest.scene, &rest.first, rest.name, true);
    unit_wait(rest.scene.loop, was_called, &rest.first);
    ck_assert_str_eq(rest.first.text, "2001:db8::6 192.0.2.6");
    ck_assert_uint_eq(rest.second.calls, 0);
    ck_assert_uint_eq(rest.scene.server.queries, 2);
    tear_down(&rest.scene);
}
END_TEST

/* Nor does waiting ask for anything: of a name that nobody has asked for, one that was answered in full, or whose
 * answer has expired, nothing is to come. */
START_TEST(of_what_is_not_asked_for_there_is_no_rest)
{
    static const char *const names[] = {"192.0.2.77", "localhost", "mail.example.net", "zero.example.net"};
    struct caller caller;
    struct scene scene;

    set_up(&scene);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        unsigned queries = scene.server.queries;

        ck_assert_ptr_null(resolver_await_rest(scene.resolver, names[i], on_addresses, &caller));
        ck_assert_uint_eq(scene.server.queries, queries);
        ask(&scene, &caller, names[i], true);
        unit_wait(scene.loop, was_called, &caller);
        ck_assert_ptr_null(resolver_await_rest(scene.resolver, names[i], on_addresses, &caller));
    }
    ck_assert_uint_eq(scene.server.queries, 4);
    tear_down(&scene);
}
END_TEST

/* Whoever waited for both learns why one is missing. */
START_TEST(a_family_that_is_missing_is_an_error_beside_the_other)
{
    struct caller caller;
    struct scene scene;

    set_up(&scene);
    ask(&scene, &caller, "four.example.net", true);
    unit_wait(scene.loop, was_called, &caller);
    ck_assert_str_eq(caller.text, "192.0.2.4");
    ck_assert(resolver_error_is_answer(caller.error));
    tear_down(&scene);
}
END_TEST

START_TEST(a_name_that_is_not_there_is_an_error)
{
    expect("none.example.net", true, "!Domain name not found", 100);
    ck_assert(resolver_error_is_answer("Domain name not found"));
    ck_assert(resolver_error_is_answer("DNS server returned answer with no data"));
    ck_assert(!resolver_error_is_answer("Timeout while contacting DNS servers"));
}
END_TEST

/* --- keeping and sharing --- */

struct walk {
    struct scene scene;
    struct caller callers[2];
    const char *name;
    unsigned queries; /* after the first */
};

static bool first_then_second(void *arg)
{
    struct walk *walk = arg;

    if (!walk->callers[0].calls)
        return false;
    walk->queries = walk->scene.server.queries;
    ask(&walk->scene, &walk->callers[1], walk->name, true);
    return true;
}

static bool second_came(void *arg)
{
    return ((struct walk *)arg)->callers[1].calls > 0;
}

START_TEST(an_answer_is_kept_for_its_ttl)
{
    static unit_step_fn *const steps[] = {first_then_second, second_came, NULL};
    static const struct {
        const char *name, *second;
        unsigned queries;
    } rows[] = {
        {"mail.example.net", "2001:db8::1 192.0.2.1 192.0.2.2", 2}, {"zero.example.net", "192.0.2.5", 4},
    };

    for (size_t i = 0; i < 2; i++) {
        struct walk walk = {.name = rows[i].name};

        set_up(&walk.scene);
        ask(&walk.scene, &walk.callers[0], rows[i].name, true);
        unit_walk(walk.scene.loop, steps, &walk);
        ck_assert_str_eq(walk.callers[1].text, rows[i].second);
        ck_assert_uint_eq(walk.queries, 2);
        ck_assert_uint_eq(walk.scene.server.queries, rows[i].queries);
        tear_down(&walk.scene);
    }
}
END_TEST

/* Nobody keeps that, nor does a library below that keeps answers on its own. */
START_TEST(a_name_that_was_not_there_is_asked_for_again)
{
    static unit_step_fn *const steps[] = {first_then_second, second_came, NULL};
    struct walk walk = {.name = "none.example.net"};

    set_up(&walk.scene);
    ask(&walk.scene, &walk.callers[0], walk.name, true);
    unit_walk(walk.scene.loop, steps, &walk);
    ck_assert_str_eq(walk.callers[1].text, "!Domain name not found");
    ck_assert_uint_eq(walk.scene.server.queries, 2 * walk.queries);
    tear_down(&walk.scene);
}
END_TEST

static bool both_came(void *arg)
{
    struct caller *callers = arg;

    return callers[0].calls && callers[1].calls;
}

START_TEST(two_who_ask_at_once_share_the_question)
{
    struct caller callers[2];
    struct scene scene;

    set_up(&scene);
    ask(&scene, &callers[0], "mail.example.net", true);
    ask(&scene, &callers[1], "Mail.EXAMPLE.net", true);
    unit_wait(scene.loop, both_came, callers);
    ck_assert_str_eq(callers[0].text, callers[1].text);
    ck_assert_uint_eq(scene.server.queries, 2);
    tear_down(&scene);
}
END_TEST

START_TEST(who_asked_first_is_told_first)
{
    struct caller callers[4];
    struct scene scene;

    set_up(&scene);
    for (size_t i = 0; i < 3; i++)
        ask(&scene, &callers[i], "mail.example.net", true);
    lookup_cancel(callers[2].lookup); /* the last in the queue */
    ask(&scene, &callers[3], "mail.example.net", true);
    unit_wait(scene.loop, was_called, &callers[3]);
    ck_assert_uint_eq(callers[0].turn, 1);
    ck_assert_uint_eq(callers[1].turn, 2);
    ck_assert_uint_eq(callers[2].calls, 0);
    ck_assert_uint_eq(callers[3].turn, 3);
    tear_down(&scene);
}
END_TEST

/* From within a call back, for the very name that is being told, of which nothing may be kept. */
static bool came_again(void *arg)
{
    return ((struct caller *)arg)->calls == 2;
}

START_TEST(one_may_ask_again_when_called_back)
{
    struct caller caller;
    struct scene scene;

    set_up(&scene);
    ask(&scene, &caller, "zero.example.net", true);
    caller.again = 1;
    unit_wait(scene.loop, came_again, &caller);
    ck_assert_str_eq(caller.text, "192.0.2.5");
    ck_assert_uint_ge(scene.server.queries, 3); /* what it was told is not told again */
    tear_down(&scene);
}
END_TEST

/* The families of one answer belong together: what has expired is not told with what is new. */
START_TEST(an_expired_family_is_not_told)
{
    struct caller caller;
    struct scene scene;

    set_up(&scene);
    ask(&scene, &caller, "late.example.net", true);
    unit_wait(scene.loop, was_called, &caller);
    ahead_ms += 301000;
    ask(&scene, &caller, "late.example.net", false);
    unit_wait(scene.loop, was_called, &caller);
    ck_assert_str_eq(caller.text, "192.0.2.6");
    tear_down(&scene);
}
END_TEST

/* 20 ms after both questions have come, of which one is answered at once. */
static bool one_family_has_been_answered(void *arg)
{
    const struct scene *scene = arg;
    static uint64_t since;

    if (scene->server.queries < 2)
        return false;
    if (since == 0)
        since = loop_now(scene->loop);
    return loop_now(scene->loop) - since >= 20;
}

/* The second one asks while the first one, who has an answer, is kept a moment for the other family; and the name
 * server has got into trouble. */
START_TEST(an_answer_that_expires_meanwhile_is_told_to_who_waited)
{
    struct caller callers[2];
    struct scene scene;

    set_up(&scene);
    ask(&scene, &callers[0], "late.example.net", false);
    unit_wait(scene.loop, one_family_has_been_answered, &scene); /* on a slow machine, the first may be told by then */
    ahead_ms += 301000;
    scene.server.broken = true;
    ask(&scene, &callers[1], "late.example.net", false);
    unit_wait(scene.loop, was_called, &callers[0]);
    ck_assert_str_eq(callers[0].text, "192.0.2.6");
    tear_down(&scene);
}
END_TEST

/* --- asking anew --- */

/* Answered, and kept for 5 minutes; then the name moves, and so many ms pass. */
static void answer_and_move(struct scene *scene, uint64_t ms)
{
    struct caller caller;

    set_up(scene);
    ask(scene, &caller, "mail.example.net", true);
    unit_wait(scene->loop, was_called, &caller);
    ck_assert_str_eq(caller.text, "2001:db8::1 192.0.2.1 192.0.2.2");
    scene->server.moved = true;
    ahead_ms += ms;
}

static const char moved_text[] = "2001:db8::65 192.0.2.101 192.0.2.102";

START_TEST(what_cannot_be_reached_is_asked_for_anew)
{
    struct caller caller;
    struct scene scene;

    answer_and_move(&scene, 2000);
    ask(&scene, &caller, "mail.example.net", true); /* who does not know better gets what is kept */
    unit_wait(scene.loop, was_called, &caller);
    ck_assert_str_eq(caller.text, "2001:db8::1 192.0.2.1 192.0.2.2");
    ask_as(&scene, &caller, "mail.example.net", RESOLVER_ANEW);
    unit_wait(scene.loop, was_called, &caller);
    ck_assert_str_eq(caller.text, moved_text);
    ck_assert_uint_eq(scene.server.queries, 4);
    ask(&scene, &caller, "mail.example.net", true); /* and that is kept now */
    unit_wait(scene.loop, was_called, &caller);
    ck_assert_str_eq(caller.text, moved_text);
    ck_assert_uint_eq(scene.server.queries, 4);
    tear_down(&scene);
}
END_TEST

/* Each session asks anew while a proxy is down: not more than once in a second. */
START_TEST(a_young_answer_is_as_good_as_a_new_one)
{
    struct caller caller;
    struct scene scene;

    answer_and_move(&scene, 0);
    ask_as(&scene, &caller, "mail.example.net", RESOLVER_ANEW);
    unit_wait(scene.loop, was_called, &caller);
    ck_assert_str_eq(caller.text, "2001:db8::1 192.0.2.1 192.0.2.2");
    ck_assert_uint_eq(scene.server.queries, 2);
    tear_down(&scene);
}
END_TEST

START_TEST(a_name_server_in_trouble_takes_nothing_away)
{
    struct caller caller;
    struct scene scene;

    answer_and_move(&scene, 2000);
    scene.server.broken = true;
    for (int anew = 1; anew >= 0; anew--) {
        ask_as(&scene, &caller, "mail.example.net", anew ? RESOLVER_ANEW : RESOLVER_BOTH);
        unit_wait(scene.loop, was_called, &caller);
        ck_assert_str_eq(caller.text, "2001:db8::1 192.0.2.1 192.0.2.2");
    }
    ck_assert_uint_gt(scene.server.queries, 2);
    ahead_ms += 300000;
    ask(&scene, &caller, "mail.example.net", true);
    unit_wait(scene.loop, was_called, &caller);
    ck_assert_int_eq(caller.text[0], '!');
    tear_down(&scene);
}
END_TEST

/* --- other settings --- */

static void write_conf(struct scene *scene, const char *text)
{
    FILE *file = fopen(scene->resolv_conf, "we");

    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

/* There is no file at first, then one, then another; each time the look-up of another name is under way. */
START_TEST(another_file_ends_old_answers)
{
    static const char *const files[] = {"options ndots:1\n", "options ndots:1 timeout:1\n"};
    struct caller caller, waiting;
    struct scene scene;

    answer_and_move(&scene, 0);
    ask(&scene, &waiting, "silent.example.net", true);
    for (int i = 0; i < 2; i++) {
        scene.server.moved = i == 0;
        write_conf(&scene, files[i]);
        ahead_ms += 1000;
        ask(&scene, &caller, "mail.example.net", false);
        unit_wait(scene.loop, was_called, &caller);
        ck_assert_msg(strcmp(caller.text, i == 0 ? moved_text : "2001:db8::1 192.0.2.1 192.0.2.2") == 0, "%d: %s", i,
                      caller.text);
    }
    ck_assert_uint_eq(waiting.calls, 0);
    tear_down(&scene);
}
END_TEST

/* The name servers of before are silent; nobody else asks. */
START_TEST(who_waits_is_asked_for_again)
{
    for (int order = 0; order < 2; order++) {
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int silent = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        socklen_t size = sizeof address;
        struct caller caller;
        struct scene scene;
        char text[64];

        ck_assert_int_eq(bind(silent, (struct sockaddr *)&address, size), 0);
        ck_assert_int_eq(getsockname(silent, (struct sockaddr *)&address, &size), 0);
        set_up(&scene);
        snprintf(text, sizeof text, "127.0.0.1:%u", (unsigned)ntohs(address.sin_port));
        setenv("SALLYPORT_NAMESERVERS", text, 1);
        resolver_renew(scene.resolver);
        ask(&scene, &caller, "mail.example.net", true);
        setenv("SALLYPORT_NAMESERVERS", scene.nameserver, 1);
        if (order)
            resolver_renew(scene.resolver);
        else
            write_conf(&scene, "options ndots:1\n");
        unit_wait(scene.loop, was_called, &caller);
        ck_assert_str_eq(caller.text, "2001:db8::1 192.0.2.1 192.0.2.2");
        tear_down(&scene);
        close(silent);
    }
}
END_TEST

START_TEST(an_order_ends_old_answers)
{
    struct caller caller;
    struct scene scene;

    answer_and_move(&scene, 0);
    resolver_renew(scene.resolver);
    ask(&scene, &caller, "mail.example.net", true);
    unit_wait(scene.loop, was_called, &caller);
    ck_assert_str_eq(caller.text, moved_text);
    tear_down(&scene);
}
END_TEST

/* From within a callback, while another waits for the same answer, which has come and is told. */
static void renew_then_note(void *arg, const struct address_list *addresses, const char *error)
{
    struct caller *caller = arg;

    resolver_renew(caller->scene->resolver);
    on_addresses(arg, addresses, error);
}

START_TEST(an_order_may_come_from_whom_is_told)
{
    struct caller callers[2];
    struct scene scene;

    set_up(&scene);
    memset(callers, 0, sizeof callers);
    callers[0].scene = &scene;
    ck_assert_ptr_nonnull(resolver_find_addresses(scene.resolver, "mail.example.net", RESOLVER_BOTH, renew_then_note,
                                                  &callers[0]));
    ask(&scene, &callers[1], "mail.example.net", true);
    unit_wait(scene.loop, both_came, callers);
    ck_assert_str_eq(callers[0].text, callers[1].text);
    ck_assert_uint_eq(callers[0].calls, 1);
    ck_assert_uint_eq(callers[1].calls, 1);
    tear_down(&scene);
}
END_TEST

/* systemd-resolved writes this where no domain is searched. */
START_TEST(the_root_is_no_domain_to_search)
{
    static const char *const names[] = {"single", "none.example.net", "mail.example.net"};
    static const char *const texts[] = {"192.0.2.7", "!Domain name not found", "2001:db8::1 192.0.2.1 192.0.2.2"};

    for (size_t i = 0; i < 3; i++) {
        struct caller caller;
        struct scene scene;

        set_up(&scene);
        write_conf(&scene, "search .\n");
        resolver_renew(scene.resolver);
        ask(&scene, &caller, names[i], true);
        unit_wait(scene.loop, was_called, &caller);
        ck_assert_msg(strcmp(caller.text, texts[i]) == 0, "%s: %s", names[i], caller.text);
        tear_down(&scene);
    }
}
END_TEST

START_TEST(other_domains_are_searched)
{
    struct caller caller;
    struct scene scene;

    set_up(&scene);
    write_conf(&scene, "search . example.org example.net\n");
    resolver_renew(scene.resolver);
    ask(&scene, &caller, "mail", true);
    unit_wait(scene.loop, was_called, &caller);
    ck_assert_str_eq(caller.text, "2001:db8::1 192.0.2.1 192.0.2.2");
    tear_down(&scene);
}
END_TEST

/* --- giving up --- */

START_TEST(a_cancelled_look_up_is_not_told)
{
    struct caller callers[2];
    struct scene scene;

    set_up(&scene);
    ask(&scene, &callers[0], "mail.example.net", true);
    ask(&scene, &callers[1], "mail.example.net", true);
    lookup_cancel(callers[0].lookup);
    lookup_cancel(NULL);
    unit_wait(scene.loop, was_called, &callers[1]);
    ck_assert_uint_eq(callers[0].calls, 0);
    ck_assert_str_eq(callers[1].text, "2001:db8::1 192.0.2.1 192.0.2.2");
    tear_down(&scene);
}
END_TEST

/* Silence has no end here: the caller cancels, or all ends while he waits. */
static bool it_was_asked(void *arg)
{
    return ((struct scene *)arg)->server.queries >= 2;
}

START_TEST(all_may_end_while_somebody_waits)
{
    for (int cancel = 0; cancel < 2; cancel++) {
        struct caller caller;
        struct scene scene;

        set_up(&scene);
        ask(&scene, &caller, "silent.example.net", true);
        unit_wait(scene.loop, it_was_asked, &scene);
        if (cancel)
            lookup_cancel(caller.lookup);
        tear_down(&scene);
        ck_assert_uint_eq(caller.calls, 0);
    }
}
END_TEST

/* --- bounds --- */

struct crowd {
    struct scene scene;
    struct caller caller;
    unsigned next;
    char name[32];
};

/* One name after the other, each a question that is kept. */
static bool a_thousand_names(void *arg)
{
    struct crowd *crowd = arg;

    if (crowd->next > 0 && !crowd->caller.calls)
        return false;
    if (crowd->next > 0)
        ck_assert_str_eq(crowd->caller.text, crowd->name);
    if (crowd->next == 1000)
        return true;
    snprintf(crowd->name, sizeof crowd->name, "10.0.%u.%u", crowd->next / 250, crowd->next % 250);
    crowd->next++;
    ask(&crowd->scene, &crowd->caller, crowd->name, true);
    return false;
}

START_TEST(old_answers_give_way)
{
    struct crowd crowd = {.next = 0};

    set_up(&crowd.scene);
    unit_wait(crowd.scene.loop, a_thousand_names, &crowd);
    tear_down(&crowd.scene);
}
END_TEST

START_TEST(too_many_questions_at_once_are_refused)
{
    struct scene scene;
    struct caller caller = {.calls = 0};
    unsigned asked = 0;
    char name[64];

    set_up(&scene);
    while (asked < 5000) {
        snprintf(name, sizeof name, "n%u.silent.example.net", asked);
        if (!resolver_find_addresses(scene.resolver, name, RESOLVER_BOTH, on_addresses, &caller))
            break;
        asked++;
    }
    ck_assert(asked >= 100 && asked <= 1000);
    tear_down(&scene);
    ck_assert_uint_eq(caller.calls, 0);
}
END_TEST

/* --- SRV --- */

START_TEST(srv_records)
{
    static const struct {
        const char *name, *text;
    } rows[] = {
        {"_imap._tcp.example.net", "a:993 b:143"}, {"_smtp._tcp.example.net", "unavailable"},
        {"_pop3._tcp.example.net", "!Misformatted DNS reply"}, {"_none._tcp.example.net", "!Domain name not found"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct caller caller = {.calls = 0};
        struct scene scene;

        set_up(&scene);
        ck_assert_ptr_nonnull(resolver_find_srv(scene.resolver, rows[i].name, on_srv, &caller));
        unit_wait(scene.loop, was_called, &caller);
        ck_assert_msg(strcmp(caller.text, rows[i].text) == 0, "%s: %s", rows[i].name, caller.text);
        tear_down(&scene);
    }
}
END_TEST

START_TEST(bad_name_servers_are_told)
{
    struct loop *loop = loop_new();
    char error[128] = "";

    setenv("SALLYPORT_NAMESERVERS", "not an address", 1);
    ck_assert_ptr_null(resolver_new(loop, RESOLVER_CONF, error, sizeof error));
    ck_assert_msg(strncmp(error, "cannot start the resolver: ", 27) == 0, "%s", error);
    unsetenv("SALLYPORT_NAMESERVERS");
    resolver_free(NULL);
    loop_free(loop);
    ck_assert_uint_gt(strlen(resolver_version()), 0);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("resolver");

    tcase_add_test(cases, a_literal_is_its_own_answer);
    tcase_add_test(cases, both_families_in_the_order_of_dialing);
    tcase_add_test(cases, a_late_family_is_waited_for_only_if_both_are_asked_for);
    tcase_add_loop_test(cases, the_family_that_is_late_can_be_awaited, 0, 3);
    tcase_add_test(cases, whoever_awaits_the_rest_may_go);
    tcase_add_test(cases, of_what_is_not_asked_for_there_is_no_rest);
    tcase_add_test(cases, a_family_that_is_missing_is_an_error_beside_the_other);
    tcase_add_test(cases, a_name_that_is_not_there_is_an_error);
    tcase_add_test(cases, an_answer_is_kept_for_its_ttl);
    tcase_add_test(cases, a_name_that_was_not_there_is_asked_for_again);
    tcase_add_test(cases, two_who_ask_at_once_share_the_question);
    tcase_add_test(cases, who_asked_first_is_told_first);
    tcase_add_test(cases, one_may_ask_again_when_called_back);
    tcase_add_test(cases, an_expired_family_is_not_told);
    tcase_add_test(cases, an_answer_that_expires_meanwhile_is_told_to_who_waited);
    tcase_add_test(cases, what_cannot_be_reached_is_asked_for_anew);
    tcase_add_test(cases, a_young_answer_is_as_good_as_a_new_one);
    tcase_add_test(cases, a_name_server_in_trouble_takes_nothing_away);
    tcase_add_test(cases, another_file_ends_old_answers);
    tcase_add_test(cases, who_waits_is_asked_for_again);
    tcase_add_test(cases, an_order_ends_old_answers);
    tcase_add_test(cases, an_order_may_come_from_whom_is_told);
    tcase_add_test(cases, the_root_is_no_domain_to_search);
    tcase_add_test(cases, other_domains_are_searched);
    tcase_add_test(cases, a_cancelled_look_up_is_not_told);
    tcase_add_test(cases, all_may_end_while_somebody_waits);
    tcase_add_test(cases, old_answers_give_way);
    tcase_add_test(cases, too_many_questions_at_once_are_refused);
    tcase_add_test(cases, srv_records);
    tcase_add_test(cases, bad_name_servers_are_told);
    return unit_run();
}
