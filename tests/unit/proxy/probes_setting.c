/* SPDX-License-Identifier: ISC */
#include "probes_setting.h"

#include <stdio.h>
#include <string.h>

#include "../unit.h"

struct services *services;
struct config *config;

void set_up(const char *proxy)
{
    char text[1000];

    services = tunnel_scene_set_up();
    services->probes = probes_new(services);
    ck_assert_ptr_nonnull(services->probes);
    snprintf(text, sizeof text, "[sallyport]\nconnect-timeout = 15s\nhandshake-timeout = 20s\n[proxy]\n%s\n"
             "announce = none\n[imap]\ntarget = mail.example.net\n", proxy);
    config = unit_config(text);
}

void tear_down(void)
{
    probes_free(services->probes);
    config_unref(config);
    stage_tear_down();
}

const struct endpoint *url(size_t i)
{
    return &config->proxies[0].urls.at[i];
}

enum health_state state_of(size_t i)
{
    return health_state(services->health, url(i), loop_now(services->loop));
}

uint64_t rest_of(size_t i)
{
    const char *why = "";

    return health_rest_left(services->health, url(i), loop_now(services->loop), &why);
}

void doubt(size_t i, const struct failure *failure)
{
    health_failed(services->health, NULL, url(i), loop_now(services->loop) - HEALTH_REST_FIRST_MS, failure);
    ck_assert_int_eq(state_of(i), HEALTH_DOUBTFUL);
}

void opens_at(const char *address)
{
    uint64_t before = stage_time();
    struct asked asked;
    unsigned i = 0;

    asked_start(&asked, services, config);
    while (!wire_is_held(stage_wire(i)) || strcmp(stage_wire(i)->to, address) != 0)
        i++;
    wire_say(stage_wire(i), "HTTP/1.1 200 x\r\n\r\n");
    ck_assert_uint_eq(asked.told, 1);
    ck_assert_int_eq(asked.outcome, OUTCOME_DONE);
    ck_assert_uint_eq(stage_time(), before);
    asked_end(&asked);
}
