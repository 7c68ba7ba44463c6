/* SPDX-License-Identifier: ISC */
#include "net/network_print.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define WIDE_PREFIX 8 /* bits: a route for so few is one to everywhere, or a part of one, as VPNs make them */

struct link {
    int32_t index;
    bool up, runs; /* switched on; has a carrier, too */
};

struct counted {
    unsigned char family, prefix, bytes[16];
};

/* Where packets to far addresses of a family go. */
struct way {
    bool known;                /* there is one */
    int32_t link;
    unsigned char router[16];  /* zeroed: none, or one that does not count */
};

enum { SIX, FOUR, FAMILIES };

struct network_print {
    size_t link_count, link_room, counted_count, messages;
    struct link *links;
    struct way ways[FAMILIES];
    struct counted counted[NETWORK_PRINT_ADDRESSES_MAX]; /* sorted */
};

/* --- messages --- */

struct span {
    const unsigned char *at;
    size_t length;
};

static void skip(struct span *span, size_t length)
{
    size_t most = length < span->length ? length : span->length;

    span->at += most;
    span->length -= most;
}

/* Takes the next message off.  False: there is no whole one. */
static bool take_message(struct span *rest, struct nlmsghdr *head, struct span *body)
{
    if (rest->length < sizeof *head)
        return false;
    memcpy(head, rest->at, sizeof *head);
    if (head->nlmsg_len < sizeof *head || head->nlmsg_len > rest->length)
        return false;
    *body = (struct span){rest->at + sizeof *head, head->nlmsg_len - sizeof *head};
    skip(rest, NLMSG_ALIGN(head->nlmsg_len));
    return true;
}

/* Takes the fixed part of a message off, which has size bytes.  False: it is shorter. */
static bool take_fixed(struct span *body, void *fixed, size_t size)
{
    if (body->length < size)
        return false;
    memcpy(fixed, body->at, size);
    skip(body, NLMSG_ALIGN(size));
    return true;
}

/* Copies the attribute of that type, if its value has exactly size bytes. */
static bool find_attribute(struct span rest, unsigned short type, void *value, size_t size)
{
    struct rtattr head;

    while (rest.length >= sizeof head) {
        memcpy(&head, rest.at, sizeof head);
        if (head.rta_len < sizeof head || head.rta_len > rest.length)
            return false;
        if ((head.rta_type & NLA_TYPE_MASK) == type && head.rta_len == sizeof head + size) {
            memcpy(value, rest.at + sizeof head, size);
            return true;
        }
        skip(&rest, RTA_ALIGN(head.rta_len));
    }
    return false;
}

static size_t size_of(unsigned char family)
{
    return family == AF_INET6 ? 16 : family == AF_INET ? 4 : 0;
}

/* --- links --- */

static struct link *find_link(const struct network_print *print, int32_t index)
{
    for (size_t i = 0; i < print->link_count; i++)
        if (print->links[i].index == index)
            return &print->links[i];
    return NULL;
}

static bool read_link(struct span body, struct link *link)
{
    struct ifinfomsg fixed;

    if (!take_fixed(&body, &fixed, sizeof fixed))
        return false;
    *link = (struct link){.index = fixed.ifi_index, .up = fixed.ifi_flags & IFF_UP,
                          .runs = fixed.ifi_flags & IFF_UP && fixed.ifi_flags & IFF_RUNNING};
    return true;
}

static void add_link(struct network_print *print, const struct link *link)
{
    if (print->link_count == print->link_room) {
        size_t room = print->link_room ? print->link_room * 2 : 16;
        struct link *links = room <= NETWORK_PRINT_LINKS_MAX ? realloc(print->links, room * sizeof *links) : NULL;

        if (!links)
            return;
        print->links = links;
        print->link_room = room;
    }
    print->links[print->link_count++] = *link;
}

/* --- addresses --- */

/* Reads an address.  False: it cannot be read.  *counts: unless its link is down. */
static bool read_address(struct span body, struct counted *address, int32_t *link, bool *counts)
{
    struct ifaddrmsg fixed;
    uint32_t flags;
    size_t size;

    memset(address, 0, sizeof *address);
    if (!take_fixed(&body, &fixed, sizeof fixed) || (size = size_of(fixed.ifa_family)) == 0)
        return false;
    address->family = fixed.ifa_family;
    address->prefix = fixed.ifa_prefixlen;
    if (!find_attribute(body, IFA_LOCAL, address->bytes, size) &&
        !find_attribute(body, IFA_ADDRESS, address->bytes, size))
        return false;
    if (!find_attribute(body, IFA_FLAGS, &flags, sizeof flags))
        flags = fixed.ifa_flags;
    *link = (int32_t)fixed.ifa_index;
    *counts = !(flags & (IFA_F_DEPRECATED | IFA_F_TENTATIVE | IFA_F_DADFAILED));
    if (fixed.ifa_family == AF_INET6)
        *counts &= !(flags & IFA_F_TEMPORARY) && memcmp(address->bytes, &in6addr_loopback, 16) != 0 &&
                   !(address->bytes[0] == 0xfe && (address->bytes[1] & 0xc0) == 0x80);
    else /* the same bit says that it is not the first address of its network */
        *counts &= address->bytes[0] != 127 && !(address->bytes[0] == 169 && address->bytes[1] == 254);
    return true;
}

