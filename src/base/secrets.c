/* SPDX-License-Identifier: ISC */
#include "base/secrets.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/escape.h"

#define FILTER_BITS 16     /* log2 of the filter's size: ten secrets of usual length fill a hundredth of it */
#define ESCAPED_BYTES 4    /* that log_escape writes for one byte, at most */
#define RUN_MASK ((UINT64_C(1) << 8 * SECRETS_RUN) - 1)

/* A text that somebody holds or shows. */
struct text {
    struct text *next;
    unsigned holders;
    bool shown;
    size_t length;
    char bytes[];
};

static struct {
    struct text *first;
    size_t secrets;                            /* texts that are not shown */
    bool changed;                              /* filter is not that of the texts */
    uint8_t filter[(1u << FILTER_BITS) / 8];   /* a bit for each run of a secret: most innocent runs find none */
} reg;

/* What is in our own lines, or in those of any proxy. */
static const char *const common_words[] = {
    "sallyport", "Basic ", "Bearer ", "Digest ", "Negotiate ", "http://", "https://", "127.0.0.1", "localhost",
};

static struct text **find(bool shown, const char *bytes, size_t length)
{
    struct text **at = &reg.first;

    while (*at && ((*at)->shown != shown || (*at)->length != length || memcmp((*at)->bytes, bytes, length) != 0))
        at = &(*at)->next;
    return at;
}

/* False: out of memory. */
static bool add(bool shown, const char *bytes, size_t length)
{
    struct text *text = *find(shown, bytes, length);

    if (!text && length >= SECRETS_RUN && (text = malloc(sizeof *text + length))) {
        text->next = reg.first;
        text->holders = 0;
        text->shown = shown;
        text->length = length;
        memcpy(text->bytes, bytes, length);
        reg.first = text;
        reg.secrets += !shown;
        reg.changed = true;
    }
    if (text)
        text->holders++;
    return text || length < SECRETS_RUN;
}

static bool take_away(bool shown, const char *bytes, size_t length)
{
    struct text **at = find(shown, bytes, length), *text = *at;

    if (!text || --text->holders > 0)
        return true;
    *at = text->next;
    reg.secrets -= !shown;
    explicit_bzero(text, sizeof *text + text->length);
    free(text);
    reg.changed = true;
    return true;
}

/* add or take_away. */
typedef bool change_fn(bool shown, const char *bytes, size_t length);

/* Changes the secret, and what log_escape makes of it if that is another text.  False: out of memory. */
static bool change(change_fn *how, const char *bytes, size_t length)
{
    size_t size = length * ESCAPED_BYTES + 1;
    char *escaped;
    bool good;

    if (!bytes || length < SECRETS_RUN)
        return true;
    escaped = malloc(size);
    good = how(false, bytes, length) && escaped;
    if (!escaped)
        return false;
    log_escape(escaped, size, bytes, length);
    if (strlen(escaped) != length)
        good &= how(false, escaped, strlen(escaped));
    explicit_bzero(escaped, size);
    free(escaped);
    return good;
}

static bool change_password(change_fn *how, const char *password)
{
    size_t length = password ? strlen(password) : 0;
    char *encoded = password ? malloc(BASE64_SIZE(length)) : NULL;
    bool good = change(how, password, length);

    if (!encoded)
        return !password;
    good &= how(false, encoded, base64_encode(password, length, encoded));
    explicit_bzero(encoded, BASE64_SIZE(length));
    free(encoded);
    return good;
}

bool secrets_hold(const char *bytes, size_t length)
{
    return change(add, bytes, length);
}

void secrets_drop(const char *bytes, size_t length)
{
    change(take_away, bytes, length);
}

bool secrets_hold_password(const char *password)
{
    return change_password(add, password);
}

void secrets_drop_password(const char *password)
{
    change_password(take_away, password);
}

bool secrets_show(const char *word)
{
    return !word || add(true, word, strlen(word));
}

void secrets_hide(const char *word)
{
    if (word)
        take_away(true, word, strlen(word));
}

/* --- the filter --- */

static uint64_t join(uint64_t run, char byte)
{
    return (run << 8 | (unsigned char)byte) & RUN_MASK;
}

static size_t bit_of(uint64_t run)
{
    return (size_t)(run * UINT64_C(0x9e3779b97f4a7c15) >> (64 - FILTER_BITS)); /* Knuth's multiplicative hashing */
}

static void make_filter(void)
{
    memset(reg.filter, 0, sizeof reg.filter);
    for (const struct text *text = reg.first; text; text = text->next) {
        uint64_t run = 0;

        for (size_t i = 0; i < text->length && !text->shown; i++) {
            run = join(run, text->bytes[i]);
            if (i + 1 >= SECRETS_RUN)
                reg.filter[bit_of(run) / 8] |= (uint8_t)(1u << bit_of(run) % 8);
        }
    }
    reg.changed = false;
}

static bool is_common(const char *run)
{
    for (size_t i = 0; i < sizeof common_words / sizeof common_words[0]; i++)
        if (memmem(common_words[i], strlen(common_words[i]), run, SECRETS_RUN))
            return true;
    return false;
}

/* Whether a run that the filter has let pass is part of a secret, and of nothing that is shown. */
static bool is_secret(const char *run)
{
    bool secret = false;

    for (const struct text *text = reg.first; text; text = text->next)
        if (memmem(text->bytes, text->length, run, SECRETS_RUN)) {
            if (text->shown)
                return false;
            secret = true;
        }
    return secret && !is_common(run);
}

void secrets_withhold(char *text)
{
    size_t until = 0, length; /* what is before until is withheld */
    uint64_t run = 0;
    bool escapes = false;     /* the byte before is a backslash that escapes this one */

    if (reg.secrets == 0)
        return;
    if (reg.changed)
        make_filter();
    length = strlen(text);
    for (size_t start = 0, end = 0; start < length; start++) { /* the run that starts here is still as it was */
        for (; end < start + SECRETS_RUN && end < length; end++)
            run = join(run, text[end]);
        if (end == start + SECRETS_RUN && reg.filter[bit_of(run) / 8] >> bit_of(run) % 8 & 1 && is_secret(text + start))
            until = end;
        escapes = !escapes && text[start] == '\\';
        if (escapes && until == start + 1 && until < length)
            until++; /* what is escaped must not be left without its backslash */
        if (start < until)
            text[start] = '*';
    }
}
