/* SPDX-License-Identifier: ISC */
#include "config/value.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/value_kind.h"
#include "http/connect_request.h"

/* A $ of a value in which variables may stand is written as two. */
static void print_line(const struct value_rule *rule, const char *text, FILE *out)
{
    fprintf(out, "%s = ", rule->key);
    for (; *text; text++)
        fprintf(out, *text == '$' && rule->flags & VALUE_EXPANDS ? "$$" : "%c", *text);
    fputc('\n', out);
}

/* --- yes or no --- */

static bool parse_yes_no(const struct value_rule *rule, const struct protocol *protocol, void *field, const char *value,
                         const char **why)
{
    bool yes = strcmp(value, "yes") == 0;

    (void)rule, (void)protocol;
    if (!yes && strcmp(value, "no") != 0)
        return value_fault(why, "neither yes nor no");
    *(bool *)field = yes;
    return true;
}

static void print_yes_no(const struct value_rule *rule, const void *field, FILE *out)
{
    fprintf(out, "%s = %s\n", rule->key, *(const bool *)field ? "yes" : "no");
}

const struct value_kind value_yes_no = {parse_yes_no, print_yes_no, NULL, NULL};

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

/* Returns false with the list of possible words in *why. */
static bool fault_words(const struct value_rule *rule, const char **why)
{
    static char told[160]; /* *why points to it until the next fault */
    size_t at = (size_t)snprintf(told, sizeof told, "takes");

    for (size_t i = 0; rule->words[i] && at < sizeof told; i++)
        at += (size_t)snprintf(told + at, sizeof told - at, "%s %s", i ? "," : "", rule->words[i]);
    return value_fault(why, told);
}

static bool parse_word(const struct value_rule *rule, const struct protocol *protocol, void *field, const char *value,
                       const char **why)
{
    (void)protocol;
    return find_word(rule->words, value, strlen(value), field) || fault_words(rule, why);
}

static void print_word(const struct value_rule *rule, const void *field, FILE *out)
{
    fprintf(out, "%s = %s\n", rule->key, rule->words[*(const unsigned *)field]);
}

const struct value_kind value_word = {parse_word, print_word, NULL, NULL};

/* --- several of some words, as bits, or none --- */

static bool add_words(const struct value_rule *rule, unsigned *bits, const char *value, const char **why)
{
    for (value += strspn(value, " \t"); *value; value += strspn(value, " \t")) {
        size_t length = strcspn(value, " \t");
        unsigned index;

        if (!find_word(rule->words, value, length, &index))
            return fault_words(rule, why);
        if (*bits & 1u << index)
            return value_fault(why, "has a word twice");
        *bits |= 1u << index;
        value += length;
    }
    return *bits != 0 || value_fault(why, "empty; for none, write none");
}

static bool parse_words(const struct value_rule *rule, const struct protocol *protocol, void *field, const char *value,
                        const char **why)
{
    (void)protocol;
    *(unsigned *)field = 0;
    return strcmp(value, "none") == 0 || add_words(rule, field, value, why);
}

static bool more_words(const struct value_rule *rule, const struct protocol *protocol, void *field, const char *value,
                       const char **why)
{
    (void)protocol;
    if (*(const unsigned *)field == 0)
        return value_fault(why, "goes on, but above is no list (none stands alone)");
    return add_words(rule, field, value, why);
}

static void print_words(const struct value_rule *rule, const void *field, FILE *out)
{
    unsigned bits = *(const unsigned *)field;

    fprintf(out, "%s =%s", rule->key, bits ? "" : " none");
    for (unsigned i = 0; rule->words[i]; i++)
        if (bits & 1u << i)
            fprintf(out, " %s", rule->words[i]);
    fputc('\n', out);
}

const struct value_kind value_words = {parse_words, print_words, NULL, more_words};

/* --- whole numbers, and times with a unit --- */

