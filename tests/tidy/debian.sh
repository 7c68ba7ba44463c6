#!/bin/sh
# SPDX-License-Identifier: ISC
# What keeps the two commands of the README working on more than one release of Debian: warnings are errors only for who
# asks for that, no list names a package by a version, packages that ask the machine's name get an answer, and what the
# tests run is installed while the first build compiles, and what has another name in another release by its name there.
. "$(dirname "$0")/tap.sh"
cd "$top" || bail_out "no tree"

plan 5

# The line that reads --enable-werror may say so, and the one that asks whether the compiler knows a flag at all.
grep -n 'Werror' configure.ac | grep -vE 'enable_werror" = xyes|sp_saved="\$CFLAGS"' >"$offences"
verdict "configure makes warnings errors only with --enable-werror"

for list in tests/packages tests/packages-build tests/packages-check tests/packages-unpacked tests/bench/packages; do
    sed 's/#.*//' "$list" | grep -E -- '-[0-9]+([.-]|[[:space:]]|$)' | sed "s,^,$list: ,"
done >"$offences"
verdict "no package is named with a version, which the next release does not have"

# bootstrap in a machine of our own making: nothing is installed, its name does not resolve, and apt-get fails as
# slrnpull's questions do while nobody has told it a news server.  It ends where it would build.
machine=$scratch/machine
mkdir -p "$machine/bin" "$machine/tree/tests/bench"
cp bootstrap "$machine/tree"
cp tests/packages tests/packages-build tests/packages-check tests/packages-unpacked "$machine/tree/tests"
sed "s,/etc/news/server,$machine/server," bootstrap >"$machine/tree/bootstrap"
: >"$machine/tree/configure.ac"

# program NAME: what it does comes from standard input.
program() {
    { echo '#!/bin/sh'; cat; } >"$machine/bin/$1"
    chmod 755 "$machine/bin/$1"
}

echo 'echo 1000' | program id
echo 'exit 1' | program hostname
echo 'exit 1' | program dpkg-query
echo 'exit 0' | program systemctl
echo 'exit 9' | program autoreconf
echo "cat >>'$machine/answers'" | program debconf-set-selections
program sudo <<'SUDO'
case $1 in
*policy-rc.d) exit 101 ;;
esac
exec "$@"
SUDO
program apt-get <<APT
case "\$*" in
*slrnpull*) [ -s '$machine/server' ] || grep -q '^slrnpull shared/news/server string [a-z]' '$machine/answers' ;;
esac
APT

# boot: runs it there; true when it has come to the building.
boot() {
    : >"$machine/answers"
    PATH=$machine/bin:$PATH sh "$machine/tree/bootstrap" check >"$scratch/said" 2>&1
    grep -q 'autoreconf failed' "$scratch/said"
}

{
    boot || { echo "a machine whose name does not resolve:"; tail -n 5 "$scratch/said"; }
    echo news.example.net >"$machine/server"
    boot || { echo "a machine that has a news server:"; tail -n 5 "$scratch/said"; }
    [ ! -s "$machine/answers" ] || echo "a machine that has a news server is told another one"
    rm -f "$machine/server"
    echo 'echo example.net' | program hostname
    echo 'exit 0' | program apt-get
    boot || { echo "a machine with a name:"; tail -n 5 "$scratch/said"; }
    [ ! -s "$machine/answers" ] || echo "a machine with a name is told a news server"
} >"$offences"
verdict "packages that ask the machine's name are installed where it has none"

# Which of one|other is installed, in releases that have the one, the other, both and none, and where it is there.
mkdir -p "$machine/small/tests"
cp bootstrap "$machine/small"
: >"$machine/small/configure.ac"
: >"$machine/small/tests/packages-build"
: >"$machine/small/tests/packages-check"
: >"$machine/small/tests/packages-unpacked"
printf 'one|other # of which\n' >"$machine/small/tests/packages"
echo "echo \"\$*\" >>'$machine/installs'" | program apt-get
program apt-cache <<CACHE
case " \$(cat '$machine/has') " in
*" \$3 "*) echo "Package: \$3" ;;
*) exit 100 ;;
esac
CACHE
program dpkg-query <<QUERY
case " \$(cat '$machine/there') " in
*" \$4 "*) printf installed ;;
*) exit 1 ;;
esac
QUERY
# installs HAS THERE: the one or the other that is installed where a release has these, and the machine those.
installs() {
    echo "$1" >"$machine/has"
    echo "$2" >"$machine/there"
    : >"$machine/installs"
    PATH=$machine/bin:$PATH sh "$machine/small/bootstrap" check >"$scratch/said" 2>&1
    grep -owE 'one|other|one.other' "$machine/installs" | tr '\n' ';'
}

while read -r has there wanted; do
    got=$(installs "$(echo "$has" | tr , ' ')" "$there")
    [ "$got" = "$wanted" ] || { echo "of $has, where $there is there: $got"; tail -n 5 "$scratch/said"; }
done >"$offences" <<'RELEASES'
one         -       one;
other       -       other;
one,other   -       one;
-           -       one;
one         one
other       other
one,other   other   one;
RELEASES
verdict "of one|other the first that the release has is installed"
echo 'exit 1' | program dpkg-query

# The same machine, where building is noted and comes to nothing.  Squid is among what the tests run: apt-get gives it
# only when the compiler has begun, and takes longer than that.
cat >"$machine/configure" <<'CONFIGURE'
#!/bin/sh
: >config.status
CONFIGURE
program autoreconf <<AUTORECONF
cp '$machine/configure' configure && chmod 755 configure
AUTORECONF
echo "echo \"make \$*\" >>'$machine/done'" | program make
echo 'mkdir "$3"' | program dpkg-deb
program apt-get <<APT
case "\$*" in
*download*) : >"\$3_1_all.deb" && echo "\$3 to unpack" >>'$machine/done' ;;
*squid*)
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        grep -q tests-built '$machine/done' && break
        sleep 1
    done
    sleep 1
    echo 'squid was told to come'
    echo "squid, after \$(grep -c . '$machine/done')" >>'$machine/done'
    [ ! -e '$machine/refuses' ]
    ;;
*gcc*) echo 'gcc came' >>'$machine/done' ;;
esac
APT

# steps: what such a machine does, in one line.
steps() {
    : >"$machine/done"
    rm -rf "$machine/tree/build"
    PATH=$machine/bin:$PATH sh "$machine/tree/bootstrap" check >"$scratch/said" 2>&1 && echo "it says that all is well"
    sed -E 's/make .* ([a-z-]+)$/make \1/' "$machine/done" | tr '\n' ';'
}

{
    got=$(steps)
    case $got in
    'gcc came;make tests-built;squid, after 2;squid-openssl to unpack;make '*'check;'*) ;;
    *) echo "packages and building come in this order: $got" ;;
    esac
    : >"$machine/refuses"
    got=$(steps)
    case $got in
    *';make check;'* | *'all is well'*) echo "a package is refused, and all the same: $got" ;;
    esac
    for words in '^squid was told to come' 'apt-get could not install'; do
        grep -q "$words" "$scratch/said" || { echo "a package is refused, and it says:"; tail -n 5 "$scratch/said"; }
    done
} >"$offences"
verdict "what the tests run is installed while the first build compiles, and has to be there before they begin"

exit $status
