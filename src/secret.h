/* Passwords of proxies: from the configuration, from the first line of a file, from the first line that a command
 * prints.  Fetched when first needed, kept in memory until the proxy refuses them or the configuration is reloaded,
 * wiped then.  Never logged. */
#ifndef SALLYPORT_SECRET_H
#define SALLYPORT_SECRET_H

#include <stddef.h>

#include "config.h"
#include "loop.h"

struct secrets;
struct secret_fetch; /* one caller's wait */

struct secrets *secrets_new(struct loop *loop); /* NULL: out of memory */
void secrets_free(struct secrets *secrets);

/* The password of a proxy that has a user, if it is at hand; NULL: it must be fetched.  Borrowed until the loop turn
 * ends. */
const char *secrets_known(const struct secrets *secrets, const struct proxy_config *proxy);

/* error NULL: secrets_known has it now.  Otherwise a sentence. */
typedef void secret_fetched_fn(void *arg, const char *error);

/* Fetches what secrets_known did not have; callers of one password share one command.  Calls back exactly once, never
 * from within this call.  NULL: out of memory. */
struct secret_fetch *secrets_fetch(struct secrets *secrets, const struct proxy_config *proxy,
                                   secret_fetched_fn *fetched, void *arg);

/* The call back will not come.  NULL is fine. */
void secret_cancel(struct secret_fetch *fetch);

/* Forgets what was fetched for this proxy, or for all (NULL). */
void secrets_forget(struct secrets *secrets, const struct proxy_config *proxy);

#endif
