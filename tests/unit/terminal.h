/* SPDX-License-Identifier: ISC */
/* A terminal, and the person who sits at it: for tests of what is asked there. */
#ifndef SALLYPORT_TERMINAL_H
#define SALLYPORT_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct terminal {
    int person, device; /* the two ends */
    char seen[8192];    /* all that the person has read so far, NUL-terminated */
    size_t length;
};

void terminal_open(struct terminal *terminal);
void terminal_close(struct terminal *terminal);

/* As fork(); the child leads a session of its own, with this controlling terminal unless without is true, and takes
 * signals as by default. */
pid_t terminal_fork(struct terminal *terminal, bool without);

/* Reads what the terminal shows until text has come that often; fails the test after 20 s. */
void terminal_see(struct terminal *terminal, const char *text, int times);

void terminal_type(const struct terminal *terminal, const char *bytes, size_t length);
void terminal_type_text(const struct terminal *terminal, const char *text);

/* Whether it shows what is typed, and how many bytes it holds that nobody has read. */
bool terminal_echoes(const struct terminal *terminal);
int terminal_unread(const struct terminal *terminal);

#endif
