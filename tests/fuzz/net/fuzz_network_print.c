/* SPDX-License-Identifier: ISC */
/* What the kernel says by rtnetlink: one datagram, read as an answer to each question and as news. */
#include "net/network_print.h"

#include <string.h>

#include "../fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct network_print *print = network_print_new(), *same = network_print_new();
    uint32_t sequence = 0;

    MUST(print && same);
    if (length >= 12)
        memcpy(&sequence, bytes + 8, sizeof sequence); /* as the first message has it */
    for (unsigned i = 0; i < NETWORK_PRINT_QUESTIONS; i++)
        MUST(network_print_read(print, i, sequence, bytes, length) ==
             network_print_read(same, i, sequence, bytes, length));
    MUST(network_print_equal(print, same));
    MUST(network_print_is_news(print, bytes, length) == network_print_is_news(same, bytes, length));
    network_print_free(print);
    network_print_free(same);
    return 0;
}
