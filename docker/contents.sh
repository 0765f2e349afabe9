# What a folder of binaries has, what it is made of, and the SBOM (SPDX) that says so. Sourced by pack.sh and dist.sh.

# The jobs: whoever answers --describe.
jobs_in() { # folder
  local file name
  for file in "$1"/*; do
    name=${file##*/}
    if [ -f "$file" ] && [ -x "$file" ] && [[ $name != *.* && $name != oneshot ]] && "$file" --describe >/dev/null; then
      echo "$name"
    fi
  done
}

# The shared libraries that binaries load, the loader included, one a line.
libraries_of() { # binary…
  local linked
  linked=$(ldd "$@")
  if grep 'not found' <<<"$linked" >&2; then return 1; fi
  grep -o '/[^ ]*\.so[^ ]*' <<<"$linked" | sort -u
}

# The packages that these files are of, and those of what is linked in (see Makefile), one a line.
packages_of() { # file…
  local file
  for file in "$@" .build/linked-in/*.a; do
    [ -e "$file" ] || continue
    # Debian has moved /lib below /usr, and its list of files may name either.
    dpkg-query -S "$file" "$(realpath "$file")" "${file#/usr}" "/usr$file" 2>/dev/null | head -1 || true
  done | cut -d: -f1 | sort -u
}

spdx_package() { # name version reference
  printf '    {"SPDXID": "SPDXRef-%s", "name": "%s", "versionInfo": "%s", "downloadLocation": "NOASSERTION", "filesAnalyzed": false, "licenseConcluded": "NOASSERTION", "licenseDeclared": "NOASSERTION", "copyrightText": "NOASSERTION", "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": "%s"}]}' \
    "${1//[^A-Za-z0-9.-]/-}" "$1" "$2" "$3"
}

# An SPDX document, of SOURCE_DATE_EPOCH, on stdout.
spdx() { # what it describes, the version of oneshot, package…
  local subject=$1 version=$2 distribution swift list contains package number architecture
  shift 2
  distribution=$(. /etc/os-release && echo "$ID-$VERSION_ID")
  swift=$(swift --version 2>/dev/null | grep -o 'Swift version [0-9.]*' | cut -d' ' -f3)
  list=$(
    spdx_package oneshot "$version" "pkg:generic/oneshot@$version"
    printf ',\n' && spdx_package swift "$swift" "pkg:generic/swift@$swift"
    for package in "$@"; do
      read -r number architecture < <(dpkg-query -W -f '${Version} ${Architecture}\n' "$package")
      printf ',\n' && spdx_package "$package" "$number" "pkg:deb/${distribution%-*}/$package@${number//+/%2B}?arch=$architecture&distro=$distribution"
    done)
  contains=$(printf '%s\n' swift "$@" | sed 's/[^A-Za-z0-9.-]/-/g; s/.*/    {"spdxElementId": "SPDXRef-oneshot", "relationshipType": "DEPENDS_ON", "relatedSpdxElement": "SPDXRef-&"},/')
  cat <<JSON
{
  "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": "oneshot $subject $version",
  "documentNamespace": "https://spdx.org/spdxdocs/oneshot-$(sha256sum <<<"$subject $list" | cut -c1-32)",
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
}
