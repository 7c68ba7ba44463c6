/* SPDX-License-Identifier: ISC */
/* For each protocol, two functions read the server's lines: greeting, and answer to STARTTLS; for SMTP one more, since
 * there STARTTLS comes after EHLO alone (RFC 3207 section 4).  The commands that we send are in the table below those
 * functions.
 *
 *     GREETING -> [HELLO] -> START -> GO        any of them -> FAILED
 *                   once      ^ \
 *                   more      '- READER
 *
 * HELLO is EHLO, once more when SMTP refuses our name.  Elsewhere nobody is asked what he offers: it would take a round
 * trip, STARTTLS is tried whatever it tells, since many a server does not list it, or not yet, and the refusal of one
 * that has none tells as much.  READER: a news server of two parts (RFC 3977 section 3.4.2) may know STARTTLS only in
 * the part that readers talk to.  Invariant: the machine leaves a step only after the command of that step was sent
 * whole, so an answer that comes before its command is an error. */
#include "protocol/starttls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"

#define QUOTED_MAX 100 /* bytes of the server's line in a failure: a refusal line has 200 bytes in all */
#define HELLO_MAX (sizeof "EHLO \r\n" + STARTTLS_NAME_MAX)

enum step { STEP_GREETING, STEP_HELLO, STEP_START, STEP_READER, STEP_GO, STEP_FAILED };

/* What a line means in the present step. */
enum meaning {
    MEANS_MORE, /* the answer has more lines */
    MEANS_YES,  /* the answer is complete and positive: next step */
    MEANS_NO,   /* it is complete and negative, and there is something else to try */
    MEANS_OVER, /* the failure is set */
};

typedef enum meaning reply_fn(struct starttls *starttls, const char *line);

struct dialogue {
    const char *token;    /* as in struct protocol */
    const char *keyword;  /* the capability that the server offers */
    const char *start;    /* command for TLS */
    const char *closes;   /* the code that closes the connection, which ends all; NULL: the protocol has words for it */
    bool readers;         /* MODE READER may help */
    bool literals;        /* a line may end in {n}; the n bytes after it are part of the line */
    reply_fn *greeting, *hello, *answer; /* hello NULL: there is none */
};

struct starttls {
    const struct dialogue *dialogue;
    enum step step;
    bool offered;       /* the server has said that it knows STARTTLS */
    bool reader;        /* MODE READER was said */
    enum failure_class refused; /* why it was said: STARTTLS was refused before, with this line */
    char refusal[QUOTED_MAX];   /* or the beginning of it */
    const char *name, *other_name; /* for EHLO: the one to say, the one to say when that is refused, or NULL */
    char hello[HELLO_MAX];
    const char *output; /* the part of a command that is still to be sent */
    size_t output_length;
    char *greeting;     /* the greeting for the client; owned */
    size_t greeting_length;
    struct failure failure;
    size_t total;       /* bytes that the server has sent */
    size_t lines;       /* lines of the present answer, without this one */
    size_t literal;     /* bytes of a literal still to be read */
    bool cr;            /* the last byte was CR */
    size_t length;
    char line[STARTTLS_LINE_MAX + 1];
};

/* Sets the step, which nothing else writes, and the command to send in it. */
static void enter(struct starttls *starttls, enum step step)
{
    starttls->step = step;
    starttls->lines = 0;
    switch (step) {
    case STEP_HELLO:
        snprintf(starttls->hello, sizeof starttls->hello, "EHLO %s\r\n", starttls->name);
        starttls->output = starttls->hello;
        break;
    case STEP_START:
        starttls->output = starttls->dialogue->start;
        break;
    case STEP_READER:
        starttls->reader = true;
        starttls->output = "MODE READER\r\n";
        break;
    case STEP_GREETING:
    case STEP_GO:
    case STEP_FAILED:
        starttls->output = NULL;
        break;
    }
    starttls->output_length = starttls->output ? strlen(starttls->output) : 0;
}

