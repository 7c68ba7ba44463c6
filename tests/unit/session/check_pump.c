/* SPDX-License-Identifier: ISC */
#include "session/pump.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../unit.h"

/* A pump between two connections, whose far ends are ours: client <-> pump <-> server. */
struct scene {
    struct loop *loop;
    struct pump pump;
    struct transport *client_side, *server_side;
    int client, server; /* the far ends, non-blocking */
    enum pump_event event;
    int told;
    int greeted, begun, parted; /* how often PUMP_GREETED, PUMP_BEGUN and PUMP_PARTED came */
    int before;         /* descriptors open */
};

static void on_told(void *arg, enum pump_event event)
{
    struct scene *scene = arg;

    if (event == PUMP_GREETED || event == PUMP_BEGUN || event == PUMP_PARTED) {
        scene->greeted += event == PUMP_GREETED;
        scene->begun += event == PUMP_BEGUN;
        scene->parted += event == PUMP_PARTED;
        return;
    }
    scene->told++;
    scene->event = event;
}

/* splice: whether pipes may be lent; small: sockets hold little, so that writers block soon. */
static void set_up(struct scene *scene, bool splice, bool small)
{
    int client[2], server[2], bytes = 32768;

    memset(scene, 0, sizeof *scene);
    pipe_allow(splice);
    scene->before = unit_descriptors();
    scene->loop = loop_new();
    unit_tcp_pair(client);
    unit_tcp_pair(server);
    for (int i = 0; i < 2; i++) {
        unit_nonblocking(client[i]);
        unit_nonblocking(server[i]);
        if (small) {
            setsockopt(client[i], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
            setsockopt(server[i], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
            setsockopt(client[i], SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
            setsockopt(server[i], SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
        }
    }
    scene->client = client[0];
    scene->server = server[0];
    scene->client_side = transport_from_socket(scene->loop, client[1]);
    scene->server_side = transport_from_socket(scene->loop, server[1]);
    ck_assert(scene->client_side && scene->server_side);
}

static void start(struct scene *scene, const char *leftover)
{
    size_t length = leftover ? strlen(leftover) : 0;

    pump_start(&scene->pump, scene->client_side, scene->server_side,
               leftover ? unit_exact(leftover, length) : NULL, length, on_told, scene);
    ck_assert_int_eq(scene->told, 0);
}

static void tear_down(struct scene *scene)
{
    pump_stop(&scene->pump);
    transport_close(scene->client_side);
    transport_close(scene->server_side);
    if (scene->client >= 0)
        close(scene->client);
    if (scene->server >= 0)
        close(scene->server);
    loop_free(scene->loop);
    pipe_release_all();
    pipe_allow(true);
    ck_assert_int_eq(unit_descriptors(), scene->before);
}

static void reset(int *fd)
{
    const struct linger now = {.l_onoff = 1, .l_linger = 0};

    ck_assert_int_eq(setsockopt(*fd, SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
    close(*fd);
    *fd = -1;
}

static void say(int fd, const char *text)
{
    ck_assert_int_eq((int)send(fd, text, strlen(text), MSG_NOSIGNAL), (int)strlen(text));
}

/* Whether this text, and nothing else, has come. */
static bool heard(int fd, const char *text)
{
    char bytes[256];
    ssize_t got = recv(fd, bytes, sizeof bytes, MSG_PEEK);

    if (got < (ssize_t)strlen(text))
        return false;
    ck_assert_int_eq((int)got, (int)strlen(text));
    ck_assert_int_eq(memcmp(bytes, text, (size_t)got), 0);
    return recv(fd, bytes, sizeof bytes, 0) == got;
}

/* Whether the end of the stream has come. */
static bool ended(int fd)
{
    char byte;
    ssize_t got = recv(fd, &byte, 1, 0);

    ck_assert(got == 0 || (got < 0 && errno == EAGAIN));
    return got == 0;
}

static bool was_reset(int fd)
{
    char byte;

    return recv(fd, &byte, 1, 0) < 0 && errno == ECONNRESET;
}

/* --- how it begins --- */

static bool is_told(void *arg)
{
    return ((struct scene *)arg)->told > 0;
}

static bool hello_arrives(void *arg)
{
    struct scene *scene = arg;

    ck_assert_int_eq(scene->begun, 0);
    return heard(scene->server, "\x16\x03");
}

static bool server_sees_the_end(void *arg)
{
    return ended(((struct scene *)arg)->server);
}

static bool client_sees_the_end(void *arg)
{
    return ended(((struct scene *)arg)->client);
}

static bool answer_arrives(void *arg)
{
    return heard(((struct scene *)arg)->client, "* BAD\r\n");
}

static bool leave_arrives(void *arg)
{
    return heard(((struct scene *)arg)->server, "a LOGOUT\r\n");
}

static bool last_word_arrives(void *arg)
{
    return heard(((struct scene *)arg)->client, "* BYE\r\na OK\r\n");
}

/* Once, if the owner wants to know, and only while neither stream has ended. */
START_TEST(a_goodbye_is_told)
{
    bool wanted = _i > 0, at_end = _i == 2;
    struct scene scene;

    set_up(&scene, false, false);
    start(&scene, NULL);
    scene.pump.parts = wanted ? protocol_find("imap", 4) : NULL;
    say(scene.client, "a LOGOUT\r\n");
    if (at_end)
        shutdown(scene.client, SHUT_WR);
    unit_wait(scene.loop, leave_arrives, &scene);
    ck_assert_int_eq(scene.parted, 0);
    if (at_end)
        unit_wait(scene.loop, server_sees_the_end, &scene);
    say(scene.server, "* BYE\r\na OK\r\n");
    unit_wait(scene.loop, last_word_arrives, &scene);
    ck_assert_int_eq(scene.parted, wanted && !at_end);
    ck_assert_int_eq(scene.pump.parted, wanted && !at_end);
    ck_assert_int_eq(scene.told, 0);
    tear_down(&scene);
}
END_TEST

/* Also when the answer is the end of all. */
START_TEST(each_side_has_a_first_byte)
{
    bool at_once = _i % 2;
    struct scene scene;

    set_up(&scene, _i / 2, false);
    start(&scene, NULL);
    say(scene.client, "\x16\x03");
    unit_wait(scene.loop, hello_arrives, &scene);
    ck_assert_int_eq(scene.greeted, 0);
    say(scene.server, "* BAD\r\n");
    if (at_once)
        reset(&scene.server);
    unit_wait(scene.loop, at_once ? is_told : answer_arrives, &scene);
    ck_assert_int_eq(scene.begun, at_once ? scene.pump.way[PUMP_DOWN].begun : 1);
    ck_assert_uint_eq(scene.pump.way[PUMP_UP].first, 0x16);
    if (!at_once) {
        ck_assert_uint_eq(scene.pump.way[PUMP_DOWN].first, '*');
        ck_assert_int_eq(scene.greeted, 1);
        say(scene.client, "more");
        say(scene.server, "more");
        reset(&scene.client);
        unit_wait(scene.loop, is_told, &scene);
        ck_assert_int_eq(scene.begun, 1);
    }
    tear_down(&scene);
}
END_TEST

/* Whether that is passed on or told depends on whether a greeting is due, and whether somebody waits for it. */
START_TEST(a_server_that_ends_before_it_has_begun)
{
    bool greets = _i != 0, leaves = _i == 2, lone = _i == 3;
    struct scene scene;

    set_up(&scene, false, false);
    start(&scene, NULL);
    scene.pump.greets = greets;
    scene.pump.lone = lone;
    if (leaves || lone) {
        ck_assert_int_eq(shutdown(scene.client, SHUT_WR), 0);
        unit_wait(scene.loop, server_sees_the_end, &scene);
    }
    ck_assert_int_eq(shutdown(scene.server, SHUT_WR), 0);
    if (!greets) {
        unit_wait(scene.loop, client_sees_the_end, &scene);
        ck_assert_int_eq(scene.told, 0);
    } else {
        unit_wait(scene.loop, is_told, &scene);
        ck_assert_int_eq(scene.event, leaves ? PUMP_ENDED : PUMP_MUTE);
        ck_assert_int_eq(scene.begun, 0);
    }
    tear_down(&scene);
}
END_TEST

/* --- a talk --- */

static bool greeting_arrives(void *arg)
{
    struct scene *scene = arg;

    if (!heard(scene->client, "* OK ready\r\n"))
        return false;
    say(scene->client, "a1 LOGIN\r\n");
    return true;
}

static bool command_arrives(void *arg)
{
    struct scene *scene = arg;

    if (!heard(scene->server, "a1 LOGIN\r\n"))
        return false;
    /* idle now: nothing is held, no pipe is kept */
    for (int i = 0; i < 2; i++) {
        ck_assert_ptr_null(scene->pump.way[i].pipe);
        ck_assert_ptr_null(scene->pump.way[i].held);
    }
    ck_assert_int_eq(shutdown(scene->client, SHUT_WR), 0);
    return true;
}

static bool half_close_arrives(void *arg)
{
    struct scene *scene = arg;

    if (!ended(scene->server))
        return false;
    ck_assert_int_eq(scene->told, 0);
    say(scene->server, "* BYE\r\n");
    return true;
}

static bool last_words_arrive(void *arg)
{
    struct scene *scene = arg;

    if (!heard(scene->client, "* BYE\r\n"))
        return false;
    ck_assert_int_eq(scene->told, 0);
    close(scene->server);
    scene->server = -1;
    return true;
}

static bool the_end_is_told(void *arg)
{
    struct scene *scene = arg;

    return scene->told; /* the last end is passed on by whoever closes the transports */
}

START_TEST(a_talk_with_left_over_bytes_and_half_close)
{
    static unit_step_fn *const steps[] = {greeting_arrives, command_arrives, half_close_arrives, last_words_arrive,
                                          the_end_is_told, NULL};
    struct scene scene;

    set_up(&scene, _i, false);
    say(scene.server, "ready\r\n"); /* behind what was read with the head */
    start(&scene, "* OK ");
    unit_walk(scene.loop, steps, &scene);
    ck_assert_int_eq(scene.told, 1);
    ck_assert_int_eq(scene.event, PUMP_ENDED);
    ck_assert_uint_eq(scene.pump.way[PUMP_UP].bytes, 10);
    ck_assert_uint_eq(scene.pump.way[PUMP_DOWN].bytes, 12 + 7);
    ck_assert_int_eq(scene.pump.first_end, PUMP_UP);
    tear_down(&scene);
}
END_TEST

/* --- the server ends first, and nothing is left to say --- */

static bool both_end(void *arg)
{
    struct scene *scene = arg;

    if (scene->client >= 0 && ended(scene->client)) {
        close(scene->client);
        scene->client = -1;
    }
    return scene->told;
}

START_TEST(the_server_may_end_first)
{
    struct scene scene;

    set_up(&scene, _i, false);
    close(scene.server);
    scene.server = -1;
    start(&scene, NULL);
    unit_wait(scene.loop, both_end, &scene);
    ck_assert_int_eq(scene.event, PUMP_ENDED);
    ck_assert_int_eq(scene.pump.first_end, PUMP_DOWN);
    tear_down(&scene);
}
END_TEST

/* Bytes, end of stream and all, are there before the pump starts: no edge will announce them. */
static bool all_of_it_arrives(void *arg)
{
    struct scene *scene = arg;

    return scene->told && heard(scene->server, "up") && ended(scene->server) && heard(scene->client, "down");
}

START_TEST(what_was_there_before_the_start_is_moved)
{
    struct scene scene;

    set_up(&scene, _i, false);
    say(scene.client, "up");
    say(scene.server, "down");
    shutdown(scene.client, SHUT_WR);
    shutdown(scene.server, SHUT_WR);
    start(&scene, NULL);
    unit_wait(scene.loop, all_of_it_arrives, &scene);
    ck_assert_int_eq(scene.event, PUMP_ENDED);
    tear_down(&scene);
}
END_TEST

/* --- bulk --- */

#define BULK (6 << 20)
#define BURST 100000    /* more than one read */
#define QUIET_TICKS 300 /* milliseconds without a byte: TCP's own timers are shorter */

struct bulk {
    struct scene scene;
    size_t sent[2], got[2];
    size_t most;      /* bytes read in one tick: a slow reader takes little */
    bool one_way;
};

/* The byte at a place of a stream; the two streams differ. */
static unsigned char byte_at(size_t at, int way)
{
    return (unsigned char)(at * 2654435761u >> 13 ^ (unsigned)way * 0x55u ^ at);
}

static void send_up_to(struct bulk *bulk, int way, int fd, size_t size)
{
    unsigned char bytes[16384];

    while (bulk->sent[way] < size) {
        size_t length = size - bulk->sent[way] < sizeof bytes ? size - bulk->sent[way] : sizeof bytes;
        ssize_t sent;

        for (size_t i = 0; i < length; i++)
            bytes[i] = byte_at(bulk->sent[way] + i, way);
        sent = send(fd, bytes, length, MSG_NOSIGNAL);
        if (sent < 0)
            return;
        bulk->sent[way] += (size_t)sent;
        if (bulk->sent[way] == size)
            shutdown(fd, SHUT_WR);
    }
}

static void send_more(struct bulk *bulk, int way, int fd)
{
    send_up_to(bulk, way, fd, BULK);
}

static void take_more(struct bulk *bulk, int way, int fd)
{
    unsigned char bytes[65536];

    for (size_t taken = 0; taken < bulk->most;) {
        ssize_t got = recv(fd, bytes, sizeof bytes, 0);

        if (got <= 0)
            return;
        for (ssize_t i = 0; i < got; i++)
            if (bytes[i] != byte_at(bulk->got[way] + (size_t)i, way))
                ck_abort_msg("byte %zu of way %d is another", bulk->got[way] + (size_t)i, way);
        bulk->got[way] += (size_t)got;
        taken += (size_t)got;
    }
}

static bool bulk_moves(void *arg)
{
    struct bulk *bulk = arg;

    if (!bulk->one_way)
        send_more(bulk, PUMP_UP, bulk->scene.client);
    send_more(bulk, PUMP_DOWN, bulk->scene.server);
    take_more(bulk, PUMP_UP, bulk->scene.server);
    take_more(bulk, PUMP_DOWN, bulk->scene.client);
    return bulk->scene.told;
}

START_TEST(megabytes_both_ways)
{
    for (int small = 0; small < 2; small++) {
        struct bulk bulk = {.most = 4 << 20};

        set_up(&bulk.scene, _i, small);
        start(&bulk.scene, NULL);
        unit_wait(bulk.scene.loop, bulk_moves, &bulk);
        take_more(&bulk, PUMP_UP, bulk.scene.server);
        take_more(&bulk, PUMP_DOWN, bulk.scene.client);
        ck_assert_int_eq(bulk.scene.event, PUMP_ENDED);
        for (int way = 0; way < 2; way++) {
            ck_assert_uint_eq(bulk.scene.pump.way[way].bytes, BULK);
            ck_assert_uint_le(bulk.got[way], BULK);
        }
        while (bulk.got[PUMP_UP] < BULK || bulk.got[PUMP_DOWN] < BULK) { /* what the kernel still holds */
            take_more(&bulk, PUMP_UP, bulk.scene.server);
            take_more(&bulk, PUMP_DOWN, bulk.scene.client);
        }
        tear_down(&bulk.scene);
    }
}
END_TEST

/* How many pipes can be borrowed now. */
static unsigned pipes_left(void)
{
    struct pipe *pipes[64];
    unsigned count = 0;

    while (count < sizeof pipes / sizeof pipes[0] && (pipes[count] = pipe_borrow()))
        count++;
    for (unsigned i = 0; i < count; i++)
        pipe_give_back(pipes[i]);
    return count;
}

static bool burst_and_its_end_arrive(void *arg)
{
    struct bulk *bulk = arg;

    take_more(bulk, PUMP_UP, bulk->scene.server);
    return bulk->scene.pump.way[PUMP_UP].state == PUMP_ENDED_WAY && bulk->got[PUMP_UP] == bulk->sent[PUMP_UP];
}

static bool server_says_bye(void *arg)
{
    say(((struct bulk *)arg)->scene.server, "* BYE\r\na OK\r\n");
    return true;
}

static bool bye_arrives(void *arg)
{
    return last_word_arrives(&((struct bulk *)arg)->scene);
}

/* The burst and the end of the stream are read in one turn; the other direction is quiet, and goes on afterwards. */
START_TEST(a_pipe_is_given_back_at_half_close)
{
    static unit_step_fn *const steps[] = {burst_and_its_end_arrive, server_says_bye, bye_arrives, NULL};
    const int room = 1 << 20;
    struct bulk bulk = {.most = SIZE_MAX};
    unsigned before;

    set_up(&bulk.scene, _i, false);
    before = pipes_left();
    setsockopt(bulk.scene.client, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    setsockopt(transport_splice_fd(bulk.scene.client_side, LOOP_READ), SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    send_up_to(&bulk, PUMP_UP, bulk.scene.client, BURST);
    ck_assert_uint_eq(bulk.sent[PUMP_UP], BURST);
    start(&bulk.scene, NULL);
    unit_walk(bulk.scene.loop, steps, &bulk);
    ck_assert_ptr_null(bulk.scene.pump.way[PUMP_UP].pipe);
    ck_assert_uint_eq(pipes_left(), before);
    ck_assert_int_eq(bulk.scene.told, 0);
    tear_down(&bulk.scene);
}
END_TEST

/* A server's stream within something else, which takes a part of each read for itself; it notes how much it is asked
 * for. */
struct within {
    struct transport base; /* first: the ops cast back */
    size_t lacks;          /* one part of so many */
    size_t asked[2];
    unsigned reads;
};

static ssize_t within_recv(struct transport *transport, void *bytes, size_t size)
{
    struct within *within = (struct within *)transport;

    if (within->reads == 2)
        return TRANSPORT_AGAIN;
    within->asked[within->reads++] = size;
    memset(bytes, 'x', size);
    return (ssize_t)(size - size / within->lacks);
}

static int within_splice_fd(const struct transport *transport, int direction)
{
    (void)transport, (void)direction;
    return -1;
}

static const struct transport_ops within_ops = {.recv = within_recv, .splice_fd = within_splice_fd};

static bool two_reads_are_done(void *arg)
{
    static char bytes[65536];
    struct scene *scene = arg;

    (void)!recv(scene->client, bytes, sizeof bytes, MSG_DONTWAIT);
    return ((struct within *)scene->pump.way[PUMP_DOWN].from)->reads == 2;
}

START_TEST(a_read_that_is_nearly_full_is_a_burst)
{
    for (size_t lacks = 7; lacks <= 8; lacks++) {
        struct within within = {.lacks = lacks};
        struct scene scene;

        set_up(&scene, _i, false);
        within.base.ops = &within_ops;
        within.base.loop = scene.loop;
        pump_start(&scene.pump, scene.client_side, &within.base, NULL, 0, on_told, &scene);
        unit_wait(scene.loop, two_reads_are_done, &scene);
        ck_assert_uint_eq(within.asked[1] > within.asked[0], lacks == 8);
        tear_down(&scene);
    }
}
END_TEST

/* A client's stream that says how much it takes. */
struct narrow {
    struct transport base; /* first: the ops cast back */
    size_t room;
};

static ssize_t narrow_recv(struct transport *transport, void *bytes, size_t size)
{
    (void)transport, (void)bytes, (void)size;
    return TRANSPORT_AGAIN;
}

static ssize_t narrow_send(struct transport *transport, const void *bytes, size_t length)
{
    (void)transport, (void)bytes;
    return (ssize_t)length;
}

static size_t narrow_room(const struct transport *transport)
{
    return ((const struct narrow *)transport)->room;
}

static const struct transport_ops narrow_ops = {
    .recv = narrow_recv, .send = narrow_send, .splice_fd = within_splice_fd, .room = narrow_room,
};

START_TEST(no_more_is_read_than_there_is_room_for)
{
    static const size_t rooms[] = {0, 30000, 100000, SIZE_MAX}, asked[][2] = {
        {4096, 4096}, {30000, 30000}, {65536, 100000}, {65536, 262144},
    };

    for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
        struct within within = {.lacks = SIZE_MAX};
        struct narrow narrow = {.room = rooms[i]};
        struct scene scene;

        set_up(&scene, _i, false);
        within.base.ops = &within_ops;
        narrow.base.ops = &narrow_ops;
        within.base.loop = narrow.base.loop = scene.loop;
        pump_start(&scene.pump, &narrow.base, &within.base, NULL, 0, on_told, &scene);
        unit_wait(scene.loop, two_reads_are_done, &scene);
        ck_assert_uint_eq(within.asked[0], asked[i][0]);
        ck_assert_uint_eq(within.asked[1], asked[i][1]);
        tear_down(&scene);
    }
}
END_TEST

/* --- where the server's stream says how bytes are to lie --- */

enum { SPAN = 5000, GAP = 7, LETTER_BYTES = 3000000 };

struct laying {
    struct transport base; /* first: the ops cast back */
    int spans;             /* that it wants */
    size_t takes;          /* at most, of what is laid out; 0: says AGAIN */
    size_t laid;           /* bytes that came so */
    char *got;             /* of LETTER_BYTES */
    size_t got_length;
};

static int laying_layout(const struct transport *transport, void *buffer, size_t size, struct iovec spans[])
{
    int count = ((const struct laying *)transport)->spans;

    ck_assert_uint_ge(size, TRANSPORT_SPANS_MAX * (SPAN + GAP));
    for (int i = 0; i < count; i++)
        spans[i] = (struct iovec){(char *)buffer + i * (SPAN + GAP) + GAP, SPAN};
    return count;
}

static ssize_t laying_send_laid(struct transport *transport, void *buffer, size_t length)
{
    struct laying *self = (struct laying *)transport;
    size_t taken = 0;

    if (length > self->takes)
        length = self->takes;
    for (char *at = (char *)buffer + GAP; taken < length; at += SPAN + GAP) {
        size_t some = length - taken < SPAN ? length - taken : SPAN;

        memcpy(self->got + self->got_length, at, some);
        memset(at - GAP, '#', GAP + some);
        self->got_length += some;
        taken += some;
    }
    self->laid += taken;
    return taken > 0 ? (ssize_t)taken : TRANSPORT_AGAIN;
}

static ssize_t laying_send(struct transport *transport, const void *bytes, size_t length)
{
    struct laying *self = (struct laying *)transport;

    memcpy(self->got + self->got_length, bytes, length);
    self->got_length += length;
    return (ssize_t)length;
}

static bool laying_shutdown(struct transport *transport)
{
    (void)transport;
    return true;
}

static const struct transport_ops laying_ops = {
    .recv = narrow_recv, .send = laying_send, .splice_fd = within_splice_fd, .shutdown_send = laying_shutdown,
    .layout = laying_layout, .send_laid = laying_send_laid,
};

struct laying_scene {
    struct scene scene;
    struct laying server;
    size_t said;
};

static char letter_byte(size_t i)
{
    if (i >= LETTER_BYTES - 7)
        return "\nQUIT\r\n"[i - (LETTER_BYTES - 7)];
    return (char)('a' + (i / 3 + i / 1000) % 26);
}

static bool the_letter_is_there(void *arg)
{
    struct laying_scene *self = arg;
    char piece[60000];

    while (self->said < LETTER_BYTES) {
        size_t length = LETTER_BYTES - self->said < sizeof piece ? LETTER_BYTES - self->said : sizeof piece;
        ssize_t sent;

        for (size_t i = 0; i < length; i++)
            piece[i] = letter_byte(self->said + i);
        sent = send(self->scene.client, piece, length, MSG_NOSIGNAL);
        if (sent <= 0)
            break;
        self->said += (size_t)sent;
    }
    if (self->said == LETTER_BYTES)
        shutdown(self->scene.client, SHUT_WR);
    return self->scene.pump.way[PUMP_UP].state == PUMP_ENDED_WAY;
}

START_TEST(a_burst_is_read_to_where_it_is_wanted)
{
    static const size_t takes[] = {SIZE_MAX, 1, SPAN - 1, SPAN, SPAN + 1, 30001, 0, SIZE_MAX}; /* few spans at last */

    for (size_t i = 0; i < sizeof takes / sizeof takes[0]; i++) {
        struct laying_scene self = {.server.takes = takes[i], .server.spans = i < 7 ? TRANSPORT_SPANS_MAX : 3};

        set_up(&self.scene, _i, false);
        self.server.got = malloc(LETTER_BYTES);
        self.server.base.ops = &laying_ops;
        self.server.base.loop = self.scene.loop;
        pump_start(&self.scene.pump, self.scene.client_side, &self.server.base, NULL, 0, on_told, &self.scene);
        unit_wait(self.scene.loop, the_letter_is_there, &self);
        ck_assert_uint_eq(self.server.got_length, LETTER_BYTES);
        for (size_t j = 0; j < LETTER_BYTES; j++)
            if (self.server.got[j] != letter_byte(j))
                ck_abort_msg("takes %zu: byte %zu", takes[i], j);
        ck_assert_uint_eq(self.scene.pump.way[PUMP_UP].bytes, LETTER_BYTES);
        ck_assert_uint_eq(self.scene.pump.way[PUMP_UP].line.length, 6);
        ck_assert_int_eq(memcmp(self.scene.pump.way[PUMP_UP].line.start, "QUIT\r\n", 6), 0);
        ck_assert(takes[i] == 0 || self.server.laid > 0);
        ck_assert(takes[i] != SIZE_MAX || self.server.laid > LETTER_BYTES / 8); /* a busy machine brings small pieces */
        tear_down(&self.scene);
        free(self.server.got);
    }
}
END_TEST

/* A reader that takes nothing: the pump holds at most one buffer or pipe, and the writer is stopped. */
static bool the_writer_is_stopped(void *arg)
{
    struct bulk *bulk = arg;
    size_t before = bulk->sent[PUMP_DOWN];

    send_more(bulk, PUMP_DOWN, bulk->scene.server);
    bulk->most = bulk->sent[PUMP_DOWN] == before ? bulk->most + 1 : 0;
    return bulk->most > QUIET_TICKS;
}

START_TEST(a_reader_that_takes_nothing_stops_the_writer)
{
    struct bulk bulk = {.one_way = true};

    set_up(&bulk.scene, _i, true);
    start(&bulk.scene, NULL);
    unit_wait(bulk.scene.loop, the_writer_is_stopped, &bulk);
    ck_assert_uint_lt(bulk.sent[PUMP_DOWN], 3 << 20);
    ck_assert_int_eq(bulk.scene.told, 0);
    ck_assert(bulk.scene.pump.way[PUMP_DOWN].waits_for_room);
    tear_down(&bulk.scene);
}
END_TEST

/* --- resets --- */

static bool broken_is_told(void *arg)
{
    return ((struct scene *)arg)->told > 0;
}

START_TEST(a_reset_of_either_side_is_told)
{
    for (int who = 0; who < 2; who++) {
        struct scene scene;

        set_up(&scene, _i, false);
        start(&scene, NULL);
        reset(who ? &scene.client : &scene.server);
        unit_wait(scene.loop, broken_is_told, &scene);
        ck_assert_int_eq(scene.told, 1);
        ck_assert_int_eq(scene.event, PUMP_BROKEN);
        ck_assert_ptr_eq(scene.pump.broken_side, who ? scene.client_side : scene.server_side);
        tear_down(&scene);
    }
}
END_TEST

/* One way has ended already, or has no room: a reset is noticed all the same. */
static bool the_end_is_passed_then_reset(void *arg)
{
    struct scene *scene = arg;

    if (!ended(scene->server))
        return false;
    reset(&scene->client);
    return true;
}

START_TEST(a_reset_after_half_close_is_told)
{
    static unit_step_fn *const steps[] = {the_end_is_passed_then_reset, broken_is_told, NULL};
    struct scene scene;

    set_up(&scene, _i, false);
    start(&scene, NULL);
    shutdown(scene.client, SHUT_WR);
    unit_walk(scene.loop, steps, &scene);
    ck_assert_int_eq(scene.event, PUMP_BROKEN);
    ck_assert_ptr_eq(scene.pump.broken_side, scene.client_side);
    tear_down(&scene);
}
END_TEST

static bool it_is_full_then_reset(void *arg)
{
    struct bulk *bulk = arg;

    if (!the_writer_is_stopped(bulk))
        return false;
    reset(&bulk->scene.server);
    return true;
}

static bool bulk_is_broken(void *arg)
{
    return ((struct bulk *)arg)->scene.told > 0;
}

START_TEST(a_reset_while_there_is_no_room_is_told)
{
    static unit_step_fn *const steps[] = {it_is_full_then_reset, bulk_is_broken, NULL};
    struct bulk bulk = {.one_way = true};

    set_up(&bulk.scene, _i, true);
    start(&bulk.scene, NULL);
    unit_walk(bulk.scene.loop, steps, &bulk);
    ck_assert_int_eq(bulk.scene.event, PUMP_BROKEN);
    tear_down(&bulk.scene);
}
END_TEST

/* What the owner does then: both sides are reset, and the other one sees no clean end. */
static bool the_other_is_reset(void *arg)
{
    struct scene *scene = arg;

    if (scene->told && scene->client_side) {
        transport_reset(scene->client_side);
        transport_reset(scene->server_side);
        scene->client_side = scene->server_side = NULL;
    }
    return scene->told && was_reset(scene->client);
}

START_TEST(a_reset_is_never_a_clean_end_for_the_other)
{
    struct scene scene;

    set_up(&scene, _i, false);
    say(scene.server, "half a mess");
    start(&scene, NULL);
    reset(&scene.server);
    unit_wait(scene.loop, the_other_is_reset, &scene);
    ck_assert_int_eq(scene.event, PUMP_BROKEN);
    tear_down(&scene);
}
END_TEST

/* --- stopping --- */

static bool a_while_passes(void *arg)
{
    struct scene *scene = arg;

    return ++scene->pump.way[PUMP_UP].bytes > 20; /* a stopped pump does not count here any more */
}

START_TEST(a_stopped_pump_moves_nothing_and_tells_nothing)
{
    struct scene scene;

    set_up(&scene, _i, false);
    start(&scene, "left over");
    say(scene.client, "up");
    pump_stop(&scene.pump);
    pump_stop(&scene.pump);
    close(scene.server);
    scene.server = -1;
    unit_wait(scene.loop, a_while_passes, &scene);
    ck_assert_int_eq(scene.told, 0);
    ck_assert(!heard(scene.client, "left over"));
    tear_down(&scene);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("pump");

    /* each of them copying (0) and, where the system can, splicing (1) */
    tcase_add_loop_test(cases, a_goodbye_is_told, 0, 3);
    tcase_add_loop_test(cases, each_side_has_a_first_byte, 0, 4);
    tcase_add_loop_test(cases, a_server_that_ends_before_it_has_begun, 0, 4);
    tcase_add_loop_test(cases, a_talk_with_left_over_bytes_and_half_close, 0, 2);
    tcase_add_loop_test(cases, the_server_may_end_first, 0, 2);
    tcase_add_loop_test(cases, what_was_there_before_the_start_is_moved, 0, 2);
    tcase_add_loop_test(cases, megabytes_both_ways, 0, 2);
    tcase_add_loop_test(cases, a_pipe_is_given_back_at_half_close, 0, 2);
    tcase_add_loop_test(cases, a_read_that_is_nearly_full_is_a_burst, 0, 2);
    tcase_add_loop_test(cases, no_more_is_read_than_there_is_room_for, 0, 2);
    tcase_add_loop_test(cases, a_burst_is_read_to_where_it_is_wanted, 0, 2);
    tcase_add_loop_test(cases, a_reader_that_takes_nothing_stops_the_writer, 0, 2);
    tcase_add_loop_test(cases, a_reset_of_either_side_is_told, 0, 2);
    tcase_add_loop_test(cases, a_reset_after_half_close_is_told, 0, 2);
    tcase_add_loop_test(cases, a_reset_while_there_is_no_room_is_told, 0, 2);
    tcase_add_loop_test(cases, a_reset_is_never_a_clean_end_for_the_other, 0, 2);
    tcase_add_loop_test(cases, a_stopped_pump_moves_nothing_and_tells_nothing, 0, 2);
    return unit_run();
}
