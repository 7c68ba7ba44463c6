/* SPDX-License-Identifier: ISC */
#include "session/listener_set.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/systemd.h"
#include "config/kept_ports.h"
#include "net/free_port.h"
#include "net/unix_socket.h"

#include "../unit.h"
#include "given.h"

#define TARGET "target=t\nproxy=direct\n"

/* --- the service manager --- */

/* What the linker puts in place of the program's own. */
size_t __wrap_systemd_inherit(struct systemd_inherited inherited[SYSTEMD_INHERITED_MAX]);

static struct systemd_inherited passed[4];
static size_t passed_count;

size_t __wrap_systemd_inherit(struct systemd_inherited inherited[SYSTEMD_INHERITED_MAX])
{
    memcpy(inherited, passed, sizeof passed);
    return passed_count;
}

/* --- a set on a loop of its own --- */

struct scene {
    struct loop *loop;
    struct listener_set *set;
    struct config *config;
    int before;                 /* descriptors open */
    unsigned accepted, wanted;
    const struct listener_config *listener; /* of the last client, or another section */
    const struct relay_config *relay;
    const struct public_config *public_;
    struct address from, local;
};

static void on_client(void *arg, const struct listening *section, int fd, const struct address *from,
                      const struct address *local)
{
    struct scene *scene = arg;

    scene->accepted++;
    scene->listener = section->listener;
    scene->relay = section->relay;
    scene->public_ = section->public_;
    scene->from = *from;
    scene->local = *local;
    close(fd);
}

static void set_up(struct scene *scene)
{
    *scene = (struct scene){.before = unit_descriptors()};
    for (size_t i = 0; i < passed_count; i++)
        scene->before--; /* those are closed in the end */
    given_forget_log();
    scene->loop = loop_new();
    scene->set = listener_set_new(scene->loop, on_client, scene);
    ck_assert_ptr_nonnull(scene->set);
}

static void tear_down(struct scene *scene)
{
    listener_set_free(scene->set);
    config_unref(scene->config);
    loop_free(scene->loop);
    passed_count = 0;
    ck_assert_int_eq(unit_descriptors(), scene->before);
}

/* A new configuration, into error when it cannot be. */
static bool try_config(struct scene *scene, const char *text, char error[200])
{
    struct config *config = unit_config(text);

    error[0] = '\0';
    if (!listener_set_set(scene->set, config, error, 200)) {
        config_unref(config);
        return false;
    }
    config_unref(scene->config);
    scene->config = config;
    return true;
}

static void set_config(struct scene *scene, const char *text)
{
    char error[200];

    ck_assert_msg(try_config(scene, text, error), "%s", error);
}

/* --- the posts --- */

struct posts {
    size_t count;
    struct {
        const struct listener_config *listener;
        struct address address;
        char path[UNIX_SOCKET_PATH_MAX]; /* "": it is at a port */
    } at[8];
};

static void see(void *arg, const struct listener_config *listener, const struct address *address, const char *path)
{
    struct posts *posts = arg;

    ck_assert_uint_lt(posts->count, 8);
    posts->at[posts->count].listener = listener;
    snprintf(posts->at[posts->count].path, sizeof posts->at[0].path, "%s", path ? path : "");
    posts->at[posts->count++].address = *address;
}

static struct posts posts_of(const struct scene *scene)
{
    struct posts posts = {0};

    listener_set_each(scene->set, see, &posts);
    return posts;
}

static struct address literal(const char *host, uint16_t port)
{
    struct address address;

    ck_assert(address_from_literal(&address, host, (uint16_t)port));
    return address;
}

static const char *host_of(const struct address *address)
{
    static char text[ADDRESS_TEXT_MAX];

    return address_format_host(address, text);
}

