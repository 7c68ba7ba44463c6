#!/bin/sh
# SPDX-License-Identifier: ISC
# The sample configuration is accepted as it is, and what `check` prints is a configuration that says the same.
. "$(dirname "$0")/tap.sh"
program_wanted
umask 077

# checked FILE NAME: what check prints for FILE goes to NAME; what is wrong with it to $offences.
checked() {
    if "$SALLYPORT" -c "$1" check >"$scratch/$2" 2>"$scratch/errors"; then
        [ -s "$scratch/$2" ] || echo "check printed nothing"
    else
        echo "check of $1 ended with $?"
        cat "$scratch/errors"
    fi >"$offences"
}

plan 4

cp "$top/etc/sallyport.ini" "$scratch/sample.ini" || bail_out "no sample"
checked "$scratch/sample.ini" first.ini
verdict "the sample is accepted"

checked "$scratch/first.ini" second.ini
verdict "what check prints is accepted"

diff "$scratch/first.ini" "$scratch/second.ini" >"$offences"
verdict "and says the same"

# With every commented key switched on, too, each line of the sample must be one that the program understands.
# Sections of the same name stay apart by the labels that the sample gives them.
sed 's/^;\([[a-z]\)/\1/' "$top/etc/sallyport.ini" >"$scratch/full.ini"
"$SALLYPORT" -c "$scratch/full.ini" check 2>&1 >/dev/null | grep -i 'unknown' >"$offences"
verdict "no unknown key hides in a comment"

exit $status