/* Reads digits and at most one letter of units, each with its factor in factors; without a letter it is unitless. */
static bool parse_scaled(const struct value_rule *rule, const char *value, const char *units, const uint64_t *factors,
                         uint64_t unitless, uint32_t *result, const char **why)
{
    size_t digits = strspn(value, "0123456789");
    const char *unit;
    uint64_t number;

    if (digits == 0 || digits > 10 || (value[digits] && value[digits + 1]))
        return value_fault(why, "not a number of the form that this key takes");
    number = strtoull(value, NULL, 10);
    if (value[digits]) {
        unit = strchr(units, value[digits]);
        if (!unit)
            return value_fault(why, "has a unit that this key does not take");
        number *= factors[unit - units];
    } else {
        number *= unitless;
    }
    if (number < rule->least || number > rule->most) {
        static char told[80]; /* *why points to it until the next fault */

        snprintf(told, sizeof told, "out of range, which is from %" PRIu64 " to %" PRIu64 "%s", rule->least / unitless,
                 rule->most / unitless, unitless == 1 ? "" : " seconds");
        return value_fault(why, told);
    }
    *result = (uint32_t)number;
    return true;
}

static bool parse_number(const struct value_rule *rule, const struct protocol *protocol, void *field, const char *value,
                         const char **why)
{
    static const uint64_t factors[] = {1024, 1024 * 1024};

    (void)protocol;
    return parse_scaled(rule, value, "km", factors, 1, field, why);
}

static void print_number(const struct value_rule *rule, const void *field, FILE *out)
{
    fprintf(out, "%s = %u\n", rule->key, *(const uint32_t *)field);
}

const struct value_kind value_number = {parse_number, print_number, NULL, NULL};

static const uint64_t second = 1000, minute = 60 * 1000, hour = 3600 * 1000, day = 86400 * 1000;

static bool parse_time(const struct value_rule *rule, const struct protocol *protocol, void *field, const char *value,
                       const char **why)
{
    const uint64_t factors[] = {second, minute, hour, day};

    (void)protocol;
    return parse_scaled(rule, value, "smhd", factors, second, field, why);
}

static void print_time(const struct value_rule *rule, const void *field, FILE *out)
{
    uint32_t ms = *(const uint32_t *)field;

    if (ms == 0)
        fprintf(out, "%s = 0\n", rule->key);
    else if (ms % day == 0)
        fprintf(out, "%s = %ud\n", rule->key, (unsigned)(ms / day));
    else if (ms % hour == 0)
        fprintf(out, "%s = %uh\n", rule->key, (unsigned)(ms / hour));
    else if (ms % minute == 0)
        fprintf(out, "%s = %um\n", rule->key, (unsigned)(ms / minute));
    else
        fprintf(out, "%s = %us\n", rule->key, (unsigned)(ms / second));
}

const struct value_kind value_time = {parse_time, print_time, NULL, NULL};

/* --- text, secrets included --- */

static void release_text(void *field)
{
    char **text = field;

    if (*text)
        explicit_bzero(*text, strlen(*text));
    free(*text);
    *text = NULL;
}

static bool parse_text(const struct value_rule *rule, const struct protocol *protocol, void *field, const char *value,
                       const char **why)
{
    char **text = field;

    (void)rule, (void)protocol;
    if (!*value)
        return value_fault(why, "empty");
    release_text(text); /* it may have a default */
    *text = strdup(value);
    return *text || value_fault(why, "does not fit into memory");
}

static void print_text(const struct value_rule *rule, const void *field, FILE *out)
{
    const char *text = *(char *const *)field;

    if (!text)
        fprintf(out, ";%s =\n", rule->key);
    else
        print_line(rule, rule->flags & VALUE_SECRET ? VALUE_MASK : text, out);
}

const struct value_kind value_text = {parse_text, print_text, release_text, NULL};

/* In Basic authentication, a user name cannot contain a colon (RFC 7617 section 2). */
static bool parse_user(const struct value_rule *rule, const struct protocol *protocol, void *field, const char *value,
                       const char **why)
{
    if (strchr(value, ':'))
        return value_fault(why, "has a colon, which Basic authentication cannot carry");
    return parse_text(rule, protocol, field, value, why);
}

const struct value_kind value_user = {parse_user, print_text, release_text, NULL};

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

