#!/bin/sh
# SPDX-License-Identifier: ISC
# The EXAMPLES of sallyport(1) are the recipes that the program prints, and each program that has one is named there.
. "$(dirname "$0")/tap.sh"
program_wanted

plan 2

page=$top/man/sallyport.1.in
if python3 "$top/doc/recipes.py" "$SALLYPORT" "$page" >"$scratch/page" 2>"$offences"; then
    cmp -s "$scratch/page" "$page" ||
        { echo "doc/recipes.py makes other examples:"; diff "$page" "$scratch/page" | head -n 20; } >"$offences"
fi
verdict "the recipes in sallyport(1) are those of the program"

XDG_CONFIG_HOME=$scratch "$SALLYPORT" recipe | while read -r name title; do
    grep -q "^\.Ss $name\$" "$page" || echo "sallyport(1) has no $name"
    [ -n "$title" ] || echo "$name is not told about"
done >"$offences"
verdict "each program has its example"

exit $status
