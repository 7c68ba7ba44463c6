/* Passwords of proxies: from the configuration, from the first line of a file or of a credential of systemd, from the
 * first line that a command prints, or from the person at the terminal.  Fetched when first needed, kept in memory
 * until the proxy refuses them or the configuration is reloaded, wiped then.  Never logged.
 *
 * A password is at most 4095 bytes long (one that is typed: 1024), of any value but newline and NUL; a carriage return
 * at the end of its line is no part of it. */
#ifndef SALLYPORT_PASSWORD_H
#define SALLYPORT_PASSWORD_H

#include <stddef.h>

#include "base/loop.h"
#include "config/config.h"
#include "net/endpoint.h"

struct passwords;
struct password_fetch; /* one caller's wait */

struct passwords *passwords_new(struct loop *loop); /* NULL: out of memory */
void passwords_free(struct passwords *passwords);

/* From now on a person may be asked for the password of a proxy whose section has a user but no source of a password.
 * For `try` and `connect`; without this call nobody ever is. */
void passwords_allow_prompt(struct passwords *passwords);

/* The password of a proxy that has a user, if it is at hand; NULL: it must be fetched.  Borrowed until the loop turn
 * ends. */
const char *passwords_known(const struct passwords *passwords, const struct proxy_config *proxy);

/* error NULL: passwords_known has it now.  Otherwise a sentence. */
typedef void password_fetched_fn(void *arg, const char *error);

/* Fetches what passwords_known did not have; callers of one password share one command, or one question.  where is the
 * proxy that it is for, of which the question tells the person.  Calls back exactly once, never from within this call.
 * NULL: out of memory. */
struct password_fetch *passwords_fetch(struct passwords *passwords, const struct proxy_config *proxy,
                                       const struct endpoint *where, password_fetched_fn *fetched, void *arg);

/* The call back will not come; a question that nobody waits for any more is withdrawn.  NULL is fine. */
void password_cancel(struct password_fetch *fetch);

/* Forgets what was fetched for this proxy, or for all (NULL). */
void passwords_forget(struct passwords *passwords, const struct proxy_config *proxy);

#endif
