/* The control socket's place in the file system: where it is, taking it, reaching it.  It is taken only in a directory
 * that nobody but this user may write to, with mode 0600 from the first moment on.  Nothing here blocks for longer than
 * CONTROL_SOCKET_PATIENCE_MS. */
#ifndef SALLYPORT_CONTROL_SOCKET_H
#define SALLYPORT_CONTROL_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define CONTROL_SOCKET_PATH_MAX 108     /* with its NUL: what an address of a socket can hold (unix(7)) */
#define CONTROL_SOCKET_PATIENCE_MS 5000 /* of who reaches for it */

enum control_socket_place {
    CONTROL_SOCKET_HERE,     /* at path */
    CONTROL_SOCKET_NONE,     /* the configuration wants none */
    CONTROL_SOCKET_HOMELESS, /* XDG_RUNTIME_DIR, which it names, is not set */
    CONTROL_SOCKET_BAD,      /* no path that can be used; error says why */
};

/* Where a value of the key `control` leads: "none", a full path, or one below "$XDG_RUNTIME_DIR". */
enum control_socket_place control_socket_find(const char *control, char path[CONTROL_SOCKET_PATH_MAX], char *error,
                                              size_t size);

/* A socket that was taken; path and identity are for giving it back. */
struct control_socket {
    char path[CONTROL_SOCKET_PATH_MAX];
    int fd; /* listening, non-blocking; the caller may hand it on */
    dev_t device;
    ino_t inode;
};

/* Takes the place.  A socket that is there already is removed if nobody answers on it.  False: error says why, errno is
 * EADDRINUSE when somebody does. */
bool control_socket_take(struct control_socket *taken, const char *path, char *error, size_t size);

/* Removes the file, if it is still the one that was taken.  The descriptor is left alone. */
void control_socket_give_back(const struct control_socket *taken);

/* Connects to it, blocking.  Returns the descriptor, or -1 with error saying why in one sentence. */
int control_socket_reach(const char *path, char *error, size_t size);

#endif
