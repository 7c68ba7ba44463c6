/* What the service manager systemd gives us and is told, without its library: sd_notify(3), sd_listen_fds(3), and the
 * credentials of LoadCredential= (systemd.exec(5)), which the configuration calls `credential:NAME`. */
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

/* Takes the text that the configuration has in the place of a path.  Returns the NAME of "credential:NAME", which
 * points into path; NULL when path is a path like any other. */
const char *systemd_credential_name(const char *path);

/* Returns whether a credential can have this name: one component of a path (1 to 255 bytes, no slash) that is neither
 * "." nor "..".  False: *why is a sentence of static storage. */
bool systemd_is_credential_name(const char *name, const char **why);

/* Writes the path of the credential into out, which has size bytes: a file in the directory that
 * $CREDENTIALS_DIRECTORY names.  Nothing says that the file is there.  False: *why, of static storage, says what is
 * wrong with the name, that the path is too long, or that there is no directory of credentials, as when the program
 * was not started by systemd with that setting. */
bool systemd_credential_path(const char *name, char *out, size_t size, const char **why);

#endif