static enum meaning fail(struct starttls *starttls, enum failure_class class, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static enum meaning fail(struct starttls *starttls, enum failure_class class, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    failure_vset(&starttls->failure, class, format, values);
    va_end(values);
    starttls->failure.they_did = true; /* the texts below have no subject */
    enter(starttls, STEP_FAILED);
    return MEANS_OVER;
}

static enum meaning fail_for_memory(struct starttls *starttls)
{
    fail(starttls, FAILURE_TEMPORARY, "out of memory");
    starttls->failure.they_did = false;
    return MEANS_NO;
}

static enum meaning is_no_answer(struct starttls *starttls, const char *line)
{
    char quoted[QUOTED_MAX];

    fail(starttls, FAILURE_PERMANENT, "this is not %s: \"%s\"", starttls->dialogue->token,
         log_escape(quoted, sizeof quoted, line, strlen(line)));
    starttls->failure.they_did = false;
    return MEANS_NO;
}

/* STARTTLS is refused, in this line. */
static enum meaning refuses_tls(struct starttls *starttls, enum failure_class class, const char *line)
{
    const char *keyword = starttls->dialogue->keyword;
    char quoted[QUOTED_MAX];

    log_escape(quoted, sizeof quoted, line, strlen(line));
    if (starttls->offered || class == FAILURE_TEMPORARY)
        return fail(starttls, class, "refuses %s: \"%s\"", keyword, quoted);
    return fail(starttls, class, "takes no %s; set tls = yes if the server has a TLS port, or somebody on the way "
                "removes it: \"%s\"", keyword, quoted);
}

/* The server says no, and nothing else is tried.  Where MODE READER is refused for good, the cause is what we have said
 * it for. */
static enum meaning turns_away(struct starttls *starttls, enum failure_class class, const char *line)
{
    char quoted[QUOTED_MAX];

    if (starttls->step == STEP_START)
        return refuses_tls(starttls, class, line);
    if (starttls->step == STEP_READER && class == FAILURE_PERMANENT)
        return refuses_tls(starttls, starttls->refused, starttls->refusal);
    return fail(starttls, class, starttls->step == STEP_READER ? "refuses MODE READER: \"%s\""
                                                               : "turns us away: \"%s\"",
                log_escape(quoted, sizeof quoted, line, strlen(line)));
}

/* The server says no.  more: the answer has more lines. */
static enum meaning refuses(struct starttls *starttls, enum failure_class class, const char *line, bool more)
{
    bool for_reader = starttls->step == STEP_START && starttls->dialogue->readers && !starttls->reader;
    char quoted[QUOTED_MAX];

    if (for_reader) {
        starttls->refused = class;
        snprintf(starttls->refusal, sizeof starttls->refusal, "%s", line);
    }
    if (for_reader || (starttls->step == STEP_HELLO && starttls->other_name))
        return more ? MEANS_MORE : MEANS_NO;
    if (starttls->step != STEP_HELLO)
        return turns_away(starttls, class, line);
    return fail(starttls, class, "refuses EHLO as %.80s, which ehlo-name sets: \"%s\"", starttls->name,
                log_escape(quoted, sizeof quoted, line, strlen(line)));
}

/* Appends a line (start, text, CR LF) to the greeting for the client. */
static enum meaning keep(struct starttls *starttls, const char *start, const char *text)
{
    size_t ahead = strlen(start), length = strlen(text);
    char *grown = realloc(starttls->greeting, starttls->greeting_length + ahead + length + 2);
    char *at;

    if (!grown)
        return fail_for_memory(starttls);
    starttls->greeting = grown;
    at = grown + starttls->greeting_length;
    memcpy(at, start, ahead);
    memcpy(at + ahead, text, length);
    memcpy(at + ahead + length, "\r\n", 2);
    starttls->greeting_length += ahead + length + 2;
    return MEANS_YES;
}

/* If line begins with these whole words, in any case, the rest of it after blanks; else NULL. */
static const char *behind(const char *line, const char *words)
{
    size_t length = strlen(words);

    if (strncasecmp(line, words, length) != 0 || !strchr(" \t", line[length]))
        return NULL;
    return line + length + strspn(line + length, " \t");
}

/* Whether a list of words, which ends at the byte `end` or at its NUL, has this one, in any case. */
static bool names(const char *list, char end, const char *word)
{
    const char stops[] = {' ', '\t', end, '\0'};

    for (size_t length; *list && *list != end; list += length + strspn(list + length, " \t")) {
        length = strcspn(list, stops);
        if (length == strlen(word) && strncasecmp(list, word, length) == 0)
            return true;
    }
    return false;
}

/* IMAP:  * OK [CAPABILITY ...] text      a1 STARTTLS -> a1 OK */

/* The response codes (capabilities, referrals, alerts) are left out of what the client gets: before TLS nothing
 * proves that the server sent them. */
static enum meaning imap_greeting(struct starttls *starttls, const char *line)
{
    const char *text = behind(line, "* OK");

    if (behind(line, "* BYE"))
        return turns_away(starttls, FAILURE_TEMPORARY, line);
    if (behind(line, "* PREAUTH"))
        return fail(starttls, FAILURE_PERMANENT, "greets with PREAUTH, which rules STARTTLS out; the server is set up "
                    "wrongly, or somebody on the way tampers");
    if (!text)
        return is_no_answer(starttls, line);
    while (*text == '[') {
        const char *code = behind(text + 1, "CAPABILITY");

        if (code && names(code, ']', "STARTTLS"))
            starttls->offered = true;
        text += strcspn(text, "]");
        text += strspn(text, "] \t");
    }
    return keep(starttls, "* OK ", *text ? text : "ready"); /* the grammar requires a text */
}

static enum meaning imap_answer(struct starttls *starttls, const char *line)
{
    const char *reply = behind(line, "a1");
    const char *no = reply ? behind(reply, "NO") : NULL;

    if (behind(line, "* BYE"))
        return turns_away(starttls, FAILURE_TEMPORARY, line);
    if (behind(line, "*"))
        return MEANS_MORE;
    if (reply && behind(reply, "OK"))
        return MEANS_YES;
    if (no || (reply && behind(reply, "BAD")))
        return refuses(starttls, no && behind(no, "[UNAVAILABLE]") ? FAILURE_TEMPORARY : FAILURE_PERMANENT, reply,
                       false);
    return is_no_answer(starttls, line);
}

/* The refusals of SMTP and NNTP: 4yz is temporary, 5yz permanent. */
static enum meaning numbered_refusal(struct starttls *starttls, const char *line)
{
    bool is_number = strspn(line, "0123456789") == 3 && strchr(" -", line[3]);
    enum failure_class class = line[0] == '4' ? FAILURE_TEMPORARY : FAILURE_PERMANENT;

    if (!is_number || (line[0] != '4' && line[0] != '5'))
        return is_no_answer(starttls, line);
    if (strncmp(line, starttls->dialogue->closes, 3) == 0)
        return turns_away(starttls, class, line);
    return refuses(starttls, class, line, line[3] == '-');
}

/* SMTP:  220-text, 220 text      EHLO -> 250-name, 250-KEYWORD ..., 250 KEYWORD      STARTTLS -> 220 */

static enum meaning smtp_reply(struct starttls *starttls, const char *line, const char *code)
{
    if (strncmp(line, code, 3) != 0 || !strchr(" -", line[3]))
        return numbered_refusal(starttls, line);
    return line[3] == '-' ? MEANS_MORE : MEANS_YES;
}

static enum meaning smtp_greeting(struct starttls *starttls, const char *line)
{
    enum meaning meaning = smtp_reply(starttls, line, "220");

    return meaning == MEANS_OVER || keep(starttls, "", line) == MEANS_OVER ? MEANS_OVER : meaning;
}

/* The first line has the server's name, not a keyword. */
static enum meaning smtp_hello(struct starttls *starttls, const char *line)
{
    enum meaning meaning = smtp_reply(starttls, line, "250");

    if (meaning != MEANS_OVER && line[0] == '2' && starttls->lines > 0 && line[3] && behind(line + 4, "STARTTLS"))
        starttls->offered = true;
    return meaning;
}

static enum meaning smtp_answer(struct starttls *starttls, const char *line)
{
    return smtp_reply(starttls, line, "220");
}

/* NNTP:  200 text or 201 text      STARTTLS -> 382      MODE READER -> 200 or 201 */

static enum meaning nntp_greeting(struct starttls *starttls, const char *line)
{
    if (behind(line, "200") || behind(line, "201"))
        return keep(starttls, "", line);
    return numbered_refusal(starttls, line);
}

static enum meaning nntp_answer(struct starttls *starttls, const char *line)
{
    if (starttls->step == STEP_READER)
        return behind(line, "200") || behind(line, "201") ? MEANS_YES : numbered_refusal(starttls, line);
    return behind(line, "382") ? MEANS_YES : numbered_refusal(starttls, line);
}

/* POP3:  +OK text      STLS -> +OK */

static enum meaning pop3_status(struct starttls *starttls, const char *line)
{
    const char *refusal = behind(line, "-ERR");

    if (behind(line, "+OK"))
        return MEANS_YES;
    if (!refusal)
        return is_no_answer(starttls, line);
    return refuses(starttls, behind(refusal, "[SYS/TEMP]") ? FAILURE_TEMPORARY : FAILURE_PERMANENT, line, false);
}

static enum meaning pop3_greeting(struct starttls *starttls, const char *line)
{
    return pop3_status(starttls, line) == MEANS_YES ? keep(starttls, "", line) : MEANS_OVER;
}

/* ManageSieve:  "KEYWORD" ..., OK      STARTTLS -> OK      (the server itself greets again within TLS) */

static enum meaning sieve_status(struct starttls *starttls, const char *line)
{
    const char *no = behind(line, "NO");

    if (behind(line, "OK"))
        return MEANS_YES;
    if (behind(line, "BYE") || (no && strncasecmp(no, "(TRYLATER", 9) == 0))
        return turns_away(starttls, FAILURE_TEMPORARY, line);
    return no ? turns_away(starttls, FAILURE_PERMANENT, line) : is_no_answer(starttls, line);
}

static enum meaning sieve_greeting(struct starttls *starttls, const char *line)
{
    if (line[0] != '"')
        return sieve_status(starttls, line);
    if (behind(line, "\"STARTTLS\""))
        starttls->offered = true;
    return MEANS_MORE;
}

/* In POP3 and ManageSieve, the answer to STARTTLS is a status like any other. */
static const struct dialogue table[] = {
    {.token = "IMAP", .keyword = "STARTTLS", .start = "a1 STARTTLS\r\n",
     .greeting = imap_greeting, .answer = imap_answer},
    {.token = "SMTP", .keyword = "STARTTLS", .start = "STARTTLS\r\n", .closes = "421",
     .greeting = smtp_greeting, .hello = smtp_hello, .answer = smtp_answer},
    {.token = "NNTP", .keyword = "STARTTLS", .start = "STARTTLS\r\n", .closes = "400", .readers = true,
     .greeting = nntp_greeting, .answer = nntp_answer},
    {.token = "POP3", .keyword = "STLS", .start = "STLS\r\n",
     .greeting = pop3_greeting, .answer = pop3_status},
    {.token = "SIEVE", .keyword = "STARTTLS", .start = "STARTTLS\r\n", .literals = true,
     .greeting = sieve_greeting, .answer = sieve_status},
};

/* An answer is complete: enters the next step, or fails.  yes: it is positive. */
static void go_on(struct starttls *starttls, bool yes)
{
    if (starttls->output_length > 0) {
        fail(starttls, FAILURE_PERMANENT, "answers before it is asked; somebody on the way may be injecting answers");
        return;
    }
    switch (starttls->step) {
    case STEP_GREETING:
        enter(starttls, starttls->dialogue->hello ? STEP_HELLO : STEP_START);
        break;
    case STEP_HELLO:
        if (yes) {
            enter(starttls, STEP_START);
        } else {
            starttls->name = starttls->other_name;
            starttls->other_name = NULL;
            enter(starttls, STEP_HELLO);
        }
        break;
    case STEP_START:
        enter(starttls, yes ? STEP_GO : STEP_READER);
        break;
    case STEP_READER:
        enter(starttls, STEP_START);
        break;
    case STEP_GO:
    case STEP_FAILED:
        break;
    }
}

static enum meaning reply(struct starttls *starttls)
{
    switch (starttls->step) {
    case STEP_GREETING:
        return starttls->dialogue->greeting(starttls, starttls->line);
    case STEP_HELLO:
        return starttls->dialogue->hello(starttls, starttls->line);
    case STEP_START:
    case STEP_READER:
        return starttls->dialogue->answer(starttls, starttls->line);
    case STEP_GO:
    case STEP_FAILED:
        break;
    }
    return MEANS_OVER;
}

static void put(struct starttls *starttls, char c)
{
    if (starttls->length < STARTTLS_LINE_MAX)
        starttls->line[starttls->length++] = c;
    else
        fail(starttls, FAILURE_PERMANENT, "sends a line of more than %d bytes before TLS", STARTTLS_LINE_MAX);
}

/* Turns a literal into the equivalent quoted string, so that the functions above see one form only. */
static void put_literal(struct starttls *starttls, char c)
{
    if (c == '"' || c == '\\')
        put(starttls, '\\');
    put(starttls, c);
    if (--starttls->literal == 0)
        put(starttls, '"');
}

/* The brace of a {n} or {n+} at the end of the line, and its number; NULL: there is none.  It cannot be part of a
 * quoted string: the line would end in the quote. */
static const char *open_literal(const char *line, size_t *number)
{
    const char *brace = strrchr(line, '{');
    char *end;

    if (!brace || brace[1] < '0' || brace[1] > '9')
        return NULL;
    *number = strtoul(brace + 1, &end, 10); /* if it is too large, put() fails at STARTTLS_LINE_MAX */
    end += *end == '+';
    return strcmp(end, "}") == 0 ? brace : NULL;
}

static void start_literal(struct starttls *starttls, const char *brace, size_t number)
{
    starttls->length = (size_t)(brace - starttls->line);
    starttls->literal = number;
    put(starttls, '"');
    if (number == 0)
        put(starttls, '"');
}

static void end_line(struct starttls *starttls)
{
    const char *brace = NULL;
    size_t number;
    enum meaning meaning;

    starttls->cr = false;
    starttls->line[starttls->length] = '\0';
    if (starttls->dialogue->literals)
        brace = open_literal(starttls->line, &number);
    if (brace) {
        start_literal(starttls, brace, number);
        return;
    }
    meaning = reply(starttls);
    starttls->length = 0;
    starttls->lines++;
    if (meaning == MEANS_YES || meaning == MEANS_NO)
        go_on(starttls, meaning == MEANS_YES);
}

static void take(struct starttls *starttls, char c)
{
    if (starttls->step == STEP_GO)
        fail(starttls, FAILURE_PERMANENT, "sends more behind its answer to %s and before TLS; somebody on the way may "
             "be injecting answers", starttls->dialogue->keyword);
    else if (++starttls->total > STARTTLS_BYTES_MAX)
        fail(starttls, FAILURE_PERMANENT, "sends more than %d bytes before TLS", STARTTLS_BYTES_MAX);
    else if (c == '\0')
        fail(starttls, FAILURE_PERMANENT, "sends a NUL byte: this is not %s", starttls->dialogue->token);
    else if (starttls->literal > 0)
        put_literal(starttls, c);
    else if (c == '\n')
        end_line(starttls);
    else if (starttls->cr)
        fail(starttls, FAILURE_PERMANENT, "sends CR without LF: this is not %s", starttls->dialogue->token);
    else if (c == '\r')
        starttls->cr = true;
    else
        put(starttls, c);
}

static const struct dialogue *dialogue_of(const struct protocol *protocol)
{
    for (size_t i = 0; protocol->token && i < sizeof table / sizeof table[0]; i++)
        if (strcmp(table[i].token, protocol->token) == 0)
            return &table[i];
    return NULL;
}

bool starttls_knows(const struct protocol *protocol)
{
    return dialogue_of(protocol) != NULL;
}

struct starttls *starttls_new(const struct protocol *protocol, const char *name, const char *other_name)
{
    const struct dialogue *dialogue = dialogue_of(protocol);
    struct starttls *starttls = dialogue ? calloc(1, sizeof *starttls) : NULL;

    if (starttls) {
        starttls->dialogue = dialogue;
        starttls->name = name ? name : "[127.0.0.1]"; /* a literal says least of us (RFC 5321 section 4.1.3) */
        starttls->other_name = other_name;
        enter(starttls, STEP_GREETING);
    }
    return starttls;
}

void starttls_free(struct starttls *starttls)
{
    if (starttls)
        free(starttls->greeting);
    free(starttls);
}

enum starttls_result starttls_feed(struct starttls *starttls, const char *bytes, size_t length,
                                   struct failure *failure)
{
    if (length == 0 && starttls->step != STEP_FAILED)
        fail(starttls, FAILURE_TEMPORARY, "closes the connection before TLS");
    for (size_t i = 0; i < length && starttls->step != STEP_FAILED; i++)
        take(starttls, bytes[i]);
    if (starttls->step == STEP_FAILED)
        *failure = starttls->failure;
    return starttls->step == STEP_FAILED ? STARTTLS_FAILED : starttls->step == STEP_GO ? STARTTLS_GO : STARTTLS_MORE;
}

const char *starttls_output(const struct starttls *starttls, size_t *length)
{
    *length = starttls->output_length;
    return *length > 0 ? starttls->output : NULL;
}

void starttls_sent(struct starttls *starttls, size_t n)
{
    if (n == 0)
        return; /* output may be NULL */
    starttls->output += n;
    starttls->output_length -= n;
}

char *starttls_take_greeting(struct starttls *starttls, size_t *length)
{
    char *greeting = starttls->step == STEP_GO ? starttls->greeting : NULL;

    *length = greeting ? starttls->greeting_length : 0;
    if (greeting)
        starttls->greeting = NULL;
    return greeting;
}
