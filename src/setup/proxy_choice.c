/* SPDX-License-Identifier: ISC */
#include "setup/proxy_choice.h"

#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <unistd.h>

#include "config/places.h"
#include "config/section_kind.h"
#include "config/system_file.h"
#include "config/user_file.h"
#include "setup/desktop_guess.h"
#include "setup/proxy_guess.h"
#include "setup/proxy_trial.h"

/* --- which one --- */

/* What is no user's and password's of the one before. */
static void forget_login(struct desk *desk)
{
    desk->draft.user[0] = desk->draft.kept[0] = desk->draft.trusted[0] = '\0';
    desk->draft.keeping = DRAFT_KEEPS_NONE;
    desk_wipe(desk);
}

/* In a folder that whole_file makes if need be, beside the configuration.  Another configuration than the usual one
 * there has one of its own: their users may be others. */
static void keep_in_file(struct desk *desk)
{
    struct draft *draft = &desk->draft;
    const char *slash = strrchr(desk->output, '/'), *name = slash ? slash + 1 : desk->output;
    const bool usual = strcmp(name, PROXY_CHOICE_USUAL_NAME) == 0;
    int length = snprintf(draft->kept, sizeof draft->kept, "%.*s%s%s" PROXY_CHOICE_PASSWORD_FILE,
                          (int)(name - desk->output), desk->output, usual ? "" : name, usual ? "" : ".");

    draft->keeping = length > 0 && (size_t)length < sizeof draft->kept ? DRAFT_KEEPS_FILE : DRAFT_KEEPS_ASKING;
}

/* Takes what the guess knows of a user. */
static void take_login(struct desk *desk, const struct proxy_guess *guess)
{
    snprintf(desk->draft.user, sizeof desk->draft.user, "%s", guess->user);
    snprintf(desk->password, sizeof desk->password, "%s", guess->password);
    if (guess->password[0])
        keep_in_file(desk);
}

/* Whether the configuration takes it; otherwise it was said why not. */
static bool is_accepted(struct desk *desk)
{
    char error[DRAFT_ERROR_MAX];
    struct config *config = draft_config(&desk->draft, desk_password(desk), PROXY_TRIAL_HOST, error);

    if (!config)
        page_say(&desk->page, "That cannot be used: %s.", strncmp(error, "url: ", 5) == 0 ? error + 5 : error);
    config_unref(config);
    return config;
}

/* Takes what was typed or given, or what the environment says if that was confirmed. */
static bool take_proxy(struct desk *desk, const char *text, const struct proxy_guess *environment)
{
    struct proxy_guess guess;
    const bool split = proxy_guess_split(&guess, text);

    forget_login(desk);
    if (question_is_none(text))
        desk->draft.url[0] = '\0';
    else
        snprintf(desk->draft.url, sizeof desk->draft.url, "%s", split ? guess.url : text);
    if (split && guess.user[0])
        take_login(desk, &guess);
    else if (environment && strcmp(desk->draft.url, environment->url) == 0)
        take_login(desk, environment);
    proxy_guess_wipe(&guess);
    return question_is_none(text) || is_accepted(desk);
}

/* Asks until there is one that the configuration takes.  Returns an exit status. */
static int ask_proxy(struct desk *desk, const struct proxy_guess *guess)
{
    const char *initial = desk->draft.url[0] ? desk->draft.url : guess->url[0] ? guess->url : NULL;
    char offered[DRAFT_VALUE_MAX], answer[QUESTION_ANSWER_MAX + 1];

    snprintf(offered, sizeof offered, "%s", initial ? initial : "");
    for (unsigned i = 0; i < INTERVIEW_TRIES; i++) {
        bool taken;

        if (!interview_ask(&desk->interview, QUESTION_PROXY, initial ? offered : NULL, answer))
            return desk->interview.asks ? EX_NOINPUT : EX_USAGE;
        taken = take_proxy(desk, answer, guess);
        explicit_bzero(answer, sizeof answer); /* a password may have been typed with it */
        if (taken)
            return EX_OK;
        if (!desk->interview.asks)
            break;
    }
    page_fail(&desk->page, "no proxy that can be used");
    return EX_USAGE;
}

