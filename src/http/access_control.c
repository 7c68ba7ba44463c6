/* SPDX-License-Identifier: ISC */
#include "http/access_control.h"

#include <string.h>
#include <strings.h>

#include "net/endpoint.h"

#define ORIGIN_SCHEME "http"
#define ORIGIN_PORT 80 /* its default */

static bool parse_origin(struct endpoint *place, const char *origin, const char **why)
{
    return endpoint_parse(place, origin, strlen(origin), ORIGIN_PORT, why);
}

bool access_control_origin_check(const char *origin, const char **why)
{
    struct endpoint ignored;

    if (strstr(origin, "://")) {
        *why = "an origin is sent as http://HOST: write the host alone";
        return false;
    }
    if (strchr(origin, '*')) {
        *why = "an origin is one host, no pattern";
        return false;
    }
    return parse_origin(&ignored, origin, why);
}

/* --- patterns --- */

/* The scheme of a pattern, without "://"; its length in bytes, or 0: it has none. */
static size_t scheme_length(const struct http_head_slice *pattern)
{
    for (size_t i = 0; i + 3 <= pattern->length; i++)
        if (memcmp(pattern->bytes + i, "://", 3) == 0)
            return i;
    return 0;
}

/* RFC 3986 section 3.1. */
static bool is_scheme(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        char lower = (char)(text[i] | 0x20);
        bool letter = lower >= 'a' && lower <= 'z';

        if (!letter && (i == 0 || !((text[i] >= '0' && text[i] <= '9') || text[i] == '+' || text[i] == '-' ||
                                    text[i] == '.')))
            return false;
    }
    return length > 0;
}

/* Hosts compare in any case and without a last dot. */
static size_t host_length(const char *host)
{
    size_t length = strlen(host);

    return length > 0 && host[length - 1] == '.' ? length - 1 : length;
}

static bool same_host(const char *a, const char *b)
{
    return host_length(a) == host_length(b) && strncasecmp(a, b, host_length(a)) == 0;
}

/* Reads the pattern between two angle brackets.  False: it is none; otherwise *covers says whether it covers origin. */
static bool read_pattern(struct http_head_slice pattern, const struct endpoint *origin, bool *covers)
{
    size_t scheme = scheme_length(&pattern);
    struct endpoint place;
    const char *why;
    bool below;

    *covers = true;
    if (http_head_slice_is(&pattern, "*"))
        return true;
    if (scheme > 0) {
        if (!is_scheme(pattern.bytes, scheme))
            return false;
        *covers = scheme == strlen(ORIGIN_SCHEME) && strncasecmp(pattern.bytes, ORIGIN_SCHEME, scheme) == 0;
        pattern.bytes += scheme + 3;
        pattern.length -= scheme + 3;
    }
    below = pattern.length >= 2 && memcmp(pattern.bytes, "*.", 2) == 0;
    if (below) {
        pattern.bytes += 2;
        pattern.length -= 2;
    }
    /* A port that is not written does not bind: any port that is right does for it. */
    if (!endpoint_parse(&place, pattern.bytes, pattern.length, origin->port, &why) ||
        (below && strchr(place.host, ':')))
        return false;
    *covers = *covers && place.port == origin->port &&
              (below ? endpoint_host_within(origin->host, place.host, strlen(place.host)) &&
                           !same_host(origin->host, place.host)
                     : same_host(origin->host, place.host));
    return true;
}

/* --- rules --- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Takes the next word from a rule: what stands before the next blank.  False: there is none. */
static bool next_word(struct http_head_slice *rule, struct http_head_slice *word)
{
    while (rule->length > 0 && is_blank(*rule->bytes)) {
        rule->bytes++;
        rule->length--;
    }
    word->bytes = rule->bytes;
    for (word->length = 0; word->length < rule->length && !is_blank(word->bytes[word->length]);)
        word->length++;
    rule->bytes += word->length;
    rule->length -= word->length;
    return word->length > 0;
}

/* What a rule says of the origin. */
struct rule {
    bool deny;     /* it is a rule that denies, not one that allows */
    bool covers;   /* a pattern covers the origin */
    bool excludes; /* a pattern behind "exclude" does */
};

/* ("allow" | "deny") pattern+ ["exclude" pattern+].  False: it cannot be read. */
static bool read_rule(struct http_head_slice text, const struct endpoint *origin, struct rule *rule)
{
    struct http_head_slice word;
    bool excluding = false;
    size_t patterns = 0; /* since the last keyword */

    *rule = (struct rule){0};
    if (!next_word(&text, &word))
        return false;
    rule->deny = http_head_slice_is(&word, "deny");
    if (!rule->deny && !http_head_slice_is(&word, "allow"))
        return false;
    while (next_word(&text, &word)) {
        bool covers;

        if (http_head_slice_is(&word, "exclude")) {
            if (excluding || patterns == 0)
                return false;
            excluding = true;
            patterns = 0;
            continue;
        }
        if (word.bytes[0] != '<' || word.bytes[word.length - 1] != '>' ||
            !read_pattern((struct http_head_slice){word.bytes + 1, word.length - 2}, origin, &covers))
            return false;
        patterns++;
        if (excluding)
            rule->excludes |= covers;
        else
            rule->covers |= covers;
    }
    return patterns > 0;
}

enum access_control_result access_control_judge(const struct http_head *head, const char *origin)
{
    static const char name[] = "Access-Control";
    struct http_head_slice member;
    size_t field = 0, offset = 0;
    bool allowed = false, refused = false;
    struct endpoint place;
    const char *why;

    if (!http_head_field(head, name))
        return ACCESS_CONTROL_ABSENT;
    if (!parse_origin(&place, origin, &why))
        return ACCESS_CONTROL_REFUSED;
    while (http_head_next_member(head, name, &field, &offset, &member)) {
        struct rule rule;

        if (!read_rule(member, &place, &rule))
            return ACCESS_CONTROL_UNREADABLE;
        if (rule.deny)
            refused |= rule.covers && !rule.excludes;
        else if (rule.excludes)
            refused = true;
        else
            allowed |= rule.covers;
    }
    return allowed && !refused ? ACCESS_CONTROL_ALLOWED : ACCESS_CONTROL_REFUSED;
}
