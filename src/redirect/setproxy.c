/* SPDX-License-Identifier: ISC */
#include "redirect/setproxy.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The known parameters; each may be given once, by whichever of its names. */
enum parameter { PROXY, SCOPE, TYPE, HITS, SECONDS, PARAMETERS, UNKNOWN };

static const struct {
    const char *name;
    enum parameter parameter;
} names[] = {
    {"proxyURI", PROXY}, {"scope", SCOPE}, {"type", TYPE},       {"count", HITS},
    {"hits", HITS},      {"lifetime", SECONDS}, {"seconds", SECONDS},
};

struct slice {
    const char *bytes;
    size_t length;
};

struct reading {
    const char *at, *end;
    struct slice given[PARAMETERS]; /* bytes NULL: not given */
    bool draft;                     /* the spelling of the draft: a word first, then parameters */
    const char *why;
};

static bool fault(struct reading *reading, const char *why)
{
    reading->why = why;
    return false;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_separator(char c)
{
    return is_blank(c) || c == ',' || c == ';';
}

static bool slice_is(struct slice slice, const char *text)
{
    return slice.length == strlen(text) && strncasecmp(slice.bytes, text, slice.length) == 0;
}

static void skip_blanks(struct reading *reading)
{
    while (reading->at < reading->end && is_blank(*reading->at))
        reading->at++;
}

static void skip_separators(struct reading *reading)
{
    while (reading->at < reading->end && is_separator(*reading->at))
        reading->at++;
}

/* Takes what comes before the next separator; for a name, also before the next '='. */
static struct slice take_word(struct reading *reading, bool name)
{
    struct slice word = {reading->at, 0};

    while (reading->at < reading->end && !is_separator(*reading->at) && !(name && *reading->at == '='))
        reading->at++;
    word.length = (size_t)(reading->at - word.bytes);
    return word;
}

/* Takes a quoted value.  Escapes are refused: none of our values needs one. */
static bool take_quoted(struct reading *reading, struct slice *value)
{
    const char *close = memchr(reading->at + 1, '"', (size_t)(reading->end - reading->at) - 1);

    if (!close)
        return fault(reading, "a quote is missing");
    *value = (struct slice){reading->at + 1, (size_t)(close - reading->at) - 1};
    if (memchr(value->bytes, '\\', value->length))
        return fault(reading, "a quoted value has an escape");
    reading->at = close + 1;
    return reading->at == reading->end || is_separator(*reading->at) || fault(reading, "text behind a quoted value");
}

static bool give(struct reading *reading, enum parameter parameter, struct slice value)
{
    if (parameter == UNKNOWN)
        return true;
    if (reading->given[parameter].bytes)
        return fault(reading, "a parameter is given twice");
    reading->given[parameter] = value;
    return true;
}

static enum parameter find_parameter(struct slice name)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (slice_is(name, names[i].name))
            return names[i].parameter;
    return UNKNOWN;
}

/* Takes a word or a quoted value.  False: it is empty. */
static bool take_value(struct reading *reading, bool name, struct slice *value)
{
    if (reading->at < reading->end && *reading->at == '"') {
        if (!take_quoted(reading, value))
            return false;
    } else {
        *value = take_word(reading, name);
    }
    return value->length > 0 || fault(reading, "a parameter has no value");
}

/* Takes the value of type, and the number after it in lifetime=600, with blanks and quotes where they are allowed. */
static bool take_type(struct reading *reading, struct slice value)
{
    static const char prefix[] = "lifetime=";
    struct slice word = value;

    if (value.length >= sizeof prefix - 1 && strncasecmp(value.bytes, prefix, sizeof prefix - 1) == 0) {
        word.length = sizeof prefix - 2; /* type="lifetime=600" */
        value = (struct slice){value.bytes + sizeof prefix - 1, value.length - (sizeof prefix - 1)};
        return give(reading, TYPE, word) && give(reading, SECONDS, value);
    }
    if (!give(reading, TYPE, word))
        return false;
    skip_blanks(reading);
    if (!slice_is(word, "lifetime") || reading->at == reading->end || *reading->at != '=')
        return true;
    reading->at++;
    skip_blanks(reading);
    return take_value(reading, false, &value) && give(reading, SECONDS, value);
}

/* Takes name [= value].  A name without a value is ignored if we do not know it, and is an error otherwise. */
static bool take_parameter(struct reading *reading)
{
    struct slice name = take_word(reading, true), value;

    skip_blanks(reading);
    if (reading->at == reading->end || *reading->at != '=')
        return find_parameter(name) == UNKNOWN || fault(reading, "a parameter has no value");
    if (name.length == 0)
        return fault(reading, "a parameter has no name");
    reading->at++;
    skip_blanks(reading);
    if (!take_value(reading, find_parameter(name) == TYPE, &value))
        return false;
    if (find_parameter(name) != TYPE)
        return give(reading, find_parameter(name), value);
    return take_type(reading, value);
}

/* Takes the first word: the action in the draft's spelling, or the proxy in the note's. */
static bool take_action(struct reading *reading, enum setproxy_action *action)
{
    static const char *const actions[] = {"SET", "DIRECT", "IPL"};
    struct slice word;

    skip_blanks(reading);
    word = take_word(reading, false);
    for (size_t i = 0; i < 3; i++)
        if (slice_is(word, actions[i])) {
            *action = (enum setproxy_action)i;
            reading->draft = true;
            return true;
        }
    *action = SETPROXY_SET;
    return word.length > 0 ? give(reading, PROXY, word) : fault(reading, "it is empty");
}

