/* SPDX-License-Identifier: ISC */
/* Where the relay is tested: one [relay] section on the stage (stage.h), with its users, whose password is "pass", and
 * with the connections that come to it played by the test.  Passwords are compared at once, by the test's own child
 * process (CHILD in local.mk); the lines of the log are at hand (given.h).  One hall a test. */
#ifndef SALLYPORT_HALL_H
#define SALLYPORT_HALL_H

#include "relay/visits.h"

#include "../session/given.h"
#include "../stage.h"

/* alice may register home:143, home:993 and mail.example:25, and reach all; bob may reach home:143; carol may register
 * and reach all. */
#define HALL_ALICE "Basic YWxpY2U6cGFzcw=="
#define HALL_BOB "Basic Ym9iOnBhc3M="
#define HALL_CAROL "Basic Y2Fyb2w6cGFzcw=="

#define HALL_GET "GET /.well-known/reverse/tcp/home/143/ HTTP/1.1\r\nHost: relay.example\r\n"
#define HALL_SWITCH "Connection: upgrade\r\nUpgrade: reverse\r\n"
#define HALL_REGISTER HALL_GET HALL_SWITCH "Authorization: " HALL_ALICE "\r\n\r\n"
#define HALL_CONNECT "CONNECT home:143 HTTP/1.1\r\nHost: home:143\r\nProxy-Authorization: " HALL_BOB "\r\n\r\n"
#define HALL_OPEN "HTTP/1.1 200 Connection Established\r\n\r\n"

struct hall {
    struct config *config;
    struct sessions *sessions;
    struct relay_users *users;
    struct relay_logins *logins;
    struct visits *visits;
    unsigned ended; /* connections and sessions whose end was told */
};

/* more: lines for the section [relay], or sections behind it. */
void hall_set_up(struct hall *hall, const char *more);

/* Ends all that is left. */
void hall_tear_down(struct hall *hall);

/* A connection from an address, as "192.0.2.7", port 50000, to 203.0.113.5:8443. */
struct wire *hall_come(struct hall *hall, const char *from);

/* The same to the public port of the configuration. */
struct wire *hall_come_public(struct hall *hall, const char *from);

/* Says it, and what has been heard is this status; the rest is forgotten. */
void hall_check_status(struct wire *wire, const char *say, unsigned status);

/* A place of alice's that waits at home:143, or is taken already, and a client of bob's; both have said no more than
 * their requests. */
struct wire *hall_wait(struct hall *hall);
struct wire *hall_call(struct hall *hall);

/* What visits_each tells: "home:143 alice 1 0\n" are places and sessions. */
void hall_check_names(struct hall *hall, const char *wanted);

#endif
