#!/bin/sh
# Runs a command on a copy of this machine's root that writes nothing through (overlayfs in BASE), in a mount namespace
# of its own, where PLACE is there to be read: overlay.sh BASE PLACE COMMAND….
set -e
base=$1
place=$2
shift 2
mount --make-rprivate /
mount -t tmpfs tmpfs "$base"
mkdir -p "$base/upper" "$base/work" "$base/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$base/upper,workdir=$base/work" "$base/root"
cd "$base/root"
mount -t proc proc proc
mount -t tmpfs tmpfs tmp
mount -t tmpfs tmpfs run
mount --rbind /dev dev
# After the others: the place may lie below one of them.
mkdir -p ".$place" tmp/state
# Programs put what is temporary there, and the copy has an empty /tmp.
[ -z "$TMPDIR" ] || mkdir -p ".$TMPDIR"
mount --bind "$place" ".$place"
mount -o remount,bind,ro ".$place"
exec chroot . "$@"
