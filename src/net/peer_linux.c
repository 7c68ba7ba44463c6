/* SPDX-License-Identifier: ISC */
/* Linux: asks sock_diag(7) about the one connection; where that is missing, searches /proc/net/tcp*. */
#include "net/peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_MS 500 /* of the kernel's answer, which is there at once; who waits longer is not told */

static int diag = -1; /* netlink socket, kept open because opening it costs more than a request */

static bool diag_open(void)
{
    const struct timeval limit = {.tv_usec = ANSWER_MS * 1000};

    if (diag >= 0)
        return true;
    diag = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (diag >= 0)
        (void)setsockopt(diag, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    return diag >= 0;
}

void peer_release(void)
{
    if (diag >= 0)
        close(diag);
    diag = -1;
}

static void put_end(const struct address *address, __be16 *port, __be32 words[4])
{
    *port = htons(address_port(address));
    if (address->any.sa_family == AF_INET6)
        memcpy(words, &address->v6.sin6_addr, 16);
    else
        memcpy(words, &address->v4.sin_addr, 4);
}

/* Whether two addresses are the same.  The client of an IPv4 connection may have a socket of IPv6, as those of Java and
 * of Mozilla have: then the kernel tells its addresses as it sees them, mapped into IPv6. */
static bool same_host(unsigned a_family, const __be32 a[4], unsigned b_family, const __be32 b[4])
{
    const __be32 a_mapped[4] = {0, 0, htonl(0xffff), a[0]}, b_mapped[4] = {0, 0, htonl(0xffff), b[0]};

    return memcmp(a_family == AF_INET ? a_mapped : a, b_family == AF_INET ? b_mapped : b, sizeof a_mapped) == 0;
}

/* Whether the answer is about the connection that was asked for.  If there is none, the kernel answers with a socket
 * that listens on the client's port. */
static bool is_about(const struct inet_diag_msg *found, const struct inet_diag_req_v2 *asked)
{
    return found->idiag_state != TCP_LISTEN && found->id.idiag_sport == asked->id.idiag_sport &&
           found->id.idiag_dport == asked->id.idiag_dport &&
           same_host(found->idiag_family, found->id.idiag_src, asked->sdiag_family, asked->id.idiag_src) &&
           same_host(found->idiag_family, found->id.idiag_dst, asked->sdiag_family, asked->id.idiag_dst);
}

/* True: *answer is set.  False: sock_diag cannot be asked here, errno says why. */
static bool ask_diag(const struct address *client, const struct address *local, uid_t *uid, enum peer_answer *answer)
{
    static __u32 sequence;
    struct {
        struct nlmsghdr head;
        struct inet_diag_req_v2 body;
    } request = {
        .head = {.nlmsg_len = sizeof request, .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST,
                 .nlmsg_seq = ++sequence},
        .body = {.sdiag_family = (__u8)client->any.sa_family, .sdiag_protocol = IPPROTO_TCP, .idiag_states = ~0u,
                 .id.idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE}},
    };
    union {
        struct nlmsghdr head;
        char bytes[1024];
    } reply;
    const struct inet_diag_msg *found;
    ssize_t length;

    put_end(client, &request.body.id.idiag_sport, request.body.id.idiag_src);
    put_end(local, &request.body.id.idiag_dport, request.body.id.idiag_dst);
    if (!diag_open() || send(diag, &request, sizeof request, 0) < 0)
        return false;
    do /* pass over the answer to an earlier request that was given up */
        length = recv(diag, &reply, sizeof reply, 0);
    while ((length < 0 && errno == EINTR) ||
           (length >= (ssize_t)sizeof reply.head && reply.head.nlmsg_seq != sequence));
    if (length < (ssize_t)sizeof reply.head)
        return false;
    if (reply.head.nlmsg_type == NLMSG_ERROR) {
        const struct nlmsgerr *error = NLMSG_DATA(&reply.head);

        errno = length >= (ssize_t)NLMSG_LENGTH(sizeof *error) ? -error->error : EPROTO;
        *answer = PEER_GONE;
        return errno == ENOENT;
    }
    if (reply.head.nlmsg_type != SOCK_DIAG_BY_FAMILY || length < (ssize_t)NLMSG_LENGTH(sizeof *found)) {
        errno = EPROTO;
        return false;
    }
    found = NLMSG_DATA(&reply.head);
    *uid = found->idiag_uid;
    *answer = found->idiag_inode && is_about(found, &request.body) ? PEER_KNOWN : PEER_GONE;
    return true;
}

