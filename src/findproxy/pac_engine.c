/* SPDX-License-Identifier: ISC */
#include "findproxy/pac_engine.h"

#include <arpa/inet.h>
#include <duktape.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "findproxy/newer_script.h"
#include "findproxy/pac_functions.h"
#include "findproxy/script_text.h"

#define SCRIPT_NAME "PAC"     /* in the engine's traces, "(PAC:12)" */
#define FUNCTION "FindProxyForURL"
#define FUNCTION_EX "FindProxyForURLEx" /* Microsoft's, where a file has only this */
#define ROOM 16               /* in front of each block, for its size: keeps the alignment of malloc */
#define MESSAGE_MAX 800       /* bytes of the engine's message: a fault has room for what is said of it */
#define EXIT_ENGINE 70        /* EX_SOFTWARE: the engine has lost itself */

struct pac_engine {
    struct pac_world world;
    duk_context *duk;
    size_t used;              /* bytes of its heap */
    bool starved;             /* it wanted more than there is, in this question */
    unsigned question;        /* its number; the script's top level is the first */
    unsigned resolves;        /* in this question */
    unsigned alerts;
    const char *text;         /* the script while it is loaded: for the line of an error; then NULL */
    size_t size;
};

/* One call's way through the engine: what to do, and what came. */
struct pac_call {
    struct pac_engine *engine;
    const char *url, *host;   /* NULL: the script is to be loaded */
    char *answer;
    char *fault;
};

/* --- memory --------------------------------------------------------------------------------------------------- */

static void *take(void *udata, void *block, size_t size)
{
    struct pac_engine *engine = udata;
    char *old = block ? (char *)block - ROOM : NULL, *fresh;
    size_t had = 0;

    if (old)
        memcpy(&had, old, sizeof had);
    if (size > PAC_HEAP_MAX || engine->used - had > PAC_HEAP_MAX - size) {
        engine->starved = true;
        return NULL;
    }
    fresh = realloc(old, size + ROOM);
    if (!fresh) {
        engine->starved = true;
        return NULL;
    }
    memcpy(fresh, &size, sizeof size);
    engine->used += size - had;
    return fresh + ROOM;
}

static void give_back(void *udata, void *block)
{
    struct pac_engine *engine = udata;
    size_t had;

    if (!block)
        return;
    memcpy(&had, (char *)block - ROOM, sizeof had);
    engine->used -= had;
    free((char *)block - ROOM);
}

static void *on_alloc(void *udata, duk_size_t size)
{
    return size ? take(udata, NULL, size) : NULL;
}

static void *on_realloc(void *udata, void *block, duk_size_t size)
{
    if (size)
        return take(udata, block, size);
    give_back(udata, block);
    return NULL;
}

/* The engine cannot go on, not even with an error: no answer is better than a wrong one. */
static void on_fatal(void *udata, const char *message)
{
    (void)udata;
    (void)message;
    _exit(EXIT_ENGINE);
}

/* --- what the functions are given ------------------------------------------------------------------------------ */

static struct pac_engine *engine_of(duk_context *duk)
{
    duk_memory_functions functions;

    duk_get_memory_functions(duk, &functions);
    return functions.udata;
}

static void push_addresses(duk_context *duk, const struct pac_addresses *found)
{
    duk_idx_t list = duk_push_array(duk);

    for (size_t i = 0; i < found->count; i++) {
        duk_push_string(duk, found->texts[i]);
        duk_put_prop_index(duk, list, (duk_uarridx_t)i);
    }
}

/* Whether the daemon can be asked about a name; what cannot be one is not known anyway. */
static bool is_name(const char *name, size_t length)
{
    if (length == 0 || length > PAC_NAME_MAX)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (name[i] <= ' ' || name[i] > '~')
            return false;
    }
    return true;
}

static duk_ret_t world_resolve(duk_context *duk)
{
    struct pac_engine *engine = engine_of(duk);
    struct pac_addresses found = {0};
    duk_size_t length;
    const char *name = duk_require_lstring(duk, 0, &length);

    if (is_name(name, length)) {
        if (++engine->resolves > TALK_RESOLVES_MAX)
            return duk_range_error(duk, "more than %d names to look up", TALK_RESOLVES_MAX);
        engine->world.resolve(engine->world.arg, name, &found);
    }
    push_addresses(duk, &found);
    return 1;
}

