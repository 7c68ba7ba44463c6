/* SPDX-License-Identifier: ISC */
#include "played_h2.h"

#include <stdio.h>
#include <string.h>

#include "../stage.h"
#include "../unit.h"

#define PLAYED_MAX 128

struct h2_connection *__wrap_h2_connection_new(const struct h2_connection_params *params);
void __wrap_h2_connection_let_go(struct h2_connection *connection);
bool __wrap_h2_connection_is_settled(const struct h2_connection *connection);
const struct h2_settings *__wrap_h2_connection_settings(const struct h2_connection *connection);
bool __wrap_h2_connection_is_draining(const struct h2_connection *connection);
const char *__wrap_h2_connection_death(const struct h2_connection *connection);
bool __wrap_h2_connection_takes(const struct h2_connection *connection);
size_t __wrap_h2_connection_tunnels(const struct h2_connection *connection);
size_t __wrap_h2_connection_waiting(const struct h2_connection *connection);
size_t __wrap_h2_connection_most(const struct h2_connection *connection);
uint64_t __wrap_h2_connection_idle_since(const struct h2_connection *connection);
uint64_t __wrap_h2_connection_serial(const struct h2_connection *connection);
void __wrap_h2_connection_ping(struct h2_connection *connection);
bool __wrap_h2_connection_is_pinged(const struct h2_connection *connection);
void __wrap_h2_connection_limit(struct h2_connection *connection, size_t most);
void __wrap_h2_connection_set_patience(struct h2_connection *connection, uint32_t ms);

static struct played all[PLAYED_MAX];
static unsigned count;
static bool lacks_memory;

void played_set_up(void)
{
    memset(all, 0, sizeof all);
    count = 0;
    lacks_memory = false;
}

void played_tear_down(void)
{
    for (unsigned i = 0; i < count; i++)
        ck_assert_msg(!all[i].held, "connection %u was not let go of", i);
}

unsigned played_count(void)
{
    return count;
}

struct played *played(unsigned i)
{
    ck_assert_uint_lt(i, count);
    return &all[i];
}

/* Who asks has it. */
static struct played *of(const struct h2_connection *connection)
{
    struct played *found = played_by(connection);

    ck_assert_ptr_nonnull(found);
    ck_assert(found->held);
    return found;
}

struct played *played_by(const struct h2_connection *connection)
{
    for (unsigned i = 0; i < count; i++)
        if ((const void *)&all[i] == (const void *)connection)
            return &all[i];
    return NULL;
}

void played_lacks(bool memory)
{
    lacks_memory = memory;
}

struct h2_connection *__wrap_h2_connection_new(const struct h2_connection_params *params)
{
    struct played *fresh = &all[count];

    if (lacks_memory) {
        transport_close(params->transport);
        return NULL;
    }
    ck_assert_uint_lt(count, PLAYED_MAX);
    *fresh = (struct played){.params = *params, .serial = ++count, .settings.streams = UINT32_MAX,
                             .idle_since = loop_now(params->loop), .held = true, .limit = SIZE_MAX};
    snprintf(fresh->name, sizeof fresh->name, "%s", params->name);
    return (struct h2_connection *)(void *)fresh;
}

void __wrap_h2_connection_let_go(struct h2_connection *connection)
{
    if (!connection)
        return;
    transport_close(of(connection)->params.transport);
    of(connection)->held = false;
}

bool __wrap_h2_connection_is_settled(const struct h2_connection *connection)
{
    return of(connection)->settled;
}

const struct h2_settings *__wrap_h2_connection_settings(const struct h2_connection *connection)
{
    return &of(connection)->settings;
}

bool __wrap_h2_connection_is_draining(const struct h2_connection *connection)
{
    return of(connection)->draining;
}

const char *__wrap_h2_connection_death(const struct h2_connection *connection)
{
    return of(connection)->death;
}

bool __wrap_h2_connection_takes(const struct h2_connection *connection)
{
    const struct played *asked = of(connection);
    size_t streams = asked->tunnels + asked->waiting;

    return !asked->full && !asked->draining && !asked->death && streams < asked->limit && streams < H2_TUNNELS_MAX &&
           streams < (asked->settled ? asked->settings.streams : H2_TUNNELS_EARLY);
}

size_t __wrap_h2_connection_tunnels(const struct h2_connection *connection)
{
    return of(connection)->tunnels;
}

size_t __wrap_h2_connection_waiting(const struct h2_connection *connection)
{
    return of(connection)->waiting;
}

size_t __wrap_h2_connection_most(const struct h2_connection *connection)
{
    return of(connection)->most;
}

uint64_t __wrap_h2_connection_idle_since(const struct h2_connection *connection)
{
    return of(connection)->idle_since;
}

uint64_t __wrap_h2_connection_serial(const struct h2_connection *connection)
{
    return of(connection)->serial;
}

void __wrap_h2_connection_ping(struct h2_connection *connection)
{
    of(connection)->pings++;
    of(connection)->pinged = true;
}

bool __wrap_h2_connection_is_pinged(const struct h2_connection *connection)
{
    return of(connection)->pinged;
}

void __wrap_h2_connection_limit(struct h2_connection *connection, size_t most)
{
    of(connection)->limit = most;
}

void __wrap_h2_connection_set_patience(struct h2_connection *connection, uint32_t ms)
{
    of(connection)->patience = ms;
}

static void tell(struct played *changed)
{
    changed->params.changed(changed->params.arg);
    stage_settle();
}

void played_settle(struct played *played, uint32_t streams)
{
    played->settled = true;
    played->settings.streams = streams;
    tell(played);
}

void played_carry(struct played *played, size_t tunnels, size_t waiting)
{
    bool idle = tunnels + waiting == 0;

    if (idle != (played->idle_since != 0))
        played->idle_since = idle ? loop_now(stage_loop()) : 0;
    played->tunnels = tunnels;
    played->waiting = waiting;
    if (played->most < tunnels)
        played->most = tunnels;
    tell(played);
}

void played_answer(struct played *played)
{
    played->pinged = false;
    tell(played);
}

void played_drain(struct played *played)
{
    played->draining = true;
    tell(played);
}

void played_die(struct played *played, const char *why)
{
    played->death = why;
    tell(played);
}
