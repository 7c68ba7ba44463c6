/* SPDX-License-Identifier: ISC */
#include "stage.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/loop.h"
#include "net/dialer.h"
#include "net/resolver.h"
#include "unit.h"

#define EPOCH 1000000        /* ms: what the clock shows at first */
#define CHILDREN_MS 10000    /* how long a killed one may take to end */
#define TURNS_MAX 64         /* of the loop, where what goes on by itself does not end */
#define QUIET_TURNS 2        /* one after the other: what was queued before the first of them has run in the second */
#define WAIT_TURNS 100000    /* of stage_wait */
#define WAIT_NAP_US 200      /* in each of them in which nothing happens */
#define TIMERS_MAX 2048
#define WIRES_MAX 4096
#define TOLD_MAX 32          /* names, and addresses */
#define DESCRIPTOR_FIRST 500000 /* no process has as many */

/* What the linker puts in place of the program's own. */
int __wrap_event_base_loop(struct event_base *base, int flags);
int __real_event_base_loop(struct event_base *base, int flags);
void __wrap_loop_defer(struct loop *loop, struct deferred *deferred, void (*call)(struct deferred *));
void __real_loop_defer(struct loop *loop, struct deferred *deferred, void (*call)(struct deferred *));
void __wrap_loop_put_off(struct loop *loop, struct deferred *deferred, void (*call)(struct deferred *));
void __real_loop_put_off(struct loop *loop, struct deferred *deferred, void (*call)(struct deferred *));
uint64_t __wrap_loop_now(struct loop *loop);
void __wrap_loop_timer_start(struct loop *loop, struct loop_timer *timer, uint64_t ms, loop_timer_fn *call, void *arg);
void __wrap_loop_timer_stop(struct loop_timer *timer);
uint32_t __wrap_chance_number(void);
struct lookup *__wrap_resolver_find_addresses(struct resolver *resolver, const char *host,
                                              enum resolver_wish wish, resolver_addresses_fn *found, void *arg);
struct lookup *__wrap_resolver_find_srv(struct resolver *resolver, const char *name, resolver_srv_fn *found, void *arg);
struct lookup *__wrap_resolver_await_rest(struct resolver *resolver, const char *host, resolver_addresses_fn *found,
                                          void *arg);
void __wrap_lookup_cancel(struct lookup *lookup);
struct dial *__wrap_dialer_dial(struct dialer *dialer, const struct address_list *addresses, uint16_t port,
                                uint32_t limit_ms, uint32_t keepalive_ms, dialer_done_fn *done, void *arg);
void __wrap_dial_add(struct dial *dial, const struct address_list *addresses);
void __wrap_dial_cancel(struct dial *dial);
struct transport *__wrap_transport_from_socket(struct loop *loop, int fd);
struct transport *__real_transport_from_socket(struct loop *loop, int fd);

struct timer {
    struct loop_timer *timer;
    uint64_t due, order;
};

struct told {
    char name[256], what[512];
    bool in_part; /* more is to come */
};

static struct {
    struct services services;
    int descriptors;                 /* before */
    uint64_t now, order;
    uint32_t chance;                 /* 0: the next one is any */
    uint32_t drawn;
    struct timer timers[TIMERS_MAX]; /* running, in no order */
    size_t timer_count;
    struct deferred pulse;
    unsigned turns;
    bool busy;                       /* since the last pulse something has happened, or will in the next turn */
    unsigned quiet;                  /* pulses one after the other before which it was not */
    const unsigned *until;
    struct told names[TOLD_MAX], records[TOLD_MAX];
    size_t name_count, record_count;
    struct {
        char address[64];
        enum stage_dial how;
    } addresses[TOLD_MAX];
    size_t address_count;
    unsigned lookups, lookups_for_both, lookups_anew, lookups_open, dials, dials_open;
    struct lookup *silent; /* the last one that nobody answers, or NULL */
    struct dial *unanswered; /* the same of these */
    enum stage_lack lack;
    struct wire *wires[WIRES_MAX];
    unsigned wire_count;
} stage;

/* --- the clock --- */

uint64_t __wrap_loop_now(struct loop *loop)
{
    (void)loop;
    return stage.now;
}

