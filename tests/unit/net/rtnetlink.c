/* SPDX-License-Identifier: ISC */
#include "rtnetlink.h"

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "../unit.h"

static size_t last; /* where the last message begins */

static void put(struct datagram *datagram, const void *bytes, size_t size)
{
    ck_assert_uint_le(datagram->length + NLMSG_ALIGN(size), sizeof datagram->bytes);
    memcpy(datagram->bytes + datagram->length, bytes, size);
    memset(datagram->bytes + datagram->length + size, 0, NLMSG_ALIGN(size) - size);
    datagram->length += NLMSG_ALIGN(size);
}

static void begin(struct datagram *datagram, unsigned type, uint32_t sequence, const void *fixed, size_t size)
{
    const struct nlmsghdr head = {.nlmsg_type = (uint16_t)type, .nlmsg_seq = sequence};

    last = datagram->length;
    put(datagram, &head, sizeof head);
    put(datagram, fixed, size);
}

static void attribute(struct datagram *datagram, unsigned type, const void *value, size_t size)
{
    const struct rtattr head = {.rta_len = (unsigned short)RTA_LENGTH(size), .rta_type = (unsigned short)type};

    put(datagram, &head, sizeof head);
    put(datagram, value, size);
}

static void end(struct datagram *datagram)
{
    const uint32_t length = (uint32_t)(datagram->length - last);

    memcpy(datagram->bytes + last, &length, sizeof length);
}

/* Returns the size of the address. */
static size_t parse(const char *host, int *family, unsigned char bytes[16])
{
    *family = strchr(host, ':') ? AF_INET6 : AF_INET;
    ck_assert_int_eq(inet_pton(*family, host, bytes), 1);
    return *family == AF_INET6 ? 16 : 4;
}

void rtnetlink_link(struct datagram *datagram, unsigned type, uint32_t sequence, int index, unsigned flags)
{
    const struct ifinfomsg fixed = {.ifi_index = index, .ifi_flags = flags};

    begin(datagram, type, sequence, &fixed, sizeof fixed);
    attribute(datagram, IFLA_IFNAME, "eth0", 5);
    end(datagram);
}

void rtnetlink_address(struct datagram *datagram, unsigned type, uint32_t sequence, int index, const char *host,
                       unsigned prefix, unsigned flags)
{
    unsigned char bytes[16];
    int family;
    size_t size = parse(host, &family, bytes);
    const struct ifaddrmsg fixed = {.ifa_family = (unsigned char)family, .ifa_prefixlen = (unsigned char)prefix,
                                    .ifa_flags = (unsigned char)flags, .ifa_index = (uint32_t)index};
    const struct ifa_cacheinfo lifetimes = {.ifa_prefered = 1800, .ifa_valid = 3600};
    const uint32_t all_flags = flags;

    begin(datagram, type, sequence, &fixed, sizeof fixed);
    attribute(datagram, IFA_ADDRESS, bytes, size);
    if (family == AF_INET)
        attribute(datagram, IFA_LOCAL, bytes, size);
    attribute(datagram, IFA_CACHEINFO, &lifetimes, sizeof lifetimes);
    attribute(datagram, IFA_FLAGS, &all_flags, sizeof all_flags);
    end(datagram);
}

void rtnetlink_route(struct datagram *datagram, unsigned type, uint32_t sequence, int family, unsigned destination,
                     unsigned kind, int link, const char *router)
{
    const struct rtmsg fixed = {.rtm_family = (unsigned char)family, .rtm_dst_len = (unsigned char)destination,
                                .rtm_type = (unsigned char)kind, .rtm_table = RT_TABLE_MAIN};
    const uint32_t index = (uint32_t)link, metric = 100;
    unsigned char bytes[16];

    begin(datagram, type, sequence, &fixed, sizeof fixed);
    attribute(datagram, RTA_PRIORITY, &metric, sizeof metric);
    if (router) {
        size_t size = parse(router, &(int){0}, bytes);

        attribute(datagram, RTA_GATEWAY, bytes, size);
    }
    attribute(datagram, RTA_OIF, &index, sizeof index);
    end(datagram);
}

void rtnetlink_done(struct datagram *datagram, uint32_t sequence)
{
    const int32_t status = 0;

    begin(datagram, NLMSG_DONE, sequence, &status, sizeof status);
    end(datagram);
}

void rtnetlink_error(struct datagram *datagram, uint32_t sequence, int error)
{
    const struct nlmsgerr fixed = {.error = -error};

    begin(datagram, NLMSG_ERROR, sequence, &fixed, sizeof fixed);
    end(datagram);
}

void rtnetlink_flag(struct datagram *datagram, unsigned flag)
{
    struct nlmsghdr head;

    memcpy(&head, datagram->bytes + last, sizeof head);
    head.nlmsg_flags |= (uint16_t)flag;
    memcpy(datagram->bytes + last, &head, sizeof head);
}

void rtnetlink_clear(struct datagram *datagram)
{
    datagram->length = last = 0;
}
