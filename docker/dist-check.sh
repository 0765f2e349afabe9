#!/usr/bin/env bash
# Installs the packages of `make dist` in a bare Debian, and runs what they bring there (`make dist-check`).
#
#   dist-check.sh FOLDER_OF_DIST
#
# As root. The bare Debian comes from Debian's mirror, with what the packages depend on; it has no network after that:
# Postgres and Redis are private servers of this machine, behind Unix sockets. Everything is removed at the end.
set -euo pipefail
cd "$(dirname "$0")/.."
dist=$(realpath "$1")
[ "$(id -u)" = 0 ] || { echo "SKIPPED: dist-check, because debootstrap and chroot need root here" >&2; exit 69; }
work=$(mktemp -d "${TMPDIR:-/tmp}/oneshot-dist-check-XXXXXX")
trap 'umount -q "$work/debian/proc" "$work/debian/servers" 2>/dev/null || true; rm -rf --one-file-system "$work"' EXIT
say() { printf '\n== %s\n' "$*"; }
fail() { echo "dist-check: $*" >&2; exit 1; }

say "What is in $dist"
(cd "$dist" && sha256sum --check --quiet SHA256SUMS && ls -l)
packages=("$dist"/*.deb)
lintian --fail-on error,warning "${packages[@]}" || fail "lintian has something to say"
version=$(dpkg-deb -f "$dist"/oneshot_*.deb Version)

say "A bare Debian, and what the packages depend on"
# media-previews brings ffmpeg and its hundred packages: it is looked at, and not installed here.
mapfile -t packages < <(printf '%s\n' "${packages[@]}" | grep -v /oneshot-media-previews_)
needs=$(for package in "${packages[@]}"; do dpkg-deb -f "$package" Depends | tr ',' '\n'; done |
  sed 's/^ *//; s/[ (|].*//' | grep -v '^oneshot' | sort -u | grep -v '^systemd$' | tr '\n' ,)
debootstrap --variant=minbase --include="${needs}ca-certificates,man-db,systemd-standalone-sysusers" bookworm "$work/debian" \
  http://deb.debian.org/debian >"$work/debootstrap.log" || { tail "$work/debootstrap.log" >&2; fail "no Debian"; }
mkdir "$work/debian/packages" "$work/debian/servers"
cp "${packages[@]}" "$work/debian/packages/"
mount -t proc proc "$work/debian/proc"

# Without the network, and with the environment that the line says.
inside() { unshare --net chroot "$work/debian" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 "$@"; }
say "Installed"
inside sh -c 'dpkg --install /packages/*.deb' | tail -3
inside sh -c 'for package in /packages/*.deb; do name=${package#/packages/}; dpkg-query -W -f "\${db:Status-Abbrev} \${Package} \${Version}\n" "${name%%_*}"; done' |
  tee "$work/installed"
[ "$(grep -c "^ii .* $version\$" "$work/installed")" = ${#packages[@]} ] || fail "not all packages are installed as $version"
inside getent passwd oneshot | grep -q ':/usr/sbin/nologin$' || fail "there is no user oneshot"
[ -z "$(find "$work/debian/etc/systemd/system" -name 'oneshot*')" ] || fail "a timer was enabled before there are secrets"

say "Every binary answers, and has a manual page"
mapfile -t names < <(for package in "${packages[@]}"; do dpkg-deb --contents "$package"; done | sed -n 's#.* \./usr/bin/\(..*\)#\1#p')
[ ${#names[@]} -ge $((${#packages[@]} - 1)) ] || fail "packages without a binary: ${names[*]}"
for name in "${names[@]}"; do
  [ "$(inside "$name" --version)" = "$name $version" ] || fail "$name is not $version"
  inside "$name" --help >/dev/null || fail "$name --help"
  inside man -P cat "$name" | grep -qi "^NAME" || fail "$name has no manual page"
  printf '%s ' "$name"
done
echo
export DIST_CHECK_ROOT=$work/debian
Tests/Support/private-servers.sh docker/dist-runs.sh

say "Removed"
# What an administrator has put there is theirs, and stays.
rm "$work"/debian/etc/oneshot/credentials/* "$work/debian/etc/oneshot/usage-aggregation.env"
inside sh -c 'dpkg --purge $(dpkg-query -W -f "\${Package} " "oneshot*")' >"$work/purge.log" 2>&1 || { cat "$work/purge.log" >&2; fail "purge"; }
left=$(find "$work/debian/usr" "$work/debian/etc" -name '*oneshot*')
[ -z "$left" ] || fail "left behind: $left"
say "dist-check passed"