/* Any number is made by a generator that begins anew with each stage (Numerical Recipes'). */
uint32_t __wrap_chance_number(void)
{
    stage.drawn = stage.drawn * 1664525 + 1013904223;
    return stage.chance != 0 ? stage.chance : stage.drawn;
}

void stage_chance(uint32_t number)
{
    stage.chance = number;
}

uint64_t stage_time(void)
{
    return stage.now - EPOCH;
}

unsigned stage_timers(void)
{
    return (unsigned)stage.order;
}

size_t stage_timers_running(void)
{
    return stage.timer_count;
}

void __wrap_loop_timer_stop(struct loop_timer *timer)
{
    for (size_t i = 0; timer->call && i < stage.timer_count; i++)
        if (stage.timers[i].timer == timer) {
            stage.timers[i] = stage.timers[--stage.timer_count];
            break;
        }
    timer->call = NULL;
}

void __wrap_loop_timer_start(struct loop *loop, struct loop_timer *timer, uint64_t ms, loop_timer_fn *call, void *arg)
{
    ck_assert_ptr_eq(loop, stage.services.loop);
    __wrap_loop_timer_stop(timer);
    ck_assert_uint_lt(stage.timer_count, TIMERS_MAX);
    timer->call = call;
    timer->arg = arg;
    stage.busy = true;
    stage.timers[stage.timer_count++] = (struct timer){.timer = timer, .due = stage.now + ms, .order = stage.order++};
}

/* The one that is due first, by that time; NULL: none is. */
static const struct timer *first_due(uint64_t by)
{
    const struct timer *first = NULL;

    for (size_t i = 0; i < stage.timer_count; i++) {
        const struct timer *timer = &stage.timers[i];

        if (timer->due <= by &&
            (!first || timer->due < first->due || (timer->due == first->due && timer->order < first->order)))
            first = timer;
    }
    return first;
}

static void call_due(void)
{
    uint64_t behind = stage.order; /* those that are started meanwhile have their turn later */

    for (const struct timer *due = first_due(stage.now); due && due->order < behind; due = first_due(stage.now)) {
        struct loop_timer *timer = due->timer;
        loop_timer_fn *call = timer->call;

        __wrap_loop_timer_stop(timer);
        stage.busy = true;
        call(timer->arg);
    }
}

/* --- turns of the loop --- */

int __wrap_event_base_loop(struct event_base *base, int flags)
{
    int result = __real_event_base_loop(base, flags);

    stage.busy = event_base_get_max_events(base, EVENT_BASE_COUNT_ACTIVE, 1) > 0 || stage.busy;
    return result;
}

void __wrap_loop_defer(struct loop *loop, struct deferred *deferred, void (*call)(struct deferred *))
{
    stage.busy = true;
    __real_loop_defer(loop, deferred, call);
}

void __wrap_loop_put_off(struct loop *loop, struct deferred *deferred, void (*call)(struct deferred *))
{
    stage.busy = true;
    __real_loop_put_off(loop, deferred, call);
}

/* Whether what the loop runs for has come. */
static bool is_over(void)
{
    return stage.until ? *stage.until > 0 : stage.quiet >= QUIET_TURNS;
}

/* Each turn has one. */
static void on_pulse(struct deferred *pulse)
{
    call_due();
    stage.quiet = stage.busy ? 0 : stage.quiet + 1;
    stage.busy = false;
    if (stage.turns-- == 0 || is_over()) {
        loop_stop(stage.services.loop);
        return;
    }
    if (stage.quiet >= QUIET_TURNS)
        usleep(WAIT_NAP_US);
    __real_loop_put_off(stage.services.loop, pulse, on_pulse);
}

static void run(unsigned turns)
{
    stage.turns = turns;
    stage.busy = true;
    __real_loop_put_off(stage.services.loop, &stage.pulse, on_pulse);
    ck_assert(loop_run(stage.services.loop));
}

void stage_settle(void)
{
    run(TURNS_MAX);
}

void stage_wait(const unsigned *told)
{
    stage.until = told;
    run(WAIT_TURNS);
    stage.until = NULL;
    ck_assert_msg(*told > 0, "it was waited for in vain");
    stage_settle();
}