/* "0100007F:1F90" as /proc/net/tcp writes an address: each 32-bit word in the machine's order. */
static void proc_format(const struct address *address, char *out, size_t size)
{
    unsigned words[4] = {0};

    if (address->any.sa_family == AF_INET6) {
        memcpy(words, &address->v6.sin6_addr, 16);
        snprintf(out, size, "%08X%08X%08X%08X:%04X", words[0], words[1], words[2], words[3],
                 (unsigned)address_port(address));
    } else {
        memcpy(words, &address->v4.sin_addr, 4);
        snprintf(out, size, "%08X:%04X", words[0], (unsigned)address_port(address));
    }
}

static enum peer_answer search_table(const char *path, const struct address *client, const struct address *local,
                                     uid_t *uid)
{
    FILE *table = fopen(path, "re");
    char wanted_client[48], wanted_local[48], line[512];
    enum peer_answer answer = PEER_GONE;

    if (!table)
        return PEER_UNTOLD;
    proc_format(client, wanted_client, sizeof wanted_client);
    proc_format(local, wanted_local, sizeof wanted_local);
    while (answer == PEER_GONE && fgets(line, sizeof line, table)) {
        char own[48], other[48];
        unsigned owner;
        unsigned long inode;

        if (sscanf(line, " %*u: %47s %47s %*x %*x:%*x %*x:%*x %*x %u %*u %lu", own, other, &owner, &inode) == 4 &&
            strcmp(own, wanted_client) == 0 && strcmp(other, wanted_local) == 0 && inode) {
            *uid = (uid_t)owner;
            answer = PEER_KNOWN;
        }
    }
    fclose(table);
    return answer;
}

/* An IPv4 address mapped into IPv6, as same_host says. */
static struct address mapped(const struct address *address)
{
    const __be32 words[4] = {0, 0, htonl(0xffff), address->v4.sin_addr.s_addr};
    struct address six = {.v6 = {.sin6_family = AF_INET6, .sin6_port = address->v4.sin_port}};

    memcpy(&six.v6.sin6_addr, words, sizeof words);
    return six;
}

static enum peer_answer search_proc(const struct address *client, const struct address *local, uid_t *uid)
{
    bool four = client->any.sa_family == AF_INET;
    enum peer_answer answer = search_table(four ? "/proc/net/tcp" : "/proc/net/tcp6", client, local, uid);
    struct address client_six, local_six;

    if (!four || answer != PEER_GONE)
        return answer;
    client_six = mapped(client);
    local_six = mapped(local);
    return search_table("/proc/net/tcp6", &client_six, &local_six, uid) == PEER_KNOWN ? PEER_KNOWN : PEER_GONE;
}

enum peer_answer peer_uid(const struct address *client, const struct address *local, uid_t *uid, char *error,
                          size_t size)
{
    enum peer_answer answer;
    int reason;

    if (ask_diag(client, local, uid, &answer))
        return answer;
    reason = errno;
    peer_release(); /* after a wrong answer, more of the kind may wait in the socket */
    answer = search_proc(client, local, uid);
    if (answer == PEER_UNTOLD)
        snprintf(error, size, "sock_diag: %s, and /proc/net/tcp cannot be read", strerror(reason));
    return answer;
}

bool peer_port_is_foreign(uint16_t port)
{
    static const char *const tables[] = {"/proc/net/tcp", "/proc/net/tcp6"};
    bool foreign = false;

    for (size_t i = 0; i < 2; i++) {
        FILE *table = fopen(tables[i], "re");
        unsigned own, state, owner;
        char line[512];

        while (table && !foreign && fgets(line, sizeof line, table))
            foreign = sscanf(line, " %*u: %*[0-9A-F]:%x %*[0-9A-F]:%*x %x %*x:%*x %*x:%*x %*x %u", &own, &state,
                             &owner) == 3 &&
                      own == port && state == TCP_LISTEN && owner != geteuid();
        if (table)
            fclose(table);
    }
    return foreign;
}

bool peer_is_told(void)
{
    return true;
}

bool peer_stream_uid(int fd, uid_t *uid)
{
    struct ucred credentials;
    socklen_t size = sizeof credentials;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0)
        return false;
    *uid = credentials.uid;
    return true;
}

bool peer_streams_are_told(void)
{
    return true;
}

bool peer_is_ours(int fd)
{
    uid_t uid;

    return peer_stream_uid(fd, &uid) && uid == geteuid();
}
