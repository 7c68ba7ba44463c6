/* SPDX-License-Identifier: ISC */
#include "relay_scene.h"

#include <string.h>

#include "../unit.h"

struct services *relay_scene_set_up(void)
{
    struct services *services = stage_set_up();

    stage_name("relay.example.net", "192.0.2.80");
    stage_address(RELAY_AT, STAGE_CONNECTS);
    stage_name("mail.example.net", "192.0.2.9");
    stage_address("192.0.2.9:143", STAGE_CONNECTS);
    return services;
}

struct wire *relay_scene_asked(const char *credentials)
{
    struct wire *wire = stage_wire(stage_wires() - 1);
    size_t length = strlen(RELAY_GET);

    ck_assert_str_eq(wire->to, RELAY_AT);
    ck_assert_uint_eq(wire->heard_length, length + strlen(credentials) + 2);
    ck_assert_mem_eq(wire->heard, RELAY_GET, length);
    ck_assert_mem_eq(wire->heard + length, credentials, strlen(credentials));
    ck_assert_str_eq(wire->heard + wire->heard_length - 2, "\r\n");
    wire_clear(wire);
    return wire;
}