void stage_await_children(void)
{
    siginfo_t info;

    for (int i = 0; i < CHILDREN_MS && waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0; i++) {
        stage_settle();
        usleep(1000);
    }
}

void stage_advance(uint64_t ms)
{
    uint64_t end = stage.now + ms;
    const struct timer *due;

    stage_settle();
    while ((due = first_due(end))) {
        stage.now = due->due > stage.now ? due->due : stage.now;
        stage_settle();
    }
    stage.now = end;
}

/* --- names --- */

struct lookup {
    struct deferred answer;
    char name[256];
    resolver_addresses_fn *addresses;
    resolver_srv_fn *records;
    void *arg;
};

static void tell_of(struct told *told, size_t *count, const char *name, const char *what, bool in_part)
{
    size_t i = 0;

    while (i < *count && strcmp(told[i].name, name) != 0)
        i++;
    ck_assert_uint_lt(i, TOLD_MAX);
    if (i == *count)
        ++*count;
    snprintf(told[i].name, sizeof told[i].name, "%s", name);
    snprintf(told[i].what, sizeof told[i].what, "%s", what);
    told[i].in_part = in_part;
}

void stage_name(const char *name, const char *addresses)
{
    tell_of(stage.names, &stage.name_count, name, addresses, false);
}

void stage_name_in_part(const char *name, const char *addresses)
{
    tell_of(stage.names, &stage.name_count, name, addresses, true);
}

void stage_srv(const char *name, const char *places)
{
    tell_of(stage.records, &stage.record_count, name, places, false);
}

static const struct told *find_told(const struct told *told, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(told[i].name, name) == 0)
            return &told[i];
    return NULL;
}

static const char *what_of(const struct told *told, size_t count, const char *name)
{
    const struct told *found = find_told(told, count, name);

    return found ? found->what : "!unknown name";
}

static bool is_in_part(const char *name)
{
    const struct told *found = find_told(stage.names, stage.name_count, name);

    return found && found->in_part;
}

unsigned stage_lookups(void)
{
    return stage.lookups;
}

unsigned stage_lookups_for_both(void)
{
    return stage.lookups_for_both;
}

unsigned stage_lookups_anew(void)
{
    return stage.lookups_anew;
}

unsigned stage_lookups_open(void)
{
    return stage.lookups_open;
}

static void answer_addresses(const struct lookup *lookup)
{
    struct address_list list = {0};
    const char *what = what_of(stage.names, stage.name_count, lookup->name);
    char text[512], *rest = text;

    if (address_from_literal(&list.at[0], lookup->name, 0)) {
        list.count = 1;
        lookup->addresses(lookup->arg, &list, NULL);
        return;
    }
    snprintf(text, sizeof text, "%s", what);
    if (what[0] == '!') {
        lookup->addresses(lookup->arg, NULL, what + 1);
        return;
    }
    for (const char *one; (one = strsep(&rest, " "));)
        ck_assert(address_from_literal(&list.at[list.count++], one, 0));
    lookup->addresses(lookup->arg, &list, NULL);
}

static void answer_records(const struct lookup *lookup)
{
    struct srv_list list = {.ttl = 60};
    const char *what = what_of(stage.records, stage.record_count, lookup->name);
    char text[512], *rest = text;

    snprintf(text, sizeof text, "%s", what);
    if (what[0] == '!') {
        lookup->records(lookup->arg, NULL, what + 1);
        return;
    }
    list.unavailable = strcmp(what, ".") == 0;
    for (char *one; !list.unavailable && (one = strsep(&rest, " "));) {
        char *colon = strrchr(one, ':');

        ck_assert_ptr_nonnull(colon);
        *colon = '\0';
        snprintf(list.at[list.count].place.host, sizeof list.at[0].place.host, "%s", one);
        list.at[list.count++].place.port = (uint16_t)strtoul(colon + 1, NULL, 10);
    }
    lookup->records(lookup->arg, &list, NULL);
}

