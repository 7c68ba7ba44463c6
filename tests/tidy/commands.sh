#!/bin/sh
# SPDX-License-Identifier: ISC
# `sallyport --help` and sallyport(1) name the same commands and options.
. "$(dirname "$0")/tap.sh"
program_wanted

"$SALLYPORT" --help >"$scratch/help" || bail_out "--help failed"
manual sallyport.1 >"$scratch/page"

# A command or an option has a line of its own in the help, indented by two; a text that goes on is indented more.
awk '/^  [a-z-]+([[:space:]]|$)/ { print $1 }' "$scratch/help" | sort -u >"$scratch/help-commands"
awk '/^[[:space:]]+-/ { print }' "$scratch/help" | grep -oE -- '(^|[ ,|])--?[a-zA-Z][a-z-]*' | tr -d ' ,|' |
    sort -u >"$scratch/help-options"

# On the page they are items of the sections COMMANDS and OPTIONS.
awk '/^\.Sh / { section = $2 } section == "COMMANDS" && /^\.It Cm / { print $3 }' "$scratch/page" |
    sort -u >"$scratch/manual-commands"
awk '/^\.Sh / { section = $2 } section == "OPTIONS" && /^\.It Fl / {
         for (i = 2; i <= NF; i++) if ($i == "Fl") print "-" $(i + 1)
     }' "$scratch/page" | sort -u >"$scratch/manual-options"

plan 3

for list in help-commands help-options manual-commands manual-options; do
    [ -s "$scratch/$list" ] || echo "found no $list"
done >"$offences"
verdict "both name commands and options"

differ help-commands manual-commands >"$offences"
verdict "the commands are the same"

differ help-options manual-options >"$offences"
verdict "the options are the same"

exit $status
