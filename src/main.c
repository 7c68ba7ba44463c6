/* SPDX-License-Identifier: ISC */
/* The command line: options, one table of commands, exit status. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "ask_pac.h"
#include "auth/curl_loop.h"
#include "base/harden.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/systemd.h"
#include "command_line.h"
#include "completion.h"
#include "config/config.h"
#include "config/config_check.h"
#include "config/config_place.h"
#include "config/config_print.h"
#include "config/kept_ports.h"
#include "config/option.h"
#include "config/socket_unit.h"
#include "config/system_file.h"
#include "config/tls_hint.h"
#include "config/user_file.h"
#include "control/control_client.h"
#include "daemon.h"
#include "net/public_suffix.h"
#include "net/resolver.h"
#include "redirect/redirect_policy.h"
#include "relay/enrolment.h"
#include "relay/relay_set.h"
#include "session/waiting_clients.h"
#include "setup/setup.h"
#include "tell_recipe.h"
#include "tls/tls_context.h"
#include "try.h"

#define PATH_SIZE 4096          /* bytes of the path of a configuration file, with the NUL */
#define REFUSE_WAITING_MS 1000  /* how often, at most, a service manager starts a daemon that cannot run */

/* The options; the settings of the log are used again at each reload. */
static struct {
    const char *config_path; /* -c, or NULL */
    int verbosity;           /* -v counts 1, -q counts -1 */
    bool timestamps;
    bool keys;               /* check --keys */
    bool socket_unit;        /* check --socket-unit */
    bool json;               /* status --json */
    bool watch;              /* status --watch */
    const char *address;     /* setup and recipe --address, or NULL */
    struct setup_params setup; /* of setup */
} line;

/* --- used by several commands --- */

static void set_log(const struct config *config)
{
    int level = (int)(config ? config->settings.log_level : (unsigned)LEVEL_INFO) + line.verbosity;

    level = level < LEVEL_ERROR ? LEVEL_ERROR : level > LEVEL_DEBUG ? LEVEL_DEBUG : level;
    log_setup((enum log_level)level, config && config->settings.log_to == LOG_TO_SYSLOG, line.timestamps);
}

static void report(void *arg, const char *text)
{
    (void)arg;
    fprintf(stderr, "%s%s\n", log_mark(LEVEL_ERROR), text);
}

/* Finds the configuration: -c, else the user's, else the system's.  False: there is none; path is the system's. */
static bool find_config(char *path, size_t size, char *user, size_t user_size)
{
    *user = '\0';
    if (line.config_path) {
        snprintf(path, size, "%s", line.config_path);
        return true;
    }
    user_file_path(user, user_size);
    snprintf(path, size, "%s", user);
    if (user[0] && config_place_is_there(path))
        return true;
    return system_file_find(path, size);
}

static void ignore(void *arg, const char *text)
{
    (void)arg, (void)text;
}

/* NULL: the errors were printed.  knows_ports: it is an error if the ports that were found for `auto` cannot be known;
 * who opens and tells none can do without. */
static struct config *load(enum config_use use, bool knows_ports)
{
    char path[PATH_SIZE], user[PATH_SIZE];
    struct config *config;

    if (!find_config(path, sizeof path, user, sizeof user)) {
        fprintf(stderr, "%ssallyport: no configuration: neither %s nor %s is there; "
                "sallyport.ini(5) tells how to write one\n", log_mark(LEVEL_ERROR),
                user[0] ? user : "~/.config/sallyport/sallyport.ini", path);
        return NULL;
    }
    config = config_load(path, use, report, NULL);
    if (!config || kept_ports_fill(config, knows_ports ? report : ignore, NULL) || !knows_ports)
        return config;
    config_unref(config);
    return NULL;
}

/* For who wants a word of it, and has nothing to do with what is wrong in it.  NULL: it has errors. */
static struct config *load_quietly(const char *path)
{
    log_setup(LEVEL_ERROR, false, false);
    return config_load(path, CONFIG_TO_CHECK, ignore, NULL);
}

/* The configuration's value of `control`; without a configuration, or with errors in it, the default: a daemon that
 * runs can still be asked.  malloc'd; NULL: out of memory. */
