/* SPDX-License-Identifier: ISC */
/* The path of a socket in the file system, as a value of a key: a full path, maybe with variables (expansion.h).  They
 * are put in when the socket is made or looked for, and not when the file is read: then the path that `check` prints
 * is the same for each user, and $XDG_RUNTIME_DIR, which not each environment has, need not be known. */
#ifndef SALLYPORT_SOCKET_PATH_H
#define SALLYPORT_SOCKET_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "net/unix_socket.h"

enum socket_path {
    SOCKET_PATH_HERE,     /* there is a path */
    SOCKET_PATH_NONE,     /* the value is "none": there is to be no socket */
    SOCKET_PATH_HOMELESS, /* it has $XDG_RUNTIME_DIR in it, which is not set */
    SOCKET_PATH_BAD,      /* it cannot be used */
};

extern const struct value_kind value_control; /* char *, owned: such a path, or "none" */

/* Whether the value of `control` asks for a socket: it is not "none". */
bool socket_path_is_wanted(const char *text);

/* Whether text can become a path: its variables are known ones, and it is full with whatever they stand for, and not
 * too long at least with the shortest.  False: *why (static) says why not. */
bool socket_path_check(const char *text, const char **why);

/* Spells a full path in the shortest way that leads to the same place whatever is there: without empty parts and
 * without those that are a dot.  Two dots stay, since what is before them may be a link. */
void socket_path_tidy(char *path);

/* Writes the path that text stands for, tidy.  HOMELESS, BAD: error, which has size bytes, says why it is none. */
enum socket_path socket_path_find(const char *text, char path[UNIX_SOCKET_PATH_MAX], char *error, size_t size);

/* What tells whether two values mean one socket: the path that text stands for, or where that is not known here the
 * text, which is tidy, too.  It is the caller's, to be freed; NULL: out of memory. */
char *socket_path_meant(const char *text);

#endif
