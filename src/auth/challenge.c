/* SPDX-License-Identifier: ISC */
#include "auth/challenge.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http/field_reader.h"

const char *const challenge_words[] = {"none", "basic", "ntlm", "digest", "negotiate", NULL};

/* The registered spelling; challenge_words has the same in lower case. */
static const char *const names[] = {"none", "Basic", "NTLM", "Digest", "Negotiate"};

/* libcurl's buffers; it cuts a longer value, and stops at a longer name. */
#define NAME_MAX_READ 255
#define VALUE_MAX_READ 1023

/* The challenge that is being read.  Whether a Digest challenge is usable is known only at its end. */
struct challenge {
    enum challenge_scheme scheme;
    const char *at, *end; /* from its name to behind its last parameter */
    bool has_nonce, has_other_algorithm, has_fault, is_stale;
};

static bool is_token68_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("-._~+/", c));
}

/* Skips blanks.  True: the list member ends here. */
static bool at_member_end(struct field_reader *reader)
{
    field_reader_skip_blanks(reader);
    return field_reader_at_end(reader) || field_reader_at(reader, ',');
}

/* Takes a token68 (RFC 9110 section 11.2) that fills the rest of its list member. */
static bool take_token68(struct field_reader *reader)
{
    struct field_reader ahead = *reader;

    while (ahead.at < ahead.end && is_token68_byte(*ahead.at))
        ahead.at++;
    if (ahead.at == reader->at)
        return false;
    while (field_reader_take_byte(&ahead, '='))
        continue;
    if (!at_member_end(&ahead))
        return false;
    *reader = ahead;
    return true;
}

/* After a syntax error: skips to the next comma outside quotes. */
static void skip_member(struct field_reader *reader)
{
    struct http_head_slice text;

    while (reader->at < reader->end && *reader->at != ',')
        if (*reader->at != '"')
            reader->at++;
        else
            (void)field_reader_take_quoted(reader, &text); /* without a closing quote it runs to the end of the field */
}

static void note_parameter(struct challenge *challenge, const struct http_head_slice *name,
                           const struct http_head_slice *value)
{
    static const char *const done[] = {"MD5", "MD5-sess", "SHA-256", "SHA-256-sess"};
    bool known = false;

    challenge->has_fault |= name->length > NAME_MAX_READ || value->length > VALUE_MAX_READ;
    challenge->is_stale |= http_head_slice_is(name, "stale") && http_head_slice_is(value, "true");
    if (http_head_slice_is(name, "nonce"))
        challenge->has_nonce = true;
    if (!http_head_slice_is(name, "algorithm"))
        return;
    for (size_t i = 0; i < sizeof done / sizeof done[0]; i++)
        known |= http_head_slice_is(value, done[i]);
    challenge->has_other_algorithm |= !known;
}

/* BWS "=" BWS ( token / quoted-string ), to the end of the list member. */
static bool read_value(struct field_reader *reader, struct http_head_slice *value)
{
    field_reader_skip_blanks(reader);
    if (!field_reader_take_byte(reader, '='))
        return false;
    field_reader_skip_blanks(reader);
    return (field_reader_take_quoted(reader, value) || field_reader_take_token(reader, value)) && at_member_end(reader);
}

/* The rest of a parameter whose name was taken already. */
static bool take_value(struct field_reader *reader, struct challenge *challenge, const struct http_head_slice *name)
{
    struct http_head_slice value;

    if (!read_value(reader, &value))
        return false;
    note_parameter(challenge, name, &value);
    return true;
}

static bool is_parameter(const struct field_reader *reader)
{
    struct field_reader ahead = *reader;

    field_reader_skip_blanks(&ahead);
    return field_reader_take_byte(&ahead, '=');
}

static enum challenge_scheme scheme_named(const struct http_head_slice *name)
{
    for (unsigned scheme = CHALLENGE_BASIC; scheme <= CHALLENGE_NEGOTIATE; scheme++)
        if (http_head_slice_is(name, names[scheme]))
            return (enum challenge_scheme)scheme;
    return CHALLENGE_NONE;
}

