#!/usr/bin/env bash
# Makes what is published, from binaries that are built (`make dist`): Debian packages, a tarball, an OCI archive of each
# image, an SBOM, and SHA256SUMS.
#
#   dist.sh FOLDER_OF_THE_BINARIES OUT [NAME…]      without a name: oneshot and all jobs
#
# The same binaries make the same bytes. Their time is SOURCE_DATE_EPOCH, or that of the last commit.
# Images need root and buildah; what is skipped is said.
#
#   DIST_IMAGES="all usage-aggregation"      only these images; "" none; without it one of all jobs and one for each job
#   SHLIBDEPS=-l…                            options of dpkg-shlibdeps, for binaries that Swift is not linked into
#   DEBFULLNAME, DEBEMAIL                    who packages, as Debian's tools have it
set -euo pipefail
here=$(dirname "$(realpath "$0")")
binaries=$(realpath "$1") out=$(realpath -m "$2")
shift 2
cd "$here/.."
. docker/contents.sh
: "${SOURCE_DATE_EPOCH:=$(git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)}"
export SOURCE_DATE_EPOCH LC_ALL=C.UTF-8 TZ=UTC PYTHONDONTWRITEBYTECODE=1
umask 022
names=("$@")
if [ ${#names[@]} = 0 ]; then mapfile -t names < <(echo oneshot && jobs_in "$binaries"); fi
version=$("$binaries/${names[0]}" --version | cut -d' ' -f2)
architecture=$(dpkg --print-architecture)
name=oneshot-$version-linux-$architecture
work=$(mktemp -d "${TMPDIR:-/tmp}/oneshot-dist-XXXXXX")
trap 'rm -rf "$work"' EXIT
say() { echo "dist: $*" >&2; }
if [ -n "$(ls -A "$out" 2>/dev/null)" ] && [ ! -f "$out/SHA256SUMS" ]; then
  say "$out has files that are not from here: name another folder"
  exit 73
fi
rm -rf "$out" && mkdir -p "$out"

# A folder as a tar whose bytes depend on nothing but the files' names, contents and modes.
packed() { # folder, what of it
  tar -C "$1" --sort=name --format=posix --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime \
    --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner -c "$2"
}

say "$name: ${#names[@]} binaries"
libraries=$(libraries_of "${names[@]/#/$binaries/}")
mapfile -t made_of < <(packages_of $libraries)
spdx binaries "$version" "${made_of[@]}" >"$out/$name.spdx.json"

say "a tarball, for /usr/local"
docker/debian/layout.sh "$binaries" /usr/local/bin "$work/$name" "${names[@]}"
# Units read /etc, where a tarball writes nothing.
rm -r "$work/$name/etc"
cp "$out/$name.spdx.json" "$work/$name/share/doc/oneshot/sbom.spdx.json"
packed "$work" "$name" | gzip -n >"$out/$name.tar.gz"

say "Debian packages"
source=$work/packages/oneshot
mkdir -p "$source"
docker/debian/layout.sh "$binaries" /usr/bin "$source/stage" "${names[@]}"
docker/debian/packages.py "$binaries" "$source" "$version" "${names[@]}"
(cd "$source" && debian/rules binary) >"$work/packages.log" 2>&1 || { tail -40 "$work/packages.log" >&2; exit 1; }
cp "$work"/packages/*.deb "$out/"

wanted=(all)
for job in "${names[@]}"; do
  # Without ffmpeg it would be of no use: docker/Dockerfile.media-previews.
  [ "$job" = media-previews ] || [ "$job" = oneshot ] || wanted+=("$job")
done
if [ -n "${DIST_IMAGES+set}" ]; then read -ra wanted <<<"$DIST_IMAGES" || true; fi
if [ ${#wanted[@]} = 0 ]; then
  say "SKIPPED: images, because DIST_IMAGES names none"
elif [ "$(id -u)" != 0 ] || ! command -v buildah >/dev/null; then
  say "SKIPPED: ${#wanted[@]} images, because buildah needs root here (or is missing)"
else
  say "${#wanted[@]} images"
  for image in "${wanted[@]}"; do
    docker/oci.sh "$binaries" "$image" "$version" "$work/oci"
    packed "$work/oci" . >"$out/${image/#all/oneshot}-$version-linux-$architecture.oci.tar"
    rm -rf "$work/oci"
  done
fi

if [ -x .build/python/bin/pyspdxtools ]; then
  .build/python/bin/pyspdxtools --infile "$out/$name.spdx.json" >&2
else
  say "SKIPPED: whether the SBOM is valid, because .build/python is missing (Tests/Support/python-tools.sh makes it)"
fi
(cd "$out" && sha256sum -- * >"$work/SHA256SUMS" && mv "$work/SHA256SUMS" .)
say "$(find "$out" -type f | wc -l) files, $(du -sm "$out" | cut -f1) MB in $out"
