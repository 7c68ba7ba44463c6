/* SPDX-License-Identifier: ISC */
/* What passes between systemd and us, without its library: sd_notify(3), sd_listen_fds(3), the journal as standard
 * error, and the credentials of LoadCredential= (systemd.exec(5)), which the configuration calls `credential:NAME`. */
#ifndef SALLYPORT_SYSTEMD_H
#define SALLYPORT_SYSTEMD_H

#include <stdbool.h>
#include <stddef.h>

#define SYSTEMD_INHERITED_MAX 256 /* sockets that a service manager may pass */

/* Sends state, such as "READY=1", to $NOTIFY_SOCKET.  Does nothing when that is not set; errors are ignored. */
void systemd_notify(const char *state);

/* Whether the journal reads what is written to this descriptor: whether it is the one of $JOURNAL_STREAM
 * (systemd.exec(5)).  Then a line may begin with its priority (sd-daemon(3)), and the journal adds time and name. */
bool systemd_journal_reads(int fd);

struct systemd_inherited {
    int fd;        /* the owner's; it sets -1 once a listener has the socket */
    char name[64]; /* from FileDescriptorName=, or "" */
};

/* Fills inherited with the sockets of $LISTEN_FDS, if they are meant for this process; they are the caller's now and
 * close-on-exec.  Removes the variables from the environment.  Returns the number of sockets.  Call it once. */
size_t systemd_inherit(struct systemd_inherited inherited[SYSTEMD_INHERITED_MAX]);

/* path: as the configuration has it.  Returns the NAME of "credential:NAME", which points into path; NULL when it is
 * an ordinary path. */
const char *systemd_credential_name(const char *path);

/* Whether a credential can have this name: one path component (1 to 255 bytes, no slash), neither "." nor "..".
 * False: *why (static) says what is wrong; true: it is NULL. */
bool systemd_is_credential_name(const char *name, const char **why);

/* Writes the path of the credential, a file in $CREDENTIALS_DIRECTORY, into out, which has size bytes.  The file may
 * not exist.  False: *why (static) says that the name is wrong, that the path is too long, or that there is no such
 * directory, because systemd did not start the program with LoadCredential=. */
bool systemd_credential_path(const char *name, char *out, size_t size, const char **why);

#endif