static char *find_control(void)
{
    char path[PATH_SIZE], user[PATH_SIZE], *control;
    bool found = find_config(path, sizeof path, user, sizeof user);
    struct config *config = found ? load_quietly(path) : NULL;

    if (found && !config)
        fprintf(stderr, "sallyport: %s has errors, which `sallyport check` tells; trying the default control socket\n",
                path);
    control = strdup(config ? config->settings.control : option_find(OPTION_GLOBAL, "control")->initial);
    config_unref(config);
    return control;
}

/* --- commands --- */

/* There is no daemon, but a service manager has sockets, with clients that wait for one. */
static void refuse_waiting(void)
{
    static struct systemd_inherited sockets[SYSTEMD_INHERITED_MAX];
    struct failure failure;

    failure_set(&failure, FAILURE_TEMPORARY, "its configuration is missing or has errors: run `sallyport check`");
    waiting_clients_refuse(sockets, systemd_inherit(sockets), &failure, REFUSE_WAITING_MS);
}

static int command_run_daemon(char *const arguments[], int count)
{
    struct config *config = load(CONFIG_TO_RUN, true);

    (void)arguments, (void)count;
    if (!config) {
        refuse_waiting();
        return EX_CONFIG;
    }
    set_log(config);
    return daemon_run(config, set_log);
}

static int command_check(char *const arguments[], int count)
{
    static const char *const sections[] = {"sallyport", "proxy", "redirects", "listener",
                                           "reverse", "relay", "public"};
    struct config *config;

    (void)arguments, (void)count;
    if (line.keys) {
        for (size_t i = 0; option_row(i); i++)
            printf("%s %s\n", sections[option_row(i)->section], option_row(i)->rule.key);
        return EX_OK;
    }
    config = load(CONFIG_TO_CHECK, true);
    if (!config)
        return EX_CONFIG;
    if (!line.socket_unit && !relay_set_check(config, report, NULL)) { /* systemd may open ports before there is more */
        config_unref(config);
        return EX_CONFIG;
    }
    if (line.socket_unit) {
        socket_unit_print(config, stdout);
    } else {
        config_print(config, stdout);
        putchar('\n');
        redirect_policy_print(config, stdout);
        tls_hint_print(config, stdout);
        kept_ports_print(config, stdout);
        config_check_print_environment(config, stdout);
    }
    config_unref(config);
    if (fflush(stdout) == 0 && !ferror(stdout)) /* only ferror tells that an earlier write failed */
        return EX_OK;
    fprintf(stderr, "sallyport: cannot write: %s\n", strerror(errno));
    return EX_IOERR;
}

static int command_try(char *const arguments[], int count)
{
    struct config *config = load(CONFIG_TO_ASK, false);
    int status;

    if (!config)
        return EX_CONFIG;
    line.verbosity -= LEVEL_INFO; /* the steps on standard output say it all */
    set_log(config);
    status = try_run(config, arguments, count);
    config_unref(config);
    return status;
}

static int command_connect(char *const arguments[], int count)
{
    struct config *config = load(CONFIG_TO_ASK, false);
    const struct listener_config *listener = config ? config_listener(config, arguments[0]) : NULL;

    (void)count;
    if (!config)
        return EX_CONFIG;
    if (!listener) {
        fprintf(stderr, config_reverse(config, arguments[0])
                            ? "sallyport: %s in %s is no listener: it waits for clients that a relay hands over, which "
                              "`sallyport run` does; see whether it can with `sallyport try`\n"
                            : "sallyport: there is no listener called %s in %s\n", arguments[0], config->path);
        config_unref(config);
        return EX_USAGE;
    }
    line.verbosity--; /* the mail program's own output is enough when all goes well */
    set_log(config);
    return daemon_connect(config, listener);
}

static int command_status(char *const arguments[], int count)
{
    char *control = find_control();
    int status = EX_OSERR;

    (void)arguments, (void)count;
    if (control)
        status = line.watch ? control_client_watch(control) : control_client_status(control, line.json);
    free(control);
    return status;
}

static int command_redirects(char *const arguments[], int count)
{
    char *control = find_control();
    int status = control ? control_client_redirects(control, arguments, count) : EX_OSERR;

    free(control);
    return status;
}

