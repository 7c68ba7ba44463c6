/* SPDX-License-Identifier: ISC */
#include "proxy/h2_share.h"

#include <string.h>

#include "../unit.h"

/* --- the pool and the exchange are the test's own (-Wl,--wrap=...) --- */

struct h2_seat *__wrap_h2_pool_seat(struct h2_pool *pool, const struct h2_seat_params *params);
struct h2_connection *__wrap_h2_seat_connection(const struct h2_seat *seat);
bool __wrap_h2_seat_on_loopback(const struct h2_seat *seat);
struct h2_connection *__wrap_h2_seat_bring(struct h2_seat *seat, struct transport *transport, bool on_loopback);
void __wrap_h2_seat_is_h1(struct h2_seat *seat);
void __wrap_h2_seat_free(struct h2_seat *seat);
uint64_t __wrap_h2_connection_serial(const struct h2_connection *connection);
struct exchange *__wrap_h2_exchange_start(const struct exchange_params *params, struct h2_connection *connection,
                                          void (*overtaken)(void *arg));
enum h2_exchange_end __wrap_h2_exchange_end(const struct exchange *exchange);
uint64_t __wrap_h2_pool_doubted(const struct h2_pool *pool, uint64_t serial);

static struct h2_seat {
    struct h2_seat_params params;
    bool held, h1;
    struct transport *brought;
    bool on_loopback;
} seat;
static struct h2_connection {
    uint64_t serial;
} connection, *sits; /* sits: what the seat leads to, or NULL */
static struct exchange exchange;
static enum h2_exchange_end end;
static bool no_memory;
static unsigned asked;

struct h2_seat *__wrap_h2_pool_seat(struct h2_pool *pool, const struct h2_seat_params *params)
{
    ck_assert_ptr_nonnull(pool);
    ck_assert(!seat.held);
    if (no_memory)
        return NULL;
    seat = (struct h2_seat){.params = *params, .held = true};
    return &seat;
}

struct h2_connection *__wrap_h2_seat_connection(const struct h2_seat *of)
{
    ck_assert(of->held);
    return sits;
}

bool __wrap_h2_seat_on_loopback(const struct h2_seat *of)
{
    ck_assert(of->held);
    return of->on_loopback;
}

struct h2_connection *__wrap_h2_seat_bring(struct h2_seat *to, struct transport *transport, bool on_loopback)
{
    ck_assert(to->held);
    to->brought = transport;
    to->on_loopback = on_loopback;
    return no_memory ? NULL : &connection;
}

void __wrap_h2_seat_is_h1(struct h2_seat *to)
{
    ck_assert(to->held);
    to->h1 = true;
}

void __wrap_h2_seat_free(struct h2_seat *of)
{
    if (of)
        of->held = false;
}

uint64_t __wrap_h2_connection_serial(const struct h2_connection *of)
{
    return of->serial;
}

struct exchange *__wrap_h2_exchange_start(const struct exchange_params *params, struct h2_connection *on,
                                          void (*overtaken)(void *arg))
{
    (void)params;
    ck_assert_ptr_eq(on, &connection);
    ck_assert_ptr_null(overtaken);
    ck_assert(seat.held); /* or the connection might be gone */
    asked++;
    return no_memory ? NULL : &exchange;
}

uint64_t __wrap_h2_pool_doubted(const struct h2_pool *pool, uint64_t serial)
{
    (void)pool;
    return serial + 2;
}

enum h2_exchange_end __wrap_h2_exchange_end(const struct exchange *of)
{
    ck_assert_ptr_eq(of, &exchange);
    return end;
}

/* --- a share --- */

static struct h2_share share;
static struct h2_pool *const pool = (struct h2_pool *)&asked;
static struct transport *const transport = (struct transport *)&connection;
static const struct exchange_params params;

static void set_up(void)
{
    share = (struct h2_share){.pool = pool, .params.wait_ms = 7};
    seat = (struct h2_seat){.held = false};
    connection.serial = 5;
    sits = NULL;
    no_memory = false;
    asked = 0;
}

/* Finds a connection and asks on it. */
static void ask(uint64_t serial)
{
    bool on_loopback;

    connection.serial = serial;
    sits = &connection;
    ck_assert(h2_share_seek(&share));
    ck_assert(h2_share_sits(&share, &on_loopback));
    ck_assert_ptr_eq(h2_share_ask(&share, &params, NULL), &exchange);
}

START_TEST(it_asks_where_there_is_room)
{
    bool on_loopback = _i == 0;

    set_up();
    sits = &connection;
    ck_assert(h2_share_seek(&share));
    ck_assert_uint_eq(seat.params.wait_ms, 7);
    seat.on_loopback = _i == 1;
    ck_assert(h2_share_sits(&share, &on_loopback));
    ck_assert_int_eq(on_loopback, _i == 1);
    ck_assert(!h2_share_makes(&share));
    ck_assert_uint_eq(share.asked_on, 0);
    ck_assert_ptr_eq(h2_share_ask(&share, &params, NULL), &exchange);
    ck_assert_uint_eq(share.asked_on, 5);
    ck_assert_ptr_null(share.connection);
    ck_assert(!h2_share_makes(&share));
    ck_assert(seat.held); /* it is a place of its connection until the answer */
    h2_share_is_answered(&share);
    ck_assert(!seat.held);
    ck_assert_uint_eq(share.asked_on, 5);
    h2_share_leave(&share);
    ck_assert_uint_eq(share.asked_on, 0);
}
END_TEST

