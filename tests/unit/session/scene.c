/* SPDX-License-Identifier: ISC */
#include "scene.h"

#include <string.h>

#include "../unit.h"
#include "proxy/health.h"

static void on_ended(void *arg, bool well)
{
    struct scene *scene = arg;

    scene->ended++;
    scene->well += well;
}

void scene_set_up(struct scene *scene, const char *text)
{
    static const struct endpoint proxy = {.host = "proxy.example", .port = 3128};
    struct services *services = stage_set_up();

    *scene = (struct scene){.config = unit_config(text)};
    scene->sessions = sessions_new(services, on_ended, scene);
    health_note_upgrade(services->health, &proxy, 0); /* so that it is obeyed when it refuses */
    ck_assert_ptr_nonnull(scene->sessions);
    stage_name("proxy.example", "192.0.2.1");
    stage_address("192.0.2.1", STAGE_CONNECTS);
    given_forget_log();
}

void scene_tear_down(struct scene *scene)
{
    sessions_free(scene->sessions);
    config_unref(scene->config);
    stage_tear_down();
}

void scene_start_over(struct scene *scene, const char *listener, struct transport *client)
{
    const struct listener_config *config = config_listener(scene->config, listener);

    ck_assert_ptr_nonnull(config);
    session_start(scene->sessions, &(struct session_params){
        .config = scene->config, .listener = config, .client = client, .from = "from=here"});
    stage_settle();
}

void scene_start(struct scene *scene, const char *listener)
{
    scene->client = stage_new_wire();
    scene->proxy = NULL;
    scene_start_over(scene, listener, &scene->client->near);
}

void scene_ask(struct scene *scene, const char *listener)
{
    scene_start(scene, listener);
    scene->proxy = stage_wire(scene->client->number + 1);
    ck_assert_uint_eq(stage_wires(), scene->client->number + 2);
    ck_assert_int_eq(strncmp(scene->proxy->heard, "CONNECT " SCENE_TARGET " HTTP/1.1\r\n",
                             strlen("CONNECT " SCENE_TARGET " HTTP/1.1\r\n")), 0);
    wire_clear(scene->proxy);
}

void scene_open(struct scene *scene, const char *listener)
{
    scene_ask(scene, listener);
    wire_say(scene->proxy, SCENE_OPEN);
    ck_assert_str_eq(scene_state(scene), "piping");
}

static void see_first(void *arg, const struct session_facts *facts)
{
    const char **state = arg;

    if (!**state)
        *state = facts->state;
}

const char *scene_state(const struct scene *scene)
{
    const char *state = "";

    sessions_some(scene->sessions, SESSIONS_NEWEST, SIZE_MAX, see_first, &state);
    return state;
}
