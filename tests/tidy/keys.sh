#!/bin/sh
# The option table of the program, sallyport.ini(5) and the sample file name the same keys.
#
# All three are brought to lines of `section key`; the sections of listeners are alike and count as one, `listener`.
. "$(dirname "$0")/tap.sh"
program_wanted

listeners='imap|smtp|submission|nntp|pop3|managesieve|forward'

"$SALLYPORT" check --keys >"$scratch/raw" || bail_out "check --keys failed"
awk -v listeners="^($listeners)\$" '{ if ($1 ~ listeners) $1 = "listener"; print $1, $2 }' "$scratch/raw" |
    sort -u >"$scratch/program"

# In the man page the keys are the items `.It Ic key` below the heading of their kind of section.
manual sallyport.ini.5 | awk '
    /^\.S[hs] / { section = "" }
    /^\.Ss .*\[sallyport\]/ { section = "sallyport" }
    /^\.Ss .*\[proxy\]/ { section = "proxy" }
    /^\.Ss .*\[imap\]/ { section = "listener" }
    section && /^\.It Ic / { print section, $3 }
' | sort -u >"$scratch/manual"

# In the sample a key may be commented out: `;key = value`.
awk -v listeners="^($listeners)\$" '
    /^;?\[/ { section = $0; gsub(/^;?\[|[] ].*/, "", section); if (section ~ listeners) section = "listener"; next }
    /^;?[a-z][a-z-]* *=/ { key = $0; sub(/^;/, "", key); sub(/ *=.*/, "", key); print section, key }
' "$top/etc/sallyport.ini" | sort -u >"$scratch/sample"

plan 4

{
    [ "$(wc -l <"$scratch/program")" -ge 20 ] || echo "only $(wc -l <"$scratch/program") keys"
    awk 'NF != 2 { print "not `section key`: " $0 }' "$scratch/raw"
} >"$offences"
verdict "the program prints its table"

# Listeners share one table; a section that lacks a key of its sisters would be hidden by counting them as one.
awk -v listeners="^($listeners)\$" '$1 ~ listeners { seen[$1] = 1; key[$2] = 1; has[$1, $2] = 1 }
    END { for (s in seen) for (k in key) if (!((s, k) in has)) print s " has no " k }' "$scratch/raw" |
    sort >"$offences"
verdict "all listeners have the same keys"

differ program manual >"$offences"
verdict "the man page has them all, and no others"

differ program sample >"$offences"
verdict "the sample has them all, and no others"

exit $status
