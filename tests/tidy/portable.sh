#!/bin/sh
# SPDX-License-Identifier: ISC
# What only some systems have stands in files of its own, each with a portable one beside it that configure chooses
# elsewhere, or where --enable-portable hides what is there.
. "$(dirname "$0")/tap.sh"
cd "$top" || bail_out "no tree"

plan 4

# the files of a system, and of any other, by what their names end in
own='_(linux|splice|timerfd|atomic|usable)\.c$'
portable='_(none|plain|tick|fcntl|sized|path)\.c$'
# these have no header of their own to be a variant of, and are built with the one that needs them
with_netwatch='^src/net/(network_print|path_watch)\.[ch]$'

find src -name '*.[ch]' | sort >"$scratch/every"
grep -E "$own" "$scratch/every" >"$scratch/own"
grep -vE "$own|$with_netwatch" "$scratch/every" >"$scratch/common"

# headers, calls and constants that POSIX does not have, of Linux and of the C library's own
linux='<(linux/|sys/(prctl|epoll|inotify|eventfd|signalfd|timerfd|sendfile|random|auxv|sysinfo)\.h|malloc\.h)'
linux="$linux|\\<(accept4|pipe2|dup3|splice|tee|vmsplice|eventfd|signalfd|memfd_create|getrandom|prctl|sendfile)\\("
linux="$linux|\\<(malloc_usable_size|sendmmsg|recvmmsg|timerfd_[a-z]+|inotify_[a-z0-9_]+|epoll_[a-z0-9_]+|ppoll)\\("
linux="$linux|\\<(SOCK_CLOEXEC|SOCK_NONBLOCK|MSG_CMSG_CLOEXEC|O_TMPFILE|O_PATH|SO_PEERCRED|SO_BINDTODEVICE|SO_MARK)\\>"
linux="$linux|\\<(TCP_(CONGESTION|USER_TIMEOUT|INFO|CORK|QUICKACK)|CLOCK_BOOTTIME|POLLRDHUP|EPOLL[A-Z]+)\\>"
linux="$linux|\\<(F_[SG]ETPIPE_SZ|PR_[A-Z_]+|AF_NETLINK|s6_addr32|struct ucred|__linux__)\\>|\"/proc/"
tr '\n' '\0' <"$scratch/common" | xargs -0 grep -nE "$linux" |
    grep -vE '^[^:]*:[0-9]*:( \*|/\*)' >"$offences" # comments may tell of them
verdict "what only some systems have is in files of its own"

# base: what the files on standard input are variants of.
base() {
    sed -E 's,_[a-z]+\.c$,,'
}

grep -E "$portable" "$scratch/every" | base | sort -u >"$scratch/with-portable"
while read -r file; do
    [ -e "$(echo "$file" | base).h" ] || continue
    echo "$file" | base
done <"$scratch/own" | sort -u >"$scratch/with-own"
comm -23 "$scratch/with-own" "$scratch/with-portable" | sed 's/$/ has no portable file/' >"$offences"
verdict "each has a portable one beside it"

# Which of them is built, one condition says, and it names both.
while read -r noun; do
    folder=$(dirname "$noun")
    for file in "$noun"_*.c; do
        echo "$file" | grep -qE "$own|$portable" || continue
        awk -v file="$file" '
            /^if / { inside = 1 }
            inside && index($0, file) { found = 1 }
            /^endif/ { inside = 0 }
            END { exit !found }' "$folder/local.mk" || echo "$file is built without a condition, or not at all"
        grep -q '^EXTRA_DIST' "$folder/local.mk" || echo "$folder/local.mk distributes no variant"
    done
done <"$scratch/with-own" >"$offences"
verdict "the build chooses between the two"

# The portable ones are compiled as another system would, so that they stay good where nobody builds them.
program_wanted
build=$(dirname "$SALLYPORT")/..
compiler=$(sed -n 's/^CC = //p' "$build/Makefile" 2>/dev/null)
if [ -z "$compiler" ]; then
    echo "no Makefile with a compiler in $build"
else
    grep -E "$portable" "$scratch/every" | while read -r file; do
        [ -e "$(echo "$file" | base).h" ] || continue
        # shellcheck disable=SC2086 # words
        $compiler -std=gnu11 -D_GNU_SOURCE -U__linux__ -Wall -Wextra -Wmissing-prototypes -Werror -fsyntax-only -Isrc \
            $(sed -n 's/^[A-Z0-9]*_CFLAGS = //p' "$build/Makefile" | grep -E '^ *-[Ipt]' | tr '\n' ' ') "$file" 2>&1 |
            head -n 5
    done
fi >"$offences"
verdict "the portable ones can be compiled"

exit $status