static bool parse_token(const struct value_rule *rule, const struct protocol *protocol, void *field, const char *value,
                        const char **why)
{
    size_t name = strcspn(value, "/");

    if (!is_token(value, name) || (value[name] && !is_token(value + name + 1, strlen(value + name + 1))))
        return value_fault(why, "neither NAME nor NAME/VERSION");
    if (strlen(value) > 32)
        return value_fault(why, "longer than 32 bytes");
    return parse_text(rule, protocol, field, value, why);
}

const struct value_kind value_token = {parse_token, print_text, release_text, NULL};

/* --- a kind of listener --- */

static bool parse_protocol(const struct value_rule *rule, const struct protocol *protocol, void *field,
                           const char *value, const char **why)
{
    const struct protocol **found = field;

    (void)rule, (void)protocol;
    *found = protocol_find(value, strlen(value));
    return *found || value_fault(why, "no kind of listener: imap, smtp, submission, nntp, pop3, managesieve, forward");
}

static void print_protocol(const struct value_rule *rule, const void *field, FILE *out)
{
    const struct protocol *const *found = field;

    if (*found)
        print_line(rule, (*found)->section, out);
    else
        fprintf(out, ";%s =\n", rule->key);
}

const struct value_kind value_protocol = {parse_protocol, print_protocol, NULL, NULL};

/* --- the target --- */

static bool parse_target(const struct value_rule *rule, const struct protocol *protocol, void *field, const char *value,
                         const char **why)
{
    struct endpoint_target *target = field;

    (void)rule;
    if (!endpoint_parse_target(target, value, strlen(value), protocol->target_port, why))
        return false;
    return !target->srv || protocol->service || value_fault(why, "no SRV service is known for this kind of section");
}

static void print_target(const struct value_rule *rule, const void *field, FILE *out)
{
    const struct endpoint_target *target = field;
    char place[ENDPOINT_TEXT_MAX], text[sizeof place + 4];

    if (target->srv)
        snprintf(text, sizeof text, "srv:%s", target->place.host);
    else
        endpoint_format(&target->place, text);
    print_line(rule, text, out);
}

const struct value_kind value_target = {parse_target, print_target, NULL, NULL};

/* --- headers --- */

bool value_header_is_secret(const char *header)
{
    size_t name = strcspn(header, ":");

    return (name == 19 && strncasecmp(header, "Proxy-Authorization", name) == 0) ||
           (name == 13 && strncasecmp(header, "Authorization", name) == 0) ||
           (name == 6 && strncasecmp(header, "Cookie", name) == 0);
}

bool value_header_is_login(const char *header, bool asks_server)
{
    size_t name = strcspn(header, ":");

    return (name == 19 && strncasecmp(header, "Proxy-Authorization", name) == 0) ||
           (asks_server && name == 13 && strncasecmp(header, "Authorization", name) == 0);
}

/* Whether sallyport writes this field itself, or it would change the meaning of the request. */
static bool is_ours(const char *name, size_t length)
{
    static const char *const ours[] = {"Host", "Upgrade", "Connection", "ALPN", "New-Protocol", "Content-Length",
                                       "Transfer-Encoding", "Redirected-Via", "TE", "Trailer", "Capsule-Protocol",
                                       "Expect"};

    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        if (strlen(ours[i]) == length && strncasecmp(ours[i], name, length) == 0)
            return true;
    return false;
}

/* Whether this field, which a request has once, stands among the headers already. */
static bool stands_twice(const struct value_texts *texts, const char *name, size_t length)
{
    if (strncasecmp(name, "User-Agent:", length + 1) != 0 && strncasecmp(name, "Proxy-Connection:", length + 1) != 0)
        return false;
    for (size_t i = 0; i < texts->count; i++)
        if (strncasecmp(texts->at[i], name, length + 1) == 0)
            return true;
    return false;
}

static size_t total_length(const struct value_texts *texts)
{
    size_t total = 0;

    for (size_t i = 0; i < texts->count; i++)
        total += strlen(texts->at[i]) + 2; /* CR LF */
    return total;
}

