/* SPDX-License-Identifier: ISC */
#include "control/control_client.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "config/socket_path.h"
#include "control/control_server.h"
#include "control/control_socket.h"
#include "control/status_text.h"
#include "net/programs.h"

#define ANSWER_MAX (16u << 20) /* bytes; many times what a large status needs */
#define NARROWEST 40           /* columns; a terminal that claims fewer is not believed */
#define WATCH_SECONDS 2        /* between two looks: as often as a person can read it */
#define LOOKS_MAX 2            /* at the kernel's sockets: while many come and go, one may be passed over */

/* What a terminal is told (ECMA-48): go to the first line, erase what is left of a line or of the screen. */
#define HOME "\033[H"
#define REST_OF_LINE "\033[K"
#define REST_OF_SCREEN "\033[J"

/* What the daemon answered. */
struct answer {
    char *bytes;    /* owned, NUL-terminated */
    char *reason;   /* after "error", within bytes; NULL: the answer was "ok" */
    char *body;     /* within bytes */
};

static int complain(const char *text)
{
    fprintf(stderr, "sallyport: %s\n", text);
    return EX_UNAVAILABLE;
}

/* Reads up to end of stream; malloc'd and NUL-terminated.  NULL: errno says why. */
static char *read_all(int fd)
{
    size_t length = 0, room = 0;
    char *bytes = NULL;
    ssize_t got = 1;

    while (got > 0 || (got < 0 && errno == EINTR)) {
        if (length + 1 >= room) {
            char *more = room < ANSWER_MAX ? realloc(bytes, room = room ? 2 * room : 4096) : NULL;

            if (!more) {
                free(bytes);
                errno = ENOMEM;
                return NULL;
            }
            bytes = more;
        }
        got = recv(fd, bytes + length, room - length - 1, 0);
        length += got > 0 ? (size_t)got : 0;
    }
    if (got == 0 || length > 0) { /* a reset after the answer does no harm */
        bytes[length] = '\0';
        return bytes;
    }
    free(bytes);
    return NULL;
}

/* Splits an answer into its parts.  False: it is not an answer. */
static bool take_apart(struct answer *answer)
{
    char *end = strchr(answer->bytes, '\n');

    if (!end)
        return false;
    *end = '\0';
    answer->body = end + 1;
    answer->reason = NULL;
    if (strcmp(answer->bytes, "ok") == 0)
        return true;
    if (strncmp(answer->bytes, "error ", 6) != 0)
        return false;
    answer->reason = answer->bytes + 6;
    return true;
}

/* Sends a request and reads the answer; complains if that fails.  EX_OK: there is an answer; the caller frees its
 * bytes. */
static int ask(const char *control, const char *request, struct answer *answer)
{
    char path[UNIX_SOCKET_PATH_MAX], error[400], line[CONTROL_LINE_MAX + 1];
    int fd = -1, length = snprintf(line, sizeof line, "%s\n", request);

    switch (socket_path_find(control, path, error, sizeof error)) {
    case SOCKET_PATH_NONE:
        return complain("the configuration has no control socket (control = none)");
    case SOCKET_PATH_HOMELESS:
        return complain("cannot tell where the control socket is: XDG_RUNTIME_DIR is not set");
    case SOCKET_PATH_BAD:
        return complain(error);
    case SOCKET_PATH_HERE:
        fd = control_socket_reach(path, error, sizeof error);
        break;
    }
    if (fd < 0)
        return complain(error);
    answer->bytes = send(fd, line, (size_t)length, MSG_NOSIGNAL) == length ? read_all(fd) : NULL;
    snprintf(error, sizeof error, "no answer on %s: %s", path, errno == EAGAIN ? "it took too long" : strerror(errno));
    close(fd);
    if (!answer->bytes)
        return complain(error);
    if (take_apart(answer))
        return EX_OK;
    free(answer->bytes);
    return complain("the answer of the daemon was cut off");
}

/* Prints the reason of an error, escaped: it may quote text from outside. */
static void complain_of(const struct answer *answer)
{
    char text[800];

    complain(log_escape(text, sizeof text, answer->reason, strlen(answer->reason)));
}

/* Sends a request that is answered by "ok" or an error only.  Lines after an error are faults of a configuration. */
static int tell(const char *control, const char *request)
{
    struct answer answer;
    int status = ask(control, request, &answer);

    if (status != EX_OK)
        return status;
    if (answer.reason) {
        fputs(answer.body, stderr);
        complain_of(&answer);
        status = *answer.body ? EX_CONFIG : EX_UNAVAILABLE;
    }
    free(answer.bytes);
    return status;
}

static size_t terminal_width(void)
{
    struct winsize size;

    if (!isatty(STDOUT_FILENO))
        return 0;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= NARROWEST ? size.ws_col : 80;
}

/* Asks for JSON; complains if that fails.  EX_OK: *facts is an object and the caller's, as the bytes of the answer. */
static int ask_facts(const char *control, const char *request, struct answer *answer, json_t **facts)
{
    int status = ask(control, request, answer);

    *facts = NULL;
    if (status != EX_OK)
        return status;
    if (!answer->reason)
        *facts = json_loads(answer->body, 0, NULL);
    if (json_is_object(*facts))
        return EX_OK;
    if (answer->reason)
        complain_of(answer);
    else
        complain("the answer of the daemon was cut off");
    json_decref(*facts);
    free(answer->bytes);
    return EX_UNAVAILABLE;
}

