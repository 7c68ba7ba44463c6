/* SPDX-License-Identifier: ISC */
#include "finding/conversation.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/allowance.h"
#include "base/child.h"
#include "base/escape.h"
#include "base/log.h"
#include "base/sockets.h"
#include "finding/host_lookup.h"
#include "finding/talk.h"
#include "net/own_address.h"

#define READS_A_TURN 16 /* of a process that says things without end */
#define WORD_SHOWN 40   /* bytes of what should not have been said */
#define ALERT_SHOWN 400

extern char **environ;

enum state {
    LOADS = 1, /* it reads the script */
    IDLE = 2,
    ASKED = 4,
    ENDED = 8, /* told, or freed */
};

struct conversation {
    struct loop *loop;
    struct resolver *resolver;
    uint32_t resolve_ms;
    bool for_system;
    const char *name;
    conversation_fn *news;
    void *arg;
    enum state state;
    struct child *child;        /* NULL: it is gone */
    int fd;                     /* both directions */
    struct loop_io io;
    struct allowance allowance; /* until it is ready, and for an answer; held during a look-up */
    bool looks_up;
    struct host_lookup lookup;
    uint64_t looks_since, looked_ms; /* of this question */
    unsigned lookups, alerts;        /* likewise */
    bool doubtful_script, doubtful;
    const char *script;
    size_t script_length, script_at;
    size_t out_length, out_at, in_length;
    char out[TALK_LINE_MAX], in[TALK_LINE_MAX];
    struct deferred death;
};

static void enter(struct conversation *conversation, enum state state)
{
    conversation->state = state;
    if (state == LOADS || state == ASKED) {
        conversation->looked_ms = 0;
        conversation->lookups = conversation->alerts = 0;
        conversation->doubtful = false;
    }
}

static void tell(const struct conversation *conversation, enum conversation_news news, const char *text)
{
    conversation->news(conversation->arg, news, text, strlen(text));
}

/* --- its end --- */

/* What is to blame. */
static const char *subject(const struct conversation *conversation)
{
    return conversation->for_system ? "to ask the desktop" : "the PAC file";
}

/* Returns the status that it has ended with. */
static int let_go(struct conversation *conversation)
{
    int status = child_end(conversation->child);

    conversation->child = NULL;
    enter(conversation, ENDED);
    allowance_stop(&conversation->allowance);
    host_lookup_stop(&conversation->lookup);
    loop_io_stop(&conversation->io);
    if (conversation->fd >= 0)
        close(conversation->fd);
    conversation->fd = -1;
    return status;
}

static void end(struct conversation *conversation, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void end(struct conversation *conversation, const char *format, ...)
{
    char why[256];
    va_list values;

    va_start(values, format);
    vsnprintf(why, sizeof why, format, values);
    va_end(values);
    let_go(conversation);
    tell(conversation, CONVERSATION_ENDED, why);
}

/* It has ended by itself, with that status of wait(2). */
static void end_with(struct conversation *conversation, int status)
{
    if (status == CHILD_STATUS_UNKNOWN || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL))
        end(conversation, "the helper findproxy has ended without an answer");
    else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)
        end(conversation, "%s takes too much time of the processor", subject(conversation));
    else if (WIFSIGNALED(status))
        end(conversation, "the helper findproxy was ended by signal %d, which too much memory or recursion can lead to",
            WTERMSIG(status));
    else
        end(conversation, "the helper findproxy has ended with status %d", WEXITSTATUS(status));
}

/* Its connection is at an end; so is it, or it will be. */
static void hang_up(struct conversation *conversation)
{
    end_with(conversation, let_go(conversation));
}

static void on_late(void *arg)
{
    end(arg, "%s takes longer than %u s", subject(arg), CONVERSATION_ANSWER_MS / 1000);
}

/* It says what it must not. */
static void distrust(struct conversation *conversation, const char *said)
{
    char shown[WORD_SHOWN];

    end(conversation, "the helper findproxy says what was not expected: \"%s\"",
        log_escape(shown, sizeof shown, said, strlen(said)));
}

/* --- what is said to it --- */

/* Whether all was sent. */
static bool is_out(const struct conversation *conversation)
{
    return conversation->out_at == conversation->out_length && conversation->script_at == conversation->script_length;
}

static void on_ready(void *arg, int ready);

