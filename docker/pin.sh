#!/usr/bin/env bash
# Pins the images that are not ours: asks their registry for the digest behind each tag, and writes it behind the tag, in
# every file of docker/, k8s/, ecs/ and .github/ that names one. Run again, it writes the newest. Needs skopeo, or docker with buildx.
#
#   pin.sh          pins them
#   pin.sh --list   names them, and asks nobody
set -euo pipefail
cd "$(dirname "$0")/.."
digest() {
  if command -v skopeo >/dev/null; then
    skopeo inspect ${SKOPEO_OPTIONS:-} --format '{{.Digest}}' "docker://$1"
  else
    docker buildx imagetools inspect --format '{{.Manifest.Digest}}' "$1"
  fi
}
# A registry, a path and a tag, where a line of YAML or of a Dockerfile gives an image.
image='([a-z0-9.-]+\.[a-z]+|localhost:[0-9]+)/[a-z0-9/._-]+:[A-Za-z0-9._-]+'
place='(image:[[:space:]]+|^ARG [A-Z_]+=|^FROM )'
mapfile -t files < <(grep -rlE "$place$image" docker k8s ecs .github | sort)
mapfile -t images < <(grep -hoE "$place$image" "${files[@]}" | grep -oE "$image" | sort -u)
if [ "${1:-}" = --list ]; then printf '%s\n' "${images[@]}"; exit; fi
for image in "${images[@]}"; do
  found=$(digest "$image")
  [[ $found =~ ^sha256:[0-9a-f]{64}$ ]] || { echo "$image: no digest but «$found»" >&2; exit 1; }
  sed -i -E "s#${image//./\\.}(@sha256:[0-9a-f]{64})?([[:space:]]|\$)#$image@$found\2#" "${files[@]}"
  echo "$image@$found"
done
