/* SPDX-License-Identifier: ISC */
#include "hall.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "relay/crypt_child.h"

#include "../unit.h"

#define HASH "$6$salt$3aEJgflnzWuw1O3tr0IYSmhUY0cZ7iBQeBP392T7RXjLP3TKKu3ddIapQaCpbD4p9ioeGaVIjOHaym7HvCuUm0" /* pass */

static const char users_text[] =
    "alice:" HASH ":register=home:143,home:993,mail.example:25 reach=*\n"
    "bob:" HASH ":reach=home:143\n"
    "carol:" HASH ":register=* reach=*\n";

/* --- passwords --- */

struct crypt_child *__wrap_crypt_child_start(struct loop *loop, const char *password, const char *hash,
                                             uint32_t limit_ms, crypt_child_done_fn *done, void *arg);
void __wrap_crypt_child_cancel(struct crypt_child *child);

struct crypt_child {
    struct deferred turn;
    struct loop *loop;
    bool right;
    crypt_child_done_fn *done;
    void *arg;
};

static void on_turn(struct deferred *turn)
{
    struct crypt_child child = *(struct crypt_child *)(void *)turn;

    free(turn);
    child.done(child.arg, child.right ? CRYPT_RIGHT : CRYPT_WRONG);
}

struct crypt_child *__wrap_crypt_child_start(struct loop *loop, const char *password, const char *hash,
                                             uint32_t limit_ms, crypt_child_done_fn *done, void *arg)
{
    struct crypt_child *child = calloc(1, sizeof *child);

    (void)hash, (void)limit_ms;
    ck_assert_ptr_nonnull(child);
    child->loop = loop;
    child->right = strcmp(password, "pass") == 0;
    child->done = done;
    child->arg = arg;
    loop_defer(loop, &child->turn, on_turn);
    return child;
}

void __wrap_crypt_child_cancel(struct crypt_child *child)
{
    if (child)
        loop_undefer(child->loop, &child->turn);
    free(child);
}

/* --- the hall --- */

static void on_ended(void *arg)
{
    ((struct hall *)arg)->ended++;
}

static void on_report(void *arg, const char *line)
{
    (void)arg;
    ck_abort_msg("%s", line);
}

/* Reads the configuration and the users file that it names. */
static void read_files(struct hall *hall, const char *more)
{
    char path[] = "/tmp/hall-XXXXXX", text[2000];
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, users_text, strlen(users_text)), (ssize_t)strlen(users_text));
    close(fd);
    snprintf(text, sizeof text, "[relay]\nlisten = 127.0.0.1:8080\nusers = %s\n%s\n", path, more);
    hall->config = unit_config(text);
    hall->users = relay_users_load(path, on_report, NULL);
    ck_assert_ptr_nonnull(hall->users);
    unlink(path);
}

void hall_set_up(struct hall *hall, const char *more)
{
    struct services *services = stage_set_up();
    struct visits_params params = {.loop = stage_loop(), .ended = on_ended, .arg = hall};

    memset(hall, 0, sizeof *hall);
    read_files(hall, more);
    hall->sessions = sessions_new(services, NULL, NULL);
    hall->logins = relay_logins_new(stage_loop());
    ck_assert(hall->sessions && hall->logins);
    params.sessions = hall->sessions;
    params.logins = hall->logins;
    hall->visits = visits_new(&params);
    ck_assert_ptr_nonnull(hall->visits);
    visits_keep(hall->visits, hall->config, &hall->config->relays[0], hall->users, NULL);
    given_forget_log();
}

void hall_tear_down(struct hall *hall)
{
    visits_free(hall->visits);
    stage_settle();
    relay_logins_free(hall->logins);
    relay_users_unref(hall->users);
    sessions_free(hall->sessions);
    config_unref(hall->config);
    stage_tear_down();
}

static void addresses(const char *from, struct address *far, struct address *near)
{
    ck_assert(address_from_literal(far, from, 50000));
    ck_assert(address_from_literal(near, "203.0.113.5", 8443));
}

struct wire *hall_come(struct hall *hall, const char *from)
{
    struct wire *wire = stage_new_wire();
    struct address far, near;

    addresses(from, &far, &near);
    visits_receive(hall->visits, &wire->near, &far, &near);
    stage_settle();
    return wire;
}

struct wire *hall_come_public(struct hall *hall, const char *from)
{
    struct wire *wire = stage_new_wire();
    struct address far, near;

    addresses(from, &far, &near);
    visits_lead(hall->visits, &hall->config->settings, &hall->config->publics[0], &wire->near, &far, &near);
    stage_settle();
    return wire;
}

void hall_check_status(struct wire *wire, const char *say, unsigned status)
{
    char line[32];

    snprintf(line, sizeof line, "HTTP/1.1 %u ", status);
    wire_say(wire, say);
    ck_assert_msg(strncmp(wire->heard, line, strlen(line)) == 0, "%s\n-> %s", say, wire->heard);
    wire_clear(wire);
}

struct wire *hall_wait(struct hall *hall)
{
    struct wire *wire = hall_come(hall, "198.51.100.1");

    wire_say(wire, HALL_REGISTER);
    ck_assert_msg(!*wire->heard || strncmp(wire->heard, "HTTP/1.1 101 ", 13) == 0, "%s", wire->heard);
    return wire;
}

struct wire *hall_call(struct hall *hall)
{
    struct wire *wire = hall_come(hall, "192.0.2.7");

    wire_say(wire, HALL_CONNECT);
    return wire;
}

static void note(void *arg, const struct registry_facts *facts)
{
    char *out = arg;

    snprintf(out + strlen(out), 200, "%s %s %zu %zu\n", facts->name, facts->user, facts->waiting, facts->sessions);
}

void hall_check_names(struct hall *hall, const char *wanted)
{
    char out[1000] = "";

    visits_each(hall->visits, note, out);
    ck_assert_str_eq(out, wanted);
}
