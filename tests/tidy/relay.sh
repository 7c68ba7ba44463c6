#!/bin/sh
# SPDX-License-Identifier: ISC
# The relay connects nowhere by itself: nothing of src/relay, nor of what it includes there, asks the resolver or the
# dialer, or opens tunnels.
. "$(dirname "$0")/tap.sh"
cd "$top/src/relay" 2>/dev/null || bail_out "no src/relay"
ls ./*.c >/dev/null 2>&1 || bail_out "no sources in src/relay"

plan 2

# services.h is what relay_set is made with; it takes the loop from it.
reaches='net/(dialer|resolver|srv|dns_channel)|proxy/|http/(connect_request|exchange)'
grep -nE '#[[:space:]]*include[[:space:]]*"('"$reaches"')' ./*.[ch] |
    grep -v ':#include "proxy/services.h"$' >"$offences"
verdict "src/relay includes neither dialer nor resolver nor a tunnel"

grep -nE '\b(connect|getaddrinfo|gethostbyname|dialer_dial|resolver_find_addresses|tunnel_open|connector_start) ?\(' \
    ./*.[ch] >"$offences"
grep -nE -- '->(dialer|resolver|pool|h2)\b' ./*.[ch] >>"$offences"
verdict "src/relay calls nothing that connects"

exit $status