static duk_ret_t world_mine(duk_context *duk)
{
    struct pac_engine *engine = engine_of(duk);
    struct pac_addresses found = {0};

    engine->world.mine(engine->world.arg, &found);
    push_addresses(duk, &found);
    return 1;
}

static duk_ret_t world_bytes(duk_context *duk)
{
    const char *text = duk_require_string(duk, 0);
    unsigned char bytes[16];
    int count = inet_pton(AF_INET, text, bytes) == 1 ? 4 : inet_pton(AF_INET6, text, bytes) == 1 ? 16 : 0;

    if (count == 0) {
        duk_push_null(duk);
        return 1;
    }
    duk_push_array(duk);
    for (int i = 0; i < count; i++) {
        duk_push_uint(duk, bytes[i]);
        duk_put_prop_index(duk, -2, (duk_uarridx_t)i);
    }
    return 1;
}

static duk_ret_t world_question(duk_context *duk)
{
    duk_push_uint(duk, engine_of(duk)->question);
    return 1;
}

static duk_ret_t world_now(duk_context *duk)
{
    struct pac_engine *engine = engine_of(duk);

    duk_push_number(duk, engine->world.now(engine->world.arg));
    return 1;
}

static duk_ret_t world_alert(duk_context *duk)
{
    struct pac_engine *engine = engine_of(duk);
    duk_size_t length;
    const char *text = duk_require_lstring(duk, 0, &length);

    if (engine->alerts++ < TALK_ALERTS_MAX)
        engine->world.alert(engine->world.arg, text, length);
    return 0;
}

static const duk_function_list_entry world_functions[] = {
    {"resolve", world_resolve, 1}, {"mine", world_mine, 0}, {"bytes", world_bytes, 1},
    {"now", world_now, 0}, {"alert", world_alert, 1}, {"question", world_question, 0}, {NULL, NULL, 0},
};

/* --- faults ----------------------------------------------------------------------------------------------------- */

/* The script's line in a trace of the engine's, "... (PAC:12) ..."; 0: none. */
static unsigned line_in(const char *trace)
{
    const char *at = trace ? strstr(trace, "(" SCRIPT_NAME ":") : NULL;

    return at ? (unsigned)strtoul(at + strlen("(" SCRIPT_NAME ":"), NULL, 10) : 0;
}

/* The line of a syntax error, which ends its message: "... (line 3)" or "... (line 3, end of input)".  It is taken out
 * of there, since it is told in front.  0: none. */
static unsigned take_line_of_syntax(char *message)
{
    char *at = NULL, *end;
    unsigned line;

    for (char *next = message; (next = strstr(next, " (line ")) != NULL; next++)
        at = next;
    if (!at)
        return 0;
    line = (unsigned)strtoul(at + strlen(" (line "), &end, 10);
    if (strncmp(end, ", ", 2) == 0)
        memmove(at + strlen(" ("), end + 2, strlen(end + 2) + 1);
    else
        *at = '\0';
    return line;
}

/* Writes why, from the error on top of the stack.  udata: struct pac_call. */
static duk_ret_t describe(duk_context *duk, void *udata)
{
    struct pac_call *call = udata;
    struct pac_engine *engine = call->engine;
    bool syntax = duk_is_error(duk, -1) && duk_get_error_code(duk, -1) == DUK_ERR_SYNTAX_ERROR;
    const char *trace = NULL, *sign = NULL;
    char place[32] = "", message[MESSAGE_MAX];
    unsigned line, line_of_syntax;

    if (duk_is_error(duk, -1)) {
        duk_get_prop_string(duk, -1, "stack");
        trace = duk_get_string(duk, -1);
        duk_dup(duk, -2);
    } else {
        duk_push_undefined(duk);
        duk_dup(duk, -2);
    }
    snprintf(message, sizeof message, "%s", duk_safe_to_string(duk, -1));
    line = line_in(trace);
    if (syntax && engine->text) {
        line_of_syntax = take_line_of_syntax(message);
        line = line_of_syntax ? line_of_syntax : line;
        sign = newer_script_sign(engine->text, engine->size, line);
    } else if (trace) {
        sign = newer_script_missing(message);
    }
    if (line)
        snprintf(place, sizeof place, "line %u: ", line);
    if (syntax && engine->text && script_text_is_page(engine->text, engine->size))
        snprintf(call->fault, PAC_FAULT_MAX, "it is a page for people (HTML), no PAC file: perhaps one to log in at");
    else if (sign)
        snprintf(call->fault, PAC_FAULT_MAX, "%sthe PAC file needs a newer JavaScript than this build has: %s (%s)",
                 place, sign, message);
    else
        snprintf(call->fault, PAC_FAULT_MAX, "%s%s%s", place, trace ? "" : "it threw ", message);
    return 0;
}

