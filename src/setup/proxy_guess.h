/* SPDX-License-Identifier: ISC */
/* Which proxy the environment's variables name: what setup offers as an answer.  It reads the environment. */
#ifndef SALLYPORT_PROXY_GUESS_H
#define SALLYPORT_PROXY_GUESS_H

#include <stdbool.h>
#include <stddef.h>

#include "config/proxy_environment.h"
#include "net/endpoint.h"

struct proxy_guess {
    char url[ENDPOINT_URL_MAX]; /* without user and password; "": nothing is known */
    char variable[32];          /* that says so */
    char user[PROXY_ENVIRONMENT_CREDENTIAL_MAX], password[PROXY_ENVIRONMENT_CREDENTIAL_MAX]; /* or "" */
};

/* Looks at the variables for mail, then at all_proxy, then at those for the web, whose proxy is usually the only one.
 * The caller wipes it (proxy_guess_wipe). */
void proxy_guess_environment(struct proxy_guess *guess);

/* Splits what a person has written, http://user:password@host:port or host:port, in the same way.  False: it is nothing
 * of that kind (a PAC file, a word, a URL with a path, several of them), and guess is empty. */
bool proxy_guess_split(struct proxy_guess *guess, const char *text);

void proxy_guess_wipe(struct proxy_guess *guess);

#endif
