#!/usr/bin/env bash
# Pins the images that docker/ builds on: asks their registry for the digest behind each tag, and writes it behind the tag.
# Run again, it writes the newest. Needs skopeo, or docker with buildx.
set -euo pipefail
cd "$(dirname "$0")"
digest() {
  if command -v skopeo >/dev/null; then
    skopeo inspect ${SKOPEO_OPTIONS:-} --format '{{.Digest}}' "docker://$1"
  else
    docker buildx imagetools inspect --format '{{.Manifest.Digest}}' "$1"
  fi
}
mapfile -t images < <(grep -ohE '(docker\.io|localhost:[0-9]+)/[a-z0-9/._-]+:[A-Za-z0-9._-]+' Dockerfile compose.yaml | sort -u)
for image in "${images[@]}"; do
  found=$(digest "$image")
  [[ $found =~ ^sha256:[0-9a-f]{64}$ ]] || { echo "$image: no digest but «$found»" >&2; exit 1; }
  sed -i -E "s#${image//./\\.}(@sha256:[0-9a-f]{64})?([[:space:]]|\$)#$image@$found\2#" Dockerfile compose.yaml
  echo "$image@$found"
done
