#!/usr/bin/env bash
# Lays out an image's file system: the binaries, what they cannot run without, and what all of it is made of.
#
#   pack.sh FOLDER [JOB]
#
# Without a job: all of them. Runs where they were built, on a Debian-like system.
set -euo pipefail
image=$1 job=${2:-}
built=.build/release
binaries=("$built/${job:-oneshot}")
if [ -z "$job" ]; then
  # Whoever answers --describe is a job.
  for file in "$built"/*; do
    name=${file##*/}
    if [ -f "$file" ] && [ -x "$file" ] && [[ $name != *.* && $name != oneshot ]] && "$file" --describe >/dev/null; then
      binaries+=("$file")
    fi
  done
fi

mkdir -p "$image"/{etc/ssl/certs,usr/lib/ssl,usr/share/doc/oneshot,var/lib/dpkg/status.d}
install -D -t "$image/usr/local/bin" "${binaries[@]}"
ln -s "usr/local/bin/${job:-oneshot}" "$image/job"

# The loader and every shared library, at the places where the loader looks.
linked=$(ldd "${binaries[@]}")
if grep 'not found' <<<"$linked" >&2; then exit 1; fi
mapfile -t libraries < <(grep -o '/[^ ]*\.so[^ ]*' <<<"$linked" | sort -u)
for library in "${libraries[@]}"; do install -D "$library" "$image$library"; done

cp /etc/ssl/certs/ca-certificates.crt "$image/etc/ssl/certs/"
# Where OpenSSL looks when nobody names a file.
ln -s /etc/ssl/certs/ca-certificates.crt "$image$(openssl version -d | cut -d'"' -f2)/cert.pem"
echo 'oneshot:x:65532:65532::/:/usr/sbin/nologin' >"$image/etc/passwd"
echo 'oneshot:x:65532:' >"$image/etc/group"
printf 'passwd: files\ngroup: files\nhosts: files dns\n' >"$image/etc/nsswitch.conf"
cp -L /etc/os-release "$image/etc/os-release"

# Which packages the files are of: for scanners, which look there in images without a package manager, and as an SBOM.
mapfile -t packages < <(
  # Those that are linked in (see Makefile) as well as those that are loaded.
  for file in "${libraries[@]}" .build/linked-in/*.a /etc/ssl/certs/ca-certificates.crt; do
    # Debian has moved /lib below /usr, and its list of files may name either.
    dpkg-query -S "$file" "$(realpath "$file")" "${file#/usr}" "/usr$file" 2>/dev/null | head -1 || true
  done | cut -d: -f1 | sort -u)
packages+=(ca-certificates)
mapfile -t packages < <(printf '%s\n' "${packages[@]}" | sort -u)
distribution=$(. /etc/os-release && echo "$ID-$VERSION_ID")
version=$("$built/oneshot" --version | cut -d' ' -f2)
swift=$(swift --version 2>/dev/null | grep -o 'Swift version [0-9.]*' | cut -d' ' -f3)
entry() { # name version reference
  printf '    {"SPDXID": "SPDXRef-%s", "name": "%s", "versionInfo": "%s", "downloadLocation": "NOASSERTION", "filesAnalyzed": false, "licenseConcluded": "NOASSERTION", "licenseDeclared": "NOASSERTION", "copyrightText": "NOASSERTION", "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": "%s"}]}' \
    "${1//[^A-Za-z0-9.-]/-}" "$1" "$2" "$3"
}
list=$(
  entry oneshot "$version" "pkg:generic/oneshot@$version"
  printf ',\n' && entry swift "$swift" "pkg:generic/swift@$swift"
  for package in "${packages[@]}"; do
    dpkg-query --status "$package" >"$image/var/lib/dpkg/status.d/$package"
    read -r number architecture < <(dpkg-query -W -f '${Version} ${Architecture}\n' "$package")
    printf ',\n' && entry "$package" "$number" "pkg:deb/${distribution%-*}/$package@${number//+/%2B}?arch=$architecture&distro=$distribution"
  done)
contains=$(printf '%s\n' swift "${packages[@]}" | sed 's/[^A-Za-z0-9.-]/-/g; s/.*/    {"spdxElementId": "SPDXRef-oneshot", "relationshipType": "DEPENDS_ON", "relatedSpdxElement": "SPDXRef-&"},/')
cat >"$image/usr/share/doc/oneshot/sbom.spdx.json" <<JSON
{
  "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": "oneshot ${job:-all} $version",
  "documentNamespace": "https://spdx.org/spdxdocs/oneshot-$(sha256sum <<<"$job $list" | cut -c1-32)",
  "creationInfo": {"created": "$(date -u -d "@${SOURCE_DATE_EPOCH:-0}" +%FT%TZ)", "creators": ["Tool: oneshot-pack-$version"]},
  "packages": [
$list
  ],
  "relationships": [
$contains
    {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-oneshot"}
  ]
}
JSON
find "$image" -exec touch --no-dereference --date "@${SOURCE_DATE_EPOCH:-0}" {} +