/* A command line is read by everybody who can list processes. */
static int take_given(struct desk *desk, const char *given)
{
    struct proxy_guess guess;
    bool tells = proxy_guess_split(&guess, given) && guess.password[0];

    proxy_guess_wipe(&guess);
    if (tells) {
        page_fail(&desk->page, "--proxy has a password in it, which anybody on this machine can read there; leave it "
                  "out, and setup asks for it");
        return EX_USAGE;
    }
    return take_proxy(desk, given, NULL) ? EX_OK : EX_USAGE;
}

/* --- the login --- */

/* The name of whoever runs this, which is often the name at the proxy; NULL: not known. */
static const char *own_name(void)
{
    const struct passwd *entry = getpwuid(getuid());

    return entry && entry->pw_name[0] && getuid() != 0 ? entry->pw_name : NULL;
}

static bool ask_keeping(struct desk *desk)
{
    char answer[QUESTION_ANSWER_MAX + 1];

    if (desk->draft.keeping != DRAFT_KEEPS_NONE)
        return true;
    if (!interview_ask(&desk->interview, QUESTION_KEEPING, "file", answer))
        return false;
    if (strcasecmp(answer, "file") == 0)
        keep_in_file(desk);
    else
        desk->draft.keeping = strcasecmp(answer, "ask") == 0 ? DRAFT_KEEPS_ASKING : DRAFT_KEEPS_COMMAND;
    return true;
}

/* A found proxy gets the login if its name is in the file: it is the one that has asked. */
static void trust(struct desk *desk, const struct failure *failure)
{
    struct endpoint place;
    const char *why;

    if (endpoint_parse(&place, failure->where, strlen(failure->where), 1, &why))
        snprintf(desk->draft.trusted, sizeof desk->draft.trusted, "%s", place.host);
}

static bool ask_secret(struct desk *desk)
{
    char answer[QUESTION_ANSWER_MAX + 1];

    if (desk->draft.keeping != DRAFT_KEEPS_COMMAND)
        return interview_ask(&desk->interview, QUESTION_PASSWORD, NULL, desk->password);
    if (!interview_ask(&desk->interview, QUESTION_COMMAND, desk->draft.kept[0] ? desk->draft.kept : NULL, answer))
        return false;
    snprintf(desk->draft.kept, sizeof desk->draft.kept, "%s", answer);
    return true;
}

static bool ask_login(struct desk *desk)
{
    const char *initial = desk->draft.user[0] ? desk->draft.user : own_name();
    char answer[QUESTION_ANSWER_MAX + 1];

    if (!desk->interview.asks) {
        page_fail(&desk->page, "the proxy wants a login, and nobody is to be asked; run setup on a terminal, which "
                  "asks for it");
        return false;
    }
    do {
        if (!interview_ask(&desk->interview, QUESTION_USER, initial, answer))
            return false;
        snprintf(desk->draft.user, sizeof desk->draft.user, "%.*s", QUESTION_USER_MAX, answer);
        if (!ask_keeping(desk) || !ask_secret(desk))
            return false;
    } while (!is_accepted(desk));
    return true;
}

/* --- the trial --- */

struct attempt {
    struct desk *desk;
    bool begun; /* false: it may not be tried, and counts as one that answers */
    enum proxy_verdict verdict;
    struct failure failure;
};

static void on_verdict(void *arg, enum proxy_verdict verdict, const struct failure *failure)
{
    struct attempt *attempt = arg;

    attempt->verdict = verdict;
    if (failure)
        attempt->failure = *failure;
    loop_stop(attempt->desk->services.loop);
}

/* Tries the draft's proxy; one that may not be tried is taken as it is.  What an earlier attempt has taught of it does
 * not count: something was changed since. */
static void attempt_it(struct attempt *attempt, struct config *config)
{
    struct desk *desk = attempt->desk;
    const struct listener_config *probe = draft_probe(config);
    const struct proxy_trial_params params = {&desk->services, config, probe, {desk_show, desk}, on_verdict, attempt};
    struct proxy_trial *trial;

    attempt->begun = probe;
    if (!probe) {
        attempt->verdict = PROXY_ANSWERS;
        return;
    }
    health_forget(desk->services.health);
    passwords_forget(desk->services.passwords, NULL);
    finder_keep(desk->services.finder, config);
    trial = proxy_trial_start(&params);
    if (!trial || !loop_run(desk->services.loop))
        failure_set(&attempt->failure, FAILURE_TEMPORARY, "out of memory");
    proxy_trial_free(trial);
}

