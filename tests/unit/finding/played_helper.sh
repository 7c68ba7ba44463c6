#!/bin/sh
# SPDX-License-Identifier: ISC
# Stands for the helper findproxy in unit tests.  Its PAC file is what it does, in sh; for the desktop it answers by
# what the URL asks for.
say() { printf '%s\n' "$*"; }
hear() { read -r said || exit 0; }

if [ "$1" = system ]; then
    say READY
    while hear; do
        case $said in
        "SYSTEM https://pac.example.net/") say "PAC https://wpad.example.net/proxy.pac" ;;
        "SYSTEM https://none.example.net/") say "FAULT the desktop says nothing" ;;
        "SYSTEM https://variable.example.net/") say "ANSWER $SALLYPORT_SECRET" ;;
        *) say "ANSWER $said" ;;
        esac
    done
fi
read -r word number
[ "$1 $word" = "pac SCRIPT" ] || exit 9
script=$(head -c "$number")
eval "$script"
