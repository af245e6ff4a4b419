#!/bin/sh
# Installs what is missing of deps/debian.txt and web/package.json; does nothing where all is present.
# usage: deps/install.sh GROUP...   (groups are the headings of deps/debian.txt, and "npm")
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(dirname "$here")

die() {
    echo "deps: $*" >&2
    exit 1
}

packages_of() {
    awk -v g="[$1]" '/^#/ || /^$/ {next} /^\[/ {on = ($0 == g); next} on' "$here/debian.txt"
}

missing=""
want_npm=no
for group in "$@"; do
    if [ "$group" = npm ]; then
        want_npm=yes
        continue
    fi
    list=$(packages_of "$group")
    [ -n "$list" ] || die "no group '$group' in deps/debian.txt"
    for p in $list; do
        # One dpkg-query a package keeps the answer exact for packages never heard of.
        if [ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" != installed ]; then
            missing="$missing $p"
        fi
    done
done

# A Node.js that is already there is used, wherever it came from; Debian's otherwise.
if [ $want_npm = yes ]; then
    if ! command -v node >/dev/null 2>&1; then missing="$missing nodejs"; fi
    if ! command -v npm >/dev/null 2>&1; then missing="$missing npm"; fi
fi

if [ -n "$missing" ]; then
    command -v apt-get >/dev/null 2>&1 || die "missing Debian packages:$missing (no apt-get here to install them)"
    sudo=""
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null 2>&1 || die "missing Debian packages:$missing (need root or sudo to install them)"
        sudo=sudo
    fi
    echo "deps: installing Debian packages:$missing"
    export DEBIAN_FRONTEND=noninteractive
    log=$(mktemp)
    # Installing a broker or web server must not start one: moteloop runs its own.
    policy=/usr/sbin/policy-rc.d
    made_policy=no
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' | $sudo tee $policy >/dev/null
        $sudo chmod +x $policy
        made_policy=yes
    fi
    status=0
    { $sudo apt-get update && $sudo env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends $missing; } >"$log" 2>&1 || status=$?
    if [ $made_policy = yes ]; then $sudo rm -f $policy; fi
    if [ $status != 0 ]; then
        tail -n 15 "$log" >&2
        rm -f "$log"
        die "apt-get could not install:$missing"
    fi
    rm -f "$log"
fi

if [ $want_npm = yes ]; then
    major=$(node -p 'process.versions.node.split(".")[0]')
    [ "$major" -ge 18 ] || die "node $(node --version) is too old: 18 or newer is needed"
    if ! cmp -s "$top/web/package-lock.json" "$top/web/node_modules/.moteloop-lock" 2>/dev/null; then
        echo "deps: installing npm packages of web/package-lock.json"
        (cd "$top/web" && npm ci --no-audit --no-fund --loglevel=error) ||
            die "npm could not install the packages of web/package-lock.json"
        cp "$top/web/package-lock.json" "$top/web/node_modules/.moteloop-lock"
    fi
fi
