/* SPDX-License-Identifier: ISC */
/* A file that says which servers a domain has, in XML. */
#include "discover/autoconfig_file.h"

#include "servers.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    read_servers(autoconfig_file_read, bytes, length);
    return 0;
}
