#include "option.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "address.h"
#include "config.h"
#include "log.h"
#include "method.h"

/* A kind of value: how it is read, printed and freed. */
struct option_kind {
    bool (*parse)(const struct option_row *option, const struct protocol *protocol, void *field, const char *value,
                  const char **why);
    void (*print)(const struct option_row *option, const void *field, FILE *out);
    void (*release)(void *field);
};

static bool fault(const char **why, const char *text)
{
    *why = text;
    return false;
}

/* --- yes or no --- */

static bool parse_yes_no(const struct option_row *option, const struct protocol *protocol, void *field, const char *value,
                         const char **why)
{
    bool yes = strcmp(value, "yes") == 0;

    (void)option, (void)protocol;
    if (!yes && strcmp(value, "no") != 0)
        return fault(why, "neither yes nor no");
    *(bool *)field = yes;
    return true;
}

static void print_yes_no(const struct option_row *option, const void *field, FILE *out)
{
    fprintf(out, "%s = %s\n", option->key, *(const bool *)field ? "yes" : "no");
}

static const struct option_kind yes_no = {parse_yes_no, print_yes_no, NULL};

/* --- one of some words --- */

static bool find_word(const char *const *words, const char *value, size_t length, unsigned *index)
{
    for (unsigned i = 0; words[i]; i++)
        if (strlen(words[i]) == length && memcmp(words[i], value, length) == 0) {
            *index = i;
            return true;
        }
    return false;
}

static bool parse_word(const struct option_row *option, const struct protocol *protocol, void *field, const char *value,
                       const char **why)
{
    (void)protocol;
    if (!find_word(option->words, value, strlen(value), field))
        return fault(why, "none of the words that this key takes");
    return true;
}

static void print_word(const struct option_row *option, const void *field, FILE *out)
{
    fprintf(out, "%s = %s\n", option->key, option->words[*(const unsigned *)field]);
}

static const struct option_kind word = {parse_word, print_word, NULL};

/* --- some of some words, as bits, or none --- */

static bool parse_words(const struct option_row *option, const struct protocol *protocol, void *field, const char *value,
                        const char **why)
{
    unsigned *bits = field;

    (void)protocol;
    *bits = 0;
    if (strcmp(value, "none") == 0)
        return true;
    for (value += strspn(value, " \t"); *value; value += strspn(value, " \t")) {
        size_t length = strcspn(value, " \t");
        unsigned index;

        if (!find_word(option->words, value, length, &index))
            return fault(why, "has a word that this key does not take");
        if (*bits & 1u << index)
            return fault(why, "has a word twice");
        *bits |= 1u << index;
        value += length;
    }
    return *bits != 0 || fault(why, "empty; to announce nothing, write none");
}

static void print_words(const struct option_row *option, const void *field, FILE *out)
{
    unsigned bits = *(const unsigned *)field;

    fprintf(out, "%s =%s", option->key, bits ? "" : " none");
    for (unsigned i = 0; option->words[i]; i++)
        if (bits & 1u << i)
            fprintf(out, " %s", option->words[i]);
    fputc('\n', out);
}

static const struct option_kind words = {parse_words, print_words, NULL};

/* --- whole numbers, and times with a unit --- */

/* Digits, then at most one letter of units, whose factor is at the same place in factors. */
static bool parse_scaled(const struct option_row *option, const char *value, const char *units, const uint64_t *factors,
                         uint64_t unitless, uint32_t *result, const char **why)
{
    size_t digits = strspn(value, "0123456789");
    const char *unit;
    uint64_t number;

    if (digits == 0 || digits > 10 || (value[digits] && value[digits + 1]))
        return fault(why, "not a number of the form that this key takes");
    number = strtoull(value, NULL, 10);
    if (value[digits]) {
        unit = strchr(units, value[digits]);
        if (!unit)
            return fault(why, "has a unit that this key does not take");
        number *= factors[unit - units];
    } else {
        number *= unitless;
    }
    if (number < option->least || number > option->most)
        return fault(why, "out of range");
    *result = (uint32_t)number;
    return true;
}

static bool parse_number(const struct option_row *option, const struct protocol *protocol, void *field, const char *value,
                         const char **why)
{
    static const uint64_t factors[] = {1024, 1024 * 1024};

    (void)protocol;
    return parse_scaled(option, value, "km", factors, 1, field, why);
}

static void print_number(const struct option_row *option, const void *field, FILE *out)
{
    fprintf(out, "%s = %u\n", option->key, *(const uint32_t *)field);
}

static const struct option_kind number = {parse_number, print_number, NULL};

static const uint64_t second = 1000, minute = 60 * 1000, hour = 3600 * 1000, day = 86400 * 1000;

