/* SPDX-License-Identifier: ISC */
/* The users file of a relay: who may register which names, and who may reach them.  One user a line, cut at the first
 * two colons:
 *
 *     alice:$y$j9T$...:register=home:993,home:143 reach=*
 *
 * The second part is a hash of crypt(3), or begins with '!' or '*' for a user who is locked out; `*` stands for every
 * name.  Blank lines and lines that begin with '#' say nothing.  A file that was read does not change and is shared by
 * reference counting: connections go on with the one that they began with. */
#ifndef SALLYPORT_RELAY_USERS_H
#define SALLYPORT_RELAY_USERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "config/config.h"

#define RELAY_USERS_MAX 4096          /* lines with a user: as many as a relay serves sessions */
#define RELAY_USERS_LINE_MAX 16384    /* bytes of one line: 256 names of the length that names have */
#define RELAY_USER_NAME_MAX 255       /* bytes; with a password of 511 it fits what a request may send */
#define RELAY_USER_PLACES_MAX 256     /* names in `register`, and as many in `reach` */

struct relay_users;
struct relay_user;

/* relay_users_load reads the file at path, which must be a regular one that nobody but its owner can read;
 * relay_users_parse an open stream, which is called name in errors and stays open.  Both return the users with one
 * reference, or NULL after at least one report ("FILE:LINE: text"). */
struct relay_users *relay_users_load(const char *path, config_report *report, void *arg);
struct relay_users *relay_users_parse(FILE *stream, const char *name, config_report *report, void *arg);

/* NULL is fine in both.  The hashes are wiped with the last reference. */
struct relay_users *relay_users_ref(struct relay_users *users);
void relay_users_unref(struct relay_users *users);

/* The user of that name, borrowed from users, or NULL.  The case of letters matters. */
const struct relay_user *relay_users_find(const struct relay_users *users, const char *name);

/* A hash that costs what those of the file cost and that no password fits, be it one of the file's: for a user who is
 * not there, who then cannot be told from one with another password, and does not try a password of somebody else.
 * Borrowed. */
const char *relay_users_decoy(const struct relay_users *users);

/* Whether some user may register this very name, which is not said by `*`. */
bool relay_users_list(const struct relay_users *users, const char *name, uint16_t port);

/* Both borrowed.  The hash is NULL for a user who is locked out. */
const char *relay_user_name(const struct relay_user *user);
const char *relay_user_hash(const struct relay_user *user);

/* Whether the user may register this name and port, and whether it may be led to them.  Names are those of hosts: the
 * case of letters does not matter. */
bool relay_user_may_register(const struct relay_user *user, const char *name, uint16_t port);
bool relay_user_may_reach(const struct relay_user *user, const char *name, uint16_t port);

/* Why this cannot be the name of a user, in a few words (static): it is empty or too long, begins with '#', has a blank
 * at an end, or a colon or a control byte anywhere.  NULL: it can be. */
const char *relay_user_name_fault(const char *name);

#endif