static void answer(struct deferred *deferred)
{
    struct lookup *lookup = (struct lookup *)deferred;

    stage.lookups_open--;
    if (lookup->addresses)
        answer_addresses(lookup);
    else
        answer_records(lookup);
    free(lookup);
}

void stage_answer_silent(void)
{
    ck_assert_ptr_nonnull(stage.silent);
    loop_defer(stage.services.loop, &stage.silent->answer, answer);
    stage.silent = NULL;
}

static struct lookup *start_lookup(const char *name, const char *what, void *arg)
{
    struct lookup *lookup = calloc(1, sizeof *lookup);

    ck_assert_ptr_nonnull(lookup);
    snprintf(lookup->name, sizeof lookup->name, "%s", name);
    lookup->arg = arg;
    stage.lookups++;
    stage.lookups_open++;
    if (*what)
        loop_defer(stage.services.loop, &lookup->answer, answer);
    else
        stage.silent = lookup;
    return lookup;
}

struct lookup *__wrap_resolver_find_addresses(struct resolver *resolver, const char *host,
                                              enum resolver_wish wish, resolver_addresses_fn *found, void *arg)
{
    const char *what = what_of(stage.names, stage.name_count, host);
    struct address literal;
    struct lookup *lookup;

    ck_assert_ptr_eq(resolver, stage.services.resolver);
    if (stage.lack == STAGE_LACKS_LOOKUP)
        return NULL;
    stage.lookups_for_both += wish != RESOLVER_SOON;
    stage.lookups_anew += wish == RESOLVER_ANEW;
    if (address_from_literal(&literal, host, 0))
        what = host;
    lookup = start_lookup(host, is_in_part(host) && wish != RESOLVER_SOON ? "" : what, arg);
    lookup->addresses = found;
    return lookup;
}

struct lookup *__wrap_resolver_find_srv(struct resolver *resolver, const char *name, resolver_srv_fn *found, void *arg)
{
    struct lookup *lookup;

    ck_assert_ptr_eq(resolver, stage.services.resolver);
    if (stage.lack == STAGE_LACKS_LOOKUP)
        return NULL;
    lookup = start_lookup(name, what_of(stage.records, stage.record_count, name), arg);
    lookup->records = found;
    return lookup;
}

struct lookup *__wrap_resolver_await_rest(struct resolver *resolver, const char *host, resolver_addresses_fn *found,
                                          void *arg)
{
    struct lookup *lookup;

    ck_assert_ptr_eq(resolver, stage.services.resolver);
    if (!is_in_part(host))
        return NULL;
    lookup = start_lookup(host, "", arg);
    lookup->addresses = found;
    stage.lookups--; /* it joins one */
    return lookup;
}

void __wrap_lookup_cancel(struct lookup *lookup)
{
    if (!lookup)
        return;
    stage.lookups_open--;
    if (stage.silent == lookup)
        stage.silent = NULL;
    loop_undefer(stage.services.loop, &lookup->answer);
    free(lookup);
}

/* --- addresses --- */

struct dial {
    struct deferred turn;
    struct loop_timer limit;
    struct address_list addresses;
    size_t at;
    const struct address *silent; /* one that was passed by for those that were added, or NULL */
    uint16_t port;
    uint32_t limit_ms;
    dialer_done_fn *done;
    void *arg;
};

void stage_address(const char *address, enum stage_dial how)
{
    size_t i = 0;

    while (i < stage.address_count && strcmp(stage.addresses[i].address, address) != 0)
        i++;
    ck_assert_uint_lt(i, TOLD_MAX);
    if (i == stage.address_count)
        stage.address_count++;
    snprintf(stage.addresses[i].address, sizeof stage.addresses[i].address, "%s", address);
    stage.addresses[i].how = how;
}

static enum stage_dial how_of(const struct address *address)
{
    char with_port[ADDRESS_TEXT_MAX], without[ADDRESS_TEXT_MAX];

    address_format(address, with_port);
    address_format_host(address, without);
    for (size_t i = 0; i < stage.address_count; i++)
        if (strcmp(stage.addresses[i].address, with_port) == 0 || strcmp(stage.addresses[i].address, without) == 0)
            return stage.addresses[i].how;
    return STAGE_REFUSES;
}

