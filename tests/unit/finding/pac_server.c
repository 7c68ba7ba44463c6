/* SPDX-License-Identifier: ISC */
#include "pac_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../stage.h"
#include "../unit.h"

#define HELD_MAX 16    /* connections that stay open */
#define TURNS_MAX 9000 /* ms that are waited: less than what has 10 s */

struct pac_server {
    pthread_t thread;
    pthread_mutex_t lock; /* of all that stands below */
    SSL_CTX *tls;
    int fd;
    uint16_t port;
    char *answer;
    size_t length;
    bool hangs;
    unsigned asked;
    char heard[8192], shown[8192];
    int held[HELD_MAX];
    size_t held_count;
};

/* A connection: over TLS, if ssl is there. */
struct talk {
    int fd;
    SSL *ssl;
};

static ssize_t hear(const struct talk *talk, char *bytes, size_t size)
{
    return talk->ssl ? SSL_read(talk->ssl, bytes, (int)size) : recv(talk->fd, bytes, size, 0);
}

static bool say(const struct talk *talk, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = talk->ssl ? SSL_write(talk->ssl, bytes, (int)(length < 16384 ? length : 16384))
                                 : send(talk->fd, bytes, length, MSG_NOSIGNAL);

        if (sent <= 0)
            return false;
        bytes += sent;
        length -= (size_t)sent;
    }
    return true;
}

/* Reads a request, or a piece of something else.  False: there is none. */
static bool hear_request(const struct talk *talk, char *request, size_t size)
{
    size_t length = 0;

    request[0] = '\0';
    while (!strstr(request, "\r\n\r\n") && (length == 0 || request[0] == 'G')) {
        ssize_t got = length < size - 1 ? hear(talk, request + length, size - 1 - length) : 0;

        if (got <= 0)
            return false;
        length += (size_t)got;
        request[length] = '\0';
    }
    return true;
}

/* Serves one connection.  False: it is to stay open. */
static bool serve(struct pac_server *server, const struct talk *talk)
{
    char request[sizeof server->heard], *answer;
    size_t length;
    bool hangs;

    if ((talk->ssl && SSL_accept(talk->ssl) != 1) || !hear_request(talk, request, sizeof request))
        return true;
    pthread_mutex_lock(&server->lock);
    snprintf(server->heard, sizeof server->heard, "%s", request);
    length = server->length;
    answer = malloc(length + 1);
    memcpy(answer, server->answer, length);
    hangs = server->hangs && server->held_count < HELD_MAX;
    if (hangs)
        server->held[server->held_count++] = talk->fd;
    server->asked++;
    pthread_mutex_unlock(&server->lock);
    say(talk, answer, length);
    free(answer);
    return !hangs;
}

static void *run(void *arg)
{
    struct pac_server *server = arg;

    for (;;) {
        struct talk talk = {.fd = accept(server->fd, NULL, NULL)};

        if (talk.fd < 0)
            return NULL;
        if (server->tls) {
            talk.ssl = SSL_new(server->tls);
            SSL_set_fd(talk.ssl, talk.fd);
        }
        if (serve(server, &talk)) {
            if (talk.ssl)
                SSL_shutdown(talk.ssl);
            shutdown(talk.fd, SHUT_WR); /* what the client has sent beyond its request must not become a reset */
            close(talk.fd);
        }
        SSL_free(talk.ssl);
    }
}

struct pac_server *pac_server_start(SSL_CTX *tls)
{
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct pac_server *server = calloc(1, sizeof *server);
    socklen_t length = sizeof where;

    ck_assert_ptr_nonnull(server);
    signal(SIGPIPE, SIG_IGN); /* as in the daemon */
    pthread_mutex_init(&server->lock, NULL);
    server->tls = tls;
    server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(server->fd, (struct sockaddr *)&where, length), 0);
    ck_assert_int_eq(listen(server->fd, 8), 0);
    ck_assert_int_eq(getsockname(server->fd, (struct sockaddr *)&where, &length), 0);
    server->port = ntohs(where.sin_port);
    pac_server_say(server, "");
    ck_assert_int_eq(pthread_create(&server->thread, NULL, run, server), 0);
    return server;
}

uint16_t pac_server_port(const struct pac_server *server)
{
    return server->port;
}

void pac_server_stop(struct pac_server *server)
{
    shutdown(server->fd, SHUT_RD); /* accept returns */
    pthread_join(server->thread, NULL);
    close(server->fd);
    for (size_t i = 0; i < server->held_count; i++)
        close(server->held[i]);
    pthread_mutex_destroy(&server->lock);
    free(server->answer);
    free(server);
}

static void set_answer(struct pac_server *server, const void *answer, size_t length, bool hangs)
{
    pthread_mutex_lock(&server->lock);
    free(server->answer);
    server->answer = malloc(length + 1);
    ck_assert_ptr_nonnull(server->answer);
    memcpy(server->answer, answer, length);
    server->length = length;
    server->hangs = hangs;
    pthread_mutex_unlock(&server->lock);
}

void pac_server_say(struct pac_server *server, const char *answer)
{
    set_answer(server, answer, strlen(answer), false);
}

void pac_server_say_bytes(struct pac_server *server, const void *answer, size_t length)
{
    set_answer(server, answer, length, false);
}

void pac_server_hang(struct pac_server *server, const char *answer)
{
    set_answer(server, answer, strlen(answer), true);
}

unsigned pac_server_asked(struct pac_server *server)
{
    unsigned asked;

    pthread_mutex_lock(&server->lock);
    asked = server->asked;
    pthread_mutex_unlock(&server->lock);
    return asked;
}

const char *pac_server_heard(struct pac_server *server)
{
    pthread_mutex_lock(&server->lock);
    memcpy(server->shown, server->heard, sizeof server->shown);
    pthread_mutex_unlock(&server->lock);
    return server->shown;
}

static void go_on(void)
{
    usleep(1000);
    stage_advance(1);
}

void pac_server_wait_told(const unsigned *told, unsigned count)
{
    stage_settle();
    for (unsigned i = 0; i < TURNS_MAX && *told < count; i++)
        go_on();
    ck_assert_uint_eq(*told, count);
}

void pac_server_wait_asked(struct pac_server *server, unsigned count)
{
    stage_settle();
    for (unsigned i = 0; i < TURNS_MAX && pac_server_asked(server) < count; i++)
        go_on();
    ck_assert_uint_eq(pac_server_asked(server), count);
}