/* The call has failed; what it failed with is on top of the stack, and is taken off. */
static void blame(struct pac_call *call)
{
    duk_context *duk = call->engine->duk;

    if (call->engine->starved)
        snprintf(call->fault, PAC_FAULT_MAX, "the PAC file needs more than %u MiB of memory",
                 PAC_HEAP_MAX / (1024 * 1024));
    else if (duk_safe_call(duk, describe, call, 1, 1) != DUK_EXEC_SUCCESS)
        snprintf(call->fault, PAC_FAULT_MAX, "it threw something that says nothing");
    duk_set_top(duk, 0);
}

/* --- the script ------------------------------------------------------------------------------------------------- */

/* Makes the global object what a script may see: the language and the functions. */
static duk_ret_t furnish(duk_context *duk, void *udata)
{
    static const char *const foreign[] = {"Duktape", "CBOR", "performance", "TextEncoder", "TextDecoder"};

    (void)udata;
    duk_push_string(duk, PAC_FUNCTIONS_NAME);
    duk_compile_lstring_filename(duk, DUK_COMPILE_EVAL, pac_functions_text, strlen(pac_functions_text));
    duk_call(duk, 0); /* gives the function that the text is */
    duk_push_object(duk);
    duk_put_function_list(duk, -1, world_functions);
    duk_push_global_object(duk);
    duk_call(duk, 2);
    duk_push_global_object(duk);
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++)
        duk_del_prop_string(duk, -1, foreign[i]);
    return 0;
}

static duk_ret_t load(duk_context *duk, void *udata)
{
    struct pac_call *call = udata;

    duk_push_string(duk, SCRIPT_NAME);
    duk_compile_lstring_filename(duk, 0, call->engine->text, call->engine->size);
    duk_call(duk, 0);
    return 0;
}

/* Puts the function that answers on the stack; false: the file has none. */
static bool push_function(duk_context *duk)
{
    if (duk_get_global_string(duk, FUNCTION) && duk_is_function(duk, -1))
        return true;
    duk_pop(duk);
    if (duk_get_global_string(duk, FUNCTION_EX) && duk_is_function(duk, -1))
        return true;
    duk_pop(duk);
    return false;
}

static duk_ret_t has_function(duk_context *duk, void *udata)
{
    bool *has = udata;

    *has = push_function(duk);
    return 0;
}

/* Begins a question: what is counted for each begins anew. */
static void begin(struct pac_engine *engine)
{
    engine->question++;
    engine->resolves = engine->alerts = 0;
    engine->starved = false;
}

struct pac_engine *pac_engine_new(const struct pac_world *world, const char *script, size_t length,
                                  char fault[PAC_FAULT_MAX])
{
    struct pac_engine *engine = calloc(1, sizeof *engine);
    struct pac_call call = {.engine = engine, .fault = fault};
    const char *why = "out of memory";
    bool has = false;
    char *text;

    snprintf(fault, PAC_FAULT_MAX, "out of memory");
    if (!engine)
        return NULL;
    engine->world = *world;
    engine->duk = duk_create_heap(on_alloc, on_realloc, give_back, engine, on_fatal);
    text = script_text_read(script, length, &engine->size, &why);
    if (!engine->duk || !text) {
        snprintf(fault, PAC_FAULT_MAX, "%s", why);
        free(text);
        pac_engine_free(engine);
        return NULL;
    }
    engine->text = text;
    begin(engine);
    if (duk_safe_call(engine->duk, furnish, NULL, 0, 1) != DUK_EXEC_SUCCESS ||
        duk_safe_call(engine->duk, load, &call, 0, 1) != DUK_EXEC_SUCCESS) {
        blame(&call);
    } else {
        duk_set_top(engine->duk, 0);
        if (duk_safe_call(engine->duk, has_function, &has, 0, 0) != DUK_EXEC_SUCCESS || !has)
            snprintf(fault, PAC_FAULT_MAX, "the PAC file has no function " FUNCTION);
    }
    engine->text = NULL;
    free(text);
    if (!has) {
        pac_engine_free(engine);
        return NULL;
    }
    return engine;
}

