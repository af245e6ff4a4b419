#!/usr/bin/env bash
# Fetches the sources of the signature library that the host's package was built from, for linking firmware: Debian's source
# package, signatures checked by apt, from the mirror that this machine already uses. No root needed.
# usage: firmware/bearssl_source.sh FOLDER   (sources end up in FOLDER/bearssl)
set -euo pipefail
folder=$(mkdir -p "$1" && cd "$1" && pwd)
[ -e "$folder/bearssl/inc/bearssl.h" ] && exit 0
die() {
    echo "bearssl: $*" >&2
    exit 1
}
for tool in apt-get dpkg-source dpkg-query; do
    command -v $tool >/dev/null || die "no $tool here: unpack BearSSL's sources to $folder/bearssl by hand"
done
version=$(dpkg-query -W -f '${source:Version}' libbearssl-dev 2>/dev/null) || die "libbearssl-dev is not installed"
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep debian.org/debian | grep -v security | head -n 1)
. /etc/os-release
apt=$folder/apt
mkdir -p "$apt"/{state/lists/partial,cache/archives/partial}
echo "deb-src ${mirror:-http://deb.debian.org/debian} $VERSION_CODENAME main" >"$apt/sources.list"
cat >"$apt/apt.conf" <<EOF
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::State "$apt/state";
Dir::State::status "/var/lib/dpkg/status";
Dir::Cache "$apt/cache";
EOF
export APT_CONFIG=$apt/apt.conf
cd "$folder"
apt-get -q update >"$apt/log" 2>&1 || { tail -n 5 "$apt/log" >&2; die "cannot read the list of source packages"; }
apt-get -q source "bearssl=$version" >>"$apt/log" 2>&1 || { tail -n 5 "$apt/log" >&2; die "cannot fetch bearssl $version"; }
mv "$folder"/bearssl-*/ "$folder/bearssl"
echo "bearssl: sources of $version"
