/* SPDX-License-Identifier: ISC */
#include "control/status_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "control/columns.h"

#define INDENT 5 /* of the lines that belong to an ID */

/* --- fields --- */

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "?";
}

static uint64_t number_of(const json_t *object, const char *key)
{
    json_int_t value = json_integer_value(json_object_get(object, key));

    return value > 0 ? (uint64_t)value : 0;
}

static bool is_true(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

static bool has(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    return value && !json_is_null(value);
}

const char *status_text_seconds(uint64_t seconds, char out[STATUS_TEXT_MAX])
{
    uint64_t minutes = seconds / 60, hours = minutes / 60, days = hours / 24;

    if (days > 0)
        snprintf(out, STATUS_TEXT_MAX, "%" PRIu64 "d%02uh", days, (unsigned)(hours % 24));
    else if (hours > 0)
        snprintf(out, STATUS_TEXT_MAX, "%uh%02um", (unsigned)hours, (unsigned)(minutes % 60));
    else if (minutes > 0)
        snprintf(out, STATUS_TEXT_MAX, "%um%02us", (unsigned)minutes, (unsigned)(seconds % 60));
    else
        snprintf(out, STATUS_TEXT_MAX, "%us", (unsigned)seconds);
    return out;
}

const char *status_text_bytes(uint64_t bytes, char out[STATUS_TEXT_MAX])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    const size_t last = sizeof units / sizeof units[0] - 1;
    uint64_t tenths = bytes * 10; /* of the unit; so many bytes that this overflows are never moved */
    size_t unit = 0;

    while (unit < last && tenths >= 10240) {
        tenths /= 1024;
        unit++;
    }
    if (unit > 0 && tenths < 100)
        snprintf(out, STATUS_TEXT_MAX, "%u.%u %s", (unsigned)(tenths / 10), (unsigned)(tenths % 10), units[unit]);
    else
        snprintf(out, STATUS_TEXT_MAX, "%" PRIu64 " %s", tenths / 10, units[unit]);
    return out;
}

/* --- lines --- */

/* Prints a word that begins at that column, and breaks it where it is longer than a line: it may be what a question is
 * about, of which nothing must be hidden.  Returns the column behind it. */
static size_t print_word(FILE *out, size_t width, size_t indent, size_t column, const char *word)
{
    size_t length = strlen(word);

    while (column + length > width && width > indent) {
        size_t part = width > column ? width - column : 0;

        fprintf(out, "%.*s\n%*s", (int)part, word, (int)indent, "");
        word += part;
        length -= part;
        column = indent;
    }
    fputs(word, out);
    return column + length;
}

/* Prints one paragraph, folded to width columns (0: not folded), between words where that is possible, with its lines
 * after the first indented.  Bytes that are not printable become question marks. */
