/* SPDX-License-Identifier: ISC */
/* $USER, $HOME and $XDG_RUNTIME_DIR in the value of a key: so one file serves many users.  Pure but for
 * expansion_of_this_user. */
#ifndef SALLYPORT_EXPANSION_H
#define SALLYPORT_EXPANSION_H

#include <stdbool.h>
#include <stddef.h>

#define EXPANSION_MAX 8192 /* bytes of a value with all put in, with the NUL: twice the longest path */

/* What the variables stand for; NULL: this one is not known. */
struct expansion {
    const char *user, *home;
    const char *runtime;
};

/* Those of the user who runs this: $USER and $HOME as the system's list of users (passwd(5)) has them, whatever the
 * environment says; $XDG_RUNTIME_DIR of the environment, if it is a full path.  Borrowed: until the next call, and
 * until the environment changes. */
struct expansion expansion_of_this_user(void);

/* Whether there is a control byte in it: no value that is put in has one, since it goes into a line of the file when
 * `check` prints it. */
bool expansion_has_control_byte(const char *text);

/* Writes text into out, with the variables put in, and one $ for each $$.  False: *why (until the next call) says why
 * not, and *missing, if the caller wants it (not NULL), which variable of these three is not known, or NULL. */
bool expansion_make(const struct expansion *expansion, const char *text, char out[EXPANSION_MAX], const char **why,
                    const char **missing);

#endif
