/* SPDX-License-Identifier: ISC */
#include "config/pac_question.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "config/value_kind.h"

static const char host_word[] = "{host}", port_word[] = "{port}";

static bool begins_with(const char *text, const char *word)
{
    return strncmp(text, word, strlen(word)) == 0;
}

/* The length of "scheme://" (RFC 3986 section 3.1); 0: there is none. */
static size_t scheme_length(const char *pattern)
{
    size_t length = strspn(pattern, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");

    return isalpha((unsigned char)pattern[0]) && begins_with(pattern + length, "://") ? length + 3 : 0;
}

bool pac_question_check(const char *pattern, const char **why)
{
    static const char form[] = "not of the form SCHEME://{host}, with :{port} or a path behind it or without";
    const size_t scheme = scheme_length(pattern);
    unsigned ports = 0;

    if (strlen(pattern) >= PAC_QUESTION_PATTERN_MAX)
        return value_fault(why, "longer than 511 bytes");
    for (const char *c = pattern; *c; c++)
        if (*c <= ' ' || *c > '~')
            return value_fault(why, "has a byte that no URL has: a blank, a control byte or one that is not ASCII");
    if (scheme == 0 || !begins_with(pattern + scheme, host_word))
        return value_fault(why, form);
    for (const char *c = pattern + scheme + strlen(host_word); *c; c++) {
        if (begins_with(c, port_word)) {
            if (ports++ > 0)
                return value_fault(why, "has {port} twice");
            c += strlen(port_word) - 1;
        } else if (*c == '{' || *c == '}') {
            return value_fault(why, "has braces that are neither {host}, behind the scheme, nor {port}");
        }
    }
    return true;
}

/* A host as it stands in a URL. */
static void write_host(const char *host, char out[ENDPOINT_TEXT_MAX])
{
    snprintf(out, ENDPOINT_TEXT_MAX, strchr(host, ':') ? "[%s]" : "%s", host);
    for (char *c = out; *c; c++)
        *c = (char)tolower((unsigned char)*c);
}

const char *pac_question_write(const char *pattern, const struct endpoint *target, char out[PAC_QUESTION_MAX])
{
    const char *from = pattern ? pattern : PAC_QUESTION_DEFAULT;
    char host[ENDPOINT_TEXT_MAX];
    size_t length = 0;

    write_host(target->host, host);
    while (*from && length + 1 < PAC_QUESTION_MAX) {
        const size_t room = PAC_QUESTION_MAX - length;
        const bool is_host = begins_with(from, host_word), is_port = begins_with(from, port_word);

        if (is_host)
            length += (size_t)snprintf(out + length, room, "%s", host);
        else if (is_port)
            length += (size_t)snprintf(out + length, room, "%u", (unsigned)target->port);
        else
            out[length++] = *from;
        from += is_host ? strlen(host_word) : is_port ? strlen(port_word) : 1;
    }
    out[length < PAC_QUESTION_MAX ? length : PAC_QUESTION_MAX - 1] = '\0';
    return out;
}

/* --- as a value --- */

static bool parse_pac_url(const struct value_rule *rule, const struct protocol *protocol, void *field,
                          const char *value, const char **why)
{
    return pac_question_check(value, why) && value_text.parse(rule, protocol, field, value, why);
}

static void print_pac_url(const struct value_rule *rule, const void *field, FILE *out)
{
    value_text.print(rule, field, out);
}

static void release_pac_url(void *field)
{
    value_text.release(field);
}

const struct value_kind value_pac_url = {parse_pac_url, print_pac_url, release_pac_url, NULL};
