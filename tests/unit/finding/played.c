/* SPDX-License-Identifier: ISC */
#include "played.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "finding/helper.h"
#include "finding/pac_file.h"

#define SAID_MAX 16

struct said {
    char key[512], text[512];
    uint64_t serial;
};

struct pac_read {
    struct pac_read *next;
    struct pac_file *file;
    struct deferred turn;
    pac_file_fn *told;
    void *arg;
};

struct pac_file {
    struct loop *loop;
    char place[512];
};

struct helper_question {
    struct helper_question *next;
    struct helper *helper;
    struct deferred turn;
    char host[256];
    helper_answer_fn *told;
    void *arg;
};

struct helper {
    struct loop *loop;
    enum helper_use use;
    char script[512];
};

static struct {
    struct said files[SAID_MAX], answers[SAID_MAX];
    struct pac_read *reads;
    struct helper_question *questions;
    enum played_lack lack;
    bool doubtful, insecure, serves;
    unsigned file_count, helper_count, read_count, load_count, question_count, renewed;
    char url[2048], host[256], script[512], ca[256], name[64];
} played;

/* What the linker puts in place of the program's own. */
struct pac_file *__wrap_pac_file_new(const struct pac_file_params *params);
void __wrap_pac_file_free(struct pac_file *file);
struct pac_read *__wrap_pac_file_read(struct pac_file *file, pac_file_fn *told, void *arg);
void __wrap_pac_file_cancel(struct pac_read *read);
void __wrap_pac_file_renew(struct pac_file *file);
int64_t __wrap_pac_file_age(const struct pac_file *file);
const char *__wrap_pac_file_error(const struct pac_file *file);
bool __wrap_pac_file_serves(const struct pac_file *file, uint64_t *serial);
struct helper *__wrap_helper_new(const struct helper_params *params);
void __wrap_helper_free(struct helper *helper);
bool __wrap_helper_set_script(struct helper *helper, const char *script, size_t length);
struct helper_question *__wrap_helper_ask(struct helper *helper, const char *url, const char *host,
                                          helper_answer_fn *told, void *arg);
void __wrap_helper_cancel(struct helper_question *question);
void __wrap_helper_renew(struct helper *helper);
bool __wrap_helper_runs(const struct helper *helper);
bool __wrap_helper_answer_is_doubtful(const struct helper *helper);

/* What was said about key, or where it can be said. */
static struct said *said_of(struct said *list, const char *key)
{
    size_t i = 0;

    while (i < SAID_MAX - 1 && list[i].key[0] && strcmp(list[i].key, key) != 0)
        i++;
    return &list[i];
}

/* --- files --- */

static void deliver_read(struct deferred *turn)
{
    struct pac_read *read = (struct pac_read *)((char *)turn - offsetof(struct pac_read, turn));
    const struct said *said = said_of(played.files, read->file->place);
    pac_file_fn *told = read->told;
    void *arg = read->arg;

    if (!said->key[0])
        return;
    __wrap_pac_file_cancel(read);
    if (said->text[0] == '!')
        told(arg, NULL, 0, 0, said->text + 1);
    else
        told(arg, said->text, strlen(said->text), said->serial, NULL);
}

void played_text(const char *place, const char *text, uint64_t serial)
{
    struct said *said = said_of(played.files, place);

    snprintf(said->key, sizeof said->key, "%s", text ? place : "");
    snprintf(said->text, sizeof said->text, "%s", text ? text : "");
    said->serial = serial;
    for (struct pac_read *read = played.reads; read; read = read->next)
        if (strcmp(read->file->place, place) == 0)
            loop_defer(read->file->loop, &read->turn, deliver_read);
}

struct pac_file *__wrap_pac_file_new(const struct pac_file_params *params)
{
    struct pac_file *file = played.lack == PLAYED_LACKS_FILE ? NULL : calloc(1, sizeof *file);

    if (!file)
        return NULL;
    file->loop = params->loop;
    snprintf(file->place, sizeof file->place, "%s", params->place);
    snprintf(played.ca, sizeof played.ca, "%s", params->ca_file ? params->ca_file : "");
    snprintf(played.name, sizeof played.name, "%s", params->name);
    played.insecure = params->insecure;
    played.file_count++;
    return file;
}

void __wrap_pac_file_free(struct pac_file *file)
{
    if (!file)
        return;
    for (const struct pac_read *read = played.reads; read; read = read->next)
        ck_assert_ptr_ne(read->file, file); /* it would never be told */
    played.file_count--;
    free(file);
}

struct pac_read *__wrap_pac_file_read(struct pac_file *file, pac_file_fn *told, void *arg)
{
    struct pac_read *read = played.lack == PLAYED_LACKS_READ ? NULL : calloc(1, sizeof *read);

    if (!read)
        return NULL;
    read->file = file;
    read->told = told;
    read->arg = arg;
    read->next = played.reads;
    played.reads = read;
    played.read_count++;
    loop_defer(file->loop, &read->turn, deliver_read);
    return read;
}

void __wrap_pac_file_cancel(struct pac_read *read)
{
    struct pac_read **at = &played.reads;

    if (!read)
        return;
    while (*at != read)
        at = &(*at)->next;
    *at = read->next;
    loop_undefer(read->file->loop, &read->turn);
    free(read);
}

void __wrap_pac_file_renew(struct pac_file *file)
{
    (void)file;
    played.renewed++;
}

int64_t __wrap_pac_file_age(const struct pac_file *file)
{
    return said_of(played.files, file->place)->key[0] ? 1234 : -1;
}