/* A socket of ours that listens there. */
static int listen_at(const char *host, struct address *address)
{
    int fd = socket(strchr(host, ':') ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t size = sizeof address->v6;

    *address = literal(host, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(bind(fd, &address->any, address_length(address)), 0);
    ck_assert_int_eq(listen(fd, 8), 0);
    ck_assert_int_eq(getsockname(fd, &address->any, &size), 0);
    return fd;
}

/* A port of 127.0.0.1 that nobody listens at. */
static unsigned free_port(void)
{
    struct address address;

    close(listen_at("127.0.0.1", &address));
    return address_port(&address);
}

/* --- clients --- */

/* A connection to there, or -1 when nobody listens. */
static int client_to(const struct address *address)
{
    int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    if (connect(fd, &address->any, address_length(address)) == 0)
        return fd;
    ck_assert_int_eq(errno, ECONNREFUSED);
    close(fd);
    return -1;
}

static bool is_accepted(void *arg)
{
    struct scene *scene = arg;

    return scene->accepted >= scene->wanted;
}

/* One client more is accepted: that listener's. */
static void wait_for_client(struct scene *scene, const struct listener_config *listener)
{
    scene->wanted = scene->accepted + 1;
    unit_wait(scene->loop, is_accepted, scene);
    ck_assert_uint_eq(scene->accepted, scene->wanted);
    ck_assert_ptr_eq(scene->listener, listener);
}

static void check_serves(struct scene *scene, const struct address *address, const char *listener)
{
    int fd = client_to(address);

    ck_assert_int_ge(fd, 0);
    wait_for_client(scene, config_listener(scene->config, listener));
    ck_assert(address_equal(&scene->local, address));
    ck_assert_str_eq(host_of(&scene->from), address->any.sa_family == AF_INET ? "127.0.0.1" : "::1");
    close(fd);
}

/* The log says where these posts are, and no more. */
static void check_announced(const struct posts *posts, size_t first)
{
    char lines[800] = "", where[ADDRESS_TEXT_MAX];

    for (size_t i = first; i < posts->count; i++)
        snprintf(lines + strlen(lines), sizeof lines - strlen(lines), "info %s listening on=%s\n",
                 posts->at[i].listener->name, address_format(&posts->at[i].address, where));
    given_check_log(lines);
}

/* --- what a configuration asks for --- */

START_TEST(each_address_of_each_listener_is_a_post)
{
    struct posts posts;
    struct scene scene;

    set_up(&scene);
    set_config(&scene, "[imap]\nlisten=127.0.0.1:0 [::1]:0\n" TARGET "[smtp work]\nlisten=127.0.0.1:0\n" TARGET);
    posts = posts_of(&scene);
    ck_assert_uint_eq(posts.count, 3);
    ck_assert_str_eq(host_of(&posts.at[1].address), "::1");
    check_announced(&posts, 0);
    check_serves(&scene, &posts.at[0].address, "imap");
    check_serves(&scene, &posts.at[1].address, "imap");
    check_serves(&scene, &posts.at[2].address, "smtp/work");
    tear_down(&scene);
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(client_to(&posts.at[i].address), -1);
}
END_TEST

START_TEST(localhost_is_both_families_at_one_port)
{
    struct posts posts = {0};
    struct scene scene;

    set_up(&scene);
    for (int tries = 0; tries < 20; tries++) { /* somebody may have that port of the one family already */
        set_config(&scene, "[smtp]\nlisten=127.0.0.1:0\n" TARGET);
        set_config(&scene, "[imap]\nlisten=localhost:0\n" TARGET);
        posts = posts_of(&scene);
        ck_assert_uint_eq(posts.count, 2);
        if (address_port(&posts.at[0].address) == address_port(&posts.at[1].address))
            break;
    }
    ck_assert_str_eq(host_of(&posts.at[0].address), "127.0.0.1");
    ck_assert_str_eq(host_of(&posts.at[1].address), "::1");
    ck_assert_uint_eq(address_port(&posts.at[0].address), address_port(&posts.at[1].address));
    check_serves(&scene, &posts.at[1].address, "imap");
    tear_down(&scene);
}
END_TEST

START_TEST(a_post_that_others_can_reach_is_warned_of)
{
    char lines[300];
    struct posts posts;
    struct scene scene;
    unsigned port;

    set_up(&scene);
    set_config(&scene, "[imap]\nlisten=0.0.0.0:0\n" TARGET);
    posts = posts_of(&scene);
    port = address_port(&posts.at[0].address);
    snprintf(lines, sizeof lines, "info imap listening on=0.0.0.0:%u\nwarning imap 0.0.0.0:%u is not loopback: others "
             "can use your proxy, and its password, through it\n", port, port);
    given_check_log(lines);
    tear_down(&scene);
}
END_TEST

/* The log tells where; the set's each is for listeners alone. */
static struct address told_by_log(const char *name, const char *host, unsigned port)
{
    struct address address;
    char line[200], where[ADDRESS_TEXT_MAX];

    ck_assert(address_from_literal(&address, host, (uint16_t)port));
    snprintf(line, sizeof line, "info %s listening on=%s\n", name, address_format(&address, where));
    given_check_log(line);
    return address;
}

#define RELAY "[relay]\nusers=/dev/null\n"
#define PUBLIC "[public imaps]\nname=home:993\nallow=everyone\n"

static bool is_relays(const struct scene *scene)
{
    return scene->relay && !scene->listener && !scene->public_ && strcmp(scene->relay->name, "relay") == 0;
}

static bool is_public(const struct scene *scene)
{
    return scene->public_ && !scene->listener && !scene->relay && strcmp(scene->public_->name, "public/imaps") == 0;
}

static void visit(struct scene *scene, const struct address *address)
{
    int fd = client_to(address);

    ck_assert_int_ge(fd, 0);
    scene->wanted = scene->accepted + 1;
    unit_wait(scene->loop, is_accepted, scene);
    close(fd);
}

START_TEST(relays_and_public_ports_are_served_and_kept)
{
    unsigned ports[2] = {free_port(), free_port()};
    struct address relay, public_;
    struct scene scene;
    char text[300];

    set_up(&scene);
    snprintf(text, sizeof text, RELAY "listen=127.0.0.1:%u\n", ports[0]);
    set_config(&scene, text);
    relay = told_by_log("relay", "127.0.0.1", ports[0]);
    visit(&scene, &relay);
    ck_assert(is_relays(&scene));
    snprintf(text, sizeof text, PUBLIC "listen=0.0.0.0:%u\n" RELAY "listen=127.0.0.1:%u\n", ports[1], ports[0]);
    set_config(&scene, text);
    public_ = told_by_log("public/imaps", "0.0.0.0", ports[1]); /* is meant to be reached: no warning */
    ck_assert(address_from_literal(&public_, "127.0.0.1", (uint16_t)ports[1]));
    visit(&scene, &public_);
    ck_assert(is_public(&scene));
    visit(&scene, &relay);
    ck_assert(is_relays(&scene));
    ck_assert(scene.relay == &scene.config->relays[0]); /* of the configuration in force */
    ck_assert(listener_set_listen_on(scene.set, &relay) && listener_set_listen_on(scene.set, &public_));
    ck_assert_uint_eq(posts_of(&scene).count, 0);
    set_config(&scene, "[imap]\nlisten=127.0.0.1:0\n" TARGET);
    ck_assert_int_eq(client_to(&relay), -1);
    ck_assert_int_eq(client_to(&public_), -1);
    tear_down(&scene);
}
END_TEST

/* --- a new one --- */

/* A client that had come before the reload is the new configuration's, and none is refused meanwhile. */
START_TEST(a_reload_keeps_what_it_wants_too)
{
    static const char text[] = "[imap]\nlisten=localhost:0 127.0.0.1:0\n" TARGET;
    struct posts before, behind;
    struct scene scene;
    int fd;

    set_up(&scene);
    set_config(&scene, text);
    before = posts_of(&scene);
    given_forget_log();
    fd = client_to(&before.at[0].address);
    ck_assert_int_ge(fd, 0);
    set_config(&scene, text);
    given_check_log("");
    behind = posts_of(&scene);
    ck_assert_uint_eq(behind.count, 3);
    for (size_t i = 0; i < 3; i++) {
        ck_assert(address_equal(&before.at[i].address, &behind.at[i].address));
        ck_assert_ptr_eq(behind.at[i].listener, config_listener(scene.config, "imap"));
    }
    wait_for_client(&scene, config_listener(scene.config, "imap"));
    close(fd);
    tear_down(&scene);
}
END_TEST

START_TEST(a_reload_opens_what_is_new_and_closes_what_is_gone)
{
    struct posts before, behind;
    struct scene scene;

    set_up(&scene);
    set_config(&scene, "[imap]\nlisten=127.0.0.1:0\n" TARGET "[smtp]\nlisten=127.0.0.1:0\n" TARGET);
    before = posts_of(&scene);
    given_forget_log();
    set_config(&scene, "[smtp]\nlisten=127.0.0.1:0\n" TARGET "[pop3]\nlisten=[::1]:0\n" TARGET);
    behind = posts_of(&scene);
    ck_assert_uint_eq(behind.count, 2);
    ck_assert(address_equal(&behind.at[0].address, &before.at[1].address));
    check_announced(&behind, 1);
    ck_assert_int_eq(client_to(&before.at[0].address), -1);
    check_serves(&scene, &behind.at[0].address, "smtp");
    check_serves(&scene, &behind.at[1].address, "pop3");
    tear_down(&scene);
}
END_TEST

/* The same place by another name: who waits there is not turned away.  Any free port is no such place. */
START_TEST(a_post_changes_hands)
{
    char text[200];
    struct posts before, behind;
    struct scene scene;
    int fd;

    set_up(&scene);
    snprintf(text, sizeof text, "[imap old]\nlisten=127.0.0.1:%u 127.0.0.1:0\n" TARGET, free_port());
    set_config(&scene, text);
    before = posts_of(&scene);
    given_forget_log();
    fd = client_to(&before.at[0].address);
    ck_assert_int_ge(fd, 0);
    memcpy(strstr(text, "old"), "new", 3);
    set_config(&scene, text);
    behind = posts_of(&scene);
    ck_assert_uint_eq(behind.count, 2);
    ck_assert(address_equal(&behind.at[0].address, &before.at[0].address));
    ck_assert(!address_equal(&behind.at[1].address, &before.at[1].address));
    check_announced(&behind, 0);
    wait_for_client(&scene, config_listener(scene.config, "imap/new"));
    close(fd);
    tear_down(&scene);
}
END_TEST

START_TEST(what_cannot_be_opened_changes_nothing)
{
    char text[300], error[200], expected[200];
    struct address taken;
    struct posts before, behind;
    struct scene scene;
    int fd, descriptors;

    set_up(&scene);
    set_config(&scene, "[imap]\nlisten=127.0.0.1:0\n" TARGET);
    before = posts_of(&scene);
    given_forget_log();
    fd = listen_at("127.0.0.1", &taken);
    descriptors = unit_descriptors();
    snprintf(text, sizeof text, "[smtp]\nlisten=127.0.0.1:0\n" TARGET "[pop3]\nlisten=127.0.0.1:%u\n" TARGET,
             address_port(&taken));
    ck_assert(!try_config(&scene, text, error));
    snprintf(expected, sizeof expected, "cannot listen on 127.0.0.1:%u: Address already in use", address_port(&taken));
    ck_assert_str_eq(error, expected);
    given_check_log("");
    ck_assert_int_eq(unit_descriptors(), descriptors);
    behind = posts_of(&scene);
    ck_assert_uint_eq(behind.count, 1);
    ck_assert(address_equal(&behind.at[0].address, &before.at[0].address));
    check_serves(&scene, &before.at[0].address, "imap");
    close(fd);
    set_config(&scene, text); /* now it can */
    check_serves(&scene, &taken, "pop3");
    tear_down(&scene);
}
END_TEST

START_TEST(the_error_says_when_our_own_listener_is_in_the_way)
{
    char text[200], error[200], expected[200];
    unsigned port = free_port();
    struct address at = literal("127.0.0.1", (uint16_t)port);
    struct scene scene;

    set_up(&scene);
    snprintf(text, sizeof text, "[imap]\nlisten=127.0.0.1:%u\n" TARGET, port);
    set_config(&scene, text);
    snprintf(text, sizeof text, "[imap]\nlisten=0.0.0.0:%u\n" TARGET, port);
    ck_assert(!try_config(&scene, text, error));
    snprintf(expected, sizeof expected, "cannot listen on 0.0.0.0:%u while our own listener holds that port: restart "
             "to move it", port);
    ck_assert_str_eq(error, expected);
    check_serves(&scene, &at, "imap");
    tear_down(&scene);
}
END_TEST

/* --- a pause --- */

static bool a_while(void *arg)
{
    unsigned *turns = arg;

    return (*turns)++ == 20;
}

static void check_nobody_is_accepted(struct scene *scene)
{
    unsigned turns = 0, accepted = scene->accepted;

    unit_wait(scene->loop, a_while, &turns);
    ck_assert_uint_eq(scene->accepted, accepted);
}

/* Those that are opened meanwhile begin with it. */
START_TEST(a_pause_lets_clients_wait)
{
    struct posts posts;
    struct scene scene;
    int old, new;

    set_up(&scene);
    set_config(&scene, "[imap]\nlisten=127.0.0.1:0\n" TARGET);
    listener_set_pause(scene.set, PAUSE_ALL);
    set_config(&scene, "[imap]\nlisten=127.0.0.1:0 [::1]:0\n" TARGET);
    posts = posts_of(&scene);
    old = client_to(&posts.at[0].address);
    new = client_to(&posts.at[1].address);
    ck_assert(old >= 0 && new >= 0);
    check_nobody_is_accepted(&scene);
    listener_set_pause(scene.set, PAUSE_NONE);
    scene.wanted = 2;
    unit_wait(scene.loop, is_accepted, &scene);
    close(old), close(new);
    check_serves(&scene, &posts.at[1].address, "imap");
    tear_down(&scene);
}
END_TEST

/* Strangers that crowd a relay do not keep the user out. */
START_TEST(a_pause_of_relays_alone_lets_others_in)
{
    unsigned ports[2] = {free_port(), free_port()};
    struct address relay, public_;
    struct posts posts;
    struct scene scene;
    char text[400];
    int waiting[2];

    set_up(&scene);
    snprintf(text, sizeof text, RELAY "listen=127.0.0.1:%u\n[imap]\nlisten=127.0.0.1:0\n" TARGET, ports[0]);
    set_config(&scene, text);
    ck_assert(address_from_literal(&relay, "127.0.0.1", (uint16_t)ports[0]));
    listener_set_pause(scene.set, PAUSE_RELAYS);
    snprintf(text, sizeof text, PUBLIC "listen=127.0.0.1:%u\n" RELAY "listen=127.0.0.1:%u\n[imap]\n"
             "listen=127.0.0.1:0\n" TARGET, ports[1], ports[0]);
    set_config(&scene, text);
    ck_assert(address_from_literal(&public_, "127.0.0.1", (uint16_t)ports[1]));
    waiting[0] = client_to(&relay);
    waiting[1] = client_to(&public_);
    ck_assert(waiting[0] >= 0 && waiting[1] >= 0);
    check_nobody_is_accepted(&scene);
    posts = posts_of(&scene);
    check_serves(&scene, &posts.at[0].address, "imap");
    scene.wanted = scene.accepted + 2;
    listener_set_pause(scene.set, PAUSE_NONE);
    unit_wait(scene.loop, is_accepted, &scene);
    close(waiting[0]), close(waiting[1]);
    tear_down(&scene);
}
END_TEST

/* --- whether it leads back to us --- */

START_TEST(our_own_addresses_are_known)
{
    static const char *const ours[] = {"127.0.0.1", "127.0.0.5", "0.0.0.0"}; /* of any address that is this machine's */
    struct address at;
    struct posts posts;
    struct scene scene;
    uint16_t one, any;

    set_up(&scene);
    set_config(&scene, "[imap]\nlisten=127.0.0.1:0\n" TARGET "[smtp]\nlisten=0.0.0.0:0\n" TARGET);
    posts = posts_of(&scene);
    one = address_port(&posts.at[0].address);
    any = address_port(&posts.at[1].address);
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        at = literal(ours[i], any);
        ck_assert_msg(listener_set_listen_on(scene.set, &at), "%s", ours[i]);
        at = literal(ours[i], one);
        ck_assert_msg(listener_set_listen_on(scene.set, &at) == (i != 1), "%s", ours[i]); /* 0.0.0.0: loopback */
    }
    at = literal("192.0.2.1", any);
    ck_assert(!listener_set_listen_on(scene.set, &at));
    at = literal("127.0.0.1", (uint16_t)(one ^ 1));
    ck_assert(!listener_set_listen_on(scene.set, &at) || (one ^ 1) == any);
    tear_down(&scene);
}
END_TEST

/* --- sockets that were passed --- */

static void pass(int fd, const char *name)
{
    passed[passed_count].fd = fd;
    snprintf(passed[passed_count++].name, sizeof passed[0].name, "%s", name);
}

/* By the listener's name; by its address; localhost is any loopback at its port. */
START_TEST(a_socket_that_was_passed_stands_in_for_the_listeners_own)
{
    char text[300];
    struct address at[3];
    struct posts posts;
    struct scene scene;

    pass(listen_at("127.0.0.1", &at[0]), "imap/work");
    pass(listen_at("127.0.0.1", &at[1]), "");
    pass(listen_at("::1", &at[2]), "mail.socket");
    set_up(&scene);
    snprintf(text, sizeof text, "[imap work]\nlisten=127.0.0.1:0\n" TARGET "[smtp]\nlisten=127.0.0.1:%u\n" TARGET
             "[pop3]\nlisten=localhost:%u\n" TARGET, address_port(&at[1]), address_port(&at[2]));
    for (int i = 0; i < 2; i++) { /* and again, behind a reload */
        set_config(&scene, text);
        posts = posts_of(&scene);
        ck_assert_uint_eq(posts.count, 3);
        if (i == 0)
            check_announced(&posts, 0);
        given_check_log("");
        check_serves(&scene, &at[0], "imap/work");
        check_serves(&scene, &at[1], "smtp");
        check_serves(&scene, &at[2], "pop3");
    }
    tear_down(&scene);
}
END_TEST

START_TEST(sockets_are_passed_to_relays_and_public_ports_by_name)
{
    struct address at[2];
    struct scene scene;

    pass(listen_at("127.0.0.1", &at[0]), "public/imaps");
    pass(listen_at("127.0.0.1", &at[1]), "relay");
    set_up(&scene);
    for (int i = 0; i < 2; i++) {
        set_config(&scene, RELAY "listen=127.0.0.1:1\n" PUBLIC "listen=127.0.0.1:2\n");
        visit(&scene, &at[0]);
        ck_assert(is_public(&scene));
        visit(&scene, &at[1]);
        ck_assert(is_relays(&scene));
    }
    tear_down(&scene);
}
END_TEST

#define FITS_NONE(name) "warning socket \"" name "\" of the service manager fits no section: it must be a listening " \
                        "socket of TCP or in the file system, with a section's name or address\n"

START_TEST(a_socket_that_fits_nobody_is_closed_and_told)
{
    struct address at;
    struct posts posts;
    struct scene scene;
    char lines[800], where[ADDRESS_TEXT_MAX];

    pass(listen_at("127.0.0.1", &at), "nobody");
    pass(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "imap");
    pass(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "imap"); /* it does not listen */
    set_up(&scene);
    set_config(&scene, "[imap]\nlisten=127.0.0.1:0\n" TARGET);
    posts = posts_of(&scene);
    ck_assert_uint_eq(posts.count, 1);
    snprintf(lines, sizeof lines, "info imap listening on=%s\n" FITS_NONE("nobody") FITS_NONE("imap") FITS_NONE("imap"),
             address_format(&posts.at[0].address, where));
    given_check_log(lines);
    ck_assert_int_eq(client_to(&at), -1);
    check_serves(&scene, &posts.at[0].address, "imap");
    tear_down(&scene);
}
END_TEST

/* No configuration was ever set. */
START_TEST(sockets_nobody_came_for_are_closed_in_the_end)
{
    struct address at;
    struct scene scene;

    pass(listen_at("127.0.0.1", &at), "nobody");
    set_up(&scene);
    tear_down(&scene);
    given_check_log(FITS_NONE("nobody"));
    ck_assert_int_eq(client_to(&at), -1);
}
END_TEST

/* --- a port that is found once --- */

static void on_report(void *arg, const char *line)
{
    (void)arg;
    ck_abort_msg("%s", line);
}

/* Reads a file, with the ports that are kept, and sets it.  False: error says why not. */
static bool set_file(struct scene *scene, const char *path, char error[200])
{
    struct config *config = config_load(path, CONFIG_TO_RUN, on_report, NULL);

    ck_assert(kept_ports_fill(config, on_report, NULL));
    error[0] = '\0';
    if (!listener_set_set(scene->set, config, error, 200)) {
        config_unref(config);
        return false;
    }
    config_unref(scene->config);
    scene->config = config;
    return true;
}

static uint16_t port_of(const struct scene *scene)
{
    const struct posts posts = posts_of(scene);

    ck_assert_uint_ge(posts.count, 1);
    for (size_t i = 0; i < posts.count; i++)
        ck_assert_uint_eq(address_port(&posts.at[i].address), address_port(&posts.at[0].address));
    return address_port(&posts.at[0].address);
}

START_TEST(an_automatic_port_is_found_once_and_kept)
{
    char folder[] = "/tmp/check_listener_set-XXXXXX", path[100], kept[100], error[200];
    struct address taken;
    struct scene scene;
    uint16_t port;
    FILE *file;
    int fd;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/x.ini", folder);
    snprintf(kept, sizeof kept, "%s/sallyport/ports", folder);
    file = fopen(path, "w");
    fprintf(file, "[imap]\nlisten=localhost:auto\n" TARGET);
    fclose(file);
    setenv("XDG_STATE_HOME", folder, 1);
    set_up(&scene);
    ck_assert_msg(set_file(&scene, path, error), "%s", error);
    port = port_of(&scene);
    ck_assert_uint_ge(port, KEPT_PORTS_FIRST);
    ck_assert_uint_lt(port, KEPT_PORTS_FIRST + KEPT_PORTS_RANGE + FREE_PORT_TRIES);
    ck_assert_int_eq(access(kept, F_OK), 0);
    given_forget_log();
    ck_assert_msg(set_file(&scene, path, error), "%s", error); /* a reload */
    ck_assert_uint_eq(port_of(&scene), port);
    given_check_log(""); /* which opens nothing */
    tear_down(&scene);
    set_up(&scene);
    ck_assert_msg(set_file(&scene, path, error), "%s", error); /* another start */
    ck_assert_uint_eq(port_of(&scene), port);
    tear_down(&scene);
    taken = literal("127.0.0.1", port);
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)), 0);
    ck_assert(bind(fd, &taken.any, address_length(&taken)) == 0 && listen(fd, 1) == 0);
    set_up(&scene);
    ck_assert(!set_file(&scene, path, error)); /* somebody else has it: no mail program may be led there */
    ck_assert_ptr_nonnull(strstr(error, "Address already in use; it was kept for imap, whose mail programs know it"));
    ck_assert_int_eq(unlink(kept), 0);
    ck_assert_msg(set_file(&scene, path, error), "%s", error); /* forgotten, it is another one */
    ck_assert_uint_ne(port_of(&scene), port);
    tear_down(&scene);
    close(fd);
    unlink(kept);
    *strrchr(kept, '/') = '\0';
    rmdir(kept);
    unlink(path);
    rmdir(folder);
}
END_TEST