/* Starts a challenge: reads what follows its name in the same list member.  False: a syntax error. */
static bool begin(struct field_reader *reader, struct challenge *challenge, const struct http_head_slice *name)
{
    struct http_head_slice parameter;

    *challenge = (struct challenge){.scheme = scheme_named(name), .at = name->bytes};
    if (at_member_end(reader))
        return true;
    if (reader->at == name->bytes + name->length) { /* no blank after the token: it is not the name of a scheme */
        challenge->scheme = CHALLENGE_NONE;
        return false;
    }
    if (take_token68(reader))
        return challenge->scheme != CHALLENGE_DIGEST; /* which has only parameters */
    return field_reader_take_token(reader, &parameter) && take_value(reader, challenge, &parameter);
}

/* Whether we can answer it. */
static bool is_answerable(const struct challenge *challenge)
{
    if (challenge->scheme == CHALLENGE_DIGEST)
        return challenge->has_nonce && !challenge->has_other_algorithm && !challenge->has_fault;
    return challenge->scheme != CHALLENGE_NONE;
}

/* Is shown each challenge that can be answered, in order. */
typedef void see_fn(void *arg, const struct challenge *challenge);

static void examine(const struct http_head_slice *field, see_fn *see, void *arg)
{
    struct field_reader reader = field_reader_of(field);
    struct challenge challenge = {.scheme = CHALLENGE_NONE};

    for (;;) {
        struct http_head_slice name;
        bool good;

        field_reader_skip_blanks(&reader);
        if (field_reader_take_byte(&reader, ','))
            continue;
        if (reader.at == reader.end)
            break;
        if (!field_reader_take_token(&reader, &name)) {
            good = false;
        } else if (is_parameter(&reader)) {
            good = take_value(&reader, &challenge, &name);
        } else {
            if (is_answerable(&challenge))
                see(arg, &challenge);
            good = begin(&reader, &challenge, &name);
        }
        challenge.end = reader.at;
        if (!good) {
            challenge.has_fault = true;
            skip_member(&reader);
        }
    }
    if (is_answerable(&challenge))
        see(arg, &challenge);
}

static void examine_all(const struct http_head *head, see_fn *see, void *arg)
{
    const char *field = head->status == 401 ? "WWW-Authenticate" : "Proxy-Authenticate";

    for (size_t i = 0; i < head->fields.count; i++)
        if (http_head_slice_is(&head->fields.at[i].name, field))
            examine(&head->fields.at[i].value, see, arg);
}

static void add_offer(void *arg, const struct challenge *challenge)
{
    *(unsigned *)arg |= 1u << challenge->scheme;
}

unsigned challenge_offered(const struct http_head *head)
{
    unsigned offered = 0;

    examine_all(head, add_offer, &offered);
    return offered;
}

/* The first challenge of a scheme. */
struct search {
    enum challenge_scheme scheme;
    bool found;
    struct challenge first;
};

static void compare(void *arg, const struct challenge *challenge)
{
    struct search *search = arg;

    if (search->found || challenge->scheme != search->scheme)
        return;
    search->found = true;
    search->first = *challenge;
}

static struct search search_for(const struct http_head *head, enum challenge_scheme scheme)
{
    struct search search = {.scheme = scheme};

    examine_all(head, compare, &search);
    return search;
}

static void skip_commas(struct field_reader *reader)
{
    do
        field_reader_skip_blanks(reader);
    while (field_reader_take_byte(reader, ','));
}

/* nonce: to be written in place of theirs, or NULL. */
static void write_parameters(FILE *out, struct field_reader *reader, const struct http_head_slice *nonce)
{
    struct http_head_slice name, value;
    const char *between = " ";

    while (field_reader_take_token(reader, &name) && read_value(reader, &value)) {
        if (nonce && http_head_slice_is(&name, "nonce"))
            value = *nonce;
        fprintf(out, "%s%.*s=\"%.*s\"", between, (int)name.length, name.bytes, (int)value.length, value.bytes);
        between = ", ";
        skip_commas(reader);
    }
}

