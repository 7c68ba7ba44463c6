/* SPDX-License-Identifier: ISC */
/* A listening socket in the file system: the control socket, and listeners at a path.  It is made only in a folder that
 * belongs to this user and that nobody else but root may write to or move, with mode 0600 from the first moment on.
 * Nothing here blocks, but for the tenth of a second that another process of ours may be at work in the same folder. */
#ifndef SALLYPORT_UNIX_SOCKET_H
#define SALLYPORT_UNIX_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/un.h>

#define UNIX_SOCKET_PATH_MAX 108 /* bytes, with the NUL: what an AF_UNIX address can hold (unix(7)) */

/* A socket that was taken; path, device and inode are for unix_socket_give_back. */
struct unix_socket {
    char path[UNIX_SOCKET_PATH_MAX];
    int fd; /* listening, non-blocking; owned by the caller, who may hand it on */
    dev_t device;
    ino_t inode;
};

/* Makes and binds a listening socket at a full path, shorter than UNIX_SOCKET_PATH_MAX.  A socket that is there already
 * is removed if nobody answers on it; who does so is not asked by a connection.  False: error, which has size bytes,
 * says why; errno is EADDRINUSE if somebody answers, or keeps the folder locked. */
bool unix_socket_take(struct unix_socket *taken, const char *path, char *error, size_t size);

/* Whether the file is still there, so that clients find the socket; and whether another path leads to it, too. */
bool unix_socket_stands(const struct unix_socket *taken);
bool unix_socket_is_at(const struct unix_socket *taken, const char *path);

/* Whether the file and the folder of a connection's socket keep other users out, as those that are made here do; they
 * may have been made by somebody else. */
bool unix_socket_is_guarded(int fd);

/* Removes the file, if it is still the one that was made.  The descriptor stays open, and has to be open yet: once it
 * is closed, another daemon may put its own file there, which then can get the number of this one. */
void unix_socket_give_back(const struct unix_socket *taken);

/* Writes the address of such a path. */
void unix_socket_address(struct sockaddr_un *address, const char *path);

#endif