START_TEST(a_port_that_cannot_be_kept_is_open_all_the_same)
{
    struct scene scene;
    char expected[300];
    uint16_t port;

    set_up(&scene);
    set_config(&scene, "[imap]\nlisten=127.0.0.1:auto\n" TARGET); /* which has no path */
    ck_assert_uint_ge(port_of(&scene), KEPT_PORTS_FIRST);
    snprintf(expected, sizeof expected, "warning imap its port, %u, cannot be kept, and may be another one next time: "
             "the configuration has no path by which to keep it\ninfo imap listening on=127.0.0.1:%u\n",
             port_of(&scene), port_of(&scene));
    given_check_log(expected);
    port = port_of(&scene);
    given_forget_log();
    set_config(&scene, "[imap]\nlisten=127.0.0.1:auto\n" TARGET); /* a reload: it stays, and that is said once */
    ck_assert_uint_eq(port_of(&scene), port);
    given_check_log("");
    tear_down(&scene);
}
END_TEST

/* No port is kept by whoever runs the tests. */
static void keep_nothing(void)
{
    setenv("XDG_STATE_HOME", "/nonexistent", 1);
}

/* Listens where the search for the port of [imap] begins, unless somebody does so already. */
static int take_start(const char *host)
{
    const struct address at = literal(host, kept_ports_start(geteuid(), "imap"));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    (void)(bind(fd, &at.any, address_length(&at)) == 0 && listen(fd, 1) == 0);
    return fd;
}

