#!/bin/sh
# SPDX-License-Identifier: ISC
# The program is built with what this compiler has to offer against faults that we have not found yet: each flag that it
# takes is one that configure has chosen.
. "$(dirname "$0")/tap.sh"
cd "$top" || bail_out "no tree"

# chosen NAME: what configure has found, from the config.status of this build.
chosen() {
    sed -n "s/^S\\[\"$1\"\\]=\"\\(.*\\)\"\$/\\1/p" "$build/config.status" | tail -n 1
}

# flags: SP_CFLAGS, from the Makefile, since config.status breaks it anywhere.
flags() {
    sed -n 's/^SP_CFLAGS = //p' "$build/Makefile"
}

program_wanted
build=$(dirname "$SALLYPORT")/..
[ -r "$build/config.status" ] && [ -r "$build/Makefile" ] || skip_all "no build of configure's"
flags | grep -q -e '-fsanitize=address' && skip_all "the sanitizers look for what these would hide"
flags | grep -q -e '-fstack-protector-strong' || skip_all "built with --disable-hardening"
plan 2

compiler=$(chosen CC)
for flag in -ftrivial-auto-var-init=zero -fzero-call-used-regs=used-gpr; do
    echo 'int main(void) { return 0; }' >"$scratch/empty.c"
    # shellcheck disable=SC2086 # CC may be two words
    $compiler -Werror $flag -o "$scratch/empty" "$scratch/empty.c" 2>/dev/null || continue
    case $flag in
    -ftrivial-*) grep -q -e '--disable-auto-init' "$build/config.status" && continue ;;
    esac
    flags | grep -q -e "$flag" || echo "configure has not chosen $flag"
done >"$offences"
verdict "the compiler's defences are used"

printf '#include <stdio.h>\nint main(void) { return 0; }\n' >"$scratch/empty.c"
case " $(chosen CPPFLAGS) $(chosen CFLAGS) " in
*_FORTIFY_SOURCE* | *" -O0"*) ;;
*" -O"*)
    # shellcheck disable=SC2086
    if $compiler -Werror -O2 -D_FORTIFY_SOURCE=3 -o "$scratch/empty" "$scratch/empty.c" 2>/dev/null; then
        flags | grep -q -e '-D_FORTIFY_SOURCE=3' || echo "configure has not chosen -D_FORTIFY_SOURCE=3"
    fi
    ;;
esac >"$offences"
verdict "so are the C library's"

exit $status
