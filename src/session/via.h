/* SPDX-License-Identifier: ISC */
/* What a tunnel leads through: the URL of the proxy, or host:port of a target dialed directly.  Thousands of sessions
 * have the same, so consecutive ones share its text. */
#ifndef SALLYPORT_VIA_H
#define SALLYPORT_VIA_H

struct via;

/* One more user of that text, for via_leave.  latest: the one that was shared last, or NULL for none yet; it is a user
 * too, and via_leave at the end of all lets it go.  NULL: out of memory. */
struct via *via_share(struct via **latest, const char *text);

/* The text; "" of NULL. */
const char *via_text(const struct via *via);

/* One user less; the last one frees it.  NULL is fine. */
void via_leave(struct via *via);

#endif