static bool parse_time(const struct option_row *option, const struct protocol *protocol, void *field, const char *value,
                       const char **why)
{
    const uint64_t factors[] = {second, minute, hour, day};

    (void)protocol;
    return parse_scaled(option, value, "smhd", factors, second, field, why);
}

static void print_time(const struct option_row *option, const void *field, FILE *out)
{
    uint32_t ms = *(const uint32_t *)field;

    if (ms == 0)
        fprintf(out, "%s = 0\n", option->key);
    else if (ms % day == 0)
        fprintf(out, "%s = %ud\n", option->key, (unsigned)(ms / day));
    else if (ms % hour == 0)
        fprintf(out, "%s = %uh\n", option->key, (unsigned)(ms / hour));
    else if (ms % minute == 0)
        fprintf(out, "%s = %um\n", option->key, (unsigned)(ms / minute));
    else
        fprintf(out, "%s = %us\n", option->key, (unsigned)(ms / second));
}

static const struct option_kind duration = {parse_time, print_time, NULL};

/* --- text, and text that nobody may see --- */

static bool parse_text(const struct option_row *option, const struct protocol *protocol, void *field, const char *value,
                       const char **why)
{
    char **text = field;

    (void)option, (void)protocol;
    if (!*value)
        return fault(why, "empty");
    *text = strdup(value);
    return *text || fault(why, "does not fit into memory");
}

static void print_text(const struct option_row *option, const void *field, FILE *out)
{
    const char *text = *(char *const *)field;

    if (!text)
        fprintf(out, ";%s =\n", option->key);
    else
        fprintf(out, "%s = %s\n", option->key, option->flags & OPTION_SECRET ? OPTION_MASK : text);
}

static void release_text(void *field)
{
    char **text = field;

    if (*text)
        explicit_bzero(*text, strlen(*text));
    free(*text);
    *text = NULL;
}

static const struct option_kind text = {parse_text, print_text, release_text};

/* The user of Basic authentication cannot hold a colon (RFC 7617 section 2). */
static bool parse_user(const struct option_row *option, const struct protocol *protocol, void *field, const char *value,
                       const char **why)
{
    if (strchr(value, ':'))
        return fault(why, "has a colon, which Basic authentication cannot carry");
    return parse_text(option, protocol, field, value, why);
}

static const struct option_kind user = {parse_user, print_text, release_text};

/* --- a protocol's token: name or name/version (RFC 9110 section 7.8) --- */

static bool is_token(const char *value, size_t length)
{
    if (length == 0)
        return false;
    for (size_t i = 0; i < length; i++)
        if (!strchr("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", value[i]))
            return false;
    return true;
}

static bool parse_token(const struct option_row *option, const struct protocol *protocol, void *field, const char *value,
                        const char **why)
{
    size_t name = strcspn(value, "/");

    if (!is_token(value, name) || (value[name] && !is_token(value + name + 1, strlen(value + name + 1))))
        return fault(why, "neither NAME nor NAME/VERSION");
    if (strlen(value) > 32)
        return fault(why, "longer than 32 bytes");
    return parse_text(option, protocol, field, value, why);
}

static const struct option_kind token = {parse_token, print_text, release_text};

/* --- lists of places --- */

typedef bool place_parser(struct endpoint *place, const char *text, size_t length, const char **why);

static bool parse_places(struct option_places *places, const char *value, place_parser *parse, const char **why)
{
    for (value += strspn(value, " \t"); *value; value += strspn(value, " \t")) {
        size_t length = strcspn(value, " \t");

        if (places->count == OPTION_LIST_MAX)
            return fault(why, "more than 32 in one list");
        if (!parse(&places->at[places->count], value, length, why))
            return false;
        for (size_t i = 0; i < places->count; i++)
            if (places->at[places->count].port != 0 && endpoint_equal(&places->at[i], &places->at[places->count]))
                return fault(why, "has one place twice");
        places->count++;
        value += length;
    }
    return places->count > 0 || fault(why, "empty");
}

/* localhost, a numeric address, [IPv6]; always with a port, which may be 0. */
static bool parse_listen_place(struct endpoint *place, const char *value, size_t length, const char **why)
{
    struct address ignored;
    bool any_port = length > 2 && memcmp(value + length - 2, ":0", 2) == 0;

    /* port 0 has a meaning here only: parse what stands before it, with a port that is none of the user's */
    if (!endpoint_parse(place, value, any_port ? length - 2 : length, any_port ? 1 : 0, why))
        return false;
    if (any_port)
        place->port = 0;
    if (strcasecmp(place->host, "localhost") != 0 && !address_from_literal(&ignored, place->host, 1))
        return fault(why, "listens on a name; write localhost or a numeric address");
    return true;
}

static bool parse_listen(const struct option_row *option, const struct protocol *protocol, void *field, const char *value,
                         const char **why)
{
    (void)option, (void)protocol;
    return parse_places(field, value, parse_listen_place, why);
}