static int command_reload(char *const arguments[], int count)
{
    char *control = find_control();
    int status = control ? control_client_reload(control) : EX_OSERR;

    (void)arguments, (void)count;
    free(control);
    return status;
}

static int command_stop(char *const arguments[], int count)
{
    char *control = find_control();
    int status = control ? control_client_stop(control) : EX_OSERR;

    (void)arguments, (void)count;
    free(control);
    return status;
}

static int command_pac(char *const arguments[], int count)
{
    bool explain = line.verbosity > 0;

    (void)count;
    line.verbosity += explain ? LEVEL_DEBUG - LEVEL_INFO : LEVEL_WARNING - LEVEL_INFO; /* alert is of the debug level */
    set_log(NULL); /* no configuration is read */
    return ask_pac_run(arguments[0], arguments[1], explain);
}

static int command_relay_user(char *const arguments[], int count)
{
    (void)count;
    return enrolment_run(arguments[0], stdout);
}

/* -c names the file that is to be written. */
static int command_setup(char *const arguments[], int count)
{
    struct setup_params params = line.setup;
    char usual[PATH_SIZE];

    (void)arguments, (void)count;
    line.verbosity += LEVEL_ERROR - LEVEL_INFO; /* what is found, and what is not, is said in words */
    set_log(NULL);
    params.address = line.address;
    params.output = params.output ? params.output : line.config_path;
    params.usual_output = user_file_path(usual, sizeof usual) ? usual : NULL;
    params.try_all = try_run;
    return setup_run(&params);
}

static int command_recipe(char *const arguments[], int count)
{
    struct config *config;
    int status;

    if (count == 0)
        return tell_recipe_list(stdout);
    config = load(CONFIG_TO_ASK, true);
    if (!config)
        return EX_CONFIG;
    status = tell_recipe_run(config, line.config_path, line.address, arguments, count, stdout);
    config_unref(config);
    return status;
}

/* These two need the tables, which follow. */
static int command_completion(char *const arguments[], int count);
static int command_completion_values(char *const arguments[], int count);

static const struct command_row commands[] = {
    {"run", "", "listen and forward, in the foreground (default)", 0, 0, command_run_daemon},
    {"check", "[--socket-unit]", "read the configuration and print it back, complete", 0, 0, command_check},
    {"try", "[NAME ...]", "open the route of each listener, show each step", 0, -1, command_try},
    {"connect", "LISTENER", "one tunnel between standard input and output", 1, 1, command_connect},
    {"status", "[--json | --watch]", "what the running daemon does", 0, 0, command_status},
    {"redirects", "[clear | allow ID | refuse ID]", "learned redirects, open questions", 0, 2,
     command_redirects},
    {"reload", "", "let the running daemon read its configuration again", 0, 0, command_reload},
    {"stop", "", "let the running daemon stop", 0, 0, command_stop},
    {"setup", "[--address ADDRESS] [--proxy URL] [--program PROGRAM]\n             [--output FILE] [--yes] [--dry-run]",
     "find proxy and mail servers, write a configuration", 0, 0, command_setup},
    {"pac", "URL-OR-FILE HOST[:PORT]", "ask a PAC file once, print its answer", 2, 2, command_pac},
    {"recipe", "[--address ADDRESS] [PROGRAM [LISTENER ...]]", "what to write into a mail program's settings", 0, -1,
     command_recipe},
    {"relay-user", "USER", "begin a line for a relay's users file", 1, 1, command_relay_user},
    {"completion", "SHELL", NULL, 1, 1, command_completion},
    {"completion-values", "KIND", NULL, 1, 1, command_completion_values},
};

/* --- options --- */

static const struct line_option options[] = {
    {"config", 'c', "FILE", "read this configuration"},
    {"verbose", 'v', "", "log more; may be repeated"},
    {"quiet", 'q', "", "log less; may be repeated"},
    {"timestamps", 't', "", "begin each log line with the time"},
    {"version", 'V', "", "print the versions and exit"},
    {"help", 'h', "", "print this and exit"},
};

