/* SPDX-License-Identifier: ISC */
/* What the tests of waiting places and their sets have in common: a relay at relay.example.net:8080, reached in plain
 * text, whose end of each connection is the test's. */
#ifndef SALLYPORT_RELAY_SCENE_H
#define SALLYPORT_RELAY_SCENE_H

#include "../stage.h"
#include "config/config.h"

#define RELAY_URL "http://relay.example.net:8080/.well-known/reverse/tcp/home/143/"
#define RELAY_AT "192.0.2.80:8080"

/* [reverse home] with these keys behind its URL. */
#define RELAY_SECTION(keys) "[reverse home]\nrelay = " RELAY_URL "\ninsecure = yes\n" keys "\n"
#define RELAY_TARGET "target = mail.example.net:143\n"

#define RELAY_GET "GET /.well-known/reverse/tcp/home/143/ HTTP/1.1\r\nHost: relay.example.net:8080\r\n" \
                  "Connection: upgrade\r\nUpgrade: reverse\r\nUser-Agent: sallyport/" PACKAGE_VERSION "\r\n"
#define RELAY_BASIC "Authorization: Basic bWU6c2VzYW1l\r\n" /* me:sesame */

#define RELAY_101 "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: reverse\r\n"
#define RELAY_FORWARDED "Forwarded: for=\"192.0.2.7:50000\";by=\"192.0.2.80:143\"\r\n"
#define RELAY_204 "HTTP/1.1 204 No Content\r\n\r\n"

/* Sets the stage, with the relay and the server behind us. */
struct services *relay_scene_set_up(void);

/* The wire made last; it leads to the relay, and has heard a request without (or with) the password and no more. */
struct wire *relay_scene_asked(const char *credentials);

#endif
