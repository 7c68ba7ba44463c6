/* SPDX-License-Identifier: ISC */
/* What the words in braces of a recipe's text stand for (program.h), for one listener and one person. */
#ifndef SALLYPORT_FILLING_H
#define SALLYPORT_FILLING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "config/settings.h"
#include "net/unix_socket.h"
#include "recipe/accounts.h"
#include "recipe/recipe_params.h"

#define FILLING_EXAMPLE "me@example.net" /* stands for an address that is not known */

struct filling {
    const struct recipe_params *params;
    const struct listener_config *listener; /* NULL: none, and its words may not occur */
    const char *account;                    /* what {account} is; NULL: it may not occur */
    const struct accounts *accounts;        /* all of them */
};

/* Where a listener is best reached from this machine: the first of its places that is on loopback and has a port, else
 * the first that has one; an address that means all is replaced by loopback's.  False: none has a fixed port. */
bool filling_place(const struct listener_config *listener, struct endpoint *place);

/* Writes the path of the first of its sockets in the file system.  False: it has none, or its path is not known
 * here. */
bool filling_socket(const struct listener_config *listener, char path[UNIX_SOCKET_PATH_MAX]);

/* Whether a shell, and whoever else splits commands into words, takes the text as it is. */
bool filling_is_unquoted(const char *text);

/* Whether {connect} needs no quotes: what it is made of has no character that a shell or a program might take for
 * something else. */
bool filling_can_connect(const struct recipe_params *params);

/* Prints text; a word in braces that is none of program.h's is printed as it is. */
void filling_print(const struct filling *filling, const char *text, FILE *out);

#endif
