#!/bin/sh
# Becomes systemd, process 1 of the namespaces that it runs in. It starts nothing by itself.
set -e
mount -t sysfs sysfs /sys
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir -p /run/systemd/system
printf '[Unit]\nDefaultDependencies=no\n' > /run/systemd/system/quiet.target
export container=antibody
exec /lib/systemd/systemd --system --unit=quiet.target --log-level=warning --log-target=console --show-status=false
