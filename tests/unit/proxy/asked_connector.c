/* SPDX-License-Identifier: ISC */
#include "asked_connector.h"

#include <stdio.h>
#include <string.h>

#include "../unit.h"

static void on_told(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct asked_connector *asked = arg;

    unit_note_outcome(&asked->told, &asked->outcome, &asked->failure, outcome, failure);
    asked->borrowed = failure;
    if (asked->frees) {
        connector_free(asked->connector);
        asked->connector = NULL;
        asked->borrowed = NULL;
    }
}

static void on_step(void *arg, const char *step, const char *text)
{
    struct asked_connector *asked = arg;
    size_t length = strlen(asked->steps);

    snprintf(asked->steps + length, sizeof asked->steps - length, "%s %s;", step, text);
}

static const char *forbids(void *arg, const struct address *address)
{
    const struct asked_connector *asked = arg;
    char text[ADDRESS_TEXT_MAX];

    return strcmp(address_format(address, text), asked->forbidden) == 0 ? "it is 100% ours" : NULL;
}

struct asked_connector asked_connector_set_up(void)
{
    return (struct asked_connector){
        .services = stage_set_up(),
        .settings = {.resolve_timeout = RESOLVE_MS, .connect_timeout = CONNECT_MS, .handshake_timeout = HANDSHAKE_MS},
    };
}

void asked_connector_start(struct asked_connector *asked, const struct endpoint *place)
{
    const struct connector_params params = {
        .services = asked->services,
        .settings = &asked->settings,
        .place = place,
        .own = asked->own,
        .upgrade_path = asked->upgrade_path,
        .http = asked->http,
        .through = asked->through,
        .leftover = asked->leftover ? unit_exact(asked->leftover, strlen(asked->leftover)) : NULL,
        .leftover_length = asked->leftover ? strlen(asked->leftover) : 0,
        .forbids = asked->forbidden ? forbids : NULL,
        .forbids_arg = asked,
        .trace = {on_step, asked},
        .done = on_told,
        .arg = asked,
    };
    unsigned lookups = stage_lookups();

    asked->told = 0;
    asked->steps[0] = '\0';
    asked->connector = connector_start(&params);
    ck_assert_ptr_nonnull(asked->connector);
    ck_assert_uint_eq(stage_lookups(), lookups); /* nothing happens within the call */
}

void asked_connector_go(struct asked_connector *asked, const struct endpoint *place)
{
    asked_connector_start(asked, place);
    stage_settle();
}

void asked_connector_check_failed(const struct asked_connector *asked, enum outcome outcome, enum failure_class class,
                                  const char *what)
{
    ck_assert_uint_eq(asked->told, 1);
    ck_assert_str_eq(asked->failure.what, what);
    ck_assert_int_eq(asked->outcome, outcome);
    ck_assert_int_eq(asked->failure.class, class);
    ck_assert_str_eq(asked->failure.where, ""); /* the owner adds it */
    ck_assert_uint_eq(stage_lookups_open(), 0);
    ck_assert_uint_eq(stage_dials_open(), 0);
    if (asked->borrowed) { /* what was told stays as it is */
        ck_assert_int_eq(asked->borrowed->class, asked->failure.class);
        ck_assert_str_eq(asked->borrowed->where, asked->failure.where);
        ck_assert_str_eq(asked->borrowed->what, asked->failure.what);
        ck_assert_str_eq(asked->borrowed->detail, asked->failure.detail);
    }
}

struct transport *asked_connector_take(struct asked_connector *asked)
{
    struct transport *transport;

    ck_assert_uint_eq(asked->told, 1);
    ck_assert_msg(asked->outcome == OUTCOME_DONE, "told %d: %s", (int)asked->outcome, asked->failure.what);
    ck_assert(connector_connected(asked->connector));
    transport = connector_take(asked->connector);
    ck_assert_ptr_nonnull(transport);
    ck_assert_ptr_null(transport->watcher);
    ck_assert_ptr_null(connector_take(asked->connector));
    return transport;
}

void asked_connector_end(struct asked_connector *asked)
{
    unsigned told = asked->told;

    connector_free(asked->connector);
    asked->connector = NULL;
    asked->borrowed = NULL;
    stage_advance(3 * HANDSHAKE_MS);
    ck_assert_uint_eq(asked->told, told);
    for (unsigned i = 0; i < stage_wires(); i++)
        ck_assert_msg(!wire_is_held(stage_wire(i)), "connection %u was not given up", i);
}

void asked_connector_tear_down(struct asked_connector *asked)
{
    asked_connector_end(asked);
    stage_tear_down();
}
