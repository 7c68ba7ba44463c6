/* SPDX-License-Identifier: ISC */
#include "base/failure.h"

#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "base/secrets.h"

#define WHERE_MAX 90              /* bytes of the place that a client is told: half of its line */
#define PLACE_MAX (WHERE_MAX + 24) /* with a status, blank and brackets */

const char *failure_class_name(enum failure_class class)
{
    return class == FAILURE_TEMPORARY ? "temporary" : "permanent";
}

/* What every text of a failure undergoes. */
static void clean(char *text)
{
    for (char *at = text; *at; at++)
        if (*at < 0x20 || *at > 0x7e)
            *at = '?';
    secrets_withhold(text);
}

void failure_set(struct failure *failure, enum failure_class class, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    failure_vset(failure, class, format, values);
    va_end(values);
}

void failure_vset(struct failure *failure, enum failure_class class, const char *format, va_list values)
{
    char what[sizeof failure->what + 1]; /* a copy: the values may point into the failure itself */

    vsnprintf(what, sizeof what, format, values);
    failure->class = class;
    failure->scheme[0] = failure->where[0] = failure->detail[0] = failure->brief[0] = '\0';
    failure->status = failure->answer = 0;
    failure->cause = CAUSE_OTHER;
    failure->on_the_way = false;
    failure->they_did = what[0] == FAILURE_THEY[0];
    snprintf(failure->what, sizeof failure->what, "%s", what + failure->they_did);
    clean(failure->what);
}

void failure_brief(struct failure *failure, unsigned status, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    vsnprintf(failure->brief, sizeof failure->brief, format, values);
    va_end(values);
    clean(failure->brief);
    failure->status = status;
}

void failure_note(struct failure *failure, const char *name, const void *value, size_t length)
{
    size_t at = strlen(failure->detail), room = sizeof failure->detail - at, end;

    if (room < strlen(name) + sizeof " =\"\"")
        return;
    at += (size_t)snprintf(failure->detail + at, room, " %s=\"", name);
    log_escape(failure->detail + at, sizeof failure->detail - at - 1, value, length);
    secrets_withhold(failure->detail + at);
    end = strlen(failure->detail);
    memcpy(failure->detail + end, "\"", 2);
}

void failure_add(struct failure *failure, const char *words)
{
    char what[sizeof failure->what];

    snprintf(what, sizeof what, "%.80s: %.160s", failure->what, words);
    memcpy(failure->what, what, sizeof what);
    clean(failure->what);
}

static void append(char *text, size_t size, const char *hint)
{
    size_t length = strlen(text);

    snprintf(text + length, size - length, "; %s", hint);
}

void failure_hint(struct failure *failure, const char *hint)
{
    append(failure->what, sizeof failure->what, hint);
    if (failure->brief[0])
        append(failure->brief, sizeof failure->brief, hint);
}

void failure_out_of_reach(struct failure *failure, const char *through)
{
    const enum failure_cause kind = failure->cause;
    const unsigned answer = failure->answer;
    char cause[sizeof failure->brief];

    failure_at_url(failure, through);
    failure_format_brief(failure, cause, sizeof cause - sizeof " on the way");
    failure_set(failure, failure->class, "cannot be reached through %.80s: %.150s", through, failure->what);
    failure_brief(failure, 0, "%s on the way", cause);
    failure->cause = kind;
    failure->answer = answer;
    failure->on_the_way = true;
}

void failure_at(struct failure *failure, const char *scheme, const char *where)
{
    snprintf(failure->scheme, sizeof failure->scheme, "%s", scheme);
    snprintf(failure->where, sizeof failure->where, "%s", where);
    secrets_withhold(failure->where);
}

void failure_at_url(struct failure *failure, const char *url)
{
    const char *mark = strstr(url, "://");

    snprintf(failure->scheme, sizeof failure->scheme, "%.*s", mark ? (int)(mark - url) : 0, url);
    snprintf(failure->where, sizeof failure->where, "%s", mark ? mark + 3 : url);
    secrets_withhold(failure->where);
}

static size_t written(int length, size_t size)
{
    return length < 0 ? 0 : (size_t)length < size ? (size_t)length : size - 1;
}

size_t failure_format(const struct failure *failure, char *out, size_t size)
{
    const char *mark = failure->where[0] && failure->scheme[0] ? "://" : "";

    return written(snprintf(out, size, "%s%s%s%s%s", *mark ? failure->scheme : "", mark, failure->where,
                            failure->where[0] ? ": " : "", failure->what), size);
}

size_t failure_format_brief(const struct failure *failure, char *out, size_t size)
{
    const char *subject = failure->brief[0] || !failure->they_did ? "" : failure->scheme[0] ? "proxy " : "server ";
    const char *verdict = failure->brief[0] ? failure->brief : failure->what;
    char status[16] = "", place[PLACE_MAX] = "";
    size_t room = size - 1;

    if (failure->status)
        snprintf(status, sizeof status, "%u%s", failure->status, failure->where[0] ? ", " : "");
    if (status[0] || failure->where[0])
        snprintf(place, sizeof place, " (%s%.*s)", status, WHERE_MAX, failure->where);
    room -= strlen(place) + strlen(subject) < room ? strlen(place) + strlen(subject) : room;
    return written(snprintf(out, size, "%s%.*s%s", subject, (int)room, verdict, place), size);
}
