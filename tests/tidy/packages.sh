#!/bin/sh
# SPDX-License-Identifier: ISC
# Recipes of packages agree with configure.ac: there is one version, which stands there, and each library that it asks
# for is asked for in each recipe.
. "$(dirname "$0")/tap.sh"
cd "$top" || bail_out "no tree"
version=$(sed -n 's/^AC_INIT(\[sallyport\], \[\([^]]*\)\].*/\1/p' configure.ac)
[ -n "$version" ] || bail_out "configure.ac says no version"

plan 6

{
    sed -n '1s/^sallyport \([^ ]*\).*/\1/p' NEWS | grep -qxF "$version" || echo "NEWS begins with another one"
    if [ -e debian ]; then # which is not in a tarball
        sed -n '1s/^sallyport (\(.*\)-[^-]*).*/\1/p' debian/changelog | grep -qxF "$version" ||
            echo "debian/changelog begins with another one"
    fi
    grep -nF "$version" packaging/*.in | grep -v '@VERSION@'
} >"$offences"
verdict "there is one version"

# a module of configure.ac, and what its packages are called: of Debian, of RPM, of Arch
cat >"$scratch/libraries" <<'LIBRARIES'
libevent_core   libevent-dev            pkgconfig(libevent)       libevent
libcurl         libcurl4-openssl-dev    pkgconfig(libcurl)        curl
openssl         libssl-dev              pkgconfig(openssl)        openssl
libcares        libc-ares-dev           pkgconfig(libcares)       c-ares
inih            libinih-dev             pkgconfig(inih)           libinih
libpsl          libpsl-dev              pkgconfig(libpsl)         libpsl
libnghttp2      libnghttp2-dev          pkgconfig(libnghttp2)     libnghttp2
jansson         libjansson-dev          pkgconfig(jansson)        jansson
expat           libexpat1-dev           pkgconfig(expat)          expat
libxcrypt       libcrypt-dev            pkgconfig(libxcrypt)      libxcrypt
check           check                   pkgconfig(check)          check
libproxy-1.0    libproxy-dev            pkgconfig(libproxy-1.0)   libproxy
duktape         duktape-dev             duktape-devel             duktape
LIBRARIES
{
    sed -n 's/.*PKG_CHECK_MODULES(\[[A-Z0-9]*\], \[\([^] ]*\).*/\1/p' configure.ac
    sed -n 's/.*AC_CHECK_HEADER(\[\(duktape\)\.h\].*/\1/p' configure.ac
} | sort >"$scratch/configure.ac"
awk '{ print $1 }' "$scratch/libraries" | sort >"$scratch/known"
differ configure.ac known >"$offences"
while read -r _ debian rpm arch; do
    grep -qxF "$debian" tests/packages-build tests/packages-check || echo "tests/packages-build: no $debian"
    [ ! -e debian ] || grep -qE "[ :]$debian[ ,]" debian/control || echo "debian/control: no $debian"
    grep -qxF "BuildRequires:  $rpm" packaging/sallyport.spec.in || echo "sallyport.spec.in: no $rpm"
    grep -qE "[(' ]$arch[):' ]" packaging/PKGBUILD.in || echo "PKGBUILD.in: no $arch"
done <"$scratch/libraries" >>"$offences"
verdict "each library is in each recipe"

bash -n packaging/PKGBUILD.in >"$offences" 2>&1
verdict "PKGBUILD is one for its shell"

# A unit that is enabled for all is quiet without a configuration.
for unit in etc/systemd/sallyport.service etc/systemd/sallyport.socket; do
    [ "$(grep -cE '^ConditionPathExists=\|(%E/sallyport|/etc/sallyport|/etc)/sallyport\.ini$' $unit)" = 3 ] ||
        echo "$unit asks for no configuration"
    [ "$(grep -cE '^ConditionPathExistsGlob=\|(%E|/etc)/sallyport/conf\.d/\*\.ini$' $unit)" = 2 ] ||
        echo "$unit asks for no small files"
done >"$offences"
verdict "units are quiet where there is no configuration"

for step in post preun postun; do
    sed -n "/^%$step\$/,/^\$/p" packaging/sallyport.spec.in |
        grep -qxF "%systemd_user_$step sallyport.service sallyport.socket" || echo "sallyport.spec.in: no such %$step"
done >"$offences"
verdict "an RPM tells the service managers of its units, as it comes and goes"

# An assertion that fails names its file, and from the tree on.  Where it is to be installed it does say, and that may
# be below the tree, as with `make distcheck`.
program_wanted
prefix=$(sed -n 's/^prefix = //p' "${SALLYPORT%/src/*}/Makefile")
[ -n "$prefix" ] || bail_out "no Makefile beside $SALLYPORT says where it is to be installed"
strip -g -o "$scratch/stripped" "$SALLYPORT" || bail_out "strip cannot read $SALLYPORT"
if grep -qa __asan_init "$SALLYPORT"; then
    echo "ok 6 - the program does not say where it was built # SKIP sanitizers name each file by its path"
else
    tr '\0' '\n' <"$scratch/stripped" | grep -aF "$(pwd)" | grep -avF "$prefix/" | head -n 1 >"$offences"
    verdict "the program does not say where it was built"
fi

exit $status
