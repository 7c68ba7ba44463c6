/* SPDX-License-Identifier: ISC */
/* Where sessions are tested: those of one configuration on the stage (stage.h), with a proxy and a server which the
 * test plays, and with what was logged and told at hand.  One scene a test. */
#ifndef SALLYPORT_SCENE_H
#define SALLYPORT_SCENE_H

#include "session/session.h"

#include "../stage.h"
#include "given.h"

#define SCENE_PROXY "http://proxy.example:3128"
#define SCENE_TARGET "mail.example.net:143"
#define SCENE_OPEN "HTTP/1.1 200 OK\r\n\r\n"
#define SCENE_SWITCHED "HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: IMAP\r\n\r\n"
#define SCENE_IMAP "[proxy]\nurl=" SCENE_PROXY "\n[imap]\ntarget=" SCENE_TARGET "\n"

struct scene {
    struct sessions *sessions;
    struct config *config;
    unsigned ended, well;   /* sessions whose end was told, and those of them that were well */
    struct wire *client;    /* of the session started last */
    struct wire *proxy;     /* what it is connected to, once it is */
};

/* The proxy's name is known and its address connects.  text is a configuration. */
void scene_set_up(struct scene *scene, const char *text);

/* Ends all that is left. */
void scene_tear_down(struct scene *scene);

/* One more client, whose session begins; "from=here" is what the log is to say of it. */
void scene_start(struct scene *scene, const char *listener);

/* The same of a client whose transport the test has made. */
void scene_start_over(struct scene *scene, const char *listener, struct transport *client);

/* The same, up to the request that stands unanswered with the proxy. */
void scene_ask(struct scene *scene, const char *listener);

/* The same, and the proxy says yes. */
void scene_open(struct scene *scene, const char *listener);

/* The state of the session started last that is left, or "" when none is. */
const char *scene_state(const struct scene *scene);

#endif
