/* SPDX-License-Identifier: ISC */
#include "session/strangers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "net/transport.h"
#include "session/refusal.h"

/* A place for one that was told why, and has a moment to read that. */
struct stranger {
    struct transport *client; /* NULL: the place is free */
    uint32_t dropped;         /* bytes that it has said since */
    struct loop_timer limit;
};

struct strangers {
    struct loop *loop;
    struct sessions *sessions;
    struct stranger told[STRANGERS_TOLD_MAX];
    struct loop_timer window; /* runs from the first line on */
    unsigned lines;           /* in this window */
    unsigned unlogged;        /* strangers in this window that had no line */
};

struct strangers *strangers_new(struct loop *loop, struct sessions *sessions)
{
    struct strangers *strangers = calloc(1, sizeof *strangers);

    if (!strangers)
        return NULL;
    strangers->loop = loop;
    strangers->sessions = sessions;
    return strangers;
}

/* --- the log --- */

static void on_window_over(void *arg)
{
    struct strangers *strangers = arg;

    if (strangers->unlogged > 0)
        log_message(LEVEL_WARNING, NULL, "clients that may not connect: %u more were turned away within %u s",
                    strangers->unlogged, STRANGERS_WINDOW_MS / 1000);
    strangers->lines = strangers->unlogged = 0;
}

static void write_line(struct strangers *strangers, const struct listener_config *listener, const char *from,
                       const struct failure *refusal)
{
    char reason[600], quoted[700], name[80];

    if (strangers->lines == STRANGERS_LINES_MAX) {
        strangers->unlogged++;
        return;
    }
    if (strangers->lines++ == 0)
        loop_timer_start(strangers->loop, &strangers->window, STRANGERS_WINDOW_MS, on_window_over, strangers);
    failure_format(refusal, reason, sizeof reason);
    snprintf(name, sizeof name, "%s #%" PRIu64, listener->name, sessions_take_number(strangers->sessions));
    log_event(LEVEL_WARNING, name, "refused %s class=%s reason=\"%s\"%s", from, failure_class_name(refusal->class),
              log_quote(quoted, sizeof quoted, reason), refusal->detail);
}

/* --- those that were told --- */

/* Makes the place free.  end is transport_close or transport_reset. */
static void let_go(struct stranger *stranger, void (*end)(struct transport *))
{
    loop_timer_stop(&stranger->limit);
    end(stranger->client);
    stranger->client = NULL;
}

static void on_late(void *arg)
{
    let_go(arg, transport_close);
}

static void on_client(void *arg, int ready)
{
    struct stranger *stranger = arg;

    (void)ready;
    if (!refusal_drain(stranger->client, &stranger->dropped))
        let_go(stranger, transport_close);
}

/* NULL: all places are taken. */
static struct stranger *find_place(struct strangers *strangers)
{
    for (size_t i = 0; i < STRANGERS_TOLD_MAX; i++)
        if (!strangers->told[i].client)
            return &strangers->told[i];
    return NULL;
}

static void tell(struct strangers *strangers, struct stranger *stranger, const struct listener_config *listener,
                 int fd, const struct failure *refusal)
{
    stranger->client = transport_from_socket(strangers->loop, fd);
    if (!stranger->client)
        return;
    stranger->dropped = 0;
    if (!refusal_say(stranger->client, listener, 0, refusal, REFUSAL_CLIENT_UNKNOWN)) {
        let_go(stranger, transport_reset);
        return;
    }
    transport_watch(stranger->client, on_client, stranger);
    loop_timer_start(strangers->loop, &stranger->limit, REFUSAL_READING_MS, on_late, stranger);
    on_client(stranger, LOOP_READ); /* bytes that have arrived already cause no event */
}

/* --- public functions --- */

void strangers_free(struct strangers *strangers)
{
    if (!strangers)
        return;
    loop_timer_stop(&strangers->window);
    on_window_over(strangers);
    for (size_t i = 0; i < STRANGERS_TOLD_MAX; i++)
        if (strangers->told[i].client)
            let_go(&strangers->told[i], transport_reset);
    free(strangers);
}

void strangers_turn_away(struct strangers *strangers, const struct listener_config *listener, int fd, const char *from,
                         const struct failure *refusal)
{
    const struct linger now = {.l_onoff = 1, .l_linger = 0};
    struct stranger *place = find_place(strangers);

    write_line(strangers, listener, from, refusal);
    if (place) {
        tell(strangers, place, listener, fd, refusal);
        return;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now); /* a reset leaves nothing behind in the system */
    close(fd);
}
