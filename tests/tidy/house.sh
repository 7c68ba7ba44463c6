#!/bin/sh
# SPDX-License-Identifier: ISC
# The house is as it is drawn, told and tested: the pictures in doc/ are what the scripts there draw, the README has a
# line for each folder of src/, and each source file has a program of unit tests.
. "$(dirname "$0")/tap.sh"
cd "$top" || bail_out "no tree"

plan 5

# drawn SCRIPT PICTURE: whether the script, doc/SCRIPT.py, draws doc/PICTURE.svg as it is.
drawn() {
    if python3 "doc/$1.py" >"$scratch/$2.svg" 2>"$offences"; then
        cmp -s "$scratch/$2.svg" "doc/$2.svg" || echo "doc/$1.py >doc/$2.svg draws another one" >"$offences"
    fi
}

drawn house house
verdict "the picture of the house is true"
drawn way way
verdict "the picture of the way is what doc/way.py draws"
drawn chart speed
verdict "the bars are those of the table"

for folder in src/*/; do
    name=${folder#src/}
    grep -q "^| \`$name\` | " README.md || echo "$name has no line in README.md"
done >"$offences"
verdict "each folder has its sentence"

# A file has a program that is named after it, or after the header that it is a variant for (pipe_splice: pipe).  One is
# left out: exchange only hands on to h1_exchange and socks5, which have theirs.
for source in src/*/*.c; do
    name=$(basename "$source" .c)
    folder=$(basename "$(dirname "$source")")
    [ -f "src/$folder/$name.h" ] || name=${name%_*}
    [ "$folder/$name" = http/exchange ] && continue
    ls "tests/unit/$folder/check_$name".c >/dev/null 2>&1 || echo "$source has no unit test"
done >"$offences"
verdict "one program per source file"

exit $status
