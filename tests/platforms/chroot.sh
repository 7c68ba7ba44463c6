# SPDX-License-Identifier: ISC
# What the scripts here share; sourced, not run.  Chroots of Debian below build/platforms, made by debootstrap from the
# mirror that this machine's apt uses ($MIRROR says another one).  A fresh one is unpacked from a tarball that is kept;
# who wants new packages in it removes build/platforms.
#
# What runs in a chroot has mounts, terminals and processes of its own, which are gone with the command; the network is
# this machine's.  debootstrap has mounts of its own, too: killed, it would leave /proc and /sys in a folder that is to
# be removed.  All of it needs root.

top=$(cd "$(dirname "$0")/../.." && pwd)
work=$top/build/platforms
user=somebody # who has sudo, in the chroots

say() {
    printf '%s\n' "platforms: $*"
}

fail() {
    say "$*" >&2
    exit 1
}

# quietly LOG COMMAND ...: what it prints goes to build/platforms/LOG, and is shown when it fails.
quietly() {
    log=$work/$1
    shift
    "$@" >"$log" 2>&1 </dev/null || { tail -n 30 "$log"; fail "failed, see $log"; }
}

wanted() {
    [ "$(id -u)" = 0 ] || fail "this needs root"
    for program in debootstrap unshare tar; do
        command -v $program >/dev/null || fail "$program is missing (Debian: debootstrap, util-linux, tar)"
    done
    mkdir -p "$work"
}

mirror() {
    found=${MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 2>/dev/null |
        head -n 1)}
    echo "${found:-http://deb.debian.org/debian}"
}

# base SUITE: makes the tarball of a minimal system, if there is none: no compiler, no sudo.
base() {
    [ ! -e "$work/$1.tar" ] || return 0
    say "$1: debootstrap from $(mirror)"
    rm -rf --one-file-system "$work/$1.new"
    quietly "$1.debootstrap.log" unshare --mount debootstrap --variant=minbase "$1" "$work/$1.new" "$(mirror)"
    rm -f "$work/$1.new/var/cache/apt/archives/"*.deb
    tar -C "$work/$1.new" -cf "$work/$1.tar.new" --one-file-system .
    rm -rf --one-file-system "$work/$1.new"
    mv "$work/$1.tar.new" "$work/$1.tar"
}

# fresh SUITE NAME: build/platforms/NAME is that system, untouched.
fresh() {
    base "$1"
    rm -rf --one-file-system "${work:?}/$2"
    mkdir "$work/$2"
    tar -C "$work/$2" -xf "$work/$1.tar"
    cp /etc/resolv.conf "$work/$2/etc/resolv.conf"
    echo "127.0.0.1 localhost $(hostname)" >"$work/$2/etc/hosts"
    # a mirror that stands still for some weeks serves well here, and sid's lists say that they are valid for one
    echo 'Acquire::Check-Valid-Until "false";' >"$work/$2/etc/apt/apt.conf.d/90mirror"
}

# inside NAME USER COMMAND: runs a command of sh in the chroot; what it prints goes on.
inside() {
    # shellcheck disable=SC2016 # for the shell inside
    unshare --mount --pid --fork --kill-child sh -c '
        set -e
        mount --make-rprivate /
        mount --bind "$1" "$1"
        mount -t proc proc "$1/proc"
        mount -t tmpfs -o mode=1777 tmpfs "$1/dev/shm" 2>/dev/null || true
        mkdir -p "$1/dev/pts" && mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts "$1/dev/pts"
        touch "$1/dev/ptmx" && mount --bind "$1/dev/pts/ptmx" "$1/dev/ptmx"
        cd "$1" && pivot_root . . && umount -l . && cd / # a mount, so that programs there may have mounts of their own
        env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
            DEBIAN_FRONTEND=noninteractive \
            su --shell /bin/sh --command "$3" "$2" </dev/null || exit $? # who waits here is the
        # first process, to which orphans go' inside "$work/$1" "$2" "$3"
}

# with_user NAME: the chroot has a user who may do all by sudo, and is asked for no password.
with_user() {
    quietly "$1.user.log" inside "$1" root "apt-get -qq update && apt-get -qq install -y --no-install-recommends sudo &&
        useradd --create-home $user && echo '$user ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/$user"
}

# sources NAME FOLDER USER: the repository as it is committed, as that user's.
sources() {
    mkdir -p "$work/$1$2"
    git -C "$top" archive HEAD | tar -C "$work/$1$2" -x
    inside "$1" root "chown -R $3 $2"
}

# gone NAME: removes a chroot.
gone() {
    rm -rf --one-file-system "${work:?}/$1"
}
