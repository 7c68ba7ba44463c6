/* SPDX-License-Identifier: ISC */
#include "ask_pac.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "config/pac_place.h"
#include "config/pac_question.h"
#include "finding/pac_answer.h"
#include "finding/script.h"
#include "proxy/services.h"

#define DEFAULT_PORT 443u  /* of the scheme that the question has */
#define RESOLVE_MS 10000u  /* as resolve-timeout is when it is not set */
#define ERROR_MAX 256

struct asking {
    struct loop *loop;
    struct script *script;
    struct endpoint target;
    char question[PAC_QUESTION_MAX];
    bool explain;
    int status; /* of the command */
};

/* --- what came --- */

static void end(struct asking *asking, int status)
{
    asking->status = status;
    loop_stop(asking->loop);
}

/* As it is, but for bytes that a terminal might obey. */
static void print_bytes(FILE *to, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (text[i] >= ' ' && text[i] <= '~')
            fputc(text[i], to);
        else
            fprintf(to, "\\x%02x", (unsigned)(unsigned char)text[i]);
    fputc('\n', to);
}

/* how: perhaps in words of the script. */
static void fail(struct asking *asking, const char *what, const char *how)
{
    fprintf(stderr, "sallyport: %s: the PAC file %s: ", asking->script->place, what);
    print_bytes(stderr, how, strlen(how));
    end(asking, EX_UNAVAILABLE);
}

static void print_found(const struct found *found)
{
    char url[ENDPOINT_URL_MAX];

    for (size_t i = 0; i < found->count; i++)
        printf("%zu. %s\n", i + 1,
               found->members[i].direct ? "direct, if `fallback = direct`"
                                        : endpoint_format_url(&found->members[i].proxy, url));
    if (found->skipped > 0)
        printf("%zu left out: not known, or no place\n", found->skipped);
}

static void on_answer(void *arg, const char *answer, size_t length, const char *pac, const char *error)
{
    struct asking *asking = arg;
    struct found found;
    const char *why;

    (void)pac; /* only the desktop has one */
    if (!answer) {
        fail(asking, "gives no answer", error);
        return;
    }
    if (length == 0) {
        fail(asking, "gives no answer", "what FindProxyForURL returns is empty");
        return;
    }
    print_bytes(stdout, answer, length);
    if (asking->explain)
        printf("question: FindProxyForURL(\"%s\", \"%s\")\n", asking->question, asking->target.host);
    if (!pac_answer_read(&found, answer, length, &why))
        fprintf(stderr, "sallyport: such an answer is of no use to sallyport: %s\n", why);
    else if (asking->explain)
        print_found(&found);
    end(asking, EX_OK);
}

static void on_text(void *arg, const char *text, size_t length, uint64_t serial, const char *error)
{
    struct asking *asking = arg;

    if (!text)
        fail(asking, "cannot be read", error);
    else if (script_load(asking->script, text, length, serial) == SCRIPT_NO_MEMORY ||
             !helper_ask(asking->script->helper, asking->question, asking->target.host, on_answer, asking))
        fail(asking, "was not asked", "out of memory");
}

/* --- the command --- */

/* Reads a place, which *place then begins with.  False: it is none, and *why says why. */
static bool read_place(const char **place, const char **why)
{
    static const char mark[] = "pac:";

    if (strncasecmp(*place, mark, sizeof mark - 1) == 0)
        *place += sizeof mark - 1;
    *why = "is empty";
    if (!**place)
        return false;
    return !strstr(*place, "://") || pac_place_read(*place, strlen(*place), why) != PAC_PLACE_NONE;
}

/* The host in small letters, as browsers have it. */
static bool read_target(struct endpoint *target, const char *text, const char **why)
{
    if (!endpoint_parse(target, text, strlen(text), DEFAULT_PORT, why))
        return false;
    for (char *at = target->host; *at; at++)
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at - 'A' + 'a');
    return true;
}

static int ask(struct asking *asking, const struct services *services, const char *place)
{
    const struct script_params params = {
        .loop = services->loop,
        .resolver = services->resolver,
        .curl_loop = services->curl_loop,
        .resolve_ms = RESOLVE_MS,
        .place = place,
        .insecure = true, /* nothing follows from the answer */
        .name = "pac",
    };

    asking->loop = services->loop;
    asking->status = EX_UNAVAILABLE;
    asking->script = script_new(&params);
    if (asking->script && pac_file_read(asking->script->file, on_text, asking))
        (void)loop_run(services->loop);
    else
        fprintf(stderr, "sallyport: out of memory\n");
    script_unref(asking->script);
    return asking->status;
}

int ask_pac_run(const char *place, const char *target, bool explain)
{
    struct asking asking = {.explain = explain};
    struct services services;
    char error[ERROR_MAX];
    const char *why;
    int status;

    if (!read_place(&place, &why) || !read_target(&asking.target, target, &why)) {
        fprintf(stderr, "sallyport: pac takes a URL or a file, and HOST[:PORT]: %s\n", why);
        return EX_USAGE;
    }
    pac_question_write(NULL, &asking.target, asking.question);
    if (!services_init(&services, error, sizeof error)) {
        fprintf(stderr, "sallyport: %s\n", error);
        return EX_UNAVAILABLE;
    }
    status = ask(&asking, &services, place);
    services_release(&services);
    return fflush(stdout) == 0 ? status : EX_IOERR;
}
