# shellcheck shell=bash
# Sourced by every script here: where state lives (LAB_DIR), how namespaces are named (LAB_PREFIX),
# small helpers.
set -euo pipefail
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin
LAB_DIR=${LAB_DIR:-"${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/simplon-lab"}
LAB_PREFIX=${LAB_PREFIX:-lab}
LAB_SRC=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck disable=SC2034
NS_LAC=$LAB_PREFIX-lac NS_LNS=$LAB_PREFIX-lns NS_CORE=$LAB_PREFIX-core NS_FAR=$LAB_PREFIX-far
# shellcheck disable=SC2034
ROOTFS=$LAB_DIR/rootfs

say() { printf 'lab: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
need_root() { [ "$(id -u)" = 0 ] || die "needs root"; }
has_ns() { [ -e "/run/netns/$1" ]; }

# Kernel command line and UML's own arguments are split at blanks and commas.
case "$LAB_SRC$LAB_DIR$LAB_PREFIX" in
*[[:space:],]*) die "no blanks or commas in LAB_DIR, LAB_PREFIX or the path of $LAB_SRC" ;;
esac

packages() { sed 's/#.*//; /^ *$/d' "$LAB_SRC/packages"; }
missing_packages() {
  local p
  for p in $(packages); do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || echo "$p"
  done
}
