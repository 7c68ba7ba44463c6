/* SPDX-License-Identifier: ISC */
#include "finding/pac_answer.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/escape.h"

/* In place of what was said, which may end up in the log. */
#define UNSHOWN "(not shown, as it may have a password)"

/* What a member begins with: a word of PAC files, the scheme of a URL, or both.  SOCKS and SOCKS4 are not here: to
 * most programs they are version 4, which cannot name a target. */
struct word {
    const char *text;
    bool in_pac, in_url;
    bool direct, tls, socks;
};

static const struct word words[] = {
    {.text = "PROXY", .in_pac = true},
    {.text = "HTTP", .in_pac = true, .in_url = true},
    {.text = "HTTPS", .in_pac = true, .in_url = true, .tls = true},
    {.text = "SOCKS5", .in_pac = true, .in_url = true, .socks = true},
    {.text = "SOCKS5H", .in_url = true, .socks = true},
    {.text = "DIRECT", .in_pac = true, .in_url = true, .direct = true},
};

/* Bytes that are the text's, from start up to end. */
struct piece {
    const char *start, *end;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static size_t length_of(struct piece piece)
{
    return (size_t)(piece.end - piece.start);
}

static struct piece without_blanks(struct piece piece)
{
    while (piece.start < piece.end && is_blank(*piece.start))
        piece.start++;
    while (piece.start < piece.end && is_blank(piece.end[-1]))
        piece.end--;
    return piece;
}

/* Takes the next member off the rest; it may be empty. */
static struct piece next_member(struct piece *rest)
{
    struct piece member = {rest->start, rest->start};

    while (member.end < rest->end && *member.end != ';' && *member.end != '\n')
        member.end++;
    rest->start = member.end < rest->end ? member.end + 1 : rest->end;
    return without_blanks(member);
}

/* Splits a member into its first word and the place behind it, which may be empty.  Whether it is a URL, in which the
 * two have "://" between them. */
static bool split(struct piece member, struct piece *first, struct piece *place)
{
    const char *at = member.start;
    bool is_url;

    while (at < member.end && !is_blank(*at) && *at != ':')
        at++;
    is_url = member.end - at >= 3 && memcmp(at, "://", 3) == 0;
    *first = (struct piece){member.start, at};
    *place = without_blanks((struct piece){is_url ? at + 3 : at, member.end});
    return is_url;
}

static const struct word *find_word(struct piece first, bool is_url)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if ((is_url ? words[i].in_url : words[i].in_pac) && strlen(words[i].text) == length_of(first) &&
            strncasecmp(words[i].text, first.start, length_of(first)) == 0)
            return &words[i];
    return NULL;
}

/* Adds a member.  False: it cannot be used, and *why says why. */
static bool read_member(struct found *found, struct piece member, const char **why)
{
    struct endpoint *proxy = &found->members[found->count].proxy;
    struct piece first, place;
    bool is_url = split(member, &first, &place);
    const struct word *word = find_word(first, is_url);

    if (!word) {
        *why = "it has no word that is known: PROXY, HTTP, HTTPS, SOCKS5 or DIRECT";
        return false;
    }
    memset(proxy, 0, sizeof *proxy);
    proxy->tls = word->tls;
    proxy->socks = word->socks;
    if (word->direct && length_of(place) > 0 && !(is_url && length_of(place) == 1 && *place.start == '/')) {
        *why = "DIRECT stands alone";
        return false;
    }
    if (memchr(place.start, '@', length_of(place))) {
        *why = "a proxy's URL holds no user and no password";
        return false;
    }
    if (!word->direct && !endpoint_parse_authority(proxy, place.start, length_of(place), why))
        return false;
    found->members[found->count++].direct = word->direct;
    return true;
}

/* Writes what was said, its lines in one as PAC files have them: "PROXY a:1; PROXY b:1". */
static void note_said(char said[FOUND_TEXT_MAX], struct piece rest)
{
    size_t length = 0;

    if (memchr(rest.start, '@', length_of(rest))) {
        snprintf(said, FOUND_TEXT_MAX, "%s", UNSHOWN);
        return;
    }
    while (rest.start < rest.end && length < FOUND_TEXT_MAX - 1) {
        const char *end = memchr(rest.start, '\n', length_of(rest));
        struct piece line = without_blanks((struct piece){rest.start, end ? end : rest.end});

        rest.start = end ? end + 1 : rest.end;
        if (length_of(line) == 0)
            continue;
        if (length > 0)
            length += (size_t)snprintf(said + length, FOUND_TEXT_MAX - length, said[length - 1] == ';' ? " " : "; ");
        if (length < FOUND_TEXT_MAX)
            length += strlen(log_escape(said + length, FOUND_TEXT_MAX - length, line.start, length_of(line)));
    }
}

bool pac_answer_read(struct found *found, const char *text, size_t length, const char **why)
{
    struct piece rest = without_blanks((struct piece){text, text + length});
    const char *first_fault = NULL;

    memset(found, 0, sizeof *found);
    note_said(found->said, rest);
    while (rest.start < rest.end && found->count < FOUND_MAX) {
        struct piece member = next_member(&rest);
        const char *fault = NULL;

        if (length_of(member) == 0 || read_member(found, member, &fault))
            continue;
        found->skipped++;
        first_fault = first_fault ? first_fault : fault;
    }
    *why = found->count > 0 ? NULL : first_fault ? first_fault : "it is empty";
    return found->count > 0;
}
