/* SPDX-License-Identifier: ISC */
/* The socket of the system's log, /dev/log: datagrams in the form of RFC 3164, as syslog(3) sends them.  Other than
 * syslog(3) it never waits: a log that nobody reads must not stop the mail.  The state is one for the process. */
#ifndef SALLYPORT_SYSLOG_SOCKET_H
#define SALLYPORT_SYSLOG_SOCKET_H

#include <stdbool.h>
#include <stddef.h>

#define SYSLOG_SOCKET_PATH "/dev/log"

/* Connects to the socket at path, which is borrowed until syslog_socket_close.  False: that is not possible now, errno
 * says why; each message tries again. */
bool syslog_socket_open(const char *path);

/* Sends one message; priority: LOG_ERR to LOG_DEBUG.  Connects again first if whoever read the socket has gone.
 * False: it could not be sent without waiting, or nobody reads. */
bool syslog_socket_send(int priority, const char *text, size_t length);

void syslog_socket_close(void);

#endif