unsigned stage_dials(void)
{
    return stage.dials;
}

unsigned stage_dials_open(void)
{
    return stage.dials_open;
}

void stage_lack(enum stage_lack what)
{
    stage.lack = what;
}

static void forget_dial(const struct dial *dial)
{
    stage.dials_open--;
    if (stage.unanswered == dial)
        stage.unanswered = NULL;
}

static void end_dial(struct dial *dial, enum outcome outcome, struct wire *wire, const char *error)
{
    struct address address = dial->addresses.at[dial->at];

    address_set_port(&address, dial->port);
    if (wire)
        address_format(&address, wire->to);
    forget_dial(dial);
    __wrap_loop_timer_stop(&dial->limit);
    dial->done(dial->arg, outcome, wire ? stage_descriptor(wire) : -1, &address, error);
    free(dial);
}

static void on_dial_late(void *arg)
{
    struct dial *dial = arg;
    char error[64];

    snprintf(error, sizeof error, "no answer within %u s", dial->limit_ms / 1000);
    end_dial(dial, OUTCOME_PEER, NULL, error);
}

static void try_next(struct deferred *turn)
{
    struct dial *dial = (struct dial *)turn;

    for (;; dial->at++) {
        struct address address = dial->addresses.at[dial->at];

        address_set_port(&address, dial->port);
        switch (how_of(&address)) {
        case STAGE_CONNECTS:
            end_dial(dial, OUTCOME_DONE, stage_new_wire(), NULL);
            return;
        case STAGE_LOCAL:
            end_dial(dial, OUTCOME_LOCAL, NULL, "Too many open files");
            return;
        case STAGE_SILENT:
            stage.unanswered = dial;
            return;
        case STAGE_REFUSES:
            if (dial->at + 1 < dial->addresses.count)
                continue;
            if (dial->silent) {
                dial->at = (size_t)(dial->silent - dial->addresses.at);
                stage.unanswered = dial;
                return;
            }
            end_dial(dial, OUTCOME_PEER, NULL, "Connection refused");
            return;
        }
    }
}

void stage_answer_dial(void)
{
    ck_assert_ptr_nonnull(stage.unanswered);
    loop_defer(stage.services.loop, &stage.unanswered->turn, try_next);
    stage_settle();
}

struct dial *__wrap_dialer_dial(struct dialer *dialer, const struct address_list *addresses, uint16_t port,
                                uint32_t limit_ms, uint32_t keepalive_ms, dialer_done_fn *done, void *arg)
{
    struct dial *dial;

    (void)keepalive_ms;
    ck_assert_ptr_eq(dialer, stage.services.dialer);
    ck_assert_uint_gt(addresses->count, 0);
    if (stage.lack == STAGE_LACKS_DIAL)
        return NULL;
    dial = calloc(1, sizeof *dial);
    ck_assert_ptr_nonnull(dial);
    dial->addresses = *addresses;
    dial->port = port;
    dial->limit_ms = limit_ms;
    dial->done = done;
    dial->arg = arg;
    stage.dials++;
    stage.dials_open++;
    __wrap_loop_timer_start(stage.services.loop, &dial->limit, limit_ms, on_dial_late, dial);
    loop_defer(stage.services.loop, &dial->turn, try_next);
    return dial;
}

void __wrap_dial_add(struct dial *dial, const struct address_list *addresses)
{
    ck_assert_uint_gt(addresses->count, 0);
    ck_assert_ptr_eq(dial, stage.unanswered);
    ck_assert_uint_le(dial->addresses.count + addresses->count, ADDRESS_LIST_MAX);
    dial->silent = &dial->addresses.at[dial->at];
    dial->at = dial->addresses.count;
    for (size_t i = 0; i < addresses->count; i++)
        dial->addresses.at[dial->addresses.count++] = addresses->at[i];
    stage.unanswered = NULL;
    __wrap_loop_timer_start(stage.services.loop, &dial->limit, dial->limit_ms, on_dial_late, dial);
    loop_defer(stage.services.loop, &dial->turn, try_next);
}

