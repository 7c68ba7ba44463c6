/* SPDX-License-Identifier: ISC */
#include "session/access.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/peer.h"
#include "net/unix_socket.h"

#include "../unit.h"
#include "given.h"

#define NOW 1000000u
#define CANNOT_TELL "warning imap/work cannot find out whose a client is (no such file): all are refused; to let " \
                    "every user of this machine in, set same-user = no\n"

/* What the linker puts in place of the program's own. */
enum peer_answer __wrap_peer_uid(const struct address *client, const struct address *local, uid_t *uid, char *error,
                                 size_t size);
enum peer_answer __real_peer_uid(const struct address *client, const struct address *local, uid_t *uid, char *error,
                                 size_t size);

static struct {
    bool real;               /* the system is asked */
    enum peer_answer answer; /* otherwise */
    uid_t uid;
    unsigned asked;
    struct address client, local;
} peer;

enum peer_answer __wrap_peer_uid(const struct address *client, const struct address *local, uid_t *uid, char *error,
                                 size_t size)
{
    peer.asked++;
    peer.client = *client;
    peer.local = *local;
    if (peer.real)
        return __real_peer_uid(client, local, uid, error, size);
    if (peer.answer == PEER_KNOWN)
        *uid = peer.uid;
    if (peer.answer == PEER_UNTOLD)
        snprintf(error, size, "no such file");
    return peer.answer;
}

static bool tells = true; /* whether the system ever says whose a client is */

bool __wrap_peer_is_told(void);

bool __wrap_peer_is_told(void)
{
    return tells;
}

static bool streams_fail, streams_told = true; /* of ends of streams */

bool __wrap_peer_stream_uid(int fd, uid_t *uid);
bool __real_peer_stream_uid(int fd, uid_t *uid);
bool __wrap_peer_streams_are_told(void);

bool __wrap_peer_stream_uid(int fd, uid_t *uid)
{
    return !streams_fail && __real_peer_stream_uid(fd, uid);
}

bool __wrap_peer_streams_are_told(void)
{
    return streams_told;
}

/* A client from there to here, and what became of it. */
struct client {
    const char *from, *local;
    bool same_user;
    bool admitted, known;
    uid_t uid;
    struct failure refusal;
};

static void come(struct client *client, struct access *access, uint64_t now)
{
    const struct settings settings = {.same_user = client->same_user};
    struct address from, local;

    ck_assert(address_from_literal(&from, client->from, 50000));
    ck_assert(address_from_literal(&local, client->local, 1143));
    peer.asked = 0;
    client->known = peer.answer != PEER_KNOWN; /* both are to be set, whatever they were */
    client->uid = 12345;
    client->admitted = access_admits(access, &settings, now, "imap/work", -1, &from, &local, &client->uid,
                                     &client->known, &client->refusal);
    if (peer.asked > 0) {
        ck_assert(address_equal(&peer.client, &from));
        ck_assert(address_equal(&peer.local, &local));
    }
}

static void check_refused(const struct client *client, const char *why)
{
    ck_assert(!client->admitted);
    ck_assert_int_eq(client->refusal.class, FAILURE_PERMANENT);
    ck_assert_str_eq(client->refusal.what, why);
    ck_assert_str_eq(client->refusal.where, "");
}

START_TEST(the_user_who_runs_the_daemon_may_connect)
{
    static const char *const loopbacks[] = {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"};
    struct access access = {0};

    peer.answer = PEER_KNOWN;
    peer.uid = geteuid();
    for (size_t i = 0; i < sizeof loopbacks / sizeof loopbacks[0]; i++) {
        struct client client = {.from = loopbacks[i], .local = loopbacks[i], .same_user = true};

        come(&client, &access, NOW);
        ck_assert(client.admitted);
        ck_assert(client.known);
        ck_assert_uint_eq(client.uid, geteuid());
        ck_assert_uint_eq(peer.asked, 1);
    }
    given_check_log("");
}
END_TEST

/* Root neither, when the daemon is another's; and who root runs it for is none but root. */
START_TEST(any_other_user_may_not)
{
    const uid_t others[] = {geteuid() + 1, geteuid() == 0 ? 65534 : 0, (uid_t)-1};

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct client client = {.from = "127.0.0.1", .local = "127.0.0.1", .same_user = true};
        struct access access = {0};

        peer.answer = PEER_KNOWN;
        peer.uid = others[i];
        come(&client, &access, NOW);
        check_refused(&client, "only the user who runs sallyport may connect (same-user)");
        ck_assert(client.known); /* for the log */
        ck_assert_uint_eq(client.uid, others[i]);
    }
    given_check_log("");
}
END_TEST

