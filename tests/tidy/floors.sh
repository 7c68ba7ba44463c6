#!/bin/sh
# Every file of src stands on a floor (floors.txt) and includes only from floors below.
. "$(dirname "$0")/tap.sh"

table=$top/tests/tidy/floors.txt
[ -r "$table" ] || bail_out "no $table"
ls "$top"/src/*.[ch] >/dev/null 2>&1 || bail_out "no sources in $top/src"

# The noun of a file is its name without what stands behind a dot or an underscore: peer_linux.c is one of peer's.
ls "$top"/src/*.[ch] | sed -e 's|.*/||' -e 's|[._].*||' | sort -u >"$scratch/src"
sed 's/#.*//' "$table" >"$scratch/table"
awk '$1 ~ /^[0-9]+$/ { for (i = 2; i <= NF; i++) print $i }' "$scratch/table" | sort >"$scratch/all"
awk '$1 == "anywhere" { for (i = 2; i <= NF; i++) print $i }' "$scratch/table" | sort >"$scratch/anywhere"
sort -u "$scratch/all" >"$scratch/floors.txt"

# FILE:LINE NOUN INCLUDED for every #include "..." except of a file's own header
for file in "$top"/src/*.[ch]; do
    name=${file##*/}
    sed -n 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*"\([^"]*\)".*/\1/;t found
            b
            :found
            =;p' "$file" | paste - - |
        awk -v file="src/$name" -v name="${name%%[._]*}" '
            { included = $2; sub(/\.h$/, "", included); if (included != name) print file ":" $1, name, included }'
done >"$scratch/includes"

plan 5

comm -23 "$scratch/src" "$scratch/floors.txt" | comm -23 - "$scratch/anywhere" |
    sed 's/$/ has no floor/' >"$offences"
verdict "every file of src has a floor"

{
    comm -13 "$scratch/src" "$scratch/floors.txt" | sed 's/$/ is not in src/'
    uniq -d "$scratch/all" | sed 's/$/ has two floors/'
    awk 'NF && $1 !~ /^[0-9]+$/ && $1 != "anywhere" && !($1 == "allow" && $3 == "->" && NF == 4) {
             print "not understood: " $0 }' "$scratch/table"
} >"$offences"
verdict "every floor holds files of src, each once"

awk '
    FILENAME == ARGV[1] && $1 ~ /^[0-9]+$/ { for (i = 2; i <= NF; i++) floor[$i] = $1; next }
    FILENAME == ARGV[1] && $1 == "anywhere" { for (i = 2; i <= NF; i++) anywhere[$i] = 1; next }
    FILENAME == ARGV[1] && $1 == "allow" { allowed[$2, $4] = 1; next }
    FILENAME == ARGV[1] || $3 in anywhere { next }
    !($3 in floor) { print $1 ": \"" $3 ".h\" has no floor"; next }
    floor[$3] < floor[$2] || (floor[$3] == floor[$2] && ($2, $3) in allowed) { next }
    { print $1 ": \"" $3 ".h\" is on floor " floor[$3] ", not below floor " floor[$2] }
' "$scratch/table" "$scratch/includes" >"$offences"
verdict "includes go down"

awk '$1 == "allow" { print $2, $4 }' "$scratch/table" | sort >"$scratch/allowed"
awk '{ print $2, $3 }' "$scratch/includes" | sort -u >"$scratch/used"
comm -23 "$scratch/allowed" "$scratch/used" | sed 's/ / -> /; s/$/ is allowed but not used/' >"$offences"
verdict "no exception without need"

# An exception may let a .c file of one noun know another's header; headers that need each other are a knot.
awk '$1 ~ /\.h:/ { print $2, $3 }' "$scratch/includes" | tsort 2>&1 >/dev/null | sed 's/^tsort: //' >"$offences"
verdict "headers include each other in no circle"

exit $status