/* False: the system refuses, which end() tells. */
static bool watch(struct conversation *conversation)
{
    return loop_io_levels(conversation->loop, &conversation->io, conversation->fd,
                          is_out(conversation) ? LOOP_READ : LOOP_READ | LOOP_WRITE, on_ready, conversation);
}

/* Sends length bytes from *at on.  False: there is no room now, or nobody who reads, which is noticed elsewhere. */
static bool send_some(const struct conversation *conversation, const char *bytes, size_t length, size_t *at)
{
    while (*at < length) {
        ssize_t sent = send(conversation->fd, bytes + *at, length - *at, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return false;
        *at += (size_t)sent;
    }
    return true;
}

static bool flush(struct conversation *conversation)
{
    (void)(send_some(conversation, conversation->out, conversation->out_length, &conversation->out_at) &&
           send_some(conversation, conversation->script, conversation->script_length, &conversation->script_at));
    return watch(conversation);
}

/* Says a line; all before it was sent.  The caller knows that it fits.  False as for watch. */
static bool say(struct conversation *conversation, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool say(struct conversation *conversation, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    conversation->out_length = (size_t)vsnprintf(conversation->out, sizeof conversation->out, format, values);
    va_end(values);
    conversation->out_at = 0;
    return flush(conversation);
}

static void say_addresses(struct conversation *conversation, const struct address_list *list)
{
    char text[TALK_ADDRESSES_MAX * ADDRESS_TEXT_MAX] = "", one[ADDRESS_TEXT_MAX];
    size_t length = 0;

    for (size_t i = 0; i < list->count && i < TALK_ADDRESSES_MAX; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, " %s", address_format_host(&list->at[i], one));
    if (!say(conversation, "ADDRESSES%s\n", text))
        end(conversation, "there is no memory to ask the helper findproxy");
}

/* --- what it asks --- */

/* The time of look-ups is not its own, but has an end as well. */
static uint64_t time_for_lookups(const struct conversation *conversation)
{
    uint64_t all = conversation->resolve_ms > CONVERSATION_LOOKUPS_MS ? conversation->resolve_ms
                                                                      : CONVERSATION_LOOKUPS_MS;

    return all - (conversation->looked_ms < all ? conversation->looked_ms : all);
}

static void on_addresses(void *arg, const struct address_list *addresses, bool doubtful)
{
    struct conversation *conversation = arg;

    conversation->looks_up = false;
    conversation->looked_ms += loop_now(conversation->loop) - conversation->looks_since;
    if (conversation->state == LOADS)
        conversation->doubtful_script |= doubtful;
    conversation->doubtful |= doubtful;
    allowance_go_on(&conversation->allowance);
    say_addresses(conversation, addresses);
}

/* Whether it may ask for addresses once more; false: it was ended. */
static bool may_ask(struct conversation *conversation)
{
    if (conversation->lookups++ < TALK_RESOLVES_MAX)
        return true;
    end(conversation, "%s asks for the addresses of more than %d names", subject(conversation),
        TALK_RESOLVES_MAX);
    return false;
}

static void take_resolve(struct conversation *conversation, const char *host)
{
    uint64_t left = time_for_lookups(conversation);

    if (!may_ask(conversation))
        return;
    if (left == 0) {
        end(conversation, "%s looks up names for longer than %llu s", subject(conversation),
            (unsigned long long)conversation->looked_ms / 1000);
        return;
    }
    conversation->looks_up = true;
    conversation->looks_since = loop_now(conversation->loop);
    allowance_hold(&conversation->allowance);
    host_lookup_start(&conversation->lookup, conversation->loop, conversation->resolver, host,
                      left < conversation->resolve_ms ? left : conversation->resolve_ms, on_addresses, conversation);
}

static void take_mine(struct conversation *conversation, const char *rest)
{
    struct address_list list;

    (void)rest;
    if (!may_ask(conversation))
        return;
    own_address_find(&list);
    say_addresses(conversation, &list);
}

static void take_alert(struct conversation *conversation, const char *text)
{
    char shown[ALERT_SHOWN];

    if (conversation->alerts++ < TALK_ALERTS_MAX && log_wants(LEVEL_DEBUG))
        log_event(LEVEL_DEBUG, conversation->name, "alert text=\"%s\"",
                  log_escape(shown, sizeof shown, text, strlen(text)));
}

/* --- what it answers --- */

/* It has nothing to do from now on. */
static void come_to_rest(struct conversation *conversation)
{
    allowance_stop(&conversation->allowance);
    enter(conversation, IDLE);
}

static void take_ready(struct conversation *conversation, const char *rest)
{
    (void)rest;
    come_to_rest(conversation);
    tell(conversation, CONVERSATION_READY, "");
}

static void take_answer(struct conversation *conversation, const char *text)
{
    come_to_rest(conversation);
    tell(conversation, CONVERSATION_ANSWER, text);
}

static void take_pac(struct conversation *conversation, const char *url)
{
    come_to_rest(conversation);
    tell(conversation, CONVERSATION_PAC, url);
}

static void take_fault(struct conversation *conversation, const char *why)
{
    come_to_rest(conversation);
    tell(conversation, CONVERSATION_FAULT, why);
}

static void take_lost(struct conversation *conversation, const char *why)
{
    end(conversation, "%s", why);
}

/* --- its lines --- */

static const struct word {
    const char *word;
    unsigned states;  /* in which it may be said; with IDLE, also before all was said to it */
    bool with_text;   /* something stands behind it, if only nothing */
    bool system_only;
    void (*take)(struct conversation *conversation, const char *rest);
} words[] = {
    {"READY", LOADS, false, false, take_ready},
    {"RESOLVE", LOADS | ASKED, true, false, take_resolve},
    {"MINE", LOADS | ASKED, false, false, take_mine},
    {"ALERT", LOADS | ASKED, true, false, take_alert},
    {"ANSWER", ASKED, true, false, take_answer},
    {"PAC", ASKED, true, true, take_pac},
    {"FAULT", LOADS | ASKED, true, false, take_fault},
    {"LOST", LOADS | IDLE | ASKED, true, false, take_lost},
};

static bool is_printable(const char *line, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)line[i] < ' ' || line[i] == '\x7f')
            return false;
    return true;
}