/* Packets that were redirected to loopback from elsewhere: whoever the kernel would name is not their sender. */
START_TEST(who_comes_to_loopback_from_elsewhere_may_not)
{
    static const char *const elsewhere[] = {"10.9.9.9", "2001:db8::1"};

    for (size_t i = 0; i < sizeof elsewhere / sizeof elsewhere[0]; i++) {
        struct client client = {.from = elsewhere[i], .local = i == 0 ? "127.0.0.1" : "::1", .same_user = true};
        struct access access = {0};

        peer.answer = PEER_KNOWN;
        peer.uid = geteuid();
        come(&client, &access, NOW);
        check_refused(&client, "only programs of this machine may connect (same-user)");
        ck_assert_uint_eq(peer.asked, 0);
    }
    given_check_log("");
}
END_TEST

/* Who says same-user = no means it; whose a client of another machine is, no system knows. */
START_TEST(where_it_is_not_asked_for_everybody_may)
{
    struct client all[] = {
        {.from = "127.0.0.1", .local = "127.0.0.1"},
        {.from = "::1", .local = "::1"},
        {.from = "192.0.2.9", .local = "192.0.2.1", .same_user = true},
        {.from = "2001:db8::9", .local = "2001:db8::1", .same_user = true},
    };
    struct access access = {0};

    peer.answer = PEER_KNOWN;
    peer.uid = geteuid() + 1;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        come(&all[i], &access, NOW);
        ck_assert(all[i].admitted);
        ck_assert_uint_eq(peer.asked, 0);
    }
}
END_TEST

START_TEST(whose_it_is_is_not_known_where_nobody_was_asked)
{
    struct client client = {.from = "192.0.2.9", .local = "192.0.2.1", .same_user = true};
    struct access access = {0};

    peer.answer = PEER_GONE; /* if it were asked */
    come(&client, &access, NOW);
    ck_assert(client.admitted);
    ck_assert(!client.known);
}
END_TEST

START_TEST(a_client_that_has_gone_is_refused)
{
    struct client client = {.from = "127.0.0.1", .local = "127.0.0.1", .same_user = true};
    struct access access = {0};

    peer.answer = PEER_GONE;
    come(&client, &access, NOW);
    check_refused(&client, "the client has gone before it could be told whose it is");
    ck_assert(!client.known);
    given_check_log(""); /* it is no fault of the system */
}
END_TEST

/* The warning is for whoever runs the daemon: once in a while, however many are refused. */
START_TEST(where_the_system_cannot_tell_all_are_refused_and_the_log_says_so)
{
    struct client client = {.from = "::1", .local = "::1", .same_user = true};
    struct access access = {0};

    peer.answer = PEER_UNTOLD;
    come(&client, &access, NOW);
    check_refused(&client, "cannot find out which user connects (same-user)");
    ck_assert(!client.known);
    given_check_log(CANNOT_TELL);
    for (unsigned ms = 0; ms < 10000; ms += 1111) {
        come(&client, &access, NOW + ms);
        check_refused(&client, "cannot find out which user connects (same-user)");
        given_check_log("");
    }
    come(&client, &access, NOW + 10000);
    given_check_log(CANNOT_TELL);
}
END_TEST

/* --- the system itself --- */

/* An end of a stream has a user of its own, and no address is asked for. */
START_TEST(streams_of_others_are_refused)
{
    const struct address unix_end = {.any.sa_family = AF_UNIX};
    struct settings settings = {.same_user = true};
    struct access access = {0};
    struct failure refusal;
    uid_t uid = 12345;
    int ends[2];
    bool known;

    peer.asked = 0;
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
#ifdef LINUX_WAYS
    ck_assert(access_admits(&access, &settings, NOW, "imap", ends[0], &unix_end, &unix_end, &uid, &known, &refusal));
    ck_assert(known);
    ck_assert_uint_eq(uid, geteuid());
    if (geteuid() == 0) { /* who alone can play another user */
        int others[2];

        ck_assert_int_eq(seteuid(65534), 0);
        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, others), 0);
        ck_assert_int_eq(seteuid(0), 0);
        ck_assert(!access_admits(&access, &settings, NOW, "imap", others[0], &unix_end, &unix_end, &uid, &known,
                                 &refusal));
        ck_assert_str_eq(refusal.what, "only the user who runs sallyport may connect (same-user)");
        ck_assert_uint_eq(uid, 65534);
        settings.same_user = false;
        ck_assert(access_admits(&access, &settings, NOW, "imap", others[0], &unix_end, &unix_end, &uid, &known,
                                &refusal));
        close(others[0]), close(others[1]);
    }
#else /* whose it is is not told, and no file stands guard */
    ck_assert(!access_admits(&access, &settings, NOW, "imap", ends[0], &unix_end, &unix_end, &uid, &known, &refusal));
    ck_assert(!known);
    ck_assert_str_eq(refusal.what, "cannot find out which user connects (same-user)");
