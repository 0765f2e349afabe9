#!/usr/bin/env bash
# Lays out an image's file system: the binaries, what they cannot run without, and what all of it is made of.
#
#   pack.sh FOLDER [JOB]
#
# Without a job: all of them, from ONESHOT_BINARIES or .build/release. Runs where they were built, on a Debian-like system.
set -euo pipefail
. "$(dirname "$0")/contents.sh"
image=$1 job=${2:-}
built=${ONESHOT_BINARIES:-.build/release}
binaries=("$built/${job:-oneshot}")
if [ -z "$job" ]; then
  for name in $(jobs_in "$built"); do binaries+=("$built/$name"); done
fi

mkdir -p "$image"/{etc/ssl/certs,usr/lib/ssl,usr/share/doc/oneshot,var/lib/dpkg/status.d}
install -D -t "$image/usr/local/bin" "${binaries[@]}"
ln -s "usr/local/bin/${job:-oneshot}" "$image/job"

# The loader and every shared library, at the places where the loader looks.
linked=$(libraries_of "${binaries[@]}")
mapfile -t libraries <<<"$linked"
for library in "${libraries[@]}"; do install -D "$library" "$image$library"; done

cp /etc/ssl/certs/ca-certificates.crt "$image/etc/ssl/certs/"
# Where OpenSSL looks when nobody names a file.
ln -s /etc/ssl/certs/ca-certificates.crt "$image$(openssl version -d | cut -d'"' -f2)/cert.pem"
echo 'oneshot:x:65532:65532::/:/usr/sbin/nologin' >"$image/etc/passwd"
echo 'oneshot:x:65532:' >"$image/etc/group"
printf 'passwd: files\ngroup: files\nhosts: files dns\n' >"$image/etc/nsswitch.conf"
cp -L /etc/os-release "$image/etc/os-release"

# Which packages the files are of: for scanners, which look there in images without a package manager, and as an SBOM.
mapfile -t packages < <({ packages_of "${libraries[@]}" && echo ca-certificates; } | sort -u)
for package in "${packages[@]}"; do dpkg-query --status "$package" >"$image/var/lib/dpkg/status.d/$package"; done
spdx "${job:-all}" "$("$built/oneshot" --version | cut -d' ' -f2)" "${packages[@]}" >"$image/usr/share/doc/oneshot/sbom.spdx.json"
find "$image" -exec touch --no-dereference --date "@${SOURCE_DATE_EPOCH:-0}" {} +