/* It has not been told all yet: it cannot have anything to say. */
static bool is_busy(const struct conversation *conversation)
{
    return conversation->looks_up || !is_out(conversation);
}

/* A line without its newline, with a NUL in its place. */
static void take_line(struct conversation *conversation, char *line, size_t length)
{
    size_t known = strcspn(line, " ");

    for (const struct word *word = words; word < words + sizeof words / sizeof words[0]; word++) {
        if (strncmp(line, word->word, known) != 0 || word->word[known])
            continue;
        if (!is_printable(line, length) || !(word->states & conversation->state) ||
            (!(word->states & IDLE) && is_busy(conversation)) ||
            (word->system_only && !conversation->for_system) || (!word->with_text && line[known]))
            break;
        word->take(conversation, line[known] ? line + known + 1 : line + known);
        return;
    }
    distrust(conversation, line);
}

/* All lines that have come so far; the rest stays.  It may have ended meanwhile. */
static void take_lines(struct conversation *conversation)
{
    char *line = conversation->in, *behind = conversation->in + conversation->in_length, *newline;

    while (conversation->state != ENDED && (newline = memchr(line, '\n', (size_t)(behind - line)))) {
        *newline = '\0';
        take_line(conversation, line, (size_t)(newline - line));
        line = newline + 1;
    }
    conversation->in_length = (size_t)(behind - line);
    memmove(conversation->in, line, conversation->in_length);
    if (conversation->state != ENDED && conversation->in_length == sizeof conversation->in)
        end(conversation, "the helper findproxy says a line of more than %d bytes", TALK_LINE_MAX);
}

/* Returns false when nothing more can come, or nothing more is to be read. */
static bool read_some(struct conversation *conversation)
{
    ssize_t got = 1;

    for (int i = 0; i < READS_A_TURN && got > 0 && conversation->state != ENDED; i++) {
        got = recv(conversation->fd, conversation->in + conversation->in_length,
                   sizeof conversation->in - conversation->in_length, 0);
        if (got > 0) {
            conversation->in_length += (size_t)got;
            take_lines(conversation);
        }
    }
    return conversation->state != ENDED && (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR)));
}

static void on_ready(void *arg, int ready)
{
    struct conversation *conversation = arg;

    if ((ready & LOOP_WRITE) && !flush(conversation))
        end(conversation, "there is no memory to ask the helper findproxy");
    else if ((ready & LOOP_READ) && !read_some(conversation) && conversation->state != ENDED)
        hang_up(conversation);
}