#endif
    ck_assert_uint_eq(peer.asked, 0);
    close(ends[0]), close(ends[1]);
}
END_TEST

/* Ours are let in only where the system never tells, and only while file and folder are ours alone. */
START_TEST(a_stream_that_nothing_is_told_of_is_let_in_at_a_guarded_socket)
{
    static const struct {
        bool told;
        mode_t file, folder;
        bool admitted;
    } rows[] = {
        {false, 0600, 0700, true}, {false, 0666, 0700, false}, {false, 0600, 0777, false}, {true, 0600, 0700, false},
    };
    const struct address unix_end = {.any.sa_family = AF_UNIX};
    const struct settings settings = {.same_user = true};
    char folder[] = "/tmp/check_access-XXXXXX", path[60], error[400];
    struct access access = {0};
    struct unix_socket ours;
    struct sockaddr_un at;
    struct failure refusal;
    int client, end;
    uid_t uid;
    bool known;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/imap", folder);
    ck_assert_msg(unix_socket_take(&ours, path, error, sizeof error), "%s", error);
    unix_socket_address(&at, path);
    client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(connect(client, (const struct sockaddr *)&at, sizeof at), 0);
    end = accept(ours.fd, NULL, NULL);
    ck_assert_int_ge(end, 0);
    streams_fail = true;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        streams_told = rows[i].told;
        ck_assert_int_eq(chmod(path, rows[i].file), 0);
        ck_assert_int_eq(chmod(folder, rows[i].folder), 0);
        ck_assert_int_eq(access_admits(&access, &settings, NOW, "imap", end, &unix_end, &unix_end, &uid, &known,
                                       &refusal), rows[i].admitted);
        ck_assert(!known);
        if (!rows[i].admitted)
            ck_assert_str_eq(refusal.what, "cannot find out which user connects (same-user)");
    }
    streams_told = true;
    streams_fail = false;
    close(client), close(end), close(ours.fd);
    unix_socket_give_back(&ours);
    rmdir(folder);
}
END_TEST

#ifdef LINUX_WAYS
START_TEST(our_own_connection_is_let_in)
{
    const struct settings settings = {.same_user = true};
    struct address from = {0}, local = {0};
    socklen_t from_size = sizeof from.v6, local_size = sizeof local.v6;
    struct access access = {0};
    struct failure refusal;
    uid_t uid = 12345;
    bool known;
    int ends[2];

    peer.real = true;
    unit_tcp_pair(ends);
    ck_assert_int_eq(getpeername(ends[1], &from.any, &from_size), 0);
    ck_assert_int_eq(getsockname(ends[1], &local.any, &local_size), 0);
    ck_assert(access_admits(&access, &settings, NOW, "imap", -1, &from, &local, &uid, &known, &refusal));
    ck_assert(known);
    ck_assert_uint_eq(uid, geteuid());
    close(ends[0]); /* nobody owns it any more */
    ck_assert(!access_admits(&access, &settings, NOW, "imap", -1, &from, &local, &uid, &known, &refusal));
    ck_assert_str_eq(refusal.what, "the client has gone before it could be told whose it is");
    close(ends[1]);
    peer_release();
}
END_TEST
#endif

START_TEST(a_system_that_never_tells_is_warned_of_at_the_start)
{
    struct settings settings = {.same_user = true};

    access_foretell(&settings);
    given_check_log("");
    tells = false;
    access_foretell(&settings);
    given_check_log("warning this system does not tell whose a client is: all are refused on loopback; to let every "
                    "user of this machine in, set same-user = no\n");
    settings.same_user = false;
    access_foretell(&settings);
    given_check_log("");
    tells = true;
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("access");

    tcase_add_test(cases, streams_of_others_are_refused);
    tcase_add_test(cases, a_stream_that_nothing_is_told_of_is_let_in_at_a_guarded_socket);
    tcase_add_test(cases, the_user_who_runs_the_daemon_may_connect);
    tcase_add_test(cases, any_other_user_may_not);
    tcase_add_test(cases, who_comes_to_loopback_from_elsewhere_may_not);
    tcase_add_test(cases, where_it_is_not_asked_for_everybody_may);
    tcase_add_test(cases, whose_it_is_is_not_known_where_nobody_was_asked);
    tcase_add_test(cases, a_client_that_has_gone_is_refused);
    tcase_add_test(cases, where_the_system_cannot_tell_all_are_refused_and_the_log_says_so);
#ifdef LINUX_WAYS
    tcase_add_test(cases, our_own_connection_is_let_in);
#endif
    tcase_add_test(cases, a_system_that_never_tells_is_warned_of_at_the_start);
    return unit_run();
}