static enum proxy_verdict try_proxy(struct desk *desk, struct attempt *attempt)
{
    char error[DRAFT_ERROR_MAX];
    struct config *config = draft_config(&desk->draft, desk_password(desk), PROXY_TRIAL_HOST, error);

    *attempt = (struct attempt){.desk = desk, .begun = true, .verdict = PROXY_FAILS};
    if (config)
        attempt_it(attempt, config);
    else
        failure_set(&attempt->failure, FAILURE_PERMANENT, "%s", error);
    config_unref(config);
    return attempt->verdict;
}

/* Says what came of it. */
static void tell(const struct desk *desk, const struct attempt *attempt)
{
    char why[600];

    if (!attempt->begun) {
        page_say(&desk->page, "It is not tried: this machine's configuration says that its listeners are final, and "
                 "a probe would be another one.");
        return;
    }
    failure_format(&attempt->failure, why, sizeof why);
    switch (attempt->verdict) {
    case PROXY_LEADS:
        page_say(&desk->page, "The proxy works: it has opened a tunnel to " PROXY_TRIAL_HOST ".");
        break;
    case PROXY_ANSWERS:
        page_say(&desk->page, "The proxy answers, but opens no tunnel to " PROXY_TRIAL_HOST " (%s).  It may lead to "
                 "the mail servers all the same.", why);
        break;
    case PROXY_WANTS_LOGIN: page_say(&desk->page, "The proxy wants a login (%s).", why); break;
    case PROXY_LACKS_PASSWORD: page_say(&desk->page, "There is no password for the proxy (%s).", why); break;
    case PROXY_REFUSES_LOGIN: page_say(&desk->page, "The proxy refuses this login (%s).", why); break;
    case PROXY_FAILS: page_say(&desk->page, "This proxy does not work: %s.", why); break;
    }
}

static void tell_the_end(const struct desk *desk, enum proxy_verdict verdict)
{
    if (verdict == PROXY_LACKS_PASSWORD)
        page_fail(&desk->page, "the command prints no password; mend it, and run setup again");
    else
        page_fail(&desk->page, "the proxy has refused %d logins, and more might lock the account; ask whoever looks "
                  "after the proxy", PROXY_CHOICE_LOGINS);
}

/* Tries it, and asks for a login as often as it is sensible. */
static int try_with_logins(struct desk *desk, enum proxy_verdict *verdict)
{
    struct attempt attempt;

    for (unsigned logins = 0; ; logins++) {
        page_gap(&desk->page);
        page_say(&desk->page, "Trying %s:", desk->draft.url);
        *verdict = try_proxy(desk, &attempt);
        tell(desk, &attempt);
        if (*verdict != PROXY_WANTS_LOGIN && *verdict != PROXY_REFUSES_LOGIN && *verdict != PROXY_LACKS_PASSWORD)
            return EX_OK;
        if (logins == PROXY_CHOICE_LOGINS) {
            tell_the_end(desk, *verdict);
            return EX_NOPERM;
        }
        if (strncmp(desk->draft.url, "http", 4) != 0)
            trust(desk, &attempt.failure);
        if (!ask_login(desk))
            return EX_NOINPUT;
    }
}

/* --- what the machine's file says --- */

/* What there is to show of the proxies of a section (NULL: it is not known which one will count). */
static void show_proxy(const struct proxy_config *proxy, const char *file, char url[DRAFT_VALUE_MAX])
{
    char text[PLACES_URL_MAX];

    if (proxy && proxy->urls.count > 0)
        snprintf(url, DRAFT_VALUE_MAX, "%s", places_format_url(&proxy->urls, 0, text));
    else
        snprintf(url, DRAFT_VALUE_MAX, "what %.2000s names", file);
}

