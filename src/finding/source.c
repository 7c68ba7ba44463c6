/* SPDX-License-Identifier: ISC */
#include "finding/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct source *source_new(struct loop *loop, struct resolver *resolver, struct curl_loop *curl_loop,
                          struct config *config, const struct proxy_config *section)
{
    struct source *source = calloc(1, sizeof *source);

    if (!source)
        return NULL;
    source->loop = loop;
    source->resolver = resolver;
    source->curl_loop = curl_loop;
    source->config = config_ref(config);
    source->section = section;
    source->answers = answers_new();
    if (source->answers &&
        (section->urls.source != PLACES_PAC || source_use_script(source, section->urls.asked)))
        return source;
    source_free(source);
    return NULL;
}

void source_free(struct source *source)
{
    if (!source)
        return;
    script_unref(source->script);
    helper_free(source->desktop);
    answers_free(source->answers);
    config_unref(source->config);
    free(source);
}

/* The section as the log names it.  Returns out. */
static const char *log_name(const struct proxy_config *section, char out[CONFIG_LABEL_MAX + sizeof "proxy/"])
{
    snprintf(out, CONFIG_LABEL_MAX + sizeof "proxy/", "proxy%s%s", section->label[0] ? "/" : "", section->label);
    return out;
}

bool source_use_script(struct source *source, const char *place)
{
    char name[CONFIG_LABEL_MAX + sizeof "proxy/"];
    const struct script_params params = {
        .loop = source->loop,
        .resolver = source->resolver,
        .curl_loop = source->curl_loop,
        .resolve_ms = source->config->settings.resolve_timeout,
        .place = place,
        .ca_file = source->section->ca_file,
        .insecure = source->section->insecure,
        .name = log_name(source->section, name),
    };
    struct script *script;

    if (source->script && strcmp(source->script->place, place) == 0)
        return true;
    script = script_new(&params);
    if (!script)
        return false;
    if (source->script)
        answers_forget(source->answers); /* the settings are others */
    script_unref(source->script);
    source->script = script;
    return true;
}

bool source_has_kept(const struct source *source, const struct endpoint *target, struct found *found)
{
    const struct script *script = source->script;
    uint64_t serial;

    if (source->section->urls.source == PLACES_PAC &&
        (!pac_file_serves(script->file, &serial) || !script->loaded || script->serial != serial))
        return false;
    return answers_find(source->answers, target, loop_now(source->loop), found);
}

struct helper *source_desktop(struct source *source)
{
    char name[CONFIG_LABEL_MAX + sizeof "proxy/"];
    const struct helper_params params = {
        .loop = source->loop,
        .resolver = source->resolver,
        .resolve_ms = source->config->settings.resolve_timeout,
        .use = HELPER_FOR_SYSTEM,
        .name = log_name(source->section, name),
    };

    if (!source->desktop)
        source->desktop = helper_new(&params);
    return source->desktop;
}

const char *source_name(const struct proxy_config *section, char *out, size_t size)
{
    const char *asked = section->urls.asked;

    if (section->urls.source == PLACES_PAC)
        snprintf(out, size, "pac:%s", asked);
    else if (section->urls.source == PLACES_COMMAND)
        snprintf(out, size, "command:%s", asked);
    else
        snprintf(out, size, "system");
    return out;
}

void source_renew(struct source *source)
{
    answers_forget(source->answers);
    if (source->script)
        script_renew(source->script);
    if (source->desktop)
        helper_renew(source->desktop);
}
