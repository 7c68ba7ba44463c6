/* A listening AF_UNIX socket without a place in the file system (unix(7), "autobind"), through which one connection
 * from this very process is let in: the way to hand one end of a pair to a library that insists on calling connect()
 * itself.  Linux has such sockets; elsewhere hatch_open fails. */
#ifndef SALLYPORT_HATCH_H
#define SALLYPORT_HATCH_H

#include <stdbool.h>
#include <sys/socket.h>

struct hatch {
    int listening;          /* -1: closed */
    struct sockaddr address; /* where to connect(): its name is so short that this holds all of it */
    socklen_t length;
};

/* False: errno says why. */
bool hatch_open(struct hatch *hatch);

/* Behind the connect(): the other end, non-blocking and close-on-exec, the caller's now; it closes the hatch, too.
 * Connections of other processes are turned away.  -1: there was none of ours, or no descriptor; see errno. */
int hatch_accept(struct hatch *hatch);

/* A closed one is fine. */
void hatch_close(struct hatch *hatch);

#endif
