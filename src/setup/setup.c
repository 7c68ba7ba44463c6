/* SPDX-License-Identifier: ISC */
#include "setup/setup.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "config/file_place.h"
#include "config/kept_ports.h"
#include "recipe/recipe.h"
#include "setup/desk.h"
#include "setup/file_step.h"
#include "setup/own_command.h"
#include "setup/proxy_choice.h"
#include "setup/server_choice.h"
#include "setup/user_service.h"

struct setup {
    const struct setup_params *params;
    struct desk desk;
    struct config *config; /* as it was written; NULL before */
    bool works;            /* all listeners do */
};

/* --- the steps: each returns an exit status, and has said why if that is not EX_OK --- */

static int find_address(struct setup *setup)
{
    struct desk *desk = &setup->desk;
    char answer[QUESTION_ANSWER_MAX + 1];
    const char *text = setup->params->address, *why;

    if (!text && !interview_ask(&desk->interview, QUESTION_ADDRESS, NULL, answer))
        return desk->interview.asks ? EX_NOINPUT : EX_USAGE;
    text = text ? text : answer;
    if (!mail_address_parse(&desk->address, text, strlen(text), &why)) {
        page_fail(&desk->page, "%s is no mail address: %s", text, why);
        return EX_USAGE;
    }
    snprintf(desk->draft.address, sizeof desk->draft.address, "%s", desk->address.text);
    return EX_OK;
}

/* Made a full path: commands that name it are run elsewhere, too. */
static bool keep_output(struct desk *desk, const char *output)
{
    char folder[PATH_MAX] = "";
    int length;

    if (!*output || (*output != '/' && !getcwd(folder, sizeof folder)))
        return false;
    length = snprintf(desk->output, sizeof desk->output, "%s%s%s", folder, *output == '/' ? "" : "/", output);
    return length > 0 && (size_t)length < sizeof desk->output;
}

static int find_file(struct setup *setup)
{
    const char *output = setup->params->output ? setup->params->output : setup->params->usual_output;
    struct desk *desk = &setup->desk;

    if (!output) {
        page_fail(&desk->page, "no place for the configuration is known, since HOME is not set; give --output");
        return EX_USAGE;
    }
    if (!keep_output(desk, output)) {
        page_fail(&desk->page, "--output is to name a file, and %s", *output ? "no path is that long" : "is empty");
        return EX_USAGE;
    }
    return setup->params->dry_run ? EX_OK : file_step_ask(desk);
}

static int find_program(struct setup *setup)
{
    const char *program = setup->params->program;

    if (!program || recipe_find(program) || question_is_none(program))
        return EX_OK;
    page_fail(&setup->desk.page, "there is no recipe for %s; `sallyport recipe` lists those that there are", program);
    return EX_USAGE;
}

static int find_proxy(struct setup *setup)
{
    return proxy_choice_make(&setup->desk, setup->params->proxy);
}

static int find_servers(struct setup *setup)
{
    return server_choice_make(&setup->desk);
}

static int write_files(struct setup *setup)
{
    return setup->params->dry_run ? file_step_print(&setup->desk, stdout) : file_step_write(&setup->desk);
}

static void report(void *arg, const char *line)
{
    page_fail(arg, "%s", line);
}

/* Keeps a port for `auto`, where the recipe and the daemon look for it.  One that was kept before stays, since mail
 * programs may know it. */
static void keep_port(const struct setup *setup, const struct draft_listener *draft)
{
    const struct listener_config *listener = config_listener(setup->config, draft->protocol->section);
    const struct page *page = &setup->desk.page;
    char error[PATH_MAX];

    if (!draft->automatic || !listener || !listener->listen.automatic)
        return;
    if (listener->listen.at[listener->listen.automatic - 1].port)
        page_say(page, "%s keeps port %u.", listener->name, listener->listen.at[listener->listen.automatic - 1].port);
    else if (kept_ports_keep(setup->config, listener->name, draft->port, error, sizeof error))
        page_say(page, "%s gets port %u.", listener->name, draft->port);
    else
        page_say(page, "%s gets another port at each start: %s.", listener->name, error);
}

/* False: those that are kept cannot be read or trusted, and that was said. */
static bool keep_ports(struct setup *setup)
{
    if (!kept_ports_fill(setup->config, report, &setup->desk.page))
        return false;
    for (size_t i = 0; i < setup->desk.draft.count; i++)
        keep_port(setup, &setup->desk.draft.at[i]);
    return kept_ports_fill(setup->config, report, &setup->desk.page);
}

/* The services are not needed any more; `try` has its own. */
static int try_listeners(struct setup *setup)
{
    struct desk *desk = &setup->desk;

    desk_close(desk);
    desk_wipe(desk);
    setup->config = config_load(desk->output, CONFIG_TO_ASK, report, &desk->page);
    if (!setup->config)
        return EX_CONFIG;
    if (!keep_ports(setup))
        return EX_CONFIG;
    page_say(&desk->page, "Trying all of it:");
    setup->works = setup->params->try_all(setup->config, NULL, 0) == EX_OK;
    if (!setup->works)
        page_say(&desk->page, "Not all of it works yet.  The configuration stays as it is; once that is mended, "
                 "`sallyport try` tells.");
    desk->interview.loop = loop_new();
    return desk->interview.loop ? EX_OK : EX_OSERR;
}