/* What it said before its end counts. */
static void on_ended(void *arg, int status)
{
    struct conversation *conversation = arg;

    conversation->child = NULL;
    (void)read_some(conversation);
    if (conversation->state != ENDED)
        end_with(conversation, status);
}

/* --- its beginning --- */

/* What a PAC file's process gets of our environment, where passwords may stand: what it needs to run, and for the local
 * time. */
static char **few_variables(char *few[])
{
    static const char *const wanted[] = {"TZ=", "TZDIR=", "LD_LIBRARY_PATH="};
    size_t count = 0;

    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        for (char **variable = environ; *variable; variable++)
            if (strncmp(*variable, wanted[i], strlen(wanted[i])) == 0) {
                few[count++] = *variable;
                break;
            }
    few[count] = NULL;
    return few;
}

/* Its standard input and output are one socket, whose other end is ours.  False: errno says why. */
static bool start_child(struct conversation *conversation, const char *program)
{
    char *few[4], path[4096], *argv[] = {path, (char[]){TALK_FOR_PAC}, NULL}, for_system[] = TALK_FOR_SYSTEM;
    int ends[2], error;

    snprintf(path, sizeof path, "%s", program);
    if (conversation->for_system)
        argv[1] = for_system;
    if (sockets_pair(ends) != 0)
        return false;
    conversation->fd = ends[0];
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    conversation->child = child_start(&(struct child_params){
        .loop = conversation->loop,
        .argv = argv,
        .environment = conversation->for_system ? NULL : few_variables(few),
        .descriptors = {ends[1], ends[1], -1},
        .ended = on_ended,
        .arg = conversation,
    });
    error = errno;
    close(ends[1]);
    errno = error;
    return conversation->child != NULL;
}

static void die(struct deferred *death)
{
    free((char *)death - offsetof(struct conversation, death));
}

struct conversation *conversation_start(const struct conversation_params *params, char *error, size_t size)
{
    struct conversation *conversation = calloc(1, sizeof *conversation);

    snprintf(error, size, "there is no memory to run %s", params->program);
    if (!conversation)
        return NULL;
    conversation->loop = params->loop;
    conversation->resolver = params->resolver;
    conversation->resolve_ms = params->resolve_ms;
    conversation->for_system = params->script == NULL;
    conversation->name = params->name;
    conversation->news = params->news;
    conversation->arg = params->arg;
    conversation->fd = -1;
    enter(conversation, LOADS);
    if (!start_child(conversation, params->program)) {
        snprintf(error, size, "cannot run %s: %s%s", params->program, strerror(errno),
                 errno == ENOENT ? "; it belongs to sallyport, and is built where Duktape is found" : "");
        conversation_free(conversation);
        return NULL;
    }
    conversation->script = params->script;
    conversation->script_length = params->length;
    allowance_start(&conversation->allowance, params->loop, CONVERSATION_ANSWER_MS, on_late, conversation);
    if (!(conversation->for_system ? watch(conversation) : say(conversation, "SCRIPT %zu\n", params->length))) {
        conversation_free(conversation);
        return NULL;
    }
    return conversation;
}

void conversation_free(struct conversation *conversation)
{
    if (!conversation)
        return;
    let_go(conversation);
    loop_defer(conversation->loop, &conversation->death, die);
}

static bool is_one_word(const char *text)
{
    for (const char *at = text; *at; at++)
        if ((unsigned char)*at <= ' ' || *at == '\x7f')
            return false;
    return *text != '\0';
}

bool conversation_ask(struct conversation *conversation, const char *url, const char *host)
{
    const char *second = conversation->for_system ? "" : host;

    if (!is_one_word(url) || (*second && !is_one_word(second)) || (!*second && !conversation->for_system) ||
        strlen("SYSTEM  \n") + strlen(url) + strlen(second) >= TALK_LINE_MAX)
        return false;
    enter(conversation, ASKED);
    allowance_start(&conversation->allowance, conversation->loop, CONVERSATION_ANSWER_MS, on_late, conversation);
    return say(conversation, "%s %s%s%s\n", conversation->for_system ? "SYSTEM" : "ASK", url, *second ? " " : "",
               second);
}

bool conversation_is_doubtful(const struct conversation *conversation)
{
    return conversation->doubtful_script || conversation->doubtful;
}
