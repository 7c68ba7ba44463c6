/* Both ends of the talk with a service manager: sd_notify(3) and sd_listen_fds(3), spoken without its library. */
#ifndef SALLYPORT_SYSTEMD_H
#define SALLYPORT_SYSTEMD_H

#include <stdbool.h>
#include <stddef.h>

#define SYSTEMD_INHERITED_MAX 256 /* sockets that a service manager may pass */

/* Sends "READY=1" or the like to $NOTIFY_SOCKET; without one, nothing happens. */
void systemd_notify(const char *state);

struct systemd_inherited {
    int fd;        /* -1: taken */
    char name[64]; /* of FileDescriptorName=, or "" */
};

/* Takes the sockets of $LISTEN_FDS, if they are meant for this process, and sets close-on-exec on them; the variables
 * are removed.  Returns their number.  Once per process. */
size_t systemd_inherit(struct systemd_inherited inherited[SYSTEMD_INHERITED_MAX]);

#endif