/* Writes out what is still to be written to standard output. */
static int finish(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout)) /* only ferror tells that an earlier write failed */
        return EX_OK;
    fprintf(stderr, "sallyport: cannot write: %s\n", strerror(errno));
    return EX_IOERR;
}

static int list_redirects(const char *control)
{
    struct answer answer;
    json_t *facts;
    int status = ask_facts(control, "redirects", &answer, &facts);

    if (status != EX_OK)
        return status;
    status_text_redirects(facts, stdout, terminal_width());
    json_decref(facts);
    free(answer.bytes);
    return finish();
}

/* --- status --- */

/* Adds to a session which program its client is, if that is known.  False: it is not. */
static bool add_program(json_t *session, const struct programs *programs)
{
    const char *from = json_string_value(json_object_get(session, "from"));
    const char *on = json_string_value(json_object_get(session, "on"));
    const struct program *program = programs && from && on ? programs_find(programs, from, on) : NULL;
    char name[4 * PROGRAM_NAME_MAX];

    if (program)
        log_escape(name, sizeof name, program->name, strlen(program->name)); /* it has chosen the name itself */
    json_object_set_new(session, "program", program ? json_string(name) : json_null());
    json_object_set_new(session, "pid", program ? json_integer(program->pid) : json_null());
    return program != NULL;
}

/* Adds to each session which program of this user its client is.  The daemon does not look for them: that takes time.
 * False: there is no session. */
static bool add_programs(json_t *status)
{
    const json_t *sessions = json_object_get(status, "sessions");
    size_t unknown = json_array_size(sessions);

    for (unsigned looks = 0; unknown > 0 && looks < LOOKS_MAX; looks++) {
        struct programs *programs = programs_read();
        json_t *session;
        size_t i;

        unknown = 0;
        json_array_foreach(sessions, i, session)
            if (json_is_object(session) && !json_is_string(json_object_get(session, "program")))
                unknown += !add_program(session, programs);
        programs_free(programs);
    }
    return json_array_size(sessions) > 0;
}

static int print_status(const char *control, bool json, FILE *out)
{
    struct answer answer;
    json_t *facts;
    int status = ask_facts(control, "status", &answer, &facts);
    bool added;

    if (status != EX_OK)
        return status;
    added = add_programs(facts);
    if (!json)
        status_text_status(facts, out, terminal_width());
    else if (!added)
        fputs(answer.body, out); /* as it came */
    else
        (void)(json_dumpf(facts, out, JSON_INDENT(2)) == 0 && fputc('\n', out));
    json_decref(facts);
    free(answer.bytes);
    return EX_OK;
}

int control_client_status(const char *control, bool json)
{
    int status = print_status(control, json, stdout);

    return status == EX_OK ? finish() : status;
}

/* Prints a status in place of the one before, as far as the screen has lines; without a screen, behind it. */
static void print_frame(char *text)
{
    struct winsize size;
    bool screen = isatty(STDOUT_FILENO);
    unsigned lines = screen && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 1 ? size.ws_row - 1u
                                                                                              : UINT_MAX;

    fputs(screen ? HOME : "", stdout);
    for (char *line; lines > 0 && (line = strsep(&text, "\n")) && (*line || text); lines--)
        printf("%s%s\n", line, screen ? REST_OF_LINE : "");
    fputs(screen ? REST_OF_SCREEN : "\n", stdout);
}

int control_client_watch(const char *control)
{
    const struct timespec moment = {.tv_sec = WATCH_SECONDS};
    int status;

    do {
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        if (!out)
            return EX_OSERR;
        status = print_status(control, false, out);
        fclose(out);
        if (status == EX_OK && text) {
            print_frame(text);
            status = finish();
        }
        free(text);
    } while (status == EX_OK && nanosleep(&moment, NULL) == 0);
    return status;
}

/* --- the others --- */

static bool is_id(const char *text)
{
    return *text >= '1' && *text <= '9' && strspn(text, "0123456789") == strlen(text) && strlen(text) < 10;
}

int control_client_redirects(const char *control, char *const arguments[], int count)
{
    char request[64];

    if (count == 0)
        return list_redirects(control);
    if (count == 1 && strcmp(arguments[0], "clear") == 0)
        return tell(control, "redirects clear");
    if (count == 2 && (strcmp(arguments[0], "allow") == 0 || strcmp(arguments[0], "refuse") == 0) &&
        is_id(arguments[1])) {
        snprintf(request, sizeof request, "redirects %s %s", arguments[0], arguments[1]);
        return tell(control, request);
    }
    fprintf(stderr, "sallyport: redirects takes nothing, clear, allow ID or refuse ID; "
            "`sallyport redirects` shows the IDs\n");
    return EX_USAGE;
}

int control_client_print_questions(const char *control, FILE *out)
{
    const json_t *question;
    struct answer answer;
    json_t *facts;
    size_t i;
    int status = ask_facts(control, "redirects", &answer, &facts);

    if (status != EX_OK)
        return status;
    json_array_foreach(json_object_get(facts, "questions"), i, question)
        fprintf(out, "%" JSON_INTEGER_FORMAT "\n", json_integer_value(json_object_get(question, "id")));
    json_decref(facts);
    free(answer.bytes);
    return EX_OK;
}

int control_client_reload(const char *control)
{
    return tell(control, "reload");
}

int control_client_stop(const char *control)
{
    return tell(control, "stop");
}
