/* SPDX-License-Identifier: ISC */
#include "finding/script.h"

#include <stdlib.h>
#include <string.h>

#include "config/pac_place.h"

bool script_may_be_at(const char *place, bool insecure, const char **why)
{
    enum pac_place kind = pac_place_read(place, strlen(place), why);

    if (kind != PAC_PLACE_HTTP || insecure)
        return kind != PAC_PLACE_NONE;
    *why = "whoever is on the way can change what comes over http; if that is meant, say `insecure = yes`";
    return false;
}

struct script *script_new(const struct script_params *params)
{
    struct script *script = calloc(1, sizeof *script);
    const struct pac_file_params file = {
        .loop = params->loop,
        .curl_loop = params->curl_loop,
        .resolver = params->resolver,
        .place = params->place,
        .ca_file = params->ca_file,
        .insecure = params->insecure,
        .name = params->name,
    };
    const struct helper_params helper = {
        .loop = params->loop,
        .resolver = params->resolver,
        .resolve_ms = params->resolve_ms,
        .use = HELPER_FOR_PAC,
        .name = params->name,
    };

    if (!script)
        return NULL;
    script->references = 1;
    script->place = strdup(params->place);
    script->file = pac_file_new(&file);
    script->helper = helper_new(&helper);
    if (script->place && script->file && script->helper)
        return script;
    script_unref(script);
    return NULL;
}

struct script *script_ref(struct script *script)
{
    script->references++;
    return script;
}

void script_unref(struct script *script)
{
    if (!script || --script->references > 0)
        return;
    helper_free(script->helper);
    pac_file_free(script->file);
    free(script->place);
    free(script);
}

enum script_news script_load(struct script *script, const char *text, size_t length, uint64_t serial)
{
    if (script->loaded && script->serial == serial)
        return SCRIPT_AS_BEFORE;
    if (!helper_set_script(script->helper, text, length))
        return SCRIPT_NO_MEMORY;
    script->loaded = true;
    script->serial = serial;
    return SCRIPT_IS_NEW;
}

void script_renew(struct script *script)
{
    pac_file_renew(script->file);
    helper_renew(script->helper);
}
