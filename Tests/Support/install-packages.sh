#!/usr/bin/env bash
# Installs the Debian packages that are missing for one of the Makefile's commands.
#
#   install-packages.sh lint | build | lambda | demo | test | bench | image | dist | dist-check
#
# As root or through sudo; otherwise it names them. Nothing is touched when nothing is missing.
set -euo pipefail

lint=(python3)
build=(libpq-dev libhiredis-dev libc6-dev)
lambda=("${build[@]}" binutils ca-certificates patchelf python3)
demo=("${build[@]}" postgresql redis-server redis-tools util-linux libcurl4-openssl-dev ffmpeg python3
  python3-aiosmtpd)
test=("${demo[@]}" binutils patchelf pgbouncer docker-compose openssl systemd python3-venv python3-redis
  python3-jsonschema prometheus prometheus-node-exporter prometheus-pushgateway librdkafka-dev curl bsdutils fish man-db zsh
  chromium python3-html5lib debhelper help2man)
image=("${demo[@]}" buildah catatonit debootstrap openssl podman python3-venv runc)
dist=("${build[@]}" buildah ca-certificates debhelper git help2man libcurl4-openssl-dev openssl python3)
dist_check=("${demo[@]}" debootstrap lintian)
bench=("${demo[@]}" python3-redis python3-psycopg2 python3-venv librdkafka-dev gcc)
case "${1:-}" in
  lint) wanted=("${lint[@]}") ;;
  build) wanted=("${build[@]}") ;;
  lambda) wanted=("${lambda[@]}") ;;
  demo) wanted=("${demo[@]}") ;;
  test) wanted=("${test[@]}") ;;
  image) wanted=("${image[@]}") ;;
  dist) wanted=("${dist[@]}") ;;
  dist-check) wanted=("${dist_check[@]}") ;;
  bench) wanted=("${bench[@]}") ;;
  *) sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 64 ;;
esac

if ! command -v swift >/dev/null; then
  cat >&2 <<'TEXT'
Swift is not installed here. Version 6.2 or newer is needed; get it from https://www.swift.org/install/linux/
(swiftly: one command, no root needed), or use the image docker.io/library/swift:6.2-bookworm.
TEXT
  exit 69
fi

command -v dpkg-query >/dev/null || {
  echo "This is no Debian-like system. Please install what these Debian packages hold, then set ONESHOT_SKIP_INSTALL=1: ${wanted[*]}" >&2
  [ "${ONESHOT_SKIP_INSTALL:-}" = 1 ] && exit 0
  exit 69
}
is_installed() { dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q '^install ok installed'; }

as_root=()
can_install() {
  [ "$(id -u)" = 0 ] && return
  as_root=(sudo)
  command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }
}

install() {
  echo "installing: $*" >&2
  "${as_root[@]}" apt-get update -q >/dev/null
  # Tests start servers of their own: the packages' services are not started here (they are at the next boot).
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive SYSTEMD_OFFLINE=1 RUNLEVEL=1 apt-get install -q -y --no-install-recommends "$@" >/dev/null
}

missing=()
for package in "${wanted[@]}"; do is_installed "$package" || missing+=("$package"); done
if [ ${#missing[@]} -gt 0 ]; then
  can_install || {
    echo "These packages are missing; please have them installed: apt-get install ${missing[*]}" >&2
    exit 69
  }
  install "${missing[@]}"
fi

# What a few tests want, and say loudly that they are skipped without: taken where this system offers it.
if [ "$1" = test ]; then
  missing=()
  server=postgresql-$(ls /usr/lib/postgresql | sort -V | tail -1)
  for package in mariadb-server "$server-mysql-fdw" "$server-hll" clickhouse-server; do
    is_installed "$package" || [ -z "$(apt-cache search --names-only "^$package\$")" ] || missing+=("$package")
  done
  if [ ${#missing[@]} -gt 0 ] && can_install; then
    install "${missing[@]}" || echo "could not be installed: ${missing[*]}; some tests will be skipped" >&2
  fi
fi
