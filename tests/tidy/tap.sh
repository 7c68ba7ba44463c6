# SPDX-License-Identifier: ISC
# What the tidy tests share; sourced, not run.  A test states its plan, then for each point gathers the offences,
# one a line, in $offences and calls verdict with the point's title: an empty file is a pass.  TAP on standard output.

LC_ALL=C
export LC_ALL
top=${top_srcdir:-$(dirname "$0")/../..}
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM
offences=$scratch/offences
number=0
status=0

# plan COUNT
plan() {
    echo "1..$1"
}

# skip_all REASON: nothing can be tested here; says why and ends the test.
skip_all() {
    echo "1..0 # SKIP $1"
    exit 0
}

# verdict TITLE: one TAP line, and the offences below it when there are any.
verdict() {
    number=$((number + 1))
    if [ -s "$offences" ]; then
        status=1
        echo "not ok $number - $1"
        sed 's/^/# /' "$offences"
    else
        echo "ok $number - $1"
    fi
}

# bail_out REASON: the test itself cannot go on, which is a failure.
bail_out() {
    echo "Bail out! $1"
    exit 1
}

# differ LEFT RIGHT: what only one of two sorted files has, said in words: "only in LEFT: line".
differ() {
    comm -23 "$scratch/$1" "$scratch/$2" | sed "s/^/only in $1: /"
    comm -13 "$scratch/$1" "$scratch/$2" | sed "s/^/only in $2: /"
}

# program_wanted: the freshly built program must be named in $SALLYPORT.
program_wanted() {
    [ -n "${SALLYPORT:-}" ] && [ -x "$SALLYPORT" ] || bail_out "SALLYPORT must name the program to test"
}

# manual NAME: the source of a man page as it will be installed, on standard output.
manual() {
    sed -e 's|@VERSION@|0|g' -e 's|@SYSCONFDIR@|/etc|g' "$top/man/$1.in"
}