START_TEST(it_makes_a_connection)
{
    bool on_loopback = true;

    set_up();
    ck_assert(h2_share_seek(&share));
    ck_assert(!h2_share_sits(&share, &on_loopback));
    ck_assert(on_loopback); /* untouched */
    ck_assert(h2_share_makes(&share));
    if (_i == 0) {
        ck_assert(h2_share_bring(&share, transport, true));
        ck_assert_ptr_eq(seat.brought, transport);
        ck_assert(seat.on_loopback);
        ck_assert(!h2_share_makes(&share));
        ck_assert_ptr_eq(share.connection, &connection);
        ck_assert_ptr_eq(h2_share_ask(&share, &params, NULL), &exchange);
        ck_assert_uint_eq(share.asked_on, 5);
        h2_share_leave(&share);
    } else {
        h2_share_is_h1(&share);
        ck_assert(seat.h1);
        ck_assert(!h2_share_makes(&share));
        ck_assert_uint_eq(share.asked_on, 0);
    }
    ck_assert(!seat.held);
}
END_TEST

START_TEST(it_leaves_whenever)
{
    bool on_loopback;

    set_up();
    h2_share_leave(&share);
    ck_assert(h2_share_seek(&share));
    if (_i == 1)
        h2_share_sits(&share, &on_loopback);
    h2_share_leave(&share);
    ck_assert(!seat.held);
    ck_assert(!h2_share_makes(&share));
    ck_assert(h2_share_seek(&share)); /* and comes back */
    ck_assert(h2_share_seek(&share)); /* or looks anew */
    ck_assert(seat.held);
    h2_share_leave(&share);
}
END_TEST

START_TEST(what_was_not_processed_is_asked_once_elsewhere)
{
    set_up();
    ask(5);
    end = H2_EXCHANGE_UNPROCESSED;
    ck_assert(h2_share_goes_elsewhere(&share, OUTCOME_PEER, &exchange));
    ask(6);
    ck_assert_uint_eq(seat.params.avoid[0], 5);
    ck_assert_uint_eq(seat.params.avoid[1], 0);
    ck_assert_uint_eq(seat.params.after, 7);
    ck_assert(!h2_share_goes_elsewhere(&share, OUTCOME_PEER, &exchange));
    ck_assert_uint_eq(asked, 2);
    h2_share_leave(&share);
}
END_TEST

START_TEST(other_ends_stand)
{
    static const enum h2_exchange_end ends[] = {H2_EXCHANGE_FAILED, H2_EXCHANGE_NEEDS_1_1, H2_EXCHANGE_NO_CONNECT};

    set_up();
    ask(5);
    end = ends[_i];
    ck_assert_int_eq(h2_share_end(&share, OUTCOME_PEER, &exchange), end);
    ck_assert_int_eq(h2_share_end(&share, OUTCOME_DONE, &exchange), H2_EXCHANGE_FAILED);
    ck_assert_int_eq(h2_share_end(&share, OUTCOME_PEER, NULL), H2_EXCHANGE_FAILED);
    ck_assert(!h2_share_goes_elsewhere(&share, OUTCOME_PEER, &exchange));
    ck_assert(!share.went_elsewhere);
    h2_share_leave(&share);
}
END_TEST

START_TEST(what_was_not_asked_here_stands)
{
    set_up();
    end = H2_EXCHANGE_UNPROCESSED; /* of an exchange that is not one of HTTP/2, and not looked at */
    ck_assert(!h2_share_goes_elsewhere(&share, OUTCOME_PEER, &exchange));
}
END_TEST

START_TEST(those_to_avoid_are_kept)
{
    static const uint64_t others[][H2_POOL_AVOID_MAX] = {{1, 2, 3, 0}, {0, 2, 3, 0}, {1, 2, 3, 4}};
    static const uint64_t kept[][H2_POOL_AVOID_MAX] = {{1, 2, 3, 9}, {9, 2, 3, 0}, {1, 2, 3, 9}};

    set_up();
    memcpy(share.params.avoid, others[_i], sizeof others[_i]);
    ask(9);
    end = H2_EXCHANGE_UNPROCESSED;
    ck_assert(h2_share_goes_elsewhere(&share, OUTCOME_PEER, &exchange));
    ck_assert_int_eq(memcmp(share.params.avoid, kept[_i], sizeof kept[_i]), 0);
    h2_share_leave(&share);
}
END_TEST

START_TEST(memory_runs_out)
{
    bool on_loopback;

    set_up();
    no_memory = true;
    ck_assert(!h2_share_seek(&share));
    no_memory = false;
    ck_assert(h2_share_seek(&share));
    ck_assert(!h2_share_sits(&share, &on_loopback));
    no_memory = true;
    ck_assert(!h2_share_bring(&share, transport, false));
    h2_share_leave(&share);
    ck_assert(!seat.held);
    no_memory = false;
    sits = &connection;
    ck_assert(h2_share_seek(&share));
    ck_assert(h2_share_sits(&share, &on_loopback));
    no_memory = true;
    ck_assert_ptr_null(h2_share_ask(&share, &params, NULL));
    h2_share_leave(&share);
    ck_assert(!seat.held);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("h2_share");

    tcase_add_loop_test(cases, it_asks_where_there_is_room, 0, 2);
    tcase_add_loop_test(cases, it_makes_a_connection, 0, 2);
    tcase_add_loop_test(cases, it_leaves_whenever, 0, 2);
    tcase_add_test(cases, what_was_not_processed_is_asked_once_elsewhere);
    tcase_add_loop_test(cases, other_ends_stand, 0, 3);
    tcase_add_test(cases, what_was_not_asked_here_stands);
    tcase_add_loop_test(cases, those_to_avoid_are_kept, 0, 3);
    tcase_add_test(cases, memory_runs_out);
    return unit_run();
}
