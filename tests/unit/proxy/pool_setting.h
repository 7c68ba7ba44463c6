/* SPDX-License-Identifier: ISC */
/* What the tests of the pool share: a pool on a stage, with two proxies that can be reached. */
#ifndef SALLYPORT_POOL_SETTING_H
#define SALLYPORT_POOL_SETTING_H

#include "config/config.h"
#include "proxy/outlook.h"
#include "proxy/pool.h"
#include "proxy/refill.h"

#include "../stage.h"

#define A "192.0.2.1:3128"
#define B "192.0.2.2:3128"
#define NAMED "proxy.example.net:3128"
#define MAIL "[imap]\ntarget = mail.example.net\n"
#define AGE_MS 40000                    /* of sections that say it */
#define RENEWED_FROM_MS (AGE_MS / 4 * 3) /* when a successor is made, at the earliest and at the latest */
#define RENEWED_BY_MS (AGE_MS / 8 * 7)
#define MANY 1000
#define RETURN_MS (AGE_MS / 4 * 3 / 2)       /* before a place is filled whose connection had stood */
#define PACE_OF(age) ((age) / 16 * 13 / 3 / 2 * 2) /* between one of three places and the next */
#define PACE_MS PACE_OF(AGE_MS)

/* Three connections to A, then three to A or else to B; with their age. */
#define THREE "[proxy]\nurl = http://" A "\npreconnect = 3\npreconnect-age = 40s\n" MAIL
#define EITHER "[proxy]\nurl = http://" A " http://" B "\npreconnect = 3\npreconnect-age = 40s\n" MAIL

struct setting {
    struct services *services;
    struct config *config;
    struct pool *pool;
    struct endpoint a, b;
};

/* Whether a connection that is made has been ended by the proxy when the pool gets it: for programs that have
 * connector_take wrapped (local.mk). */
extern bool ends_at_once;

/* Both proxies can be reached, and what is spread is neither longer nor shorter. */
void set_up(struct setting *setting);

/* Keeps what this text asks for, the last one's sections being gone. */
void keep(struct setting *setting, const char *text, size_t most);

/* Fails the test when the pool has left something behind, a reference of the configuration included. */
void tear_down(struct setting *setting);

/* The i-th section of proxies. */
const struct proxy_config *section(const struct setting *setting, size_t i);

/* How many connections the program has, be they taken. */
unsigned held(void);

/* So many are ready to these proxies, and nothing was said over any. */
void check_ready(const struct setting *setting, unsigned to_a, unsigned to_b);

/* One is ready to a, and the others follow it one by one until there are three. */
void check_three_follow(const struct setting *setting);

/* The connection that is given for this proxy of the first section, or NULL. */
struct wire *take(struct setting *setting, const struct endpoint *proxy);

/* It is this one; then it is closed. */
void check_taken(struct wire *wire, unsigned number);

#endif
