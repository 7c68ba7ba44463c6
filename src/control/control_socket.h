/* SPDX-License-Identifier: ISC */
/* The control socket in the file system: finding its path, making it, connecting to it.  It is made only in a
 * directory that nobody but this user may write to, with mode 0600 from the first moment on.  Nothing here blocks for
 * longer than CONTROL_SOCKET_PATIENCE_MS. */
#ifndef SALLYPORT_CONTROL_SOCKET_H
#define SALLYPORT_CONTROL_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define CONTROL_SOCKET_PATH_MAX 108     /* bytes, with the NUL: what an AF_UNIX address can hold (unix(7)) */
#define CONTROL_SOCKET_PATIENCE_MS 5000 /* time limit of a client's send and receive */

enum control_socket_place {
    CONTROL_SOCKET_HERE,     /* there is a path */
    CONTROL_SOCKET_NONE,     /* the configuration wants no socket */
    CONTROL_SOCKET_HOMELESS, /* the path has $XDG_RUNTIME_DIR in it, which is not set */
    CONTROL_SOCKET_BAD,      /* the path cannot be used; error says why */
};

/* The path for a value of the key `control`: "none", or a full path, maybe with variables (config/expansion.h). */
enum control_socket_place control_socket_find(const char *control, char path[CONTROL_SOCKET_PATH_MAX], char *error,
                                              size_t size);

/* A socket that was taken; path, device and inode are for control_socket_give_back. */
struct control_socket {
    char path[CONTROL_SOCKET_PATH_MAX];
    int fd; /* listening, non-blocking; owned by the caller, who may hand it on */
    dev_t device;
    ino_t inode;
};

/* Makes and binds a listening socket.  A socket that is there already is removed if nobody answers on it.  False:
 * error says why; errno is EADDRINUSE if somebody answers. */
bool control_socket_take(struct control_socket *taken, const char *path, char *error, size_t size);

/* Removes the file, if it is still the one that was made.  The descriptor stays open. */
void control_socket_give_back(const struct control_socket *taken);

/* Connects to the socket, blocking, and checks that this user serves it.  Returns the descriptor, which the caller
 * owns; -1: error says why, in one sentence. */
int control_socket_reach(const char *path, char *error, size_t size);

#endif