void pac_engine_free(struct pac_engine *engine)
{
    if (!engine)
        return;
    if (engine->duk)
        duk_destroy_heap(engine->duk);
    free(engine);
}

/* What kind of value it is, as a noun with its article. */
static const char *kind_of(duk_context *duk)
{
    switch (duk_get_type(duk, -1)) {
    case DUK_TYPE_NULL:
        return "null";
    case DUK_TYPE_BOOLEAN:
        return "true or false";
    case DUK_TYPE_NUMBER:
        return "a number";
    case DUK_TYPE_UNDEFINED:
    case DUK_TYPE_NONE:
        return "undefined: it came to its end without an answer";
    default:
        return "an object";
    }
}

/* Takes the answer on top of the stack.  False: it is none, and fault says why. */
static bool take_answer(duk_context *duk, struct pac_call *call)
{
    duk_size_t length;
    const char *text = duk_is_string(duk, -1) && !duk_is_symbol(duk, -1) ? duk_get_lstring(duk, -1, &length) : NULL;

    if (!text) {
        snprintf(call->fault, PAC_FAULT_MAX, FUNCTION " gave no text but %s", kind_of(duk));
        return false;
    }
    while (length > 0 && strchr(" \t\r\n", text[0]) && text[0]) {
        text++;
        length--;
    }
    while (length > 0 && strchr(" \t\r\n", text[length - 1]) && text[length - 1])
        length--;
    if (length > PAC_ANSWER_MAX) {
        snprintf(call->fault, PAC_FAULT_MAX, FUNCTION " gave %zu bytes; no more than %d are read", length,
                 PAC_ANSWER_MAX);
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        call->answer[i] = text[i];
        if (memchr("\t\r\n", text[i], 3)) {
            call->answer[i] = ' ';
        } else if ((unsigned char)text[i] < ' ' || text[i] == 0x7f) {
            snprintf(call->fault, PAC_FAULT_MAX, FUNCTION " gave a text with the control character 0x%02x",
                     (unsigned)(unsigned char)text[i]);
            return false;
        }
    }
    call->answer[length] = '\0';
    return true;
}

/* Asks, and leaves whether there is an answer on the stack. */
static duk_ret_t ask(duk_context *duk, void *udata)
{
    struct pac_call *call = udata;

    if (!push_function(duk))
        return duk_type_error(duk, "the PAC file has lost its function " FUNCTION);
    duk_push_string(duk, call->url);
    duk_push_string(duk, call->host);
    duk_call(duk, 2);
    duk_push_boolean(duk, take_answer(duk, call));
    return 1;
}

bool pac_engine_ask(struct pac_engine *engine, const char *url, const char *host, char answer[PAC_ANSWER_MAX + 1],
                    char fault[PAC_FAULT_MAX])
{
    struct pac_call call = {.engine = engine, .url = url, .host = host, .answer = answer, .fault = fault};
    bool answered;

    begin(engine);
    if (duk_safe_call(engine->duk, ask, &call, 0, 1) != DUK_EXEC_SUCCESS) {
        blame(&call);
        return false;
    }
    answered = duk_get_boolean(engine->duk, -1);
    duk_set_top(engine->duk, 0);
    if (answered && engine->resolves > TALK_RESOLVES_MAX) {
        snprintf(fault, PAC_FAULT_MAX, "the PAC file looks up more than %d names", TALK_RESOLVES_MAX);
        return false;
    }
    return answered;
}
