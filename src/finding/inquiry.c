/* SPDX-License-Identifier: ISC */
#include "finding/inquiry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/subprocess.h"
#include "finding/pac_answer.h"

enum { FRESH, LOOKING, READING, IN_SCRIPT, ON_DESKTOP, IN_PROGRAM };

static const char *const state_names[] = {"fresh", "looking", "reading", "in-script", "on-desktop", "in-program"};

#define PAC_MARK "pac:" /* a program names a PAC file so, as `url` does */
#define SHOWN_MAX 80    /* bytes of an answer of no use that a failure shows */

static const char no_room[] = "too many questions wait, or there is no memory for one";

/* --- the end --- */

/* Notes for status why there is no answer, and reports. */
static void end_in_failure(struct inquiry *inquiry, enum outcome outcome)
{
    failure_format(&inquiry->task.failure, inquiry->source->error, sizeof inquiry->source->error);
    task_tell(&inquiry->task, outcome);
}

/* Fails for the PAC file, or for the desktop's settings or the program: `what` is wrong with it, and how. */
static void fail(struct inquiry *inquiry, enum outcome outcome, bool by_script, const char *what, const char *how)
{
    char where[sizeof inquiry->task.failure.where];

    if (by_script)
        snprintf(where, sizeof where, PAC_MARK "%s", inquiry->script->place);
    else
        source_name(inquiry->source->section, where, sizeof where);
    failure_set(&inquiry->task.failure, FAILURE_TEMPORARY, "%s%s%s", what, *what ? ": " : "", how);
    failure_at(&inquiry->task.failure, "", where);
    end_in_failure(inquiry, outcome);
}

static void fail_memory(struct inquiry *inquiry)
{
    failure_set(&inquiry->task.failure, FAILURE_TEMPORARY, "out of memory while the proxy was looked for");
    end_in_failure(inquiry, OUTCOME_LOCAL);
}

/* Whether a script's answer is still worth something to the next session: the text that gave it is the helper's still,
 * and none of the names that it looked up met trouble. */
static bool may_be_kept(const struct inquiry *inquiry)
{
    const struct script *script = inquiry->script;

    return script == inquiry->source->script && inquiry->serial == script->serial &&
           !helper_answer_is_doubtful(script->helper);
}

/* Leaves only proxies.  False: there are none. */
static bool leave_out_direct(struct found *found)
{
    size_t kept = 0;

    for (size_t i = 0; i < found->count; i++)
        if (!found->members[i].direct)
            found->members[kept++] = found->members[i];
    found->count = kept;
    return kept > 0;
}

/* Reads what was said; by_script: by a PAC file.  One that takes trouble with the name servers for names that are not
 * known, as it must, and says DIRECT then, says it by accident. */
static void take_answer(struct inquiry *inquiry, const char *text, size_t length, bool by_script)
{
    struct source *source = inquiry->source;
    char how[SHOWN_MAX + 200];
    const char *why;

    if (!pac_answer_read(&inquiry->found, text, length, &why)) {
        snprintf(how, sizeof how, "%s%s%.*s%s", why, length ? ", as in \"" : "", SHOWN_MAX, inquiry->found.said,
                 length ? "\"" : "");
        fail(inquiry, OUTCOME_PEER, by_script, "its answer is of no use", how);
        return;
    }
    if (by_script && helper_answer_is_doubtful(inquiry->script->helper) && !leave_out_direct(&inquiry->found)) {
        fail(inquiry, OUTCOME_PEER, true, "its DIRECT is not obeyed",
             "a name that it looks up cannot be looked up now");
        return;
    }
    source->error[0] = '\0';
    if (!by_script || may_be_kept(inquiry))
        answers_keep(source->answers, &inquiry->target, loop_now(source->loop), &inquiry->found);
    if (log_wants(LEVEL_DEBUG))
        log_message(LEVEL_DEBUG, NULL, "found question=\"%s\" answer=\"%s\"", inquiry->url, inquiry->found.said);
    task_tell(&inquiry->task, OUTCOME_DONE);
}