/* The draft's configuration if the machine's file has a proxy for it; then the draft extends that.  NULL: it has
 * none. */
static struct config *extend(struct desk *desk, const char *file)
{
    char error[DRAFT_ERROR_MAX];
    struct config *config;

    forget_login(desk);
    desk->draft.extends = true;
    snprintf(desk->draft.url, sizeof desk->draft.url, "%.2000s", file);
    config = draft_config(&desk->draft, NULL, PROXY_TRIAL_HOST, error);
    if (config)
        return config;
    desk->draft.extends = false;
    desk->draft.url[0] = '\0';
    return NULL;
}

/* Whether that file says that its proxy is final. */
static bool is_final(const struct config *config)
{
    unsigned i = 0;

    while (strcmp(section_kind_words[i], "proxy") != 0)
        i++;
    return config->settings.final & 1u << i;
}

/* Takes the proxy that the machine's file has, unless another one was given, and may be.  False: there is none, or it
 * is not to be had (*status is not EX_OK then). */
static bool take_system(struct desk *desk, const char *given, int *status)
{
    char file[PATH_MAX];
    struct config *config = system_file_find(file, sizeof file) ? extend(desk, file) : NULL;
    const bool applies = user_file_is(desk->output);

    *status = EX_OK;
    if (!config)
        return false;
    if (given && applies && is_final(config)) {
        page_fail(&desk->page, "%s says which proxy is used on this machine, and that it is final: leave --proxy out",
                  file);
        *status = EX_USAGE;
    } else if (!given) {
        show_proxy(draft_proxy(config), file, desk->draft.url);
        page_say(&desk->page, "%s names the proxy: %s.", file, desk->draft.url);
    }
    if (given) {
        desk->draft.extends = false;
        desk->draft.url[0] = '\0';
    }
    config_unref(config);
    return !given;
}

static int use_system(struct desk *desk)
{
    enum proxy_verdict verdict;
    const int status = try_with_logins(desk, &verdict);

    if (status != EX_OK || verdict != PROXY_FAILS)
        return status;
    page_fail(&desk->page, "the proxy of this machine's configuration does not work; ask whoever looks after the "
              "machine, or name another one with --proxy");
    return EX_UNAVAILABLE;
}

/* --- all together --- */

/* What may be confirmed: the environment's proxy, or else the desktop's. */
static void guess_it(struct desk *desk, struct proxy_guess *guess)
{
    char url[ENDPOINT_URL_MAX];

    proxy_guess_environment(guess);
    if (guess->url[0]) {
        page_say(&desk->page, "The environment names a proxy: %s (%s)%s.", guess->url, guess->variable,
                 guess->user[0] ? ", with a user" : "");
    } else if (desktop_guess_make(&desk->services, PROXY_TRIAL_HOST, url)) {
        page_say(&desk->page, "The desktop's settings name a proxy: %s.", url);
        snprintf(guess->url, sizeof guess->url, "system");
    }
}

static int choose(struct desk *desk, const char *given, const struct proxy_guess *guess)
{
    enum proxy_verdict verdict = PROXY_FAILS;

    for (unsigned i = 0; i < INTERVIEW_TRIES; i++) {
        int status = given ? take_given(desk, given) : ask_proxy(desk, guess);

        if (status == EX_OK && !desk->draft.url[0]) {
            page_say(&desk->page, "Without a proxy.");
            return EX_OK;
        }
        if (status == EX_OK)
            status = try_with_logins(desk, &verdict);
        if (status != EX_OK || verdict != PROXY_FAILS)
            return status;
        if (given || !desk->interview.asks)
            break;
    }
    page_fail(&desk->page, "no proxy that works; ask whoever looks after the network for its name and port, and "
              "whether CONNECT is allowed");
    return EX_UNAVAILABLE;
}

int proxy_choice_make(struct desk *desk, const char *given)
{
    struct proxy_guess guess = {.url = ""};
    int status;

    if (take_system(desk, given, &status))
        return use_system(desk);
    if (status != EX_OK)
        return status;
    if (!given)
        guess_it(desk, &guess);
    status = choose(desk, given, &guess);
    proxy_guess_wipe(&guess);
    return status;
}