const char *__wrap_pac_file_error(const struct pac_file *file)
{
    (void)file;
    return "the file's error";
}

bool __wrap_pac_file_serves(const struct pac_file *file, uint64_t *serial)
{
    *serial = said_of(played.files, file->place)->serial;
    return played.serves;
}

/* --- helpers --- */

static void deliver_answer(struct deferred *turn)
{
    struct helper_question *question =
        (struct helper_question *)((char *)turn - offsetof(struct helper_question, turn));
    const struct said *said = said_of(played.answers, question->host);
    helper_answer_fn *told = question->told;
    void *arg = question->arg;

    if (!said->key[0])
        return;
    __wrap_helper_cancel(question);
    if (said->text[0] == '!')
        told(arg, NULL, 0, NULL, said->text + 1);
    else if (strncmp(said->text, "pac:", 4) == 0)
        told(arg, NULL, 0, said->text + 4, NULL);
    else
        told(arg, said->text, strlen(said->text), NULL, NULL);
}

void played_answer(const char *host, const char *answer)
{
    struct said *said = said_of(played.answers, host);

    snprintf(said->key, sizeof said->key, "%s", host);
    snprintf(said->text, sizeof said->text, "%s", answer);
    for (struct helper_question *question = played.questions; question; question = question->next)
        if (strcmp(question->host, host) == 0)
            loop_defer(question->helper->loop, &question->turn, deliver_answer);
}

struct helper *__wrap_helper_new(const struct helper_params *params)
{
    struct helper *helper = played.lack == PLAYED_LACKS_HELPER ? NULL : calloc(1, sizeof *helper);

    if (!helper)
        return NULL;
    helper->loop = params->loop;
    helper->use = params->use;
    snprintf(played.name, sizeof played.name, "%s", params->name);
    ck_assert_uint_eq(params->resolve_ms, 10000);
    played.helper_count++;
    return helper;
}

void __wrap_helper_free(struct helper *helper)
{
    if (!helper)
        return;
    for (const struct helper_question *question = played.questions; question; question = question->next)
        ck_assert_ptr_ne(question->helper, helper);
    played.helper_count--;
    free(helper);
}

bool __wrap_helper_set_script(struct helper *helper, const char *script, size_t length)
{
    if (played.lack == PLAYED_LACKS_SCRIPT)
        return false;
    ck_assert_int_eq(helper->use, HELPER_FOR_PAC);
    snprintf(helper->script, sizeof helper->script, "%.*s", (int)length, script);
    played.load_count++;
    return true;
}

struct helper_question *__wrap_helper_ask(struct helper *helper, const char *url, const char *host,
                                          helper_answer_fn *told, void *arg)
{
    struct helper_question *question = played.lack == PLAYED_LACKS_QUESTION ? NULL : calloc(1, sizeof *question);

    if (!question)
        return NULL;
    question->helper = helper;
    question->told = told;
    question->arg = arg;
    snprintf(question->host, sizeof question->host, "%s", helper->use == HELPER_FOR_SYSTEM ? "desktop" : host);
    snprintf(played.url, sizeof played.url, "%s", url);
    snprintf(played.host, sizeof played.host, "%s", host);
    snprintf(played.script, sizeof played.script, "%s", helper->script);
    question->next = played.questions;
    played.questions = question;
    played.question_count++;
    loop_defer(helper->loop, &question->turn, deliver_answer);
    return question;
}

void __wrap_helper_cancel(struct helper_question *question)
{
    struct helper_question **at = &played.questions;

    if (!question)
        return;
    while (*at != question)
        at = &(*at)->next;
    *at = question->next;
    loop_undefer(question->helper->loop, &question->turn);
    free(question);
}

void __wrap_helper_renew(struct helper *helper)
{
    (void)helper;
    played.renewed++;
}

bool __wrap_helper_runs(const struct helper *helper)
{
    return helper->script[0] != '\0';
}

bool __wrap_helper_answer_is_doubtful(const struct helper *helper)
{
    (void)helper;
    return played.doubtful;
}

/* --- what the test sees --- */

void played_serve(bool serves)
{
    played.serves = serves;
}

void played_doubt(bool doubtful)
{
    played.doubtful = doubtful;
}

void played_lack(enum played_lack what)
{
    played.lack = what;
}

unsigned played_files(void)
{
    return played.file_count;
}

unsigned played_helpers(void)
{
    return played.helper_count;
}

unsigned played_reads(void)
{
    return played.read_count;
}

unsigned played_loads(void)
{
    return played.load_count;
}

unsigned played_questions(void)
{
    return played.question_count;
}

unsigned played_open(void)
{
    unsigned count = 0;

    for (const struct pac_read *read = played.reads; read; read = read->next)
        count++;
    for (const struct helper_question *question = played.questions; question; question = question->next)
        count++;
    return count;
}

unsigned played_renewed(void)
{
    return played.renewed;
}

const char *played_last_url(void)
{
    return played.url;
}

const char *played_last_host(void)
{
    return played.host;
}

const char *played_last_script(void)
{
    return played.script;
}

const char *played_last_ca(void)
{
    return played.ca;
}

const char *played_last_name(void)
{
    return played.name;
}

bool played_last_insecure(void)
{
    return played.insecure;
}

void played_clear(void)
{
    ck_assert_uint_eq(played_open(), 0);
    ck_assert_uint_eq(played.file_count, 0);
    ck_assert_uint_eq(played.helper_count, 0);
    memset(&played, 0, sizeof played);
}
