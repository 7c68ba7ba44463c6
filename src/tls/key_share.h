/* SPDX-License-Identifier: ISC */
/* The group whose key share our first message of TLS 1.3 brings along (RFC 8446 section 4.2.8).  A server that takes
 * another of the groups that are offered asks for its share (HelloRetryRequest, section 4.1.4), which costs a round
 * trip; so the next handshake with it had better begin with that group. */
#ifndef SALLYPORT_KEY_SHARE_H
#define SALLYPORT_KEY_SHARE_H

#include <openssl/types.h>
#include <stdbool.h>

#define KEY_SHARE_GROUP_MAX 32 /* of a group's name, with the NUL; OpenSSL's longest have 20 letters */
#define KEY_SHARE_LIST_MAX 512 /* of all that are offered, fewer than twenty */

/* To be called before the handshake of a client's stream: notes whether the server asks.  False: out of memory. */
bool key_share_watch(SSL *stream);

/* After the handshake: the name of the group that the server has asked for; OpenSSL's.  NULL: it asked for none. */
const char *key_share_asked_for(SSL *stream);

/* What the streams of a context offer, the best first, with colons between; OpenSSL does not say, so that it is read
 * from a hello that goes nowhere.  False: out of memory, or it is too long; list is "". */
bool key_share_list(SSL_CTX *context, char list[KEY_SHARE_LIST_MAX]);

/* Before the handshake: offers all of the list, but this group first, with its share.  One that is not in the list
 * changes nothing. */
void key_share_begin_with(SSL *stream, const char *group, const char *list);

#endif
