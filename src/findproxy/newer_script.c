/* SPDX-License-Identifier: ISC */
#include "findproxy/newer_script.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define LINES_BACK 2 /* an arrow at the end of a line is noticed at the next one */

/* Where the line begins, or NULL; *length is its length without its end. */
static const char *find_line(const char *script, size_t size, unsigned line, size_t *length)
{
    const char *at = script, *end = script + size, *stop;

    for (unsigned i = 1; i < line; i++) {
        at = memchr(at, '\n', (size_t)(end - at));
        if (!at)
            return NULL;
        at++;
    }
    stop = memchr(at, '\n', (size_t)(end - at));
    *length = (size_t)((stop ? stop : end) - at);
    return at;
}

/* Copies the line without its comments and what its strings say; out has room for it and a NUL. */
static void bare(char *out, const char *line, size_t length)
{
    size_t at = 0;

    for (size_t i = 0; i < length; i++) {
        char quote = line[i];

        if (quote == '/' && i + 1 < length && line[i + 1] == '/')
            break;
        out[at++] = quote;
        if (quote != '"' && quote != '\'')
            continue;
        for (i++; i < length && line[i] != quote; i++)
            i += line[i] == '\\';
        if (i < length)
            out[at++] = quote;
    }
    out[at] = '\0';
}

static bool is_name(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '$';
}

/* Whether a word stands there as a word, with one of signs behind it, or, if named, with a blank and a name. */
static bool has_word(const char *line, const char *word, const char *signs, bool named)
{
    size_t length = strlen(word);

    for (const char *at = line; (at = strstr(at, word)) != NULL; at += length) {
        const char *next = at + length + strspn(at + length, " \t");

        if ((at > line && (is_name(at[-1]) || at[-1] == '.')) || is_name(at[length]) || *next == '\0')
            continue;
        if (strchr(signs, *next) || (named && next > at + length && is_name(*next)))
            return true;
    }
    return false;
}

/* Whether a parameter of a function has a default: "function name(a, b = 1)". */
static bool has_default(const char *line)
{
    const char *at = strstr(line, "function"), *open = at ? strchr(at, '(') : NULL;

    return open && open[strcspn(open, "=)")] == '=';
}

static const char *sign_of(const char *text)
{
    static const struct {
        const char *text, *noun;
    } signs[] = {{"`", "a template string"}, {"=>", "an arrow function"}, {"...", "spread syntax"},
                 {"?.", "optional chaining"}, {"\?\?", "the operator \?\?"}, {"**", "the operator **"}};
    static const struct {
        const char *word, *signs;
        bool named;
        const char *noun;
    } words[] = {{"let", "[{", true, "let"}, {"class", "{", true, "a class"}, {"async", "(", true, "an async function"},
                 {"await", "(", true, "await"}, {"of", "[({\"'", true, "a for-of loop"},
                 {"function", "*", false, "a generator"}, {"yield", "*", true, "a generator"},
                 {"const", "[{", false, "destructuring"}, {"var", "[{", false, "destructuring"},
                 {"import", "{*\"'", true, "a module"}, {"export", "{*", true, "a module"}};

    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        if (strstr(text, signs[i].text))
            return signs[i].noun;
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (has_word(text, words[i].word, words[i].signs, words[i].named))
            return words[i].noun;
    }
    return has_default(text) ? "a default value of a parameter" : NULL;
}

const char *newer_script_sign(const char *script, size_t length, unsigned line)
{
    const char *sign = NULL;

    for (unsigned back = 0; back < LINES_BACK && back < line && !sign; back++) {
        size_t size;
        const char *start = find_line(script, length, line - back, &size);
        char *text = start ? malloc(size + 1) : NULL;

        if (!text)
            continue;
        bare(text, start, size);
        sign = sign_of(text);
        free(text);
    }
    return sign;
}

/* The one of names that stands behind before in the message, with a quote behind it; or NULL. */
static const char *named_in(const char *message, const char *before, const char *const *names, size_t count)
{
    const char *at = strstr(message, before);

    for (size_t i = 0; at && i < count; i++) {
        size_t length = strlen(names[i]);

        if (strncmp(at + strlen(before), names[i], length) == 0 && at[strlen(before) + length] == '\'')
            return names[i];
    }
    return NULL;
}

const char *newer_script_missing(const char *message)
{
    static const char *const methods[] = {
        "includes", "find", "findIndex", "findLast", "fill", "flat", "flatMap", "at", "from", "of", "entries", "values",
        "fromEntries", "padStart", "padEnd", "trimStart", "trimEnd", "matchAll", "replaceAll", "normalize", "isInteger",
        "isNaN", "hasOwn"};
    static const char *const objects[] = {"Map", "Set", "WeakMap", "WeakSet", "Promise", "BigInt", "globalThis"};
    const char *method = named_in(message, "undefined not callable (property '", methods,
                                  sizeof methods / sizeof methods[0]);

    return method ? method : named_in(message, "identifier '", objects, sizeof objects / sizeof objects[0]);
}
