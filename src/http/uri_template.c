/* SPDX-License-Identifier: ISC */
#include "http/uri_template.h"

#include <stdio.h>
#include <string.h>

/* What is written, or counted only: length goes on when nothing fits any more. */
struct sink {
    char *out;
    size_t size, length;
};

static void put(struct sink *sink, char c)
{
    if (sink->length < sink->size)
        sink->out[sink->length] = c;
    sink->length++;
}

static void put_text(struct sink *sink, const char *text)
{
    for (; *text; text++)
        put(sink, *text);
}

static bool is_alphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Everything but unreserved bytes (RFC 3986 section 2.3) as %XX. */
static void put_encoded(struct sink *sink, const char *value)
{
    static const char digits[] = "0123456789ABCDEF";

    for (; *value; value++) {
        unsigned char c = (unsigned char)*value;

        if (c >= 'A' && c <= 'Z')
            c |= 0x20;
        if (is_alphanumeric((char)c) || strchr("-._~", c)) {
            put(sink, (char)c);
            continue;
        }
        put(sink, '%');
        put(sink, digits[c >> 4]);
        put(sink, digits[c & 15]);
    }
}

/* --- bytes that stand for themselves --- */

/* Printable, and still not of a path or query (RFC 3986 section 3.3 and 3.4, RFC 6570 section 2.1). */
static const struct {
    char byte;
    const char *why;
} foreign[] = {
    {'#', "a fragment (# and what follows) is never sent: leave it out"},
    {'"', "a \" stands in the path: write %22"},
    {'<', "a < stands in the path: write %3C"},
    {'>', "a > stands in the path: write %3E"},
    {'[', "a [ stands in the path: write %5B"},
    {'\\', "a \\ stands in the path: write %5C"},
    {']', "a ] stands in the path: write %5D"},
    {'^', "a ^ stands in the path: write %5E"},
    {'`', "a ` stands in the path: write %60"},
    {'|', "a | stands in the path: write %7C"},
    {'}', "a } has no { before it: write %7D if it stands for itself"},
};

/* What is wrong with a byte, wherever it stands; NULL: nothing. */
static const char *unprintable(char c)
{
    if (c == ' ')
        return "a blank stands in the path: write %20";
    if ((unsigned char)c < 0x20 || c == 0x7f)
        return "a control character stands in the path";
    if ((unsigned char)c >= 0x80)
        return "the path is not ASCII: write each byte of the character as %XX";
    return NULL;
}

/* What is wrong with the first byte of text, which stands for itself; NULL: nothing. */
static const char *foreign_literal(const char *text, const char *end)
{
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++)
        if (*text == foreign[i].byte)
            return foreign[i].why;
    if (*text == '%' && (end - text < 3 || !is_hex(text[1]) || !is_hex(text[2])))
        return "a % has no two hexadecimal digits behind it: write %25 if it stands for itself";
    return unprintable(*text);
}

/* What is wrong with a path as a whole; NULL: nothing. */
static const char *wrong_start(const char *path, size_t length)
{
    if (length == 0 || *path == '?')
        return "the path is missing: write a / behind the host";
    if (*path == '{')
        return "variables stand in the path or the query only: write a / behind the host, before the {";
    if (*path != '/' && *path != '#')
        return "the path does not begin with a /";
    if (length >= URI_TEMPLATE_MAX)
        return "the path is longer than 4095 bytes";
    return NULL;
}

/* --- expressions --- */

enum variable {
    HOST = 1 << 0,
    PORT = 1 << 1,
};

static const struct {
    const char *name;
    enum variable variable;
} variables[] = {
    {"target_host", HOST},
    {"target_port", PORT},
};

#define WRITE_INSTEAD ": write {target_host} and {target_port}, or {?target_host,target_port}"

/* The operators of RFC 6570 section 2.2 that change what is encoded or put between, and those that it reserves. */
static const struct {
    char byte;
    const char *why;
} operators[] = {
    {'+', "the form {+...} is not for a tunnel" WRITE_INSTEAD},
    {'#', "the form {#...} is not for a tunnel" WRITE_INSTEAD},
    {'.', "the form {....} is not for a tunnel" WRITE_INSTEAD},
    {'/', "the form {/...} is not for a tunnel" WRITE_INSTEAD},
    {';', "the form {;...} is not for a tunnel" WRITE_INSTEAD},
    {'=', "the form {=...} is not for a tunnel" WRITE_INSTEAD},
    {',', "the form {,...} is not for a tunnel" WRITE_INSTEAD},
    {'!', "the form {!...} is not for a tunnel" WRITE_INSTEAD},
    {'@', "the form {@...} is not for a tunnel" WRITE_INSTEAD},
    {'|', "the form {|...} is not for a tunnel" WRITE_INSTEAD},
};

/* A template that is being read and written. */
struct expansion {
    const struct endpoint *target;
    struct sink *sink;
    unsigned seen; /* bits of enum variable */
    bool query;    /* a ? is behind us */
};

