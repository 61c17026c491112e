#!/bin/sh
# Installs the Debian package $1 for its program $2 and starts no service. Needs root and apt-get.
#
# Two test runs may come here at once: the second waits at the lock, and finds
# the program installed.
set -eu

package=$1
program=$2

policy=${POLICY_FILE:-/usr/sbin/policy-rc.d}
lock=${LOCK_FOLDER:-/var/lib/apt}

if [ "${3-}" != locked ]; then
  exec flock "$lock" "$0" "$package" "$program" locked
fi

if command -v "$program" >/dev/null || [ -x "${SERVER_FOLDER:-/usr/sbin}/$program" ]; then
  exit 0
fi

# Where nothing forbids it yet, the package's own scripts are kept from starting a
# service; whatever policy there was is there again afterwards.
verdict=0
[ ! -x "$policy" ] || "$policy" "$package" start || verdict=$?
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
  -o DPkg::Lock::Timeout=300 "$package"
