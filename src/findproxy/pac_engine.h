/* SPDX-License-Identifier: ISC */
/* Runs a PAC file: a heap of Duktape with nothing in it but the language and the PAC functions.  What the script asks
 * of the world comes through struct pac_world, so that a test can be the world, its clock included. */
#ifndef SALLYPORT_PAC_ENGINE_H
#define SALLYPORT_PAC_ENGINE_H

#include <stdbool.h>
#include <stddef.h>

#include "finding/talk.h"

#define PAC_HEAP_MAX (96u * 1024 * 1024) /* bytes of a script's memory: below the limit of the process, so that most
                                          * bombs end with words */
#define PAC_ANSWER_MAX (TALK_LINE_MAX - 8) /* behind "ANSWER " and before the newline */
#define PAC_FAULT_MAX 1024                 /* bytes of a fault's text with its NUL; what is longer is cut */
#define PAC_ADDRESS_MAX 46                 /* of an IPv4 or IPv6 literal with its NUL */
#define PAC_NAME_MAX 255                   /* of a name that is looked up: what DNS carries */

struct pac_addresses {
    size_t count;
    char texts[TALK_ADDRESSES_MAX][PAC_ADDRESS_MAX]; /* literals, in the order of use */
};

/* Each fills what it is given, or ends the process when it has lost the daemon. */
struct pac_world {
    void (*resolve)(void *arg, const char *name, struct pac_addresses *found); /* name: printable, no blanks */
    void (*mine)(void *arg, struct pac_addresses *found);                      /* of this machine */
    void (*alert)(void *arg, const char *text, size_t length);                 /* any bytes but NUL */
    double (*now)(void *arg);                                                  /* ms since 1970 */
    void *arg;
};

struct pac_engine;

/* Reads and runs the script, which is length bytes of a PAC file.  Copies world.  NULL: fault says why, with the line.
 * The script's top level may look names up already. */
struct pac_engine *pac_engine_new(const struct pac_world *world, const char *script, size_t length,
                                  char fault[PAC_FAULT_MAX]);
void pac_engine_free(struct pac_engine *engine); /* NULL is fine */

/* What FindProxyForURL says, NUL-terminated, blanks at its ends cut, tabulators and ends of lines made blanks, and no
 * other control character in it.  False: it says nothing that could be an answer, and fault says why, with the line. */
bool pac_engine_ask(struct pac_engine *engine, const char *url, const char *host, char answer[PAC_ANSWER_MAX + 1],
                    char fault[PAC_FAULT_MAX]);

#endif
