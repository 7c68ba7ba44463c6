#!/bin/sh
# SPDX-License-Identifier: ISC
# The looks of the sources: short files, own header first, four blanks and no tabs, 120 columns, no call that C's
# library should not have had.
. "$(dirname "$0")/tap.sh"

longest=600
widest=120
banned='strcpy|strcat|strncpy|strncat|sprintf|vsprintf|strtok|atoi|atol|atoll|gets|alloca'

cd "$top" || bail_out "no $top"
ls src/*/*.[ch] >/dev/null 2>&1 || bail_out "no sources in $top/src"
find src tests -name '*.[ch]' | sort >"$scratch/c"
find src tests \( -name '*.[ch]' -o -name '*.py' -o -name '*.sh' \) | sort >"$scratch/every"

plan 8

for file in $(find src -name '*.[ch]' | sort); do
    lines=$(grep -vc '^/\* SPDX-License-Identifier: ' "$file")
    [ "$lines" -le $longest ] || echo "$file has $lines lines"
done >"$offences"
verdict "no file over $longest lines"

for file in $(find src -name '*.c' | sort); do
    own=${file%.c}.h
    [ -e "$own" ] || own=${file%_*}.h # peer_linux.c is one of two that stand behind peer.h
    [ -e "$own" ] || continue
    first=$(sed -n 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*["<]\([^">]*\)[">].*/\1/p' "$file" | head -n 1)
    [ "$first" = "${own#src/}" ] || echo "$file includes $first first"
done >"$offences"
verdict "each file includes its own header first"

tab=$(printf '\t')
xargs grep -n "$tab" <"$scratch/every" >"$offences"
verdict "no tabs"

xargs grep -n '[[:space:]]$' <"$scratch/every" >"$offences"
verdict "no blanks at the end of a line"

xargs awk -v widest=$widest 'length > widest { print FILENAME ":" FNR ": " length " columns" }' \
    <"$scratch/every" >"$offences"
verdict "no line over $widest columns"

# Automake runs them as they are, and a file without the bit is an error only there.
find tests/scenario -maxdepth 1 -name '[0-9]*.py' ! -perm -u+x >"$offences"
verdict "scenarios can be run"

# banned.h is where the compiler is told the same.
grep -v '/banned\.h$' "$scratch/c" | xargs grep -nE "(^|[^A-Za-z0-9_])($banned)[[:space:]]*\(" >"$offences"
verdict "no banned calls"

# What is made elsewhere is left out: by configure, wherever it built; by automake; what git keeps.
find . \( -name .git -o -name build -o -name build.h -o -name build-aux -o -name autom4te.cache \) -prune -o -type f \
    \( -name '*.[ch]' -o -name '*.py' -o -name '*.sh' -o -name '*.mk' -o -name '*.js' -o -name Makefile.am \
    -o -name configure.ac -o -name bootstrap \) -print | xargs grep -L 'SPDX-License-Identifier: ISC' |
    sort >"$offences"
verdict "each source file names its licence"

exit $status