/* The row of variables, or -1 and *why. */
static int find_variable(const char *name, size_t length, const char **why)
{
    const char *colon = memchr(name, ':', length);

    for (int i = 0; i < (int)(sizeof variables / sizeof variables[0]); i++)
        if (strlen(variables[i].name) == length && memcmp(variables[i].name, name, length) == 0)
            return i;
    if (length == 0)
        *why = "a variable has no name: write target_host or target_port";
    else if (name[length - 1] == '*')
        *why = "a variable has a * behind its name: write the name alone";
    else if (colon)
        *why = "a variable has a length (:n) behind its name: write the name alone";
    else
        *why = "a variable is neither target_host nor target_port: there are no others";
    return -1;
}

/* One variable, with what stands before it: nothing in the simple form, "?name=" or "&name=" in a query. */
static const char *expand_variable(struct expansion *expansion, char operator, const char *name, size_t length)
{
    const char *why = NULL;
    int row = find_variable(name, length, &why);
    char port[sizeof "65535"];

    if (row < 0)
        return why;
    if (operator) {
        put(expansion->sink, operator);
        put_text(expansion->sink, variables[row].name);
        put(expansion->sink, '=');
    }
    snprintf(port, sizeof port, "%u", (unsigned)expansion->target->port);
    put_encoded(expansion->sink, variables[row].variable == HOST ? expansion->target->host : port);
    expansion->seen |= variables[row].variable;
    return NULL;
}

/* What stands between two braces.  Returns what is wrong, or NULL. */
static const char *expand_expression(struct expansion *expansion, const char *text, const char *end)
{
    char operator = '\0';

    if (text == end)
        return "nothing stands between { and }" WRITE_INSTEAD;
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++)
        if (*text == operators[i].byte)
            return operators[i].why;
    if (*text == '?' && expansion->query)
        return "a second ? begins no query: write {&...} for {?...}";
    if (*text == '&' && !expansion->query)
        return "no ? is before {&...}: write {?...} for it";
    if (*text == '?' || *text == '&')
        operator = *text++;
    expansion->query |= operator == '?';
    for (;;) {
        const char *comma = memchr(text, ',', (size_t)(end - text));
        const char *stop = comma ? comma : end, *why;

        if (comma && !operator)
            return "braces with two variables join them by a comma: write {target_host} and {target_port}, each in "
                   "braces of its own";
        why = expand_variable(expansion, operator, text, (size_t)(stop - text));
        if (why || !comma)
            return why;
        operator = '&';
        text = comma + 1;
    }
}

/* From a '{' on: sets *rest behind its '}'.  Returns what is wrong, or NULL. */
static const char *expand_braces(struct expansion *expansion, const char *brace, const char *end, const char **rest)
{
    for (const char *c = brace + 1; c < end; c++) {
        const char *why = unprintable(*c);

        if (why)
            return why;
        if (*c == '{')
            return "a { stands within braces: close the first before it";
        if (*c != '}')
            continue;
        *rest = c + 1;
        return expand_expression(expansion, brace + 1, c);
    }
    return "a { is not closed: write } behind the variable";
}

/* Reads a template, whole, and writes what it comes to for target.  Returns what is wrong, or NULL. */
static const char *expand(const char *path, size_t length, const struct endpoint *target, struct sink *sink)
{
    struct expansion expansion = {.target = target, .sink = sink};
    const char *end = path + length, *why = wrong_start(path, length);

    while (!why && path < end) {
        if (*path == '{') {
            why = expand_braces(&expansion, path, end, &path);
            continue;
        }
        why = foreign_literal(path, end);
        expansion.query |= *path == '?';
        put(sink, *path++);
    }
    if (!why && !(expansion.seen & HOST))
        why = "the template does not say where the target's host goes: write {target_host} there";
    if (!why && !(expansion.seen & PORT))
        why = "the template does not say where the target's port goes: write {target_port} there";
    return why;
}

/* --- what the others call --- */

size_t uri_path_begin(const char *text, size_t length)
{
    size_t at = 0;

    while (at < length && (!text[at] || !strchr("/?#{", text[at])))
        at++;
    return at;
}

bool uri_path_is_template(const char *path, size_t length)
{
    return memchr(path, '{', length) != NULL;
}

bool uri_path_check(const char *path, size_t length, const char **why)
{
    *why = wrong_start(path, length);
    for (size_t i = 0; i < length && !*why; i++)
        *why = path[i] == '{' ? "a { stands in a path without variables: write %7B"
                              : foreign_literal(path + i, path + length);
    return !*why;
}

/* A name is never longer than this, and an address is shorter, with each of its colons as %3A. */
static void set_longest(struct endpoint *target)
{
    memset(target, 0, sizeof *target);
    memset(target->host, 'x', ENDPOINT_HOST_MAX);
    target->port = 65535;
}

bool uri_template_check(const char *path, size_t length, const char **why)
{
    struct endpoint longest;
    struct sink count = {0};

    set_longest(&longest);
    *why = expand(path, length, &longest, &count);
    if (!*why && count.length >= URI_TEMPLATE_MAX)
        *why = "the template expands to more than 4095 bytes for a long host: name the variables fewer times";
    return !*why;
}

size_t uri_template_expand(const char *path, const struct endpoint *target, char *out, size_t size)
{
    struct sink sink = {.out = out, .size = size};

    if (expand(path, strlen(path), target, &sink) || sink.length >= size)
        return 0;
    out[sink.length] = '\0';
    return sink.length;
}