/* Options of one command, which have no letter; one of two commands has two rows, which agree on where it goes. */
static const struct {
    const char *name;
    bool *given;       /* NULL: it has an argument, */
    const char **text; /* which this points to when it is given */
    int (*command)(char *const arguments[], int count);
    const char *command_name;
} command_options[] = {
    {"keys", &line.keys, NULL, command_check, "check"}, /* for editors and tests */
    {"socket-unit", &line.socket_unit, NULL, command_check, "check"},
    {"json", &line.json, NULL, command_status, "status"},
    {"watch", &line.watch, NULL, command_status, "status"},
    {"address", NULL, &line.address, command_setup, "setup"},
    {"proxy", NULL, &line.setup.proxy, command_setup, "setup"},
    {"program", NULL, &line.setup.program, command_setup, "setup"},
    {"output", NULL, &line.setup.output, command_setup, "setup"},
    {"yes", &line.setup.yes, NULL, command_setup, "setup"},
    {"dry-run", &line.setup.dry_run, NULL, command_setup, "setup"},
    {"address", NULL, &line.address, command_recipe, "recipe"},
};

enum {
    OPTIONS = sizeof options / sizeof options[0],
    COMMAND_OPTIONS = sizeof command_options / sizeof command_options[0],
    COMMANDS = sizeof commands / sizeof commands[0],
    WITHOUT_LETTER = 256, /* and the place in command_options added: what getopt_long gives for one */
};

static int usage(FILE *out)
{
    fprintf(out, "usage: sallyport [-c FILE] [-v | -q] [COMMAND [ARGUMENT ...]]\n\ncommands:\n");
    for (int i = 0; i < COMMANDS; i++) {
        const char *gap = strlen(commands[i].arguments) > 11 ? "\n                         " : " ";

        if (commands[i].help)
            fprintf(out, "  %-10s %-11s%s%s\n", commands[i].name, commands[i].arguments, gap, commands[i].help);
    }
    fprintf(out, "\noptions:\n");
    for (int i = 0; i < OPTIONS; i++)
        fprintf(out, "  -%c, --%-11s %-4s %s\n", options[i].letter, options[i].name, options[i].argument,
                options[i].help);
    fprintf(out, "\nSee sallyport(1) and sallyport.ini(5).\n");
    return out == stdout ? EX_OK : EX_USAGE;
}

/* For who writes it into a file: a half script is a failure. */
static int command_completion(char *const arguments[], int count)
{
    const struct command_line tables = {commands, COMMANDS, options, OPTIONS};

    (void)count;
    if (!completion_print(&tables, arguments[0], stdout)) {
        fprintf(stderr, "sallyport: completion is there for bash, zsh and fish\n");
        return EX_USAGE;
    }
    return fflush(stdout) == 0 && !ferror(stdout) ? EX_OK : EX_IOERR;
}

/* Whether a configuration can be read without waiting for somebody, as for who writes to a pipe. */
static bool is_quickly_read(const char *path)
{
    struct stat file;

    return config_place_is_file_there(path) ? stat(path, &file) == 0 && S_ISREG(file.st_mode)
                                            : config_place_has_small(path);
}

/* For the scripts: quiet, and nothing that could make a shell wait. */
static int command_completion_values(char *const arguments[], int count)
{
    char path[PATH_SIZE], user[PATH_SIZE];
    bool there = find_config(path, sizeof path, user, sizeof user) && is_quickly_read(path);
    struct config *config = there ? load_quietly(path) : NULL;
    bool known;

    (void)count;
    if (!freopen("/dev/null", "w", stderr))
        return EX_OSERR;
    known = completion_print_values(arguments[0], config, config ? config->settings.control
                                    : option_find(OPTION_GLOBAL, "control")->initial, stdout);
    config_unref(config);
    return known ? EX_OK : EX_USAGE;
}

static int version(void)
{
    printf("sallyport %s\nlibcurl %s, c-ares %s, libevent %s\nlibpsl %s, OpenSSL %s\n", PACKAGE_VERSION,
           curl_loop_version(), resolver_version(), loop_version(), public_suffix_version(), tls_context_version());
    return EX_OK;
}

