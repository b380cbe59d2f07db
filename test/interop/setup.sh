#!/bin/bash
# setup.sh [--force]: builds the guest root under LAB_DIR by debootstrap, about 35 s. Does nothing
# when it is there already, unless --force.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
GUEST_PACKAGES=xl2tpd,ppp,iperf3,iproute2,iputils-ping,kmod,procps,socat

# Names the mirror that this machine's own apt uses, so that none is written here.
mirror() {
  # shellcheck disable=SC2016
  apt-get indextargets --format '$(LABEL)|$(COMPONENT)|$(RELEASE)|$(REPO_URI)' \
    'Created-By: Packages' | awk -F'|' -v codename="$1" \
    '$1 == "Debian" && $2 == "main" && $3 == codename && !n++ { print $4 }'
}

mapfile -t missing < <(missing_packages)
[ ${#missing[@]} = 0 ] || die "missing packages (packages.sh installs them): ${missing[*]}"
mkdir -p "$LAB_DIR"
exec 9>"$LAB_DIR/setup.lock"
flock 9
gcc -shared -fPIC -O2 -Wall -o "$LAB_DIR/xstate.so" "$LAB_SRC/xstate.c"
stamp=$GUEST_PACKAGES:$(basename /usr/lib/uml/modules/*)
if [ "${1:-}" != --force ] && [ "$(cat "$ROOTFS/.complete" 2>/dev/null)" = "$stamp" ]; then
  exit 0
fi

codename=$(. /etc/os-release && echo "${VERSION_CODENAME:?}")
from=$(mirror "$codename")
if [ -z "$from" ]; then # its lists may have been taken away to save space
  apt-get -qq update
  from=$(mirror "$codename")
fi
[ -n "$from" ] || die "apt knows no Debian mirror for $codename"
say "debootstrap of the guest root into $ROOTFS (log: $LAB_DIR/debootstrap.log)"
rm -rf "$ROOTFS" "$ROOTFS.new"
debootstrap --variant=minbase "--include=$GUEST_PACKAGES" "$codename" "$ROOTFS.new" "$from" \
  >"$LAB_DIR/debootstrap.log" 2>&1 ||
  { tail -5 "$LAB_DIR/debootstrap.log" >&2; die "debootstrap failed"; }
rm -rf "$ROOTFS.new"/var/cache/apt/archives/*.deb "$ROOTFS.new"/var/lib/apt/lists/*
mkdir -p "$ROOTFS.new/lib/modules" "$ROOTFS.new/lab"
cp -a /usr/lib/uml/modules/* "$ROOTFS.new/lib/modules/"
for modules in "$ROOTFS.new"/lib/modules/*; do
  depmod -b "$ROOTFS.new" "$(basename "$modules")"
done
echo "$stamp" >"$ROOTFS.new/.complete"
mv "$ROOTFS.new" "$ROOTFS"
say "guest root ready: $(du -sh "$ROOTFS" | cut -f1)"
