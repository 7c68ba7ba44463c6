/* SPDX-License-Identifier: ISC */
/* A DNS message with SRV records. */
#include "net/srv.h"

#include <string.h>

#include "../fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct srv_list list;
    uint32_t ports_before = 0, ports_after = 0;

    if (!srv_read(&list, bytes, length))
        return 0;
    MUST(list.count <= SRV_LIST_MAX);
    MUST(list.count > 0 || list.unavailable);
    MUST(list.ttl <= INT32_MAX);
    for (size_t i = 0; i < list.count; i++) {
        MUST(list.at[i].place.port > 0);
        MUST(list.at[i].place.host[0] && memchr(list.at[i].place.host, '\0', sizeof list.at[i].place.host));
        ports_before += list.at[i].place.port;
    }
    srv_order(&list, length > 0 ? bytes[length - 1] : 0);
    for (size_t i = 0; i < list.count; i++) {
        MUST(i == 0 || list.at[i].priority >= list.at[i - 1].priority);
        ports_after += list.at[i].place.port;
    }
    MUST(ports_before == ports_after);
    return 0;
}