START_TEST(an_automatic_port_is_free_where_it_is_to_be)
{
    struct scene scene;
    int fd = take_start("127.0.0.9");

    keep_nothing();
    set_up(&scene);
    set_config(&scene, "[imap]\nlisten=127.0.0.9:auto\n" TARGET);
    ck_assert_uint_gt(port_of(&scene), kept_ports_start(geteuid(), "imap"));
    tear_down(&scene);
    close(fd);
}
END_TEST

/* Whoever stands first, and at whatever address: the place that the file names may be changed. */
START_TEST(an_automatic_port_is_none_that_the_file_names)
{
    static const char automatic[] = "[imap]\nlisten=localhost:auto\n" TARGET;
    const unsigned start = kept_ports_start(geteuid(), "imap");
    char text[300];

    keep_nothing();
    for (size_t i = 0; i < 2; i++) {
        struct posts posts;
        struct scene scene;

        snprintf(text, sizeof text, "%s[imap b]\nlisten=127.0.0.11:%u\n" TARGET "%s", i ? "" : automatic, start,
                 i ? automatic : "");
        set_up(&scene);
        set_config(&scene, text);
        posts = posts_of(&scene);
        ck_assert_uint_ge(posts.count, 2);
        for (size_t k = 0; k < posts.count; k++)
            ck_assert((address_port(&posts.at[k].address) == start) ==
                      (strcmp(posts.at[k].listener->name, "imap/b") == 0));
        tear_down(&scene);
    }
}
END_TEST

