#!/bin/sh
# SPDX-License-Identifier: ISC
# The man pages are clean mdoc, and refer only to pages, sections and keys that exist.
. "$(dirname "$0")/tap.sh"

command -v mandoc >/dev/null 2>&1 || skip_all "mandoc is not installed"
pages="sallyport.1 sallyport.ini.5 sallyport-proxy.7 sallyport-redirects.7 sallyport-relay.7"
plan 8

for page in $pages; do
    manual "$page" >"$scratch/$page"
    # The operating system line names this program on purpose; everything else that lint knows must be right.
    mandoc -T lint -W warning "$scratch/$page" 2>&1 | sed "s|.*/scratch/||; s|$scratch/||" >"$offences"
    [ -s "$scratch/$page" ] || echo "$page is missing or empty" >>"$offences"
    verdict "$page is clean"
done

cd "$scratch" || bail_out "no scratch folder"
# .Xr of our own pages must name one of them, with its section.
grep -n '^\.Xr sallyport' $pages |
    awk '{ name = $2 "." $3; if (index(" '"$pages"' ", " " name " ") == 0) print }' >"$offences"
verdict "references among the pages hold"

# Quoted sections (.Sx) must exist on the page that quotes them.
for page in $pages; do
    sed -n 's/^\.S[hs] //p' "$page" | tr -d '"' | sort >headings
    sed -n 's/^\.Sx //p' "$page" | sed 's/ [.,;:)]*$//' | tr -d '"' | sort -u >quoted
    comm -13 headings quoted | sed "s/^/$page: no section: /"
done >"$offences"
verdict "quoted sections exist"

# A line of a literal example wider than 78 columns is broken by a terminal of 80.
for page in $pages; do
    awk -v page="$page" '/^\.Bd / { inside = 1 } /^\.Ed/ { inside = 0 }
        inside && !/^\./ && length > 72 { print page ": too wide: " $0 }' "$page"
done >"$offences"
verdict "examples fit a terminal"

exit $status