static void print_listen(const struct option_row *option, const void *field, FILE *out)
{
    const struct option_places *places = field;
    char place[ENDPOINT_TEXT_MAX];

    fprintf(out, "%s =", option->key);
    for (size_t i = 0; i < places->count; i++)
        fprintf(out, "%s%s", i % 4 || i == 0 ? " " : "\n    ", endpoint_format(&places->at[i], place));
    fputc('\n', out);
}

static void release_places(void *field)
{
    memset(field, 0, sizeof(struct option_places));
}

static const struct option_kind listen_list = {parse_listen, print_listen, release_places};

static bool parse_urls(const struct option_row *option, const struct protocol *protocol, void *field, const char *value,
                       const char **why)
{
    struct option_places *places = field;

    (void)option, (void)protocol;
    if (places->environment || (places->count > 0 && strcmp(value, "environment") == 0))
        return fault(why, "environment stands alone");
    if (strcmp(value, "environment") == 0) {
        places->environment = true;
        return true;
    }
    return parse_places(places, value, endpoint_parse_url, why);
}

static void print_urls(const struct option_row *option, const void *field, FILE *out)
{
    const struct option_places *places = field;
    char place[ENDPOINT_TEXT_MAX];

    fprintf(out, "%s =%s", option->key, places->environment ? " environment" : "");
    for (size_t i = 0; i < places->count; i++)
        fprintf(out, "%shttp://%s", i == 0 ? " " : "\n    ", endpoint_format(&places->at[i], place));
    fputc('\n', out);
}

static const struct option_kind urls = {parse_urls, print_urls, release_places};

/* --- the target --- */

static bool parse_target(const struct option_row *option, const struct protocol *protocol, void *field, const char *value,
                         const char **why)
{
    struct endpoint_target *target = field;

    (void)option;
    if (!endpoint_parse_target(target, value, strlen(value), protocol->target_port, why))
        return false;
    return !target->srv || protocol->service || fault(why, "no SRV service is known for this kind of section");
}

static void print_target(const struct option_row *option, const void *field, FILE *out)
{
    const struct endpoint_target *target = field;
    char place[ENDPOINT_TEXT_MAX];

    fprintf(out, "%s = %s%s\n", option->key, target->srv ? "srv:" : "",
            target->srv ? target->place.host : endpoint_format(&target->place, place));
}

static const struct option_kind target = {parse_target, print_target, NULL};

/* --- headers --- */

bool option_header_is_secret(const char *header)
{
    size_t name = strcspn(header, ":");

    return (name == 19 && strncasecmp(header, "Proxy-Authorization", name) == 0) ||
           (name == 13 && strncasecmp(header, "Authorization", name) == 0) ||
           (name == 6 && strncasecmp(header, "Cookie", name) == 0);
}

/* Fields that we write ourselves, or that would make the request mean something else. */
static bool is_ours(const char *name, size_t length)
{
    static const char *const ours[] = {"Host", "Upgrade", "Connection", "ALPN", "New-Protocol", "User-Agent",
                                       "Content-Length", "Transfer-Encoding", "Redirected-Via", "TE", "Trailer"};

    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        if (strlen(ours[i]) == length && strncasecmp(ours[i], name, length) == 0)
            return true;
    return false;
}