/* Where the file is not where it is looked for, commands have to name it. */
static const char *path_for_commands(const struct setup *setup)
{
    const char *usual = setup->params->usual_output;

    return usual && file_place_is_same(usual, setup->desk.output) ? NULL : setup->desk.output;
}

static void list_programs(const struct setup *setup)
{
    char names[PAGE_TEXT_MAX] = "";

    for (size_t i = 0; recipe_row(i); i++)
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", i > 0 ? ", " : "", recipe_row(i)->name);
    page_say(&setup->desk.page, "There are recipes for %s.", names);
}

static int print_recipe(struct setup *setup)
{
    struct desk *desk = &setup->desk;
    const struct recipe_params params = {
        .config = setup->config,
        .address = recipe_accepts(desk->address.text, &(const char *){NULL}) ? desk->address.text : NULL,
        .login = desk->login[0] && recipe_accepts(desk->login, &(const char *){NULL}) ? desk->login : NULL,
        .config_path = path_for_commands(setup),
    };
    char answer[QUESTION_ANSWER_MAX + 1];

    if (!setup->params->program) {
        if (desk->interview.asks)
            list_programs(setup);
        if (!interview_ask(&desk->interview, QUESTION_PROGRAM, "none", answer))
            return EX_NOINPUT;
    } else {
        snprintf(answer, sizeof answer, "%s", setup->params->program);
    }
    if (question_is_none(answer)) {
        page_say(&desk->page, "`sallyport recipe PROGRAM` prints what to write into a mail program's settings.");
        return EX_OK;
    }
    page_say(&desk->page, "For %s:", recipe_find(answer)->name);
    page_gap(&desk->page);
    recipe_print(recipe_find(answer), &params, desk->page.out);
    return EX_OK;
}

/* What to do where systemd does not. */
static void tell_how_to_run(const struct setup *setup)
{
    const struct page *page = &setup->desk.page;
    char command[OWN_COMMAND_MAX];

    own_command(command, path_for_commands(setup));
    if (setup->desk.draft.keeping == DRAFT_KEEPS_ASKING && setup->config->listener_count > 0)
        page_say(page, "Since the password is kept nowhere, `run` has none: let the mail program run "
                 "`%s connect %s`.", command, setup->config->listeners[0].name);
    else
        page_say(page, "Next: `%s run` opens the ports, until Ctrl-C.  Keep it running while you read mail.", command);
}

static int start_service(struct setup *setup)
{
    struct desk *desk = &setup->desk;
    bool yes = false;

    if (desk->draft.keeping == DRAFT_KEEPS_ASKING || path_for_commands(setup) ||
        !user_service_is_there(desk->interview.loop)) {
        tell_how_to_run(setup);
        return EX_OK;
    }
    page_say(&desk->page, "systemd can run it for you: `" USER_SERVICE_COMMAND "`.");
    if (!interview_confirm(&desk->interview, QUESTION_START, true, &yes))
        return EX_NOINPUT;
    if (!yes) {
        tell_how_to_run(setup);
        return EX_OK;
    }
    if (user_service_start(desk->interview.loop)) {
        page_say(&desk->page, "It runs.  `sallyport status` tells what it does.");
        return EX_OK;
    }
    page_fail(&desk->page, "systemd did not start it; `journalctl --user -u sallyport` tells why");
    return EX_UNAVAILABLE;
}

/* --- all of them --- */

static const struct {
    int (*run)(struct setup *setup);
    bool when_dry; /* with --dry-run, too */
    bool apart;    /* an empty line is before it */
} steps[] = {
    {find_program, true, false}, {find_address, true, false}, {find_file, true, false},
    {find_proxy, true, false},   {find_servers, true, true},  {write_files, true, true},
    {try_listeners, false, true}, {print_recipe, false, true}, {start_service, false, true},
};

static int take_steps(struct setup *setup)
{
    int status = EX_OK;

    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && status == EX_OK; i++)
        if (steps[i].when_dry || !setup->params->dry_run) {
            if (steps[i].apart)
                page_gap(&setup->desk.page);
            status = steps[i].run(setup);
        }
    return status == EX_OK && setup->config && !setup->works ? EX_UNAVAILABLE : status;
}

/* With --dry-run the configuration alone is on standard output. */
int setup_run(const struct setup_params *params)
{
    static struct setup setup; /* too large for the stack of a careful program */
    int status;

    memset(&setup, 0, sizeof setup);
    setup.params = params;
    setup.desk.page = (struct page){params->dry_run ? stderr : stdout, stderr};
    setup.desk.interview.asks = !params->yes && interview_is_possible();
    setup.desk.interview.agrees = params->yes;
    if (!desk_open(&setup.desk))
        return EX_OSERR;
    status = take_steps(&setup);
    config_unref(setup.config);
    if (setup.desk.services.loop)
        desk_close(&setup.desk);
    else
        loop_free(setup.desk.interview.loop);
    desk_wipe(&setup.desk);
    return status;
}
