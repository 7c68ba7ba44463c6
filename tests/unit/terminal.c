/* SPDX-License-Identifier: ISC */
#include "terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "unit.h"

#define PATIENCE_MS 20000

void terminal_open(struct terminal *terminal)
{
    memset(terminal, 0, sizeof *terminal);
    terminal->person = posix_openpt(O_RDWR | O_NOCTTY);
    ck_assert_int_ge(terminal->person, 0);
    ck_assert_int_eq(grantpt(terminal->person), 0);
    ck_assert_int_eq(unlockpt(terminal->person), 0);
    terminal->device = open(ptsname(terminal->person), O_RDWR | O_NOCTTY);
    ck_assert_int_ge(terminal->device, 0);
}

void terminal_close(struct terminal *terminal)
{
    close(terminal->person);
    close(terminal->device);
}

pid_t terminal_fork(struct terminal *terminal, bool without)
{
    pid_t child = fork();

    ck_assert_int_ge(child, 0);
    if (child > 0)
        return child;
    signal(SIGINT, SIG_DFL); /* the library of the tests catches these two */
    signal(SIGTERM, SIG_DFL);
    close(terminal->person);
    ck_assert_int_gt(setsid(), 0);
    if (!without)
        ck_assert_int_eq(ioctl(terminal->device, TIOCSCTTY, 0), 0);
    return 0;
}

void terminal_see(struct terminal *terminal, const char *text, int times)
{
    struct pollfd shown = {.fd = terminal->person, .events = POLLIN};
    const char *at = terminal->seen;

    while (times > 0) {
        const char *found = strstr(at, text);
        ssize_t got;

        if (found) {
            at = found + 1;
            times--;
            continue;
        }
        ck_assert_msg(poll(&shown, 1, PATIENCE_MS) == 1, "no \"%s\" in \"%s\"", text, terminal->seen);
        got = read(terminal->person, terminal->seen + terminal->length,
                   sizeof terminal->seen - 1 - terminal->length);
        ck_assert_int_gt((int)got, 0);
        terminal->length += (size_t)got;
    }
}

void terminal_type(const struct terminal *terminal, const char *bytes, size_t length)
{
    ck_assert_int_eq((int)write(terminal->person, bytes, length), (int)length);
}

void terminal_type_text(const struct terminal *terminal, const char *text)
{
    terminal_type(terminal, text, strlen(text));
}

bool terminal_echoes(const struct terminal *terminal)
{
    struct termios modes;

    ck_assert_int_eq(tcgetattr(terminal->device, &modes), 0);
    return modes.c_lflag & ECHO;
}

int terminal_unread(const struct terminal *terminal)
{
    int left;

    ck_assert_int_eq(ioctl(terminal->device, FIONREAD, &left), 0);
    return left;
}