static void __attribute__((format(printf, 4, 5))) say(FILE *out, size_t width, size_t indent, const char *format, ...)
{
    char text[2000], *rest = text, *word;
    size_t column = 0;
    va_list values;

    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    for (char *c = text; *c; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
    while (width > 0 && (word = strsep(&rest, " "))) {
        if (column > indent && column + 1 + strlen(word) > width && *word) {
            fprintf(out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (word > text) {
            fputc(' ', out);
            column++;
        }
        column = print_word(out, width, indent, column, word);
    }
    if (width == 0)
        fputs(text, out);
    fputc('\n', out);
}

/* --- the parts of a status --- */

static void show_summary(const json_t *status, FILE *out, size_t width)
{
    const json_t *totals = json_object_get(status, "totals"), *network = json_object_get(status, "network");
    char up[STATUS_TEXT_MAX], since[STATUS_TEXT_MAX], in[STATUS_TEXT_MAX], went[STATUS_TEXT_MAX];

    say(out, width, 0, "sallyport %s, up %s, process %" PRIu64 "%s", text_of(status, "version"),
        status_text_seconds(number_of(status, "uptime"), up), number_of(status, "pid"),
        is_true(status, "stopping") ? ", stopping" : "");
    say(out, width, 0, "configuration %s", text_of(status, "configuration"));
    if (network && !json_is_null(network))
        say(out, width, 0, "network %" PRIu64 ", for %s", number_of(network, "epoch"),
            status_text_seconds(number_of(network, "since"), since));
    say(out, width, 0, "sessions %" PRIu64 " open, %" PRIu64 " so far; %s in, %s out", number_of(totals, "open"),
        number_of(totals, "sessions"), status_text_bytes(number_of(totals, "in"), in),
        status_text_bytes(number_of(totals, "out"), went));
    if (number_of(totals, "preconnected") > 0)
        say(out, width, 0, "connections made ahead of need: %" PRIu64 " used, %" PRIu64 " of them dead",
            number_of(totals, "preconnected"), number_of(totals, "stale"));
}

static void finish(struct columns *table, FILE *out, size_t width)
{
    fputc('\n', out);
    columns_print(table, out, width);
    columns_free(table);
}

static void show_listeners(const json_t *listeners, FILE *out, size_t width)
{
    static const struct column columns[] = {
        {"LISTENER", false, true}, {"ADDRESS", false, false}, {"TARGET", false, true}, {"SESSIONS", true, false}};
    struct columns *table;
    const json_t *listener;
    size_t i;

    if (json_array_size(listeners) == 0)
        return;
    table = columns_new(columns, 4);
    json_array_foreach(listeners, i, listener) {
        const json_t *addresses = json_object_get(listener, "addresses");
        const char *address = json_string_value(json_array_get(addresses, 0));
        char count[STATUS_TEXT_MAX];

        snprintf(count, sizeof count, "%" PRIu64, number_of(listener, "sessions"));
        columns_add(table, (const char *const[]){text_of(listener, "name"), address ? address : "closed",
                                                 text_of(listener, "target"), count});
        for (size_t k = 1; k < json_array_size(addresses); k++) {
            address = json_string_value(json_array_get(addresses, k));
            columns_add(table, (const char *const[]){"", address ? address : "?", "", ""});
        }
    }
    finish(table, out, width);
}

/* "mutt 4711"; where the kernel does not tell, the client's address; or "-". */
static const char *describe_client(const json_t *session, char *text, size_t size)
{
    snprintf(text, size, "%.64s", has(session, "from") ? text_of(session, "from") : "-");
    if (has(session, "program"))
        snprintf(text, size, "%.40s %" PRIu64, text_of(session, "program"), number_of(session, "pid"));
    return text;
}

static void show_sessions(const json_t *sessions, FILE *out, size_t width)
{
    static const struct column columns[] = {{"SESSION", false, true}, {"AGE", true, false}, {"IN", true, false},
                                                  {"OUT", true, false}, {"SWITCHED", false, false},
                                                  {"PROXY", false, true}, {"CLIENT", false, true}};
    struct columns *table;
    const json_t *session;
    size_t i;

    if (json_array_size(sessions) == 0)
        return;
    table = columns_new(columns, 7);
    json_array_foreach(sessions, i, session) {
        char age[STATUS_TEXT_MAX], in[STATUS_TEXT_MAX], went[STATUS_TEXT_MAX], client[80];
        bool open = has(session, "proxy");

        columns_add(table, (const char *const[]){
            text_of(session, "name"), status_text_seconds(number_of(session, "age"), age),
            status_text_bytes(number_of(session, "in"), in), status_text_bytes(number_of(session, "out"), went),
            !open ? "-" : is_true(session, "switched") ? "yes" : "no", text_of(session, open ? "proxy" : "state"),
            describe_client(session, client, sizeof client)});
    }
    finish(table, out, width);
}

/* "3m05s ago: Connection refused", or "-". */
static const char *describe_error(const json_t *proxy, char *text, size_t size)
{
    char age[STATUS_TEXT_MAX];

    if (!has(proxy, "last_error_age"))
        snprintf(text, size, "%.500s", has(proxy, "last_error") ? text_of(proxy, "last_error") : "-");
    else
        snprintf(text, size, "%s ago: %.500s", status_text_seconds(number_of(proxy, "last_error_age"), age),
                 text_of(proxy, "last_error"));
    return text;
}

/* A line for each connection that carries tunnels. */
static void add_connections(struct columns *table, const json_t *connections)
{
    const json_t *connection;
    size_t i;

    json_array_foreach(connections, i, connection) {
        uint64_t tunnels = number_of(connection, "tunnels");
        char text[100];

        snprintf(text, sizeof text, "HTTP/%.8s: %" PRIu64 " tunnel%s, most %" PRIu64 "%s", text_of(connection, "http"),
                 tunnels, tunnels == 1 ? "" : "s", number_of(connection, "most"),
                 is_true(connection, "draining") ? ", draining" : "");
        columns_add(table, (const char *const[]){"", "", text, ""});
    }
}

/* The sections whose proxies are found: what is asked, and how old it is. */
static void show_found(const json_t *found, FILE *out, size_t width)
{
    static const struct column columns[] = {{"FOUND BY", false, true}, {"AGE", true, false}, {"ANSWERS", true, false}};
    struct columns *table;
    const json_t *section;
    size_t i;

    if (json_array_size(found) == 0)
        return;
    table = columns_new(columns, 3);
    json_array_foreach(found, i, section) {
        char age[STATUS_TEXT_MAX] = "-", answers[STATUS_TEXT_MAX];

        if (has(section, "age"))
            status_text_seconds(number_of(section, "age"), age);
        snprintf(answers, sizeof answers, "%" PRIu64, number_of(section, "answers"));
        columns_add(table, (const char *const[]){text_of(section, "asks"), age, answers});
    }
    finish(table, out, width);
    json_array_foreach(found, i, section) /* in full: they say what to do */
        if (has(section, "last_error"))
            say(out, width, INDENT, "%s: %s", text_of(section, "asks"), text_of(section, "last_error"));
}

static void show_proxies(const json_t *proxies, FILE *out, size_t width)
{
    static const struct column columns[] = {{"PROXY", false, true}, {"FROM", false, false}, {"STATE", false, false},
                                            {"LAST ERROR", false, true}};
    struct columns *table;
    const json_t *proxy;
    size_t i;

    if (json_array_size(proxies) == 0)
        return;
    table = columns_new(columns, 4);
    json_array_foreach(proxies, i, proxy) {
        char state[120], left[STATUS_TEXT_MAX], error[600];

        status_text_seconds(number_of(proxy, "seconds"), left);
        snprintf(state, sizeof state, number_of(proxy, "seconds") > 0 ? "%.20s %s" : "%.20s", text_of(proxy, "state"),
                 left);
        if (has(proxy, "ready")) /* `preconnect` is set for it */
            snprintf(state + strlen(state), sizeof state - strlen(state), ", %" PRIu64 " ready",
                     number_of(proxy, "ready"));
        if (has(proxy, "next_try"))
            snprintf(state + strlen(state), sizeof state - strlen(state), ", next in %s",
                     status_text_seconds(number_of(proxy, "next_try"), left));
        columns_add(table, (const char *const[]){
            text_of(proxy, "url"), has(proxy, "source") ? text_of(proxy, "source") : "-", state,
            describe_error(proxy, error, sizeof error)});
        add_connections(table, json_object_get(proxy, "connections"));
    }
    finish(table, out, width);
}

/* How long a redirect still holds: "9m58s and 3 hits left", "until restart". */
static const char *describe_left(const json_t *redirect, char *text, size_t size)
{
    char seconds[STATUS_TEXT_MAX] = "", hits[STATUS_TEXT_MAX] = "";

    if (has(redirect, "seconds_left"))
        status_text_seconds(number_of(redirect, "seconds_left"), seconds);
    if (has(redirect, "hits_left"))
        snprintf(hits, sizeof hits, "%" PRIu64 " hit%s", number_of(redirect, "hits_left"),
                 number_of(redirect, "hits_left") == 1 ? "" : "s");
    if (!*seconds && !*hits)
        snprintf(text, size, "until restart");
    else
        snprintf(text, size, "%s%s%s left", seconds, *seconds && *hits ? " and " : "", hits);
    return text;
}

static void show_reverses(const json_t *reverses, FILE *out, size_t width)
{
    static const struct column columns[] = {{"REVERSE", false, true}, {"WAITING", true, false},
                                            {"SESSIONS", true, false}, {"SINCE", false, false},
                                            {"RELAY", false, true}};
    struct columns *table;
    const json_t *reverse;
    size_t i;

    if (json_array_size(reverses) == 0)
        return;
    table = columns_new(columns, 5);
    json_array_foreach(reverses, i, reverse) {
        char waiting[STATUS_TEXT_MAX], sessions[STATUS_TEXT_MAX], since[STATUS_TEXT_MAX];

        snprintf(waiting, sizeof waiting, "%" PRIu64, number_of(reverse, "waiting"));
        snprintf(sessions, sizeof sessions, "%" PRIu64, number_of(reverse, "sessions"));
        columns_add(table, (const char *const[]){
            text_of(reverse, "name"), waiting, sessions, status_text_seconds(number_of(reverse, "since"), since),
            text_of(reverse, "relay")});
    }
    finish(table, out, width);
    json_array_foreach(reverses, i, reverse) /* in full: they say what to do */
        if (has(reverse, "last_error"))
            say(out, width, INDENT, "%s: %s", text_of(reverse, "name"), text_of(reverse, "last_error"));
}

static void show_registered(const json_t *names, FILE *out, size_t width)
{
    static const struct column columns[] = {{"RELAY", false, true}, {"NAME", false, true}, {"USER", false, true},
                                            {"WAITING", true, false}, {"SESSIONS", true, false}};
    struct columns *table;
    const json_t *name;
    size_t i;

    if (json_array_size(names) == 0)
        return;
    table = columns_new(columns, 5);
    json_array_foreach(names, i, name) {
        char waiting[STATUS_TEXT_MAX], sessions[STATUS_TEXT_MAX];

        snprintf(waiting, sizeof waiting, "%" PRIu64, number_of(name, "waiting"));
        snprintf(sessions, sizeof sessions, "%" PRIu64, number_of(name, "sessions"));
        columns_add(table, (const char *const[]){text_of(name, "relay"), text_of(name, "name"), text_of(name, "user"),
                                                 waiting, sessions});
    }
    finish(table, out, width);
}

static void show_learned(const json_t *redirects, FILE *out, size_t width)
{
    const json_t *redirect;
    char left[100];
    size_t i;

    if (json_array_size(redirects) == 0)
        return;
    fputs("REDIRECTS\n", out);
    json_array_foreach(redirects, i, redirect) {
        uint64_t hits = number_of(redirect, "hits");

        say(out, width, INDENT, "%3" PRIu64 "  %s", number_of(redirect, "id"), text_of(redirect, "scope"));
        say(out, width, INDENT, "%*sfrom %s to %s", INDENT, "", text_of(redirect, "sender"),
            strcmp(text_of(redirect, "proxy"), "direct") == 0 ? "no proxy" : text_of(redirect, "proxy"));
        say(out, width, INDENT, "%*s%s, %" PRIu64 " hit%s so far", INDENT, "",
            describe_left(redirect, left, sizeof left), hits, hits == 1 ? "" : "s");
    }
}

static void show_questions(const json_t *questions, FILE *out, size_t width)
{
    const json_t *question;
    char left[STATUS_TEXT_MAX];
    size_t i;

    if (json_array_size(questions) == 0)
        return;
    fputs("QUESTIONS\n", out);
    json_array_foreach(questions, i, question) {
        uint64_t id = number_of(question, "id");

        say(out, width, INDENT, "%3" PRIu64 "  %s", id, text_of(question, "text"));
        say(out, width, INDENT, "%*sanswer within %s:", INDENT, "",
            status_text_seconds(number_of(question, "seconds_left"), left));
        say(out, width, INDENT, "%*s  sallyport redirects allow %" PRIu64, INDENT, "", id);
        say(out, width, INDENT, "%*s  sallyport redirects refuse %" PRIu64, INDENT, "", id);
    }
}

/* Prints an empty line before a part that is not empty. */
static void part(const json_t *list, FILE *out)
{
    if (json_array_size(list) > 0)
        fputc('\n', out);
}

void status_text_status(const json_t *status, FILE *out, size_t width)
{
    show_summary(status, out, width);
    show_listeners(json_object_get(status, "listeners"), out, width);
    show_reverses(json_object_get(status, "reverse"), out, width);
    show_registered(json_object_get(status, "relay"), out, width);
    show_sessions(json_object_get(status, "sessions"), out, width);
    show_proxies(json_object_get(status, "proxies"), out, width);
    show_found(json_object_get(status, "found"), out, width);
    part(json_object_get(status, "redirects"), out);
    show_learned(json_object_get(status, "redirects"), out, width);
    part(json_object_get(status, "questions"), out);
    show_questions(json_object_get(status, "questions"), out, width);
}

void status_text_redirects(const json_t *status, FILE *out, size_t width)
{
    const json_t *redirects = json_object_get(status, "redirects"), *questions = json_object_get(status, "questions");

    if (json_array_size(redirects) == 0 && json_array_size(questions) == 0)
        fputs("nothing is redirected, and nothing is asked\n", out);
    show_learned(redirects, out, width);
    if (json_array_size(redirects) > 0)
        part(questions, out);
    show_questions(questions, out, width);
}
