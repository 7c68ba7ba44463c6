#include "control/control_client.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "control/control_server.h"
#include "control/control_socket.h"
#include "control/status_text.h"

#define ANSWER_MAX (16u << 20) /* bytes; many times what a large status needs */
#define NARROWEST 40           /* columns; a terminal that claims fewer is not believed */

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
    char path[CONTROL_SOCKET_PATH_MAX], error[400], line[CONTROL_LINE_MAX + 1];
    int fd = -1, length = snprintf(line, sizeof line, "%s\n", request);

    switch (control_socket_find(control, path, error, sizeof error)) {
    case CONTROL_SOCKET_NONE:
        return complain("the configuration has no control socket (control = none)");
    case CONTROL_SOCKET_HOMELESS:
        return complain("cannot tell where the control socket is: XDG_RUNTIME_DIR is not set");
    case CONTROL_SOCKET_BAD:
        return complain(error);
    case CONTROL_SOCKET_HERE:
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

/* Asks for JSON and prints it through show; show NULL: prints it as it came. */
static int list(const char *control, const char *request, void (*show)(const json_t *, FILE *, size_t))
{
    struct answer answer;
    int status = ask(control, request, &answer);
    json_t *facts;

    if (status != EX_OK)
        return status;
    facts = answer.reason ? NULL : json_loads(answer.body, 0, NULL);
    if (answer.reason)
        complain_of(&answer);
    else if (!json_is_object(facts))
        complain("the answer of the daemon was cut off");
    else if (show)
        show(facts, stdout, terminal_width());
    else
        fputs(answer.body, stdout);
    status = json_is_object(facts) ? EX_OK : EX_UNAVAILABLE;
    json_decref(facts);
    free(answer.bytes);
    if (fflush(stdout) == 0 && !ferror(stdout)) /* only ferror tells that an earlier write failed */
        return status;
    fprintf(stderr, "sallyport: cannot write: %s\n", strerror(errno));
    return EX_IOERR;
}

int control_client_status(const char *control, bool json)
{
    return list(control, "status", json ? NULL : status_text_status);
}

static bool is_id(const char *text)
{
    return *text >= '1' && *text <= '9' && strspn(text, "0123456789") == strlen(text) && strlen(text) < 10;
}

int control_client_redirects(const char *control, char *const arguments[], int count)
{
    char request[64];

    if (count == 0)
        return list(control, "redirects", status_text_redirects);
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

int control_client_reload(const char *control)
{
    return tell(control, "reload");
}

int control_client_stop(const char *control)
{
    return tell(control, "stop");
}
