/* SPDX-License-Identifier: ISC */
/* A control server on the stage, in a folder of its own: its master, who counts what it is told, its log, and visitors
 * who talk to it.  For more than one test program. */
#ifndef SALLYPORT_SERVED_H
#define SALLYPORT_SERVED_H

#include <stdbool.h>
#include <stddef.h>

#include "control/control_server.h"
#include "net/unix_socket.h"
#include "proxy/services.h"

#define MUCH (1u << 20) /* bytes of an answer that a socket does not hold */
#define MUCH_BEGINS "error the configuration has errors\n000"
#define MUCH_IN_ALL (sizeof MUCH_BEGINS - 4 + MUCH)

extern struct served {
    struct control_server *server; /* NULL when the test has freed it */
    struct services *services;
    char folder[64], place[UNIX_SOCKET_PATH_MAX], other[UNIX_SOCKET_PATH_MAX];
    unsigned reloads, stops;
    size_t much;           /* bytes that a reload has to tell of faults; 0: it succeeds */
    const char *moves;     /* where a reload moves the socket, or NULL */
    char heard[2 * MUCH];  /* by the visitor who listened last */
    bool ended;            /* what was heard has an end */
} served;

/* Makes the server, which has no socket yet.  The other frees it, and fails the test when anything is left behind: a
 * file, a timer, a descriptor. */
void served_set_up(void);
void served_tear_down(void);

void served_start(void);                     /* at the place */
void served_works(void);                     /* fails the test unless it obeys somebody who comes now */
void served_logged(const char *wanted);      /* what the log has said since this was asked last */
void served_opened(const char *path);        /* the same: that it is there now */
bool served_exists(const char *path);

/* Connects to the place; to come is to be let in, too.  Returns the descriptor. */
int visitor_knocks(void);
int visitor_comes(void);
int visitor_never_reads(void); /* asks for much */

void visitor_says(int fd, const char *text);
void visitor_says_bytes(int fd, const char *bytes, size_t length);

/* Hears all that has come and is coming.  Returns its length. */
size_t visitor_hears(int fd);

void visitor_is_waiting(int fd);                    /* with nothing to hear */
void visitor_is_answered(int fd, const char *text); /* this and nothing else; then it goes */

#endif
