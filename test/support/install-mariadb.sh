#!/bin/sh
# Installs Debian's MariaDB server and starts no service. Needs root and apt-get.
#
# Two test runs may come here at once: the second waits at the lock, and finds
# the server installed.
set -eu

policy=${POLICY_FILE:-/usr/sbin/policy-rc.d}
lock=${LOCK_FOLDER:-/var/lib/apt}

if [ "${1-}" != locked ]; then
  exec flock "$lock" "$0" locked
fi

if command -v mariadbd >/dev/null || [ -x "${SERVER_FOLDER:-/usr/sbin}/mariadbd" ]; then
  exit 0
fi

# Where nothing forbids it yet, the package's own scripts are kept from starting a
# service; whatever policy there was is there again afterwards.
verdict=0
[ ! -x "$policy" ] || "$policy" mariadb start || verdict=$?
if [ "$verdict" -ne 101 ]; then
  restore() {
    rm -f "$policy"
    [ ! -e "$policy.kept" ] || mv "$policy.kept" "$policy"
  }
  trap restore EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  [ ! -e "$policy" ] || mv "$policy" "$policy.kept"
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi

# Another program may be using apt at this moment.
tries=0
until apt-get update -q; do
  tries=$((tries + 1))
  [ "$tries" -lt 5 ] || exit 1
  sleep 5
done
DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
  -o DPkg::Lock::Timeout=300 mariadb-server
