/* SPDX-License-Identifier: ISC */
/* A file that says which servers a domain has, in JSON. */
#include "discover/pacc_file.h"

#include "servers.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    read_servers(pacc_file_read, bytes, length);
    return 0;
}