void __wrap_dial_cancel(struct dial *dial)
{
    if (!dial)
        return;
    forget_dial(dial);
    loop_undefer(stage.services.loop, &dial->turn);
    __wrap_loop_timer_stop(&dial->limit);
    free(dial);
}

/* --- connections --- */

static ssize_t broke(struct wire *wire)
{
    wire->near.error = wire->broken;
    return TRANSPORT_ERROR;
}

static ssize_t look(struct wire *wire, void *bytes, size_t size)
{
    size_t left = wire->said_length - wire->said_at;

    ck_assert_msg(wire_is_held(wire), "connection %u is used behind its end", wire->number);
    ck_assert_uint_gt(size, 0);
    if (wire->broken && !(wire->readable && left > 0))
        return broke(wire);
    if (left == 0 && wire->ended)
        return TRANSPORT_EOF;
    if (left == 0)
        return TRANSPORT_AGAIN;
    if (wire->piece > 0 && left > wire->piece)
        left = wire->piece;
    if (left > size)
        left = size;
    memcpy(bytes, wire->said + wire->said_at, left);
    return (ssize_t)left;
}

static ssize_t wire_recv(struct transport *transport, void *bytes, size_t size)
{
    struct wire *wire = (struct wire *)transport;
    ssize_t got = look(wire, bytes, size);

    if (got > 0)
        wire->said_at += (size_t)got;
    return got;
}

static ssize_t wire_peek(struct transport *transport, void *bytes, size_t size)
{
    return look((struct wire *)transport, bytes, size);
}

static ssize_t wire_send(struct transport *transport, const void *bytes, size_t length)
{
    struct wire *wire = (struct wire *)transport;

    ck_assert_msg(wire_is_held(wire), "connection %u is used behind its end", wire->number);
    ck_assert_msg(!wire->shut, "connection %u is sent to behind its end", wire->number);
    ck_assert_uint_gt(length, 0);
    if (wire->broken)
        return broke(wire);
    if (wire->room == 0) {
        wire->armed = true;
        return TRANSPORT_AGAIN;
    }
    if (length > wire->room)
        length = wire->room;
    if (wire->room != SIZE_MAX)
        wire->room -= length;
    wire->heard = realloc(wire->heard, wire->heard_length + length + 1);
    ck_assert_ptr_nonnull(wire->heard);
    memcpy(wire->heard + wire->heard_length, bytes, length);
    wire->heard_length += length;
    wire->heard[wire->heard_length] = '\0';
    return (ssize_t)length;
}

static bool wire_broken(struct transport *transport)
{
    struct wire *wire = (struct wire *)transport;

    if (wire->broken)
        transport->error = wire->broken;
    return wire->broken != 0;
}

static bool wire_shutdown_send(struct transport *transport)
{
    struct wire *wire = (struct wire *)transport;

    ck_assert(wire_is_held(wire));
    wire->shut = true;
    return !wire->broken;
}

static void wire_let_go(struct transport *transport, bool reset)
{
    struct wire *wire = (struct wire *)transport;

    ck_assert_msg(wire_is_held(wire), "connection %u is ended twice", wire->number);
    wire->reset = reset;
    wire->closed = !reset;
    loop_undefer(stage.services.loop, &wire->news);
}

static int wire_splice_fd(const struct transport *transport, int direction)
{
    (void)transport, (void)direction;
    return -1;
}

static void wire_set_patience(struct transport *transport, uint32_t ms)
{
    ((struct wire *)transport)->patience = ms;
}

static size_t wire_room(const struct transport *transport)
{
    return ((const struct wire *)transport)->room;
}

static const struct transport_ops wire_ops = {
    .recv = wire_recv,
    .send = wire_send,
    .peek = wire_peek,
    .broken = wire_broken,
    .shutdown_send = wire_shutdown_send,
    .end = wire_let_go,
    .splice_fd = wire_splice_fd,
    .set_patience = wire_set_patience,
    .room = wire_room,
};

struct wire *stage_new_wire(void)
{
    struct wire *wire = calloc(1, sizeof *wire);

