/* SPDX-License-Identifier: ISC */
#include "config/spelling.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "protocol/protocol.h"

#define WORD_MAX 32 /* bytes; no key or section is as long, and nobody mistypes one that much */

/* For keys of another section; indexed by enum option_section. */
static const char *const section_names[] = {"[sallyport]", "[proxy]", "[redirects]", "the section of a listener",
                                            "[reverse]", "[relay]", "[public]"};

static const char *const plain_sections[] = {"sallyport", "proxy", "redirects", "reverse", "relay", "public", NULL};

/* --- how near two words are --- */

static char fold(char c)
{
    return c == '_' ? '-' : (char)tolower((unsigned char)c);
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* How many letters are wrong, missing, too many, or have changed places with their neighbour (the optimal string
 * alignment distance); capital letters and underscores for hyphens are not wrong.  Both have at most WORD_MAX bytes. */
static unsigned distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    unsigned rows[3][WORD_MAX + 1]; /* of the table of distances between their beginnings: the last three */

    for (size_t k = 0; k <= b_length; k++)
        rows[0][k] = (unsigned)k;
    for (size_t i = 1; i <= a_length; i++) {
        unsigned *row = rows[i % 3], *before = rows[(i + 2) % 3], *earlier = rows[(i + 1) % 3];

        row[0] = (unsigned)i;
        for (size_t k = 1; k <= b_length; k++) {
            bool same = fold(a[i - 1]) == fold(b[k - 1]);

            row[k] = least(before[k - 1] + !same, least(before[k], row[k - 1]) + 1);
            if (i > 1 && k > 1 && fold(a[i - 1]) == fold(b[k - 2]) && fold(a[i - 2]) == fold(b[k - 1]))
                row[k] = least(row[k], earlier[k - 2] + 1);
        }
    }
    return rows[a_length % 3][b_length];
}

/* The nearest word so far.  One letter in three may be wrong, and in the shortest words one. */
struct nearest {
    const char *word;
    size_t length;
    unsigned limit; /* a word must be nearer than this */
    const char *found; /* NULL: none */
};

static struct nearest begin(const char *word, size_t length)
{
    return (struct nearest){word, length, length > 5 ? (unsigned)length / 3 + 1 : 2, NULL};
}

static void offer(struct nearest *nearest, const char *known)
{
    size_t length = strlen(known);
    unsigned far;

    if (nearest->length > WORD_MAX || length > WORD_MAX || nearest->length < 2)
        return;
    far = distance(nearest->word, nearest->length, known, length);
    if (far >= nearest->limit)
        return;
    nearest->limit = far;
    nearest->found = known;
}

/* --- keys and sections --- */

const char *spelling_hint_key(enum option_section section, const char *key, char out[SPELLING_HINT_MAX])
{
    struct nearest nearest = begin(key, strlen(key));
    const struct option_row *elsewhere = NULL;

    out[0] = '\0';
    for (size_t i = 0; option_row(i); i++) {
        const struct option_row *row = option_row(i);

        if (row->section != section && !elsewhere && strcasecmp(row->rule.key, key) == 0)
            elsewhere = row;
        if (row->section != section)
            continue;
        offer(&nearest, row->rule.key);
        if (strncmp(row->rule.key, "tls-", 4) == 0 && strcasecmp(row->rule.key + 4, key) == 0)
            nearest.found = row->rule.key, nearest.limit = 0; /* the proxies' name for it */
    }
    if (nearest.found)
        snprintf(out, SPELLING_HINT_MAX, ": did you mean `%s`?", nearest.found);
    else if (elsewhere)
        snprintf(out, SPELLING_HINT_MAX, ": it belongs into %s", section_names[elsewhere->section]);
    return out;
}

/* "[imap/work]", as the log calls it, for "[imap work]". */
static bool is_labelled(const char *word, size_t length, const char *known)
{
    size_t name = strlen(known);

    return length > name + 1 && strncasecmp(word, known, name) == 0 && strchr("/.:-_", word[name]);
}

static void offer_section(struct nearest *nearest, const char *known, char out[SPELLING_HINT_MAX])
{
    const char *label = nearest->word + strlen(known) + 1;

    if (is_labelled(nearest->word, nearest->length, known))
        snprintf(out, SPELLING_HINT_MAX, ": did you mean [%s %.*s]?", known,
                 (int)(nearest->word + nearest->length - label), label);
    offer(nearest, known);
}

const char *spelling_hint_section(const char *word, size_t length, char out[SPELLING_HINT_MAX])
{
    struct nearest nearest = begin(word, length);

    out[0] = '\0';
    if (length > WORD_MAX)
        return out;
    for (size_t i = 0; plain_sections[i]; i++)
        offer_section(&nearest, plain_sections[i], out);
    for (size_t i = 0; protocol_row(i); i++)
        offer_section(&nearest, protocol_row(i)->section, out);
    if (nearest.found && !*out)
        snprintf(out, SPELLING_HINT_MAX, ": did you mean [%s]?", nearest.found);
    return out;
}