/* Without the blanks before end. */
static const char *strip(const char *start, const char *end)
{
    while (end > start && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    return end;
}

/* Writes what follows the name of the scheme: the parameters of Digest, and a token68 of the others. */
static void write_rest(FILE *out, const struct challenge *challenge)
{
    struct field_reader reader = {challenge->at + strlen(names[challenge->scheme]), challenge->end};
    const char *start;

    field_reader_skip_blanks(&reader);
    start = reader.at;
    if (challenge->scheme == CHALLENGE_DIGEST)
        write_parameters(out, &reader, NULL);
    else if (take_token68(&reader))
        fprintf(out, " %.*s", (int)(strip(start, reader.at) - start), start);
}

/* Ends the text.  False: out of memory, and there is none. */
static bool has_written(FILE *out, char **text)
{
    if (fclose(out) == 0)
        return true;
    free(*text);
    *text = NULL;
    return false;
}

bool challenge_write(const struct http_head *head, enum challenge_scheme scheme, char **text)
{
    const struct search search = search_for(head, scheme);
    size_t size;
    FILE *out;

    *text = NULL;
    if (!search.found)
        return true;
    out = open_memstream(text, &size);
    if (!out)
        return false;
    fputs(names[scheme], out);
    write_rest(out, &search.first);
    return has_written(out, text);
}

/* Finds a parameter in a list of them.  False: it is not there, or the list has a syntax error. */
static bool find_parameter(const struct http_head_slice *list, const char *wanted, struct http_head_slice *found)
{
    struct field_reader reader = field_reader_of(list);
    struct http_head_slice name, value;
    bool is_there = false;

    for (skip_commas(&reader); !field_reader_at_end(&reader); skip_commas(&reader)) {
        if (!field_reader_take_token(&reader, &name) || !read_value(&reader, &value))
            return false;
        if (is_there || !http_head_slice_is(&name, wanted))
            continue;
        is_there = true;
        *found = value;
    }
    return is_there;
}

static bool find_next_nonce(const struct http_head *answer, const char *field, struct http_head_slice *nonce)
{
    for (size_t i = 0; i < answer->fields.count; i++)
        if (http_head_slice_is(&answer->fields.at[i].name, field) &&
            find_parameter(&answer->fields.at[i].value, "nextnonce", nonce))
            return nonce->length > 0 && nonce->length <= VALUE_MAX_READ;
    return false;
}

/* Whether the nonce can stand in the challenge in place of its own. */
static bool can_follow(const struct http_head_slice *challenge, const struct http_head_slice *nonce)
{
    struct http_head_slice own, algorithm;

    return find_parameter(challenge, "nonce", &own) &&
           (own.length != nonce->length || memcmp(own.bytes, nonce->bytes, own.length) != 0) &&
           !(find_parameter(challenge, "algorithm", &algorithm) && (http_head_slice_is(&algorithm, "MD5-sess") ||
                                                                    http_head_slice_is(&algorithm, "SHA-256-sess")));
}

bool challenge_write_next(const char *challenge, const struct http_head *answer, const char *field, char **text)
{
    const size_t skipped = strlen(names[CHALLENGE_DIGEST]) + 1;
    const struct http_head_slice parameters = {challenge + skipped, strlen(challenge) - skipped};
    struct field_reader reader = field_reader_of(&parameters);
    struct http_head_slice nonce;
    size_t size;
    FILE *out;

    *text = NULL;
    if (!find_next_nonce(answer, field, &nonce) || !can_follow(&parameters, &nonce))
        return true;
    out = open_memstream(text, &size);
    if (!out)
        return false;
    fputs(names[CHALLENGE_DIGEST], out);
    write_parameters(out, &reader, &nonce);
    return has_written(out, text);
}

bool challenge_is_stale(const struct http_head *head)
{
    const struct search search = search_for(head, CHALLENGE_DIGEST);

    return search.found && search.first.is_stale;
}

bool challenge_binds_connection(unsigned offered)
{
    return offered && !(offered & ~(1u << CHALLENGE_NTLM | 1u << CHALLENGE_NEGOTIATE));
}

enum challenge_scheme challenge_choose(unsigned offered, unsigned usable)
{
    for (unsigned scheme = CHALLENGE_NEGOTIATE; scheme > CHALLENGE_NONE; scheme--)
        if (offered & usable & 1u << scheme)
            return (enum challenge_scheme)scheme;
    return CHALLENGE_NONE;
}

const char *challenge_list(unsigned bits, char *out, size_t size)
{
    size_t at = 0;

    snprintf(out, size, "none");
    for (unsigned scheme = CHALLENGE_NEGOTIATE; scheme > CHALLENGE_NONE; scheme--) {
        int length;

        if (!(bits & 1u << scheme) || at >= size)
            continue;
        length = snprintf(out + at, size - at, "%s%s", at ? ", " : "", names[scheme]);
        at += length > 0 ? (size_t)length : 0;
    }
    return out;
}