/* Whether an answer is kept; then it has been told. */
static bool tell_kept(struct inquiry *inquiry)
{
    struct source *source = inquiry->source;

    inquiry->kept = answers_find(source->answers, &inquiry->target, loop_now(source->loop), &inquiry->found);
    if (!inquiry->kept)
        return false;
    source->error[0] = '\0';
    task_tell(&inquiry->task, OUTCOME_DONE);
    return true;
}

/* --- a PAC file --- */

static void on_script(void *arg, const char *answer, size_t length, const char *pac, const char *error)
{
    struct inquiry *inquiry = arg;

    (void)pac; /* only the desktop has one */
    inquiry->question = NULL;
    if (answer)
        take_answer(inquiry, answer, length, true);
    else
        fail(inquiry, OUTCOME_PEER, true, "the PAC file gives no answer", error);
}

static void on_text(void *arg, const char *text, size_t length, uint64_t serial, const char *error)
{
    struct inquiry *inquiry = arg;
    struct script *script = inquiry->script;
    enum script_news news;

    inquiry->read = NULL;
    if (!text) {
        fail(inquiry, OUTCOME_PEER, true, "the PAC file cannot be read", error);
        return;
    }
    news = script_load(script, text, length, serial);
    if (news == SCRIPT_NO_MEMORY) {
        fail_memory(inquiry);
        return;
    }
    if (news == SCRIPT_IS_NEW && script == inquiry->source->script)
        answers_forget(inquiry->source->answers);
    if (tell_kept(inquiry))
        return;
    inquiry->serial = serial;
    task_enter(&inquiry->task, NULL, IN_SCRIPT);
    inquiry->question = helper_ask(script->helper, inquiry->url, inquiry->target.host, on_script, inquiry);
    if (!inquiry->question)
        fail(inquiry, OUTCOME_PEER, true, "the PAC file was not asked", no_room);
}

static void read_script(struct inquiry *inquiry)
{
    script_unref(inquiry->script);
    inquiry->script = script_ref(inquiry->source->script);
    task_enter(&inquiry->task, NULL, READING);
    inquiry->read = pac_file_read(inquiry->script->file, on_text, inquiry);
    if (!inquiry->read)
        fail_memory(inquiry);
}

/* The desktop or a program has named a PAC file. */
static void go_to_script(struct inquiry *inquiry, const char *place)
{
    char shown[SHOWN_MAX], what[SHOWN_MAX + 60];
    const char *why;

    if (!script_may_be_at(place, inquiry->source->section->insecure, &why)) {
        if (strchr(place, '@'))
            snprintf(shown, sizeof shown, "not shown, as it may have a password");
        else
            log_escape(shown, sizeof shown, place, strlen(place));
        snprintf(what, sizeof what, "it names a PAC file that is not read (%s)", shown);
        fail(inquiry, OUTCOME_PEER, false, what, why);
    } else if (source_use_script(inquiry->source, place)) {
        read_script(inquiry);
    } else {
        fail_memory(inquiry);
    }
}

/* --- the desktop's settings --- */

static void on_desktop(void *arg, const char *answer, size_t length, const char *pac, const char *error)
{
    struct inquiry *inquiry = arg;

    inquiry->question = NULL;
    if (answer)
        take_answer(inquiry, answer, length, false);
    else if (pac)
        go_to_script(inquiry, pac);
    else
        fail(inquiry, OUTCOME_PEER, false, "the desktop's settings cannot be asked", error);
}

static void ask_desktop(struct inquiry *inquiry)
{
    struct helper *desktop = source_desktop(inquiry->source);

    task_enter(&inquiry->task, NULL, ON_DESKTOP);
    if (desktop)
        inquiry->question = helper_ask(desktop, inquiry->url, inquiry->target.host, on_desktop, inquiry);
    if (!inquiry->question)
        fail(inquiry, OUTCOME_PEER, false, "the desktop's settings were not asked", no_room);
}