/* --- sockets in the file system --- */

static int client_at(const char *path)
{
    struct sockaddr_un there;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    unix_socket_address(&there, path);
    if (connect(fd, (const struct sockaddr *)&there, sizeof there) == 0)
        return fd;
    close(fd);
    return -1;
}

static void check_served_at(struct scene *scene, const char *path, const char *listener)
{
    int fd = client_at(path);

    ck_assert_int_ge(fd, 0);
    wait_for_client(scene, config_listener(scene->config, listener));
    ck_assert(address_is_unix(&scene->from) && address_is_unix(&scene->local));
    close(fd);
}

START_TEST(a_socket_in_the_file_system_is_made_kept_moved_and_removed)
{
    char folder[] = "/tmp/check_listener_set-XXXXXX", one[100], two[100], text[400], error[200], expected[300];
    struct stat status, again;
    struct scene scene;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    setenv("XDG_RUNTIME_DIR", folder, 1);
    snprintf(one, sizeof one, "%s/one", folder);
    snprintf(two, sizeof two, "%s/two", folder);
    set_up(&scene);
    set_config(&scene, "[imap]\nlisten=unix:$XDG_RUNTIME_DIR/one\n" TARGET);
    snprintf(expected, sizeof expected, "info imap listening on=\"unix:%s\"\n", one);
    given_check_log(expected);
    ck_assert_int_eq(lstat(one, &status), 0);
    ck_assert_uint_eq(status.st_mode, S_IFSOCK | 0600);
    ck_assert_uint_eq(posts_of(&scene).count, 1);
    ck_assert_str_eq(posts_of(&scene).at[0].path, one);
    check_served_at(&scene, one, "imap");
    given_forget_log();
    snprintf(text, sizeof text, "[imap]\nlisten=unix:%s unix:%s localhost:0\n" TARGET, one, two);
    set_config(&scene, text); /* kept, and another one */
    ck_assert_int_eq(lstat(one, &again), 0);
    ck_assert_uint_eq(again.st_ino, status.st_ino);
    check_served_at(&scene, one, "imap");
    check_served_at(&scene, two, "imap");
    snprintf(text, sizeof text, "[smtp]\nlisten=unix:%s\n" TARGET, two);
    set_config(&scene, text); /* one is removed, two changes hands */
    ck_assert_int_ne(access(one, F_OK), 0);
    check_served_at(&scene, two, "smtp");
    ck_assert_int_eq(unlink(two), 0);
    set_config(&scene, text); /* nobody could find it */
    check_served_at(&scene, two, "smtp");
    snprintf(text, sizeof text, "[smtp]\nlisten=unix:%s unix:%s/none/x\n" TARGET, one, folder);
    ck_assert(!try_config(&scene, text, error)); /* nothing changes */
    snprintf(expected, sizeof expected, "cannot listen: %s/none: No such file or directory", folder);
    ck_assert_str_eq(error, expected);
    ck_assert_int_ne(access(one, F_OK), 0);
    check_served_at(&scene, two, "smtp");
    tear_down(&scene);
    ck_assert_int_ne(access(two, F_OK), 0);
    unsetenv("XDG_RUNTIME_DIR");
    set_up(&scene);
    ck_assert(!try_config(&scene, "[imap]\nlisten=unix:$XDG_RUNTIME_DIR/one\n" TARGET, error));
    ck_assert_str_eq(error, "cannot listen: $XDG_RUNTIME_DIR/one: $XDG_RUNTIME_DIR is not set, or is no full path");
    tear_down(&scene);
    ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

START_TEST(two_sections_may_exchange_their_paths)
{
    char folder[] = "/tmp/check_listener_set-XXXXXX", one[60], two[60], text[300];
    struct scene scene;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(one, sizeof one, "%s/one", folder);
    snprintf(two, sizeof two, "%s/two", folder);
    set_up(&scene);
    snprintf(text, sizeof text, "[imap]\nlisten=unix:%s\n" TARGET "[smtp]\nlisten=unix:%s\n" TARGET, one, two);
    set_config(&scene, text);
    check_served_at(&scene, one, "imap");
    check_served_at(&scene, two, "smtp");
    snprintf(text, sizeof text, "[imap]\nlisten=unix:%s\n" TARGET "[smtp]\nlisten=unix:%s\n" TARGET, two, one);
    set_config(&scene, text);
    check_served_at(&scene, two, "imap");
    check_served_at(&scene, one, "smtp");
    tear_down(&scene);
    ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

/* Its file is the service manager's. */
START_TEST(a_socket_of_a_path_that_was_passed_is_used)
{
    char folder[] = "/tmp/check_listener_set-XXXXXX", error[200], text[200];
    struct unix_socket theirs;
    struct scene scene;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(text, sizeof text, "%s/one", folder);
    ck_assert_msg(unix_socket_take(&theirs, text, error, sizeof error), "%s", error);
    pass(theirs.fd, "mail.socket");
    set_up(&scene);
    snprintf(text, sizeof text, "[imap]\nlisten=127.0.0.1:0\n" TARGET "[smtp]\nlisten=unix:%s\n" TARGET, theirs.path);
    for (int i = 0; i < 2; i++) { /* and again, behind a reload */
        set_config(&scene, text);
        ck_assert_uint_eq(posts_of(&scene).count, 2);
        check_served_at(&scene, theirs.path, "smtp");
    }
    snprintf(text, sizeof text, "[imap]\nlisten=127.0.0.1:0\n" TARGET "[pop3]\nlisten=unix:%s\n" TARGET, theirs.path);
    set_config(&scene, text); /* it changes hands like any other */
    ck_assert_uint_eq(posts_of(&scene).count, 2);
    check_served_at(&scene, theirs.path, "pop3");
    tear_down(&scene);
    ck_assert_int_eq(access(theirs.path, F_OK), 0);
    unlink(theirs.path);
    rmdir(folder);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("listener_set");

    tcase_add_test(cases, each_address_of_each_listener_is_a_post);
    tcase_add_test(cases, localhost_is_both_families_at_one_port);
    tcase_add_test(cases, a_post_that_others_can_reach_is_warned_of);
    tcase_add_test(cases, relays_and_public_ports_are_served_and_kept);
    tcase_add_test(cases, a_reload_keeps_what_it_wants_too);
    tcase_add_test(cases, a_reload_opens_what_is_new_and_closes_what_is_gone);
    tcase_add_test(cases, a_post_changes_hands);
    tcase_add_test(cases, what_cannot_be_opened_changes_nothing);
    tcase_add_test(cases, the_error_says_when_our_own_listener_is_in_the_way);
    tcase_add_test(cases, a_pause_lets_clients_wait);
    tcase_add_test(cases, a_pause_of_relays_alone_lets_others_in);
    tcase_add_test(cases, our_own_addresses_are_known);
    tcase_add_test(cases, a_socket_that_was_passed_stands_in_for_the_listeners_own);
    tcase_add_test(cases, sockets_are_passed_to_relays_and_public_ports_by_name);
    tcase_add_test(cases, a_socket_in_the_file_system_is_made_kept_moved_and_removed);
    tcase_add_test(cases, two_sections_may_exchange_their_paths);
    tcase_add_test(cases, a_socket_of_a_path_that_was_passed_is_used);
    tcase_add_test(cases, a_socket_that_fits_nobody_is_closed_and_told);
    tcase_add_test(cases, sockets_nobody_came_for_are_closed_in_the_end);
    tcase_add_test(cases, an_automatic_port_is_found_once_and_kept);
    tcase_add_test(cases, a_port_that_cannot_be_kept_is_open_all_the_same);
    tcase_add_test(cases, an_automatic_port_is_free_where_it_is_to_be);
    tcase_add_test(cases, an_automatic_port_is_none_that_the_file_names);
    return unit_run();
}
