#!/bin/sh
# SPDX-License-Identifier: ISC
# The folders of src stand on each other in the order of floors.txt: none includes from one above it, and within a
# folder headers include each other in no circle.
. "$(dirname "$0")/tap.sh"

table=$top/tests/tidy/floors.txt
[ -r "$table" ] || bail_out "no $table"
sed 's/#.*//' "$table" | awk 'NF { print $1 }' >"$scratch/floors"
cd "$top/src" 2>/dev/null || bail_out "no sources in $top/src"
ls ./*/*.[ch] >/dev/null 2>&1 || bail_out "no sources in $top/src"
find . -mindepth 1 -maxdepth 1 -type d | sed 's|^\./||' | sort >"$scratch/folders"

# FILE:LINE INCLUDED for every #include "..."
find . -name '*.[ch]' | sed 's|^\./||' | sort | xargs awk '
    /^[[:space:]]*#[[:space:]]*include[[:space:]]*"/ { split($0, part, "\""); print FILENAME ":" FNR, part[2] }
' >"$scratch/includes"
[ "$(wc -l <"$scratch/includes")" -ge 300 ] || bail_out "found only $(wc -l <"$scratch/includes") includes"

plan 5

{
    sort "$scratch/floors" | comm -23 "$scratch/folders" - | sed 's/$/ has no floor/'
    sort "$scratch/floors" | comm -13 "$scratch/folders" - | sed 's/$/ is not in src/'
    sort "$scratch/floors" | uniq -d | sed 's/$/ has two floors/'
} >"$offences"
verdict "every folder of src has a floor"

while read -r place included; do
    [ -e "$included" ] || echo "$place: there is no src/$included"
done <"$scratch/includes" >"$offences"
verdict "includes are spelled with the folder"

awk '
    FILENAME == ARGV[1] { floor[$1] = FNR; next }
    {
        from = index($1, "/") ? substr($1, 1, index($1, "/") - 1) : "the root"
        to = index($2, "/") ? substr($2, 1, index($2, "/") - 1) : "the root"
        up = (from in floor ? floor[from] : 999) < (to in floor ? floor[to] : 999)
        if (up) print $1 ": \"" $2 "\" is of " to ", above " from
    }
' "$scratch/floors" "$scratch/includes" >"$offences"
verdict "includes go down"

# A header includes what it needs to be read; two that need each other are a knot.
awk '$1 ~ /\.h:/ { sub(/:.*/, "", $1); print $1, $2 }' "$scratch/includes" | tsort 2>&1 >/dev/null |
    sed 's/^tsort: //' >"$offences"
verdict "headers include each other in no circle"

# The noun of a file is its name without the ending, and without what stands behind _linux, _splice or _none.
sed -E 's/:[0-9]+ / /; s/\.[ch]( |$)/\1/g; s/_(linux|splice|none) / /' "$scratch/includes" |
    awk '$1 != $2' | sort -u | tsort 2>&1 >/dev/null | sed 's/^tsort: //' >"$offences"
verdict "nouns know each other in no circle"

exit $status
