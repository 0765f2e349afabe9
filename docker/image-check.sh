#!/usr/bin/env bash
# Builds the images without a Docker engine, looks into them, and runs them as a cluster would (`make image-check`).
#
# As root. The base image that the Dockerfile names is made of Debian's packages and this machine's Swift, under that
# name: no registry is asked. Everything it makes is removed at the end.
#
#   IMAGE_CHECK_TWICE=1    also builds again from the start, and compares
set -euo pipefail
cd "$(dirname "$0")/.."
[ "$(id -u)" = 0 ] || { echo "SKIPPED: image-check, because buildah and podman need root here" >&2; exit 69; }

work=$(mktemp -d "${TMPDIR:-/tmp}/oneshot-image-XXXXXX")
trap 'chmod -R u+rwx "$work" 2>/dev/null; rm -rf "$work"' EXIT
store=(--root "$work/store" --runroot "$work/run" --storage-driver vfs)
say() { printf '\n== %s\n' "$*"; }
fail() { echo "image-check: $*" >&2; exit 1; }

# The sources as they are now, whatever is edited meanwhile.
mkdir "$work/context"
tar -c --exclude=./.build* --exclude=./.git . | tar -x -C "$work/context"

say "A base image of Debian's packages and this machine's Swift"
bootstrap() { # folder [option…]
  local folder=$1; shift
  debootstrap --variant=minbase "$@" bookworm "$folder" "$mirror" >"$work/debootstrap.log" || { tail "$work/debootstrap.log" >&2; exit 1; }
  printf 'deb %s bookworm main\ndeb %s bookworm-updates main\ndeb %s-security bookworm-security main\n' "$mirror" "$mirror" "$mirror" \
    >"$folder/etc/apt/sources.list"
}
commit() { # folder name [option…]: an image of it, with these options
  local folder=$1 name=$2 container; shift 2
  container=$(buildah "${store[@]}" from scratch)
  buildah "${store[@]}" add --quiet "$container" "$folder" / >/dev/null
  buildah "${store[@]}" config --env "PATH=/opt/swift/usr/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" "$@" "$container"
  buildah "${store[@]}" commit --quiet --rm "$container" "$name" >/dev/null
  rm -rf "$folder"
}
base=$(sed -n 's/^ARG SWIFT_IMAGE=\([^@]*\).*/\1/p' docker/Dockerfile)
toolchain=$(dirname "$(dirname "$(dirname "$(readlink -f "$(command -v swift)")")")")
mirror=http://deb.debian.org/debian
bootstrap "$work/base" --include=binutils,ca-certificates,g++,git,libcurl4,libedit2,libncurses6,libsqlite3-0,libxml2,libz3-4,pkg-config,python3-minimal,tzdata,zlib1g-dev
mkdir -p "$work/base/opt/swift"
commit "$work/base" "$base"

file=docker/Dockerfile
build() { # tag [option…], by $file
  local tag=$1; shift
  buildah "${store[@]}" bud --isolation chroot --pull-never --layers --timestamp 0 -v "$toolchain:/opt/swift:ro" --build-arg "SWIFT_IMAGE=$base" \
    --quiet -f "$file" -t "$tag" "$@" "$work/context" >"$work/build.log" 2>&1 || { tail -40 "$work/build.log" >&2; fail "$tag was not built"; }
  podman "${store[@]}" image inspect --format '{{.Id}}' "$tag"
}
say "Three images: one job alone, all, and one with the trait Delivery"
one=$(build localhost/usage-aggregation:check --build-arg JOB=usage-aggregation)
all=$(build localhost/oneshot:check)
build localhost/job-doctor:delivery --build-arg JOB=job-doctor --build-arg TRAITS=Delivery
say "And the one with ffmpeg, on Debian's own packages"
slim=$(sed -n 's/^FROM \(docker.io[^ @]*\).*/\1/p' docker/Dockerfile.media-previews)
bootstrap "$work/slim"
commit "$work/slim" "$slim"
file=docker/Dockerfile.media-previews build localhost/media-previews:check --build-arg ONESHOT_IMAGE=localhost/oneshot:check
if [ "${IMAGE_CHECK_TWICE:-}" = 1 ]; then
  again=$(build localhost/again:check --no-cache --build-arg JOB=usage-aggregation)
  [ "$one" = "$again" ] || fail "the same sources made two images: $one and $again"
  echo "built twice, one image: $one"
fi

say "What is in usage-aggregation"
tree=$(podman "${store[@]}" image mount "$one")
(cd "$tree" && find . ! -type d -printf '%10s  %p %l\n' | sort -k2)
size=$(du --apparent-size -sb "$tree" | cut -f1)
echo "$((size / 1000)) kB on disk, $(tar -C "$tree" -c . | gzip | wc -c | awk '{print int($1 / 1000)}') kB packed; with all jobs $(du --apparent-size -sb "$(podman "${store[@]}" image mount "$all")" | awk '{print int($1 / 1000)}') kB"
[ "$size" -le 35000000 ] || fail "more than 35 MB"
(cd "$(podman "${store[@]}" image mount "$all")/usr/local/bin" && ls)
[ -z "$(find "$tree" -perm /6000)" ] || fail "something runs as another user"
.build/python/bin/pyspdxtools --infile "$tree/usr/share/doc/oneshot/sbom.spdx.json"
grep -q '"name": "libpq5"' "$tree/usr/share/doc/oneshot/sbom.spdx.json" || fail "the SBOM lacks libpq5"
[ -s "$tree/var/lib/dpkg/status.d/libpq5" ] || fail "scanners would not see libpq5"
podman "${store[@]}" image umount --all >/dev/null

say "Runs as a cluster would have them"
export IMAGE_CHECK_WORK=$work
Tests/Support/private-servers.sh docker/image-runs.sh localhost/usage-aggregation:check localhost/oneshot:check localhost/job-doctor:delivery
Tests/Support/private-servers.sh docker/previews-runs.sh localhost/media-previews:check localhost/oneshot:check
say "image-check passed"
