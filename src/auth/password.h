/* SPDX-License-Identifier: ISC */
/* Passwords of proxies.  They come from the configuration, from the first line of a file or of a systemd credential,
 * from the first line that a command prints, or from the person at the terminal.  They are fetched when first needed,
 * kept in memory until the proxy refuses them or the configuration is reloaded, then wiped.  They are never logged.
 *
 * A password has at most 4095 bytes (a typed one 1024), of any value but newline and NUL; a carriage return at the
 * end of its line is not part of it. */
#ifndef SALLYPORT_PASSWORD_H
#define SALLYPORT_PASSWORD_H

#include <stddef.h>

#include "base/loop.h"
#include "config/config.h"
#include "net/endpoint.h"

struct passwords;
struct password_fetch; /* one caller that waits */

struct passwords *passwords_new(struct loop *loop); /* NULL: out of memory */
void passwords_free(struct passwords *passwords); /* NULL is fine; callers that wait are not called */

/* From now on a person may be asked for the password of a proxy whose section has a user but no source of a password.
 * For `try` and `connect`; without this call nobody is asked. */
void passwords_allow_prompt(struct passwords *passwords);

/* The password of a proxy that has a user; NULL: it must be fetched.  Borrowed until the loop's turn ends. */
const char *passwords_known(const struct passwords *passwords, const struct proxy_config *proxy);

/* error NULL: passwords_known has the password now.  Otherwise a message, valid during the call. */
typedef void password_fetched_fn(void *arg, const char *error);

/* Fetches what passwords_known did not have; callers that need the same password share one command or one question.  A
 * command that has failed rests (LOCKOUT_REST_FIRST_MS, doubled each time up to LOCKOUT_REST_MAX_MS): callers are told
 * so meanwhile, and it is not run.
 * where: the proxy, to be named in the question.  Calls back exactly once, never from within this call.  NULL: out of
 * memory. */
struct password_fetch *passwords_fetch(struct passwords *passwords, const struct proxy_config *proxy,
                                       const struct endpoint *where, password_fetched_fn *fetched, void *arg);

/* Cancels a fetch: it will not call back.  A question that nobody waits for any more is withdrawn.  NULL is fine. */
void password_cancel(struct password_fetch *fetch);

/* The network is another one: commands that have failed may be run again. */
void passwords_renew(struct passwords *passwords);

/* Forgets what was fetched for this proxy; NULL: for all, and that commands have failed. */
void passwords_forget(struct passwords *passwords, const struct proxy_config *proxy);

#endif