    ck_assert_ptr_nonnull(wire);
    ck_assert_uint_lt(stage.wire_count, WIRES_MAX);
    wire->heard = calloc(1, 1);
    ck_assert_ptr_nonnull(wire->heard);
    wire->near.ops = &wire_ops;
    wire->near.loop = stage.services.loop;
    wire->room = SIZE_MAX;
    wire->armed = true; /* a fresh one has its first edge yet to come */
    wire->number = stage.wire_count;
    stage.wires[stage.wire_count++] = wire;
    return wire;
}

int stage_descriptor(const struct wire *wire)
{
    return DESCRIPTOR_FIRST + (int)wire->number;
}

struct transport *__wrap_transport_from_socket(struct loop *loop, int fd)
{
    struct wire *wire;

    if (fd < DESCRIPTOR_FIRST)
        return __real_transport_from_socket(loop, fd);
    wire = stage_wire((unsigned)(fd - DESCRIPTOR_FIRST));
    if (stage.lack != STAGE_LACKS_TRANSPORT)
        return &wire->near;
    wire->closed = true; /* as the descriptor is */
    return NULL;
}

unsigned stage_wires(void)
{
    return stage.wire_count;
}

struct wire *stage_wire(unsigned i)
{
    ck_assert_msg(i < stage.wire_count, "there are %u connections, and no %u", stage.wire_count, i);
    return stage.wires[i];
}

bool wire_is_held(const struct wire *wire)
{
    return !wire->closed && !wire->reset;
}

void wire_clear(struct wire *wire)
{
    wire->heard_length = 0;
    wire->heard[0] = '\0';
}

static void tell_news(struct deferred *news)
{
    struct wire *wire = (struct wire *)((char *)news - offsetof(struct wire, news));
    int ready = wire->ready;

    wire->ready = 0;
    if (wire->near.watcher)
        wire->near.watcher(wire->near.watcher_arg, ready);
}

/* An edge: what arrives is told of, room only to whoever has found none. */
static void make_ready(struct wire *wire, int ready)
{
    wire->ready |= ready & LOOP_READ;
    if (ready & LOOP_WRITE && wire->armed)
        wire->ready |= LOOP_WRITE;
    wire->armed &= !(ready & LOOP_WRITE);
    if (wire->ready && wire_is_held(wire))
        loop_defer(stage.services.loop, &wire->news, tell_news);
    stage_settle();
}

void wire_say_bytes(struct wire *wire, const void *bytes, size_t length)
{
    wire->said = realloc(wire->said, wire->said_length + length + 1);
    ck_assert_ptr_nonnull(wire->said);
    memcpy(wire->said + wire->said_length, bytes, length);
    wire->said_length += length;
    make_ready(wire, LOOP_READ);
}

void wire_say(struct wire *wire, const char *text)
{
    wire_say_bytes(wire, text, strlen(text));
}

void wire_end(struct wire *wire)
{
    wire->ended = true;
    make_ready(wire, LOOP_READ);
}

void wire_break(struct wire *wire, int error)
{
    wire->broken = error;
    make_ready(wire, LOOP_READ | LOOP_WRITE);
}

void wire_give_room(struct wire *wire, size_t room)
{
    wire->room = room;
    make_ready(wire, LOOP_WRITE);
}

/* --- all of it --- */

struct services *stage_set_up(void)
{
    char error[200];

    memset(&stage, 0, sizeof stage);
    stage.now = EPOCH;
    stage.descriptors = unit_descriptors();
    ck_assert_msg(services_init(&stage.services, error, sizeof error), "%s", error);
    stage.services.ahead_at_once = true;
    return &stage.services;
}

struct loop *stage_loop(void)
{
    return stage.services.loop;
}

void stage_tear_down(void)
{
    stage_settle();
    ck_assert_uint_eq(stage.lookups_open, 0);
    ck_assert_uint_eq(stage.dials_open, 0);
    services_release(&stage.services);
    ck_assert_uint_eq(stage.timer_count, 0);
    for (unsigned i = 0; i < stage.wire_count; i++) {
        ck_assert_msg(!wire_is_held(stage.wires[i]), "connection %u was left open", i);
        free(stage.wires[i]->heard);
        free(stage.wires[i]->said);
        free(stage.wires[i]);
    }
    ck_assert_int_eq(unit_descriptors(), stage.descriptors);
}