static void take_command_option(size_t i)
{
    if (command_options[i].text)
        *command_options[i].text = optarg;
    else
        *command_options[i].given = true;
}

static bool is_given(size_t i)
{
    return command_options[i].text ? *command_options[i].text != NULL : *command_options[i].given;
}

/* Whether the option of a row is one of that command. */
static bool goes_with(size_t i, int (*command)(char *const arguments[], int count))
{
    for (size_t j = 0; j < COMMAND_OPTIONS; j++)
        if (strcmp(command_options[i].name, command_options[j].name) == 0 && command_options[j].command == command)
            return true;
    return false;
}

/* Reads the options.  -1: go on; otherwise the exit status. */
static int read_options(int argc, char *argv[])
{
    struct option table[OPTIONS + COMMAND_OPTIONS + 1] = {{0}};
    char letters[2 * OPTIONS + 2] = ":";
    size_t at = 1;
    int letter;

    for (int i = 0; i < OPTIONS; i++) {
        bool takes = options[i].argument[0] != '\0';

        table[i] = (struct option){options[i].name, takes ? required_argument : no_argument, NULL, options[i].letter};
        letters[at++] = options[i].letter;
        if (takes)
            letters[at++] = ':';
    }
    letters[at] = '\0';
    for (int i = 0; i < COMMAND_OPTIONS; i++)
        table[OPTIONS + i] = (struct option){command_options[i].name, command_options[i].text ? required_argument
                                             : no_argument, NULL, WITHOUT_LETTER + i};
    while ((letter = getopt_long(argc, argv, letters, table, NULL)) != -1) {
        if (letter >= WITHOUT_LETTER) {
            take_command_option((size_t)(letter - WITHOUT_LETTER));
            continue;
        }
        switch (letter) {
        case 'c': line.config_path = optarg; break;
        case 'v': line.verbosity++; break;
        case 'q': line.verbosity--; break;
        case 't': line.timestamps = true; break;
        case 'V': return version();
        case 'h': return usage(stdout);
        case ':':
            if (optopt < WITHOUT_LETTER)
                fprintf(stderr, "sallyport: option -%c needs an argument\n", optopt);
            else
                fprintf(stderr, "sallyport: option %s needs an argument\n", argv[optind - 1]);
            return EX_USAGE;
        default:
            if (optopt > 0 && optopt < WITHOUT_LETTER)
                fprintf(stderr, "sallyport: unknown option -%c; sallyport --help lists them\n", optopt);
            else
                fprintf(stderr, "sallyport: unknown option %s; sallyport --help lists them\n", argv[optind - 1]);
            return EX_USAGE;
        }
    }
    return -1;
}

/* If a descriptor below 3 were closed, the next socket would get its number, and the log would be written into it. */
static void fill_standard_descriptors(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

int main(int argc, char *argv[])
{
    const struct command_row *command = &commands[0];
    int status, count;

    fill_standard_descriptors();
    status = read_options(argc, argv);
    if (status >= 0)
        return status;
    count = argc - optind;
    if (count > 0) {
        command = NULL;
        for (int i = 0; i < COMMANDS; i++)
            if (strcmp(commands[i].name, argv[optind]) == 0)
                command = &commands[i];
        if (!command) {
            fprintf(stderr, "sallyport: unknown command %s\n", argv[optind]);
            return usage(stderr);
        }
        optind++;
        count--;
    }
    if (count < command->least || (command->most >= 0 && count > command->most)) {
        fprintf(stderr, "sallyport: %s takes %s\n", command->name,
                *command->arguments ? command->arguments : "no arguments");
        return EX_USAGE;
    }
    for (int i = 0; i < COMMAND_OPTIONS; i++)
        if (is_given((size_t)i) && !goes_with((size_t)i, command->run)) {
            fprintf(stderr, "sallyport: --%s goes with %s\n", command_options[i].name,
                    command_options[i].command_name);
            return EX_USAGE;
        }
    if (line.watch && line.json) {
        fprintf(stderr, "sallyport: --watch does not go with --json\n");
        return EX_USAGE;
    }
    signal(SIGPIPE, SIG_IGN);
    harden_process(); /* before the configuration is read, which may contain passwords */
    return command->run(argv + optind, count);
}
