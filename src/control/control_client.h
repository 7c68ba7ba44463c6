/* The commands that are carried out by asking the running daemon over its control socket.  control is the value of that
 * key of the configuration.  Each prints its result to standard output, its complaint to standard error, and returns an
 * exit status of sysexits.h: EX_UNAVAILABLE when no daemon runs or it says no. */
#ifndef SALLYPORT_CONTROL_CLIENT_H
#define SALLYPORT_CONTROL_CLIENT_H

#include <stdbool.h>

int control_client_status(const char *control, bool json);

/* arguments: none to list, or "clear", or "allow" or "refuse" and an ID. */
int control_client_redirects(const char *control, char *const arguments[], int count);

/* EX_CONFIG when the new configuration has faults, which are printed. */
int control_client_reload(const char *control);
int control_client_stop(const char *control);

#endif