/* Reads decimal digits; a number above UINT32_MAX becomes UINT32_MAX. */
static bool parse_number(struct slice text, uint32_t *number)
{
    uint64_t value = 0;

    for (size_t i = 0; i < text.length; i++) {
        if (text.bytes[i] < '0' || text.bytes[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(text.bytes[i] - '0');
        if (value > UINT32_MAX)
            value = UINT32_MAX;
    }
    *number = (uint32_t)value;
    return text.length > 0;
}

/* Reads type=once, forever, hits, lifetime or lifetime=N, together with the numbers. */
static bool read_lifetime(struct reading *reading, struct setproxy_lifetime *lifetime, uint32_t max_seconds)
{
    struct slice type = reading->given[TYPE];
    bool hits, seconds;

    memset(lifetime, 0, sizeof *lifetime);
    hits = reading->given[HITS].bytes != NULL;
    seconds = reading->given[SECONDS].bytes != NULL;
    if ((hits && !parse_number(reading->given[HITS], &lifetime->hits)) ||
        (seconds && !parse_number(reading->given[SECONDS], &lifetime->seconds)))
        return fault(reading, "a number is not made of digits");
    if (type.bytes && slice_is(type, "hits") && !hits)
        return fault(reading, "type=hits without a count");
    if (type.bytes && slice_is(type, "lifetime") && !seconds)
        return fault(reading, "type=lifetime without a number");
    if (type.bytes && !slice_is(type, "once") && !slice_is(type, "forever") && !slice_is(type, "hits") &&
        !slice_is(type, "lifetime"))
        return fault(reading, "a type that there is not");
    /* the earliest end counts, and once is the earliest; a number 0 means once, too */
    lifetime->once = (type.bytes && slice_is(type, "once")) || (hits && lifetime->hits == 0) ||
                     (seconds && lifetime->seconds == 0) || (!type.bytes && !hits && !seconds);
    if (lifetime->seconds > max_seconds)
        lifetime->seconds = max_seconds;
    return true;
}

static bool read_scope(struct reading *reading, const struct scope_url *url, struct setproxy *result)
{
    struct slice given = reading->given[SCOPE];
    struct scope exactly;

    scope_exactly(&exactly, url);
    result->scope = exactly;
    if (given.bytes && !slice_is(given, "-") &&
        !(scope_parse(&result->scope, given.bytes, given.length, false) && scope_covers(&result->scope, url)) &&
        !(reading->draft && scope_parse(&result->scope, given.bytes, given.length, true) &&
          scope_covers(&result->scope, url)))
        return fault(reading, "its scope does not cover this request");
    result->wider = result->scope.kind != SCOPE_EXACT;
    return true;
}

static void lower_case(char *text)
{
    for (; *text; text++)
        *text = (char)tolower((unsigned char)*text);
}

static bool read_proxy(struct reading *reading, struct setproxy *result)
{
    struct slice given = reading->given[PROXY];
    const char *why;

    if (result->action != SETPROXY_SET)
        return true;
    if (!given.bytes)
        return fault(reading, "it names no proxy");
    if (!endpoint_parse_url(&result->proxy, given.bytes, given.length, &why))
        return fault(reading, why);
    lower_case(result->proxy.host);
    return true;
}

bool setproxy_parse(struct setproxy *result, const struct scope_url *url, const char *value, size_t length,
                    uint32_t max_seconds, const char **why)
{
    struct reading reading = {.at = value, .end = value + length};
    bool good = length <= SETPROXY_VALUE_MAX || fault(&reading, "it is too long");

    memset(result, 0, sizeof *result);
    for (size_t i = 0; i < length && good; i++)
        if ((unsigned char)value[i] < 0x20 && value[i] != '\t')
            good = fault(&reading, "it has a control byte");
    good = good && take_action(&reading, &result->action);
    for (skip_separators(&reading); good && reading.at < reading.end; skip_separators(&reading))
        good = take_parameter(&reading);
    good = good && read_proxy(&reading, result) && read_scope(&reading, url, result) &&
           read_lifetime(&reading, &result->lifetime, max_seconds);
    *why = reading.why;
    return good;
}

bool setproxy_from_location(struct setproxy *result, const struct scope_url *url, const char *value, size_t length,
                            const char **why)
{
    memset(result, 0, sizeof *result);
    result->action = SETPROXY_SET;
    scope_exactly(&result->scope, url);
    result->lifetime.once = true;
    if (!endpoint_parse_url(&result->proxy, value, length, why))
        return false;
    lower_case(result->proxy.host);
    return true;
}

/* 0 is no bound. */
static bool ends_first(uint32_t bound, uint32_t limit)
{
    return limit == 0 || (bound != 0 && bound <= limit);
}

bool setproxy_lifetime_within(const struct setproxy_lifetime *lifetime, const struct setproxy_lifetime *limit)
{
    return lifetime->once || (!limit->once && ends_first(lifetime->hits, limit->hits) &&
                              ends_first(lifetime->seconds, limit->seconds));
}

const char *setproxy_format_place(const struct setproxy *said, char out[ENDPOINT_URL_MAX])
{
    if (said->action == SETPROXY_SET)
        return endpoint_format_url(&said->proxy, out);
    snprintf(out, ENDPOINT_URL_MAX, said->action == SETPROXY_DIRECT ? "direct" : "configuration");
    return out;
}

const char *setproxy_format_lifetime(const struct setproxy_lifetime *lifetime, char out[48])
{
    if (lifetime->once)
        snprintf(out, 48, "once");
    else if (lifetime->hits && lifetime->seconds)
        snprintf(out, 48, "hits=%u,seconds=%u", lifetime->hits, lifetime->seconds);
    else if (lifetime->hits)
        snprintf(out, 48, "hits=%u", lifetime->hits);
    else if (lifetime->seconds)
        snprintf(out, 48, "seconds=%u", lifetime->seconds);
    else
        snprintf(out, 48, "forever");
    return out;
}
