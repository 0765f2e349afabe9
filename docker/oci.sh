#!/usr/bin/env bash
# Makes an image of binaries that are built, with the last stage of docker/Dockerfile, as a folder of OCI's image layout.
#
#   oci.sh FOLDER_OF_THE_BINARIES all|JOB VERSION OUT
#
# As root, with buildah; no registry is asked. Its time is SOURCE_DATE_EPOCH.
set -euo pipefail
binaries=$1 job=${2#all} version=$3 out=$4
cd "$(dirname "$0")/.."
work=$(mktemp -d "${TMPDIR:-/tmp}/oneshot-oci-XXXXXX")
trap 'rm -rf "$work"' EXIT
store=(--root "$work/store" --runroot "$work/run" --storage-driver vfs)
ONESHOT_BINARIES=$binaries docker/pack.sh "$work/context/image" "$job" >/dev/null
sed -n '/^FROM scratch/,$p' docker/Dockerfile | sed 's/^COPY --from=build /COPY /' >"$work/context/Dockerfile"
tag=${job:-oneshot}:$version
buildah "${store[@]}" bud --quiet --isolation chroot --timestamp "$SOURCE_DATE_EPOCH" -t "$tag" "$work/context" >/dev/null
buildah "${store[@]}" push --quiet --format oci "$tag" "oci:$out:$tag" >/dev/null
