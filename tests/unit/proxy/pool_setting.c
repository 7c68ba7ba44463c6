/* SPDX-License-Identifier: ISC */
#include "pool_setting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/connector.h"

#include "../unit.h"

bool ends_at_once;

struct transport *__wrap_connector_take(struct connector *connector);
struct transport *__real_connector_take(struct connector *connector);

struct transport *__wrap_connector_take(struct connector *connector)
{
    struct transport *transport = __real_connector_take(connector);

    if (ends_at_once)
        ((struct wire *)transport)->ended = true;
    return transport;
}

void set_up(struct setting *setting)
{
    memset(setting, 0, sizeof *setting);
    setting->services = stage_set_up();
    stage_chance(STAGE_MIDDLE);
    setting->a = (struct endpoint){.host = "192.0.2.1", .port = 3128};
    setting->b = (struct endpoint){.host = "192.0.2.2", .port = 3128};
    stage_address(A, STAGE_CONNECTS);
    stage_address(B, STAGE_CONNECTS);
    ends_at_once = false;
    setting->pool = pool_new(setting->services);
    ck_assert_ptr_nonnull(setting->pool);
}

void keep(struct setting *setting, const char *text, size_t most)
{
    struct config *config = unit_config(text);

    pool_keep(setting->pool, config, most);
    config_unref(setting->config);
    setting->config = config;
}

void tear_down(struct setting *setting)
{
    pool_free(setting->pool);
    if (setting->config)
        ck_assert_uint_eq(setting->config->references, 1);
    config_unref(setting->config);
    stage_tear_down();
}

const struct proxy_config *section(const struct setting *setting, size_t i)
{
    ck_assert_uint_lt(i, setting->config->proxy_count);
    return &setting->config->proxies[i];
}

unsigned held(void)
{
    unsigned count = 0;

    for (unsigned i = 0; i < stage_wires(); i++)
        count += wire_is_held(stage_wire(i));
    return count;
}

void check_ready(const struct setting *setting, unsigned to_a, unsigned to_b)
{
    ck_assert_uint_eq(pool_ready(setting->pool, &setting->a, NULL), to_a);
    ck_assert_uint_eq(pool_ready(setting->pool, &setting->b, NULL), to_b);
    for (unsigned i = 0; i < stage_wires(); i++)
        ck_assert(!wire_is_held(stage_wire(i)) || stage_wire(i)->heard_length == 0);
}

void check_three_follow(const struct setting *setting)
{
    check_ready(setting, 1, 0);
    stage_advance(PACE_MS - 1);
    check_ready(setting, 1, 0);
    stage_advance(1);
    check_ready(setting, 2, 0);
    stage_advance(PACE_MS);
    check_ready(setting, 3, 0);
}

struct wire *take(struct setting *setting, const struct endpoint *proxy)
{
    bool on_loopback = true;
    struct transport *transport = pool_take(setting->pool, proxy, section(setting, 0), &on_loopback);

    if (!transport)
        return NULL;
    ck_assert(!on_loopback);
    ck_assert_ptr_null(transport->watcher);
    return (struct wire *)transport;
}

void check_taken(struct wire *wire, unsigned number)
{
    ck_assert_ptr_nonnull(wire);
    ck_assert_uint_eq(wire->number, number);
    ck_assert(wire_is_held(wire));
    transport_close(&wire->near);
}