static bool parse_header(const struct value_rule *rule, const struct protocol *protocol, void *field, const char *value,
                         const char **why)
{
    struct value_texts *texts = field;
    size_t name = strcspn(value, ":");

    if (!value[name] || !is_token(value, name))
        return value_fault(why, "not of the form Name: value");
    if (is_ours(value, name))
        return value_fault(why, "a field that sallyport writes itself");
    if (stands_twice(texts, value, name))
        return value_fault(why, "a field that a request has only once");
    for (const char *c = value; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return value_fault(why, "has a control byte");
    if (texts->count == VALUE_LIST_MAX)
        return value_fault(why, "more than 32 headers");
    if (total_length(texts) + strlen(value) + 2 > CONNECT_HEADERS_MAX)
        return value_fault(why, "all headers together are longer than 32768 bytes");
    if (!parse_text(rule, protocol, &texts->at[texts->count], value, why))
        return false;
    texts->count++;
    return true;
}

static void print_headers(const struct value_rule *rule, const void *field, FILE *out)
{
    const struct value_texts *texts = field;
    char masked[64];

    if (texts->count == 0)
        fprintf(out, ";%s =\n", rule->key);
    for (size_t i = 0; i < texts->count; i++) {
        bool secret = value_header_is_secret(texts->at[i]);

        snprintf(masked, sizeof masked, "%.*s: %s", (int)strcspn(texts->at[i], ":"), texts->at[i], VALUE_MASK);
        print_line(rule, secret ? masked : texts->at[i], out);
    }
}

static void release_texts(void *field)
{
    struct value_texts *texts = field;

    while (texts->count > 0)
        release_text(&texts->at[--texts->count]);
}

const struct value_kind value_headers = {parse_header, print_headers, release_texts, parse_header};

/* --- any kind --- */

/* The bytes of a quotation mark: one of ASCII, or in UTF-8 U+00AB, U+00BB or one of U+2018 to U+201F; else 0. */
static size_t quote(const char *text, size_t length)
{
    const unsigned char *bytes = (const unsigned char *)text;

    if (length >= 1 && (*text == '"' || *text == '\''))
        return 1;
    if (length >= 2 && bytes[0] == 0xc2 && (bytes[1] == 0xab || bytes[1] == 0xbb))
        return 2;
    return length >= 3 && bytes[0] == 0xe2 && bytes[1] == 0x80 && bytes[2] >= 0x98 && bytes[2] <= 0x9f ? 3 : 0;
}

static size_t quote_at_start(const char *value)
{
    return quote(value, strlen(value));
}

static size_t quote_at_end(const char *value)
{
    size_t length = strlen(value);

    for (size_t bytes = 1; bytes <= 3 && bytes <= length; bytes++)
        if (quote(value + length - bytes, bytes) == bytes)
            return bytes;
    return 0;
}

bool value_is_quoted(const char *value)
{
    size_t start = quote_at_start(value), end = quote_at_end(value);

    return start > 0 && end > 0 && start + end <= strlen(value);
}

bool value_parse(const struct value_rule *rule, const struct protocol *protocol, void *field, const char *value,
                 const char **why)
{
    static const char unquoted[] = "values are written without quotes";

    if (!(rule->flags & VALUE_VERBATIM) && value_is_quoted(value))
        return value_fault(why, unquoted);
    if (rule->kind->parse(rule, protocol, field, value, why))
        return true;
    if (quote_at_start(value) || quote_at_end(value))
        *why = unquoted;
    return false;
}

bool value_continue(const struct value_rule *rule, const struct protocol *protocol, void *field, const char *value,
                    const char **why)
{
    if (!rule->kind->more)
        return value_fault(why, "no list, so it cannot go on in an indented line");
    return rule->kind->more(rule, protocol, field, value, why);
}

void value_print(const struct value_rule *rule, const void *field, FILE *out)
{
    if (rule->flags & VALUE_OF_FILE)
        fputc(';', out);
    rule->kind->print(rule, field, out);
}

void value_release(const struct value_rule *rule, void *field)
{
    if (rule->kind->release)
        rule->kind->release(field);
}