/* --- a program --- */

static void on_program(void *arg, const char *text, size_t length, const char *error)
{
    struct inquiry *inquiry = arg;
    size_t mark = strlen(PAC_MARK);
    char place[SUBPROCESS_OUTPUT_MAX];

    inquiry->program = NULL;
    if (!text) {
        fail(inquiry, OUTCOME_PEER, false, "", error);
    } else if (length > mark && strncasecmp(text, PAC_MARK, mark) == 0 && !memchr(text, '\0', length)) {
        snprintf(place, sizeof place, "%.*s", (int)(length - mark), text + mark);
        go_to_script(inquiry, place);
    } else {
        take_answer(inquiry, text, length, false);
    }
}

static void ask_program(struct inquiry *inquiry)
{
    char error[160];

    task_enter(&inquiry->task, NULL, IN_PROGRAM);
    inquiry->program = ask_program_start(inquiry->source->loop, inquiry->source->section->urls.asked, inquiry->url,
                                         INQUIRY_PROGRAM_MS, on_program, inquiry, error, sizeof error);
    if (!inquiry->program)
        fail(inquiry, OUTCOME_LOCAL, false, "", error);
}

/* --- the task --- */

static void begin(struct task *task)
{
    struct inquiry *inquiry = (struct inquiry *)task;

    task_enter(task, NULL, LOOKING);
    switch (inquiry->source->section->urls.source) {
    case PLACES_PAC:
        read_script(inquiry);
        break;
    case PLACES_SYSTEM:
        if (!tell_kept(inquiry))
            ask_desktop(inquiry);
        break;
    case PLACES_COMMAND:
        if (!tell_kept(inquiry))
            ask_program(inquiry);
        break;
    case PLACES_LISTED:
    case PLACES_ENVIRONMENT:
        break; /* the finder is not asked about them */
    }
}

static void stop_waiting(struct inquiry *inquiry)
{
    pac_file_cancel(inquiry->read);
    helper_cancel(inquiry->question);
    ask_program_cancel(inquiry->program);
    inquiry->read = NULL;
    inquiry->question = NULL;
    inquiry->program = NULL;
}

static void drop(struct task *task)
{
    struct inquiry *inquiry = (struct inquiry *)task;

    stop_waiting(inquiry);
    script_unref(inquiry->script);
    *inquiry->back = inquiry->next;
    if (inquiry->next)
        inquiry->next->back = inquiry->back;
}

static const struct task_kind kind = {"inquiry", state_names, begin, drop, NULL};

struct inquiry *inquiry_start(struct source *source, const struct endpoint *target, task_done_fn *done)
{
    struct inquiry *inquiry = calloc(1, sizeof *inquiry);

    if (!inquiry)
        return NULL;
    inquiry->source = source;
    inquiry->target = *target;
    for (char *at = inquiry->target.host; *at; at++)
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at - 'A' + 'a');
    pac_question_write(source->section->pac_url, &inquiry->target, inquiry->url);
    inquiry->next = source->inquiries;
    inquiry->back = &source->inquiries;
    if (inquiry->next)
        inquiry->next->back = &inquiry->next;
    source->inquiries = inquiry;
    task_start(&inquiry->task, &kind, source->loop, done, inquiry);
    return inquiry;
}

void inquiry_free(struct inquiry *inquiry)
{
    if (inquiry)
        task_free(&inquiry->task);
}

void inquiry_again(struct inquiry *inquiry)
{
    if (inquiry->task.state == FRESH || task_has_ended(&inquiry->task))
        return;
    stop_waiting(inquiry);
    begin(&inquiry->task);
}

struct inquiry *inquiry_about(const struct source *source, const struct endpoint *target)
{
    struct inquiry *inquiry = source->inquiries;

    while (inquiry && (task_has_ended(&inquiry->task) || inquiry->target.port != target->port ||
                       strcasecmp(inquiry->target.host, target->host) != 0))
        inquiry = inquiry->next;
    return inquiry;
}
