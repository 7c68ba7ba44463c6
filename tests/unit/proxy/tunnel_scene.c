/* SPDX-License-Identifier: ISC */
#include "tunnel_scene.h"

#include <stdio.h>
#include <string.h>

#include "../unit.h"

struct services *tunnel_scene_set_up(void)
{
    static const char names[] = "abcd";
    struct services *services = stage_set_up();

    for (unsigned i = 0; names[i]; i++) {
        char name[2] = {names[i], '\0'}, address[16];

        snprintf(address, sizeof address, "192.0.2.%u", i + 1);
        stage_name(name, address);
        stage_address(address, STAGE_CONNECTS);
    }
    stage_name("mail.example.net", "192.0.2.9");
    stage_address("192.0.2.9", STAGE_CONNECTS);
    return services;
}

static void on_told(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct asked *asked = arg;

    unit_note_outcome(&asked->told, &asked->outcome, &asked->failure, outcome, failure);
    if (asked->frees) {
        tunnel_free(asked->tunnel);
        asked->tunnel = NULL;
    }
}

void steps_add(char steps[STEPS_MAX], const char *step, const char *text)
{
    size_t length = strlen(steps);

    snprintf(steps + length, STEPS_MAX - length, "%s %s;", step, text);
}

static void on_step(void *arg, const char *step, const char *text)
{
    steps_add(((struct asked *)arg)->steps, step, text);
}

void asked_open(struct asked *asked, const struct services *services, struct config *config)
{
    const struct tunnel_params params = {
        .services = services,
        .config = config,
        .listener = &config->listeners[0],
        .name = "imap#1",
        .trace = {on_step, asked},
        .done = on_told,
        .arg = asked,
    };

    memset(asked, 0, sizeof *asked);
    asked->tunnel = tunnel_open(&params);
    ck_assert_ptr_nonnull(asked->tunnel);
    ck_assert_uint_eq(asked->told, 0);
}

void asked_start(struct asked *asked, const struct services *services, struct config *config)
{
    asked_open(asked, services, config);
    stage_settle();
}

void asked_end(struct asked *asked)
{
    tunnel_free(asked->tunnel);
    stage_settle();
}

void asked_check_open(const struct asked *asked, const char *proxy)
{
    const struct endpoint *by = tunnel_proxy(asked->tunnel);

    ck_assert_uint_eq(asked->told, 1);
    ck_assert_msg(asked->outcome == OUTCOME_DONE, "%s", asked->failure.what);
    ck_assert_str_eq(by ? by->host : "direct", proxy);
}

struct wire *wire_to(const char *address)
{
    struct wire *wire = stage_wire(stage_wires() - 1);

    ck_assert_str_eq(wire->to, address);
    return wire;
}
