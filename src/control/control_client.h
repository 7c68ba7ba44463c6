/* SPDX-License-Identifier: ISC */
/* The commands that ask the running daemon over its control socket.  control is the value of that key of the
 * configuration.  Each prints its result to standard output and errors to standard error, and returns an exit status
 * of sysexits.h: EX_UNAVAILABLE when no daemon runs or it answers with an error. */
#ifndef SALLYPORT_CONTROL_CLIENT_H
#define SALLYPORT_CONTROL_CLIENT_H

#include <stdbool.h>
#include <stdio.h>

int control_client_status(const char *control, bool json);

/* Prints the status again and again, until the daemon does not answer or the output cannot be written any more. */
int control_client_watch(const char *control);

/* arguments: none (list), "clear", or "allow" or "refuse" and an ID.  EX_USAGE: something else. */
int control_client_redirects(const char *control, char *const arguments[], int count);

/* Prints the IDs of the open questions, one a line. */
int control_client_print_questions(const char *control, FILE *out);

/* EX_CONFIG: the new configuration has faults, which were printed. */
int control_client_reload(const char *control);
int control_client_stop(const char *control);

#endif