/* Where an address stands, or would. */
static size_t place_of(const struct network_print *print, const struct counted *address, bool *found)
{
    size_t low = 0, high = print->counted_count;

    *found = false;
    while (low < high && !*found) {
        size_t middle = (low + high) / 2;
        int order = memcmp(&print->counted[middle], address, sizeof *address);

        *found = order == 0;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return high;
}

static bool link_is_up(const struct network_print *print, int32_t index)
{
    const struct link *link = find_link(print, index);

    return !link || link->up;
}

static void add_address(struct network_print *print, const struct counted *address)
{
    bool found;
    size_t place = place_of(print, address, &found);

    if (found || print->counted_count == NETWORK_PRINT_ADDRESSES_MAX)
        return;
    memmove(&print->counted[place + 1], &print->counted[place],
            (print->counted_count - place) * sizeof print->counted[0]);
    print->counted[place] = *address;
    print->counted_count++;
}

/* --- ways --- */

/* Reads a route.  False: it cannot be read.  *wide: it leads to everywhere, or a large part of it. */
static bool read_route(struct span body, struct way *way, unsigned *family, bool *wide)
{
    struct rtmsg fixed;
    uint32_t link = 0;
    size_t size;

    memset(way, 0, sizeof *way);
    if (!take_fixed(&body, &fixed, sizeof fixed) || (size = size_of(fixed.rtm_family)) == 0)
        return false;
    *family = fixed.rtm_family == AF_INET6 ? SIX : FOUR;
    *wide = fixed.rtm_dst_len < WIDE_PREFIX;
    way->known = fixed.rtm_type == RTN_UNICAST && find_attribute(body, RTA_OIF, &link, sizeof link);
    way->link = (int32_t)link;
    (void)find_attribute(body, RTA_GATEWAY, way->router, size);
    if (*family == SIX && way->router[0] == 0xfe && (way->router[1] & 0xc0) == 0x80)
        memset(way->router, 0, sizeof way->router);
    return true;
}

static bool same_way(const struct way *a, const struct way *b)
{
    return a->known == b->known && a->link == b->link && memcmp(a->router, b->router, sizeof a->router) == 0;
}

static void take_way(struct network_print *print, unsigned family, const struct way *way)
{
    const struct link *link = find_link(print, way->link);

    print->ways[family] = way->known && (!link || link->runs) ? *way : (struct way){0};
}

/* --- asking --- */

static void put_attribute(unsigned char *out, size_t *length, unsigned short type, const void *value, size_t size)
{
    const struct rtattr head = {.rta_len = (unsigned short)(sizeof head + size), .rta_type = type};

    memcpy(out + *length, &head, sizeof head);
    memcpy(out + *length + sizeof head, value, size);
    *length += RTA_ALIGN(sizeof head + size);
}

enum { LINKS, ADDRESSES, WAY_SIX, WAY_FOUR };

size_t network_print_question(unsigned question, uint32_t sequence, unsigned char out[NETWORK_PRINT_QUESTION_MAX])
{
    /* of the blocks for documentation (RFC 5737, RFC 3849), for which nobody has a route of its own */
    static const unsigned char far_four[4] = {192, 0, 2, 1}, far_six[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};
    static const unsigned short types[] = {RTM_GETLINK, RTM_GETADDR, RTM_GETROUTE, RTM_GETROUTE};
    const uint32_t no_counters = RTEXT_FILTER_SKIP_STATS;
    const struct ifinfomsg all_links = {.ifi_family = AF_UNSPEC};
    const struct ifaddrmsg all_addresses = {.ifa_family = AF_UNSPEC};
    const bool six = question == WAY_SIX;
    const struct rtmsg way = {.rtm_family = six ? AF_INET6 : AF_INET, .rtm_dst_len = six ? 128 : 32};
    struct nlmsghdr head = {.nlmsg_type = types[question], .nlmsg_flags = NLM_F_REQUEST, .nlmsg_seq = sequence};
    size_t length = sizeof head;

    memset(out, 0, NETWORK_PRINT_QUESTION_MAX);
    switch (question) {
    case LINKS:
        memcpy(out + length, &all_links, sizeof all_links);
        length += NLMSG_ALIGN(sizeof all_links);
        put_attribute(out, &length, IFLA_EXT_MASK, &no_counters, sizeof no_counters);
        head.nlmsg_flags |= NLM_F_DUMP;
        break;
    case ADDRESSES:
        memcpy(out + length, &all_addresses, sizeof all_addresses);
        length += NLMSG_ALIGN(sizeof all_addresses);
        head.nlmsg_flags |= NLM_F_DUMP;
        break;
    default:
        memcpy(out + length, &way, sizeof way);
        length += NLMSG_ALIGN(sizeof way);
        put_attribute(out, &length, RTA_DST, six ? far_six : far_four, six ? sizeof far_six : sizeof far_four);
        break;
    }
    head.nlmsg_len = (uint32_t)length;
    memcpy(out, &head, sizeof head);
    return length;
}

/* One message of an answer to a question for a list. */
static enum network_print_answer read_of_list(struct network_print *print, unsigned question,
                                              const struct nlmsghdr *head, struct span body)
{
    struct counted address;
    struct link link;
    int32_t index;
    bool counts;

    if (question == LINKS && head->nlmsg_type == RTM_NEWLINK && read_link(body, &link))
        add_link(print, &link);
    else if (question == ADDRESSES && head->nlmsg_type == RTM_NEWADDR &&
             read_address(body, &address, &index, &counts) && counts && link_is_up(print, index))
        add_address(print, &address);
    return head->nlmsg_flags & NLM_F_DUMP_INTR ? NETWORK_PRINT_BROKEN : NETWORK_PRINT_MORE;
}

/* The answer to a question for a way.  An error says that there is none. */
static enum network_print_answer read_way(struct network_print *print, unsigned question, const struct nlmsghdr *head,
                                          struct span body)
{
    struct way way = {0};
    unsigned family = question == WAY_SIX ? SIX : FOUR, read_family = family;
    bool wide;

    if (head->nlmsg_type != NLMSG_ERROR && (head->nlmsg_type != RTM_NEWROUTE ||
                                            !read_route(body, &way, &read_family, &wide) || read_family != family))
        return NETWORK_PRINT_BROKEN;
    take_way(print, family, &way);
    return NETWORK_PRINT_WHOLE;
}

enum network_print_answer network_print_read(struct network_print *print, unsigned question, uint32_t sequence,
                                             const void *bytes, size_t length)
{
    struct span rest = {bytes, length}, body;
    struct nlmsghdr head;
    enum network_print_answer answer = NETWORK_PRINT_MORE;

    while (answer == NETWORK_PRINT_MORE && rest.length > 0) {
        if (!take_message(&rest, &head, &body) || ++print->messages > NETWORK_PRINT_MESSAGES_MAX)
            return NETWORK_PRINT_BROKEN;
        if (head.nlmsg_seq != sequence)
            continue;
        if (question == WAY_SIX || question == WAY_FOUR)
            answer = read_way(print, question, &head, body);
        else if (head.nlmsg_type == NLMSG_DONE)
            answer = head.nlmsg_flags & NLM_F_DUMP_INTR ? NETWORK_PRINT_BROKEN : NETWORK_PRINT_WHOLE;
        else if (head.nlmsg_type == NLMSG_ERROR)
            answer = NETWORK_PRINT_BROKEN;
        else
            answer = read_of_list(print, question, &head, body);
    }
    return answer;
}

/* --- news --- */

static bool is_news_of_link(const struct network_print *print, bool gone, struct span body)
{
    const struct link *known;
    struct link link;

    if (!read_link(body, &link))
        return true;
    known = find_link(print, link.index);
    if (gone || !known)
        return gone ? known != NULL : link.up;
    return known->up != link.up || known->runs != link.runs;
}

static bool is_news_of_address(const struct network_print *print, bool gone, struct span body)
{
    struct counted address;
    int32_t index;
    bool counts, found;

    if (!read_address(body, &address, &index, &counts))
        return true;
    (void)place_of(print, &address, &found);
    return found != (counts && !gone && link_is_up(print, index));
}

static bool is_news_of_route(const struct network_print *print, bool gone, struct span body)
{
    unsigned family;
    struct way way;
    bool wide;

    if (!read_route(body, &way, &family, &wide))
        return true;
    return wide && (gone || !same_way(&way, &print->ways[family]));
}

static bool is_news(const struct network_print *print, const struct nlmsghdr *head, struct span body)
{
    switch (head->nlmsg_type) {
    case RTM_NEWLINK: case RTM_DELLINK:
        return is_news_of_link(print, head->nlmsg_type == RTM_DELLINK, body);
    case RTM_NEWADDR: case RTM_DELADDR:
        return is_news_of_address(print, head->nlmsg_type == RTM_DELADDR, body);
    case RTM_NEWROUTE: case RTM_DELROUTE:
        return is_news_of_route(print, head->nlmsg_type == RTM_DELROUTE, body);
    default:
        return true; /* rules, which say what route is taken */
    }
}

bool network_print_is_news(const struct network_print *print, const void *bytes, size_t length)
{
    struct span rest = {bytes, length}, body;
    struct nlmsghdr head;

    while (rest.length > 0)
        if (!take_message(&rest, &head, &body) || is_news(print, &head, body))
            return true;
    return false;
}

/* --- prints --- */

struct network_print *network_print_new(void)
{
    return calloc(1, sizeof(struct network_print));
}

void network_print_free(struct network_print *print)
{
    if (print)
        free(print->links);
    free(print);
}

bool network_print_equal(const struct network_print *a, const struct network_print *b)
{
    for (size_t i = 0; i < FAMILIES; i++)
        if (!same_way(&a->ways[i], &b->ways[i]))
            return false;
    return a->counted_count == b->counted_count &&
           memcmp(a->counted, b->counted, a->counted_count * sizeof a->counted[0]) == 0;
}
