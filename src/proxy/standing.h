/* How a proxy stands with us after what it did: the book is health's, and the log is told of each change.  name is the
 * session's, for the log. */
#ifndef SALLYPORT_STANDING_H
#define SALLYPORT_STANDING_H

#include "base/failure.h"
#include "net/endpoint.h"
#include "proxy/services.h"

/* It could not be reached, is no proxy, or refused our credentials: it rests, longer with each time. */
void standing_failed(const struct services *services, const char *name, const struct endpoint *proxy,
                     const struct failure *failure);

/* It asked to be left alone for that many seconds. */
void standing_sent_away(const struct services *services, const char *name, const struct endpoint *proxy,
                        unsigned seconds, const struct failure *failure);

/* It answered. */
void standing_worked(const struct services *services, const struct endpoint *proxy);

/* It took a request without Upgrade after it had choked on one with. */
void standing_plain(const struct services *services, const char *name, const struct endpoint *proxy);

#endif
