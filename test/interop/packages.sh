#!/bin/bash
# packages.sh: installs what ./packages names and is missing; no service is started meanwhile.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
command -v apt-get >/dev/null || die "needs Debian's apt-get"
mapfile -t missing < <(missing_packages)
missing+=("$@")
[ ${#missing[@]} -gt 0 ] || { say "all packages are there"; exit 0; }

policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  printf '#!/bin/sh\nexit 101\n' >$policy
  chmod 755 $policy
  trap 'rm -f $policy' EXIT
fi
say "apt-get install ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
apt-get -qq install -y --no-install-recommends "${missing[@]}" </dev/null
# Nor is one at the next boot, which for l2tpns would take the port of an LNS.
case " ${missing[*]} " in
*" l2tpns "*) systemctl disable --quiet l2tpns.service ;;
esac
