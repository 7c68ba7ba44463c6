#include "scene.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

#include "../unit.h"

/* What the linker puts in place of the program's own: the lines come here, with the word of their level. */
void __wrap_log_event(enum log_level level, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void __wrap_log_message(enum log_level level, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static char written[65536];
static size_t written_length;

static void __attribute__((format(printf, 3, 0))) note(enum log_level level, const char *name, const char *format,
                                                       va_list values)
{
    char line[4096];
    int length;

    if (!log_wants(level))
        return;
    vsnprintf(line, sizeof line, format, values);
    length = snprintf(written + written_length, sizeof written - written_length, "%s %s%s%s\n",
                      log_level_words[level], name ? name : "", name ? " " : "", line);
    written_length += (size_t)length;
    ck_assert_uint_lt(written_length, sizeof written);
}

void __wrap_log_event(enum log_level level, const char *name, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    note(level, name, format, values);
    va_end(values);
}

void __wrap_log_message(enum log_level level, const char *name, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    note(level, name, format, values);
    va_end(values);
}

void scene_forget_log(void)
{
    written_length = 0;
    written[0] = '\0';
}

void scene_check_log(const char *lines)
{
    ck_assert_str_eq(written, lines);
    scene_forget_log();
}

/* --- */

static void on_report(void *arg, const char *line)
{
    (void)arg;
    ck_abort_msg("%s", line);
}

static void on_ended(void *arg, bool well)
{
    struct scene *scene = arg;

    scene->ended++;
    scene->well += well;
}

void scene_set_up(struct scene *scene, const char *text)
{
    FILE *stream = fmemopen((void *)(uintptr_t)text, strlen(text), "r");

    *scene = (struct scene){0};
    ck_assert_ptr_nonnull(stream);
    scene->config = config_parse(stream, "f", CONFIG_TO_RUN, on_report, NULL);
    fclose(stream);
    ck_assert_ptr_nonnull(scene->config);
    scene->sessions = sessions_new(stage_set_up(), on_ended, scene);
    ck_assert_ptr_nonnull(scene->sessions);
    stage_name("proxy.example", "192.0.2.1");
    stage_address("192.0.2.1", STAGE_CONNECTS);
    scene_forget_log();
}

void scene_tear_down(struct scene *scene)
{
    sessions_free(scene->sessions);
    config_unref(scene->config);
    stage_tear_down();
}

void scene_start(struct scene *scene, const char *listener)
{
    const struct listener_config *config = config_listener(scene->config, listener);

    ck_assert_ptr_nonnull(config);
    scene->client = stage_new_wire();
    scene->proxy = NULL;
    session_start(scene->sessions, scene->config, config, &scene->client->near, "from=here", NULL);
    stage_settle();
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

    sessions_each(scene->sessions, see_first, &state);
    return state;
}