static bool parse_header(const struct option_row *option, const struct protocol *protocol, void *field, const char *value,
                         const char **why)
{
    struct option_texts *texts = field;
    size_t name = strcspn(value, ":");

    if (!value[name] || !is_token(value, name))
        return fault(why, "not of the form Name: value");
    if (is_ours(value, name))
        return fault(why, "a field that sallyport writes itself");
    for (const char *c = value; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return fault(why, "has a control byte");
    if (texts->count == OPTION_LIST_MAX)
        return fault(why, "more than 32 headers");
    if (!parse_text(option, protocol, &texts->at[texts->count], value, why))
        return false;
    texts->count++;
    return true;
}

static void print_headers(const struct option_row *option, const void *field, FILE *out)
{
    const struct option_texts *texts = field;

    if (texts->count == 0)
        fprintf(out, ";%s =\n", option->key);
    for (size_t i = 0; i < texts->count; i++)
        if (option_header_is_secret(texts->at[i]))
            fprintf(out, "%s = %.*s: %s\n", option->key, (int)strcspn(texts->at[i], ":"), texts->at[i], OPTION_MASK);
        else
            fprintf(out, "%s = %s\n", option->key, texts->at[i]);
}

static void release_texts(void *field)
{
    struct option_texts *texts = field;

    while (texts->count > 0)
        release_text(&texts->at[--texts->count]);
}

static const struct option_kind headers = {parse_header, print_headers, release_texts};

/* --- the table --- */

static const char *const log_to_words[] = {"stderr", "syslog", NULL};
static const char *const fallback_words[] = {"none", "direct", NULL};

#define GLOBAL(key, kind, field, ...) {OPTION_GLOBAL, key, &kind, offsetof(struct settings, field), __VA_ARGS__}
#define PROXY(key, kind, field, ...) {OPTION_PROXY, key, &kind, offsetof(struct proxy_config, field), __VA_ARGS__}
#define LISTENER(key, kind, field, ...) \
    {OPTION_LISTENER, key, &kind, offsetof(struct listener_config, field), __VA_ARGS__}
#define PHASE 1000, 3600000 /* a phase may take from a second to an hour */

static const struct option_row table[] = {
    GLOBAL("log-level", word, log_level, "info", 0, 0, log_level_words, 0, "how much is logged"),
    GLOBAL("log-to", word, log_to, "stderr", 0, 0, log_to_words, 0, "where it is logged"),
    GLOBAL("max-sessions", number, max_sessions, "4096", 1, 1000000, NULL, 0, "sessions at one time"),
    GLOBAL("resolve-timeout", duration, resolve_timeout, "10s", PHASE, NULL, 0, "limit of a name look-up"),
    GLOBAL("connect-timeout", duration, connect_timeout, "15s", PHASE, NULL, 0, "limit of connecting to a proxy"),
    GLOBAL("handshake-timeout", duration, handshake_timeout, "30s", PHASE, NULL, 0, "limit of a proxy's answer"),
    GLOBAL("greeting-timeout", duration, greeting_timeout, "60s", PHASE, NULL, 0, "limit of the server's greeting"),
    GLOBAL("idle-timeout", duration, idle_timeout, "0", 0, 4000000000, NULL, 0, "limit of silence, 0 = none"),
    GLOBAL("keepalive", duration, keepalive, "2m", 1000, 86400000, NULL, 0, "how soon a dead path is noticed"),
    GLOBAL("same-user", yes_no, same_user, "yes", 0, 0, NULL, 0, "whether only this user's programs may connect"),

    PROXY("url", urls, urls, NULL, 0, 0, NULL, OPTION_REQUIRED | OPTION_CONTINUES, "http://host:port, in order"),
    PROXY("method", word, method, "connect", 0, 0, method_words, 0, "how the tunnel is asked for"),
    PROXY("announce", words, announce, "upgrade", 0, 0, method_announce_words, 0, "how the protocol is named"),
    PROXY("require-switch", yes_no, require_switch, "no", 0, 0, NULL, 0, "whether only 101 is success"),
    PROXY("user", user, user, NULL, 0, 0, NULL, 0, "user name at the proxy"),
    PROXY("password", text, password, NULL, 0, 0, NULL, OPTION_SECRET, "password at the proxy"),
    PROXY("password-file", text, password_file, NULL, 0, 0, NULL, 0, "file whose first line is the password"),
    PROXY("password-command", text, password_command, NULL, 0, 0, NULL, 0, "command that prints the password"),
    PROXY("header", headers, headers, NULL, 0, 0, NULL, OPTION_REPEATS, "Name: value, sent to this proxy"),
    PROXY("fallback", word, fallback, "none", 0, 0, fallback_words, 0, "what to do when no proxy can be reached"),

    LISTENER("listen", listen_list, listen, NULL, 0, 0, NULL, OPTION_CONTINUES, "local addresses, host:port"),
    LISTENER("target", target, target, NULL, 0, 0, NULL, OPTION_REQUIRED, "the server, host[:port] or srv:domain"),
    LISTENER("protocol", token, token, NULL, 0, 0, NULL, 0, "token for Upgrade, name or name/version"),
    LISTENER("proxy", text, proxy_name, NULL, 0, 0, NULL, 0, "label of a proxy, or direct"),
};

const struct option_row *option_row(size_t i)
{
    return i < option_count() ? &table[i] : NULL;
}

size_t option_count(void)
{
    return sizeof table / sizeof table[0];
}

size_t option_index(const struct option_row *option)
{
    return (size_t)(option - table);
}

const struct option_row *option_find(enum option_section section, const char *key)
{
    for (size_t i = 0; i < option_count(); i++)
        if (table[i].section == section && strcmp(table[i].key, key) == 0)
            return &table[i];
    return NULL;
}

bool option_set(const struct option_row *option, const struct protocol *protocol, void *base, const char *value,
                const char **why)
{
    return option->kind->parse(option, protocol, (char *)base + option->offset, value, why);
}

void option_print(const struct option_row *option, const void *base, FILE *out)
{
    option->kind->print(option, (const char *)base + option->offset, out);
}

void option_release(const struct option_row *option, void *base)
{
    if (option->kind->release)
        option->kind->release((char *)base + option->offset);
}
