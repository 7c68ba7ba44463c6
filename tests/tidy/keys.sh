#!/bin/sh
# SPDX-License-Identifier: ISC
# The option table of the program, sallyport.ini(5) and the sample file name the same keys.  All three are brought to
# lines of `section key`, where section is the word in brackets or, for [imap] and its sisters, listener.
. "$(dirname "$0")/tap.sh"
program_wanted

"$SALLYPORT" check --keys >"$scratch/table" || bail_out "check --keys failed"
sort "$scratch/table" >"$scratch/program"

# In the man page the keys are the items `.It Ic key` below the heading of their kind of section.
manual sallyport.ini.5 | awk '
    /^\.S[hs] / { section = "" }
    /^\.Ss .*\[sallyport\]/ { section = "sallyport" }
    /^\.Ss .*\[proxy\]/ { section = "proxy" }
    /^\.Ss .*\[redirects\]/ { section = "redirects" }
    /^\.Ss .*\[imap\]/ { section = "listener" }
    /^\.Ss .*\[reverse\]/ { section = "reverse" }
    /^\.Ss .*\[relay\]/ { section = "relay" }
    /^\.Ss .*\[public\]/ { section = "public" }
    section && /^\.It Ic / { print section, $3 }
' | sort -u >"$scratch/manual"

# In the sample a key may be commented out: `;key = value`; or `;key /path = value`.
awk '
    /^;?\[/ { section = $0; gsub(/^;?\[|[] ].*/, "", section)
              if (section !~ /^(sallyport|proxy|redirects|reverse|relay|public)$/) section = "listener" }
    /^;?[a-z][a-z-]* *(\/[^ =]* )?=/ { key = $0; sub(/^;/, "", key); sub(/[ =].*/, "", key); print section, key }
' "$top/etc/sallyport.ini" | sort -u >"$scratch/sample"

plan 3

{
    [ "$(wc -l <"$scratch/program")" -ge 20 ] || echo "only $(wc -l <"$scratch/program") keys"
    grep -vE '^(sallyport|proxy|redirects|listener|reverse|relay|public) [a-z][a-z-]*$' "$scratch/program" |
        sed 's/^/not `section key`: /'
    uniq -d "$scratch/program" | sed 's/$/ stands twice/'
} >"$offences"
verdict "the program prints its table"

differ program manual >"$offences"
verdict "the man page has them all, and no others"

differ program sample >"$offences"
verdict "the sample has them all, and no others"

exit $status
