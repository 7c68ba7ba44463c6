/* SPDX-License-Identifier: ISC */
#include "config/proxy_environment.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "config/value.h"

#define SHOWN_MAX 100 /* bytes of a value that a message shows */

static const char blanks[] = " \t\r\n";

/* The value of a variable; its name is in small letters and is looked for in capital ones, too.  *found is the name
 * that it has.  NULL: it is not set, or it is empty. */
static const char *variable(const char *name, char found[64])
{
    const char *value;

    snprintf(found, 64, "%s", name);
    value = getenv(found);
    if (!value || !value[strspn(value, blanks)]) {
        for (char *c = found; *c; c++)
            *c = (char)toupper((unsigned char)*c);
        value = getenv(found);
    }
    return value && value[strspn(value, blanks)] ? value : NULL;
}

static const char *scheme_variable(const char *scheme, char found[64])
{
    char name[64];

    snprintf(name, sizeof name, "%.40s_proxy", scheme);
    return variable(name, found);
}

const char *proxy_environment_find(const char *scheme)
{
    char found[64];
    const char *value = scheme_variable(scheme, found);

    return value ? value : variable("all_proxy", found);
}

const char *proxy_environment_no_proxy(void)
{
    char found[64];

    return variable("no_proxy", found);
}

bool proxy_environment_decode(const char *userinfo, size_t length, char user[PROXY_ENVIRONMENT_CREDENTIAL_MAX],
                              char password[PROXY_ENVIRONMENT_CREDENTIAL_MAX], const char **why)
{
    const char *colon = memchr(userinfo, ':', length);
    size_t name = colon ? (size_t)(colon - userinfo) : length, skip = name + (colon != NULL);

    user[0] = password[0] = '\0';
    if (endpoint_decode(userinfo, name, user, PROXY_ENVIRONMENT_CREDENTIAL_MAX) && !strchr(user, ':') &&
        endpoint_decode(userinfo + skip, length - skip, password, PROXY_ENVIRONMENT_CREDENTIAL_MAX))
        return true;
    *why = "user or password is not readable";
    return false;
}

/* --- in words --- */

/* Writes a value in quotes, escaped, with asterisks for the password. */
static void show_value(const char *value, char out[2 * SHOWN_MAX])
{
    const char *scheme = strstr(value, "://"), *start = scheme ? scheme + 3 : value, *at = strrchr(value, '@');
    const char *colon = at && start < at ? memchr(start, ':', (size_t)(at - start)) : NULL;
    char masked[SHOWN_MAX], escaped[2 * SHOWN_MAX - 8];
    int length;

    if (colon)
        length = snprintf(masked, sizeof masked, "%.*s:%s%s", (int)(colon - value), value, VALUE_MASK, at);
    else
        length = snprintf(masked, sizeof masked, "%s", value);
    log_escape(escaped, sizeof escaped, masked, strlen(masked));
    snprintf(out, 2 * SHOWN_MAX, "\"%s%s\"", escaped, length < (int)sizeof masked ? "" : "...");
    explicit_bzero(masked, sizeof masked);
}

/* Why a value cannot be used; NULL: it can. */
static const char *fault_of(const char *value)
{
    char user[PROXY_ENVIRONMENT_CREDENTIAL_MAX], password[PROXY_ENVIRONMENT_CREDENTIAL_MAX];
    const char *userinfo, *why = NULL;
    struct endpoint proxy;
    size_t length;

    if (proxy_environment_parse(&proxy, value, strlen(value), &userinfo, &length, &why) &&
        proxy_environment_decode(userinfo, length, user, password, &why))
        why = NULL;
    explicit_bzero(password, sizeof password);
    return why;
}

/* Adds a part to a text of at most size - 1 bytes. */
static void __attribute__((format(printf, 3, 4))) add(char *out, size_t size, const char *format, ...)
{
    size_t length = strlen(out);
    va_list values;

    va_start(values, format);
    vsnprintf(out + length, size - length, format, values);
    va_end(values);
}

bool proxy_environment_explain(const char *scheme, char *out, size_t size)
{
    static const char *const others[] = {"https_proxy", "http_proxy", "socks_proxy", "ftp_proxy"};
    char own[64], all[64], found[64], shown[2 * SHOWN_MAX];
    const char *own_value = scheme_variable(scheme, own), *all_value = variable("all_proxy", all), *value;
    const char *why = own_value ? fault_of(own_value) : all_value ? fault_of(all_value) : NULL;

    out[0] = '\0';
    if ((own_value || all_value) && !why)
        return false;
    if (why) {
        show_value(own_value ? own_value : all_value, shown);
        add(out, size, "%s=%s cannot be used: %s", own_value ? own : all, shown, why);
    } else {
        add(out, size, "neither %.40s_proxy nor all_proxy is set", scheme);
    }
    if (own_value && all_value) {
        show_value(all_value, shown);
        add(out, size, "; %s=%s is not asked, since %s is set", all, shown, own);
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if ((value = variable(others[i], found)) != NULL) {
            show_value(value, shown);
            add(out, size, "; %s=%s is for %.*s alone", found, shown, (int)strcspn(others[i], "_"), others[i]);
        }
    add(out, size, "; set %.40s_proxy or all_proxy to http://host:port", scheme);
    return true;
}

/* --- the URL --- */

bool proxy_environment_parse(struct endpoint *endpoint, const char *text, size_t length, const char **userinfo,
                             size_t *userinfo_length, const char **why)
{
    const char *end = text + length, *at;

    while (text < end && strchr(blanks, *text))
        text++;
    while (end > text && strchr(blanks, end[-1]))
        end--;
    length = (size_t)(end - text);
    memset(endpoint, 0, sizeof *endpoint);
    if (memmem(text, length, "://", 3)) {
        size_t skip = endpoint_parse_scheme(endpoint, text, length, why);

        if (skip == 0)
            return false;
        text += skip;
    }
    at = memrchr(text, '@', (size_t)(end - text));
    *userinfo = text;
    *userinfo_length = at ? (size_t)(at - text) : 0;
    if (at)
        text = at + 1;
    if (memchr(text, '{', (size_t)(end - text))) {
        *why = "a template is for the key `url` of a [proxy] section; a variable takes http://host:port";
        return false;
    }
    return endpoint_parse_authority(endpoint, text, (size_t)(end - text), why);
}
