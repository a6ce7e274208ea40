#!/bin/sh
# Starts systemd as process 1 of the namespace that it runs in: systemd.sh BASE PLACE…. Its root is a copy of this
# machine's that writes nothing through (overlayfs in BASE), in which each PLACE is there to be read. It starts nothing
# by itself.
set -e
base=$1
shift
mount --make-rprivate /
mount -t tmpfs tmpfs "$base"
mkdir -p "$base/upper" "$base/work" "$base/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$base/upper,workdir=$base/work" "$base/root"
for place in "$@"; do
  mkdir -p "$base/root$place"
  mount --bind "$place" "$base/root$place"
  mount -o remount,bind,ro "$base/root$place"
done
cd "$base/root"
mount -t proc proc proc
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mount --rbind /dev dev
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mkdir -p run/systemd/system tmp/state
printf '[Unit]\nDefaultDependencies=no\n' > run/systemd/system/quiet.target
export container=antibody
exec chroot . /lib/systemd/systemd --system --unit=quiet.target --log-level=warning --log-target=console --show-status=false
