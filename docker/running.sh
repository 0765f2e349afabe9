# How image-runs.sh and previews-runs.sh run an image: as a cluster would. Sourced; $work is image-check's folder.
fail() { echo "image-check: $*" >&2; exit 1; }
# They are their owner's alone, and 65532 has to reach them.
chmod 755 "$ONESHOT_SERVERS" && chmod 777 "$ONESHOT_SERVERS/redis.sock"
mkdir -p "$work/secrets"
printf '%s\n' "${DATABASE_URL/$ONESHOT_SERVERS//servers}" >"$work/secrets/DATABASE_URL"
printf '%s\n' "${REDIS_URL/$ONESHOT_SERVERS//servers}" >"$work/secrets/REDIS_URL"
chown -R root:65532 "$work/secrets" && chmod 0750 "$work/secrets" && chmod 0440 "$work/secrets"/*

engine() {
  podman --root "$work/store" --runroot "$work/run" --storage-driver vfs --cgroup-manager cgroupfs --runtime runc "$@"
}
run() { # image [argument…]; options in $options
  engine run --rm --pull never \
    --read-only --read-only-tmpfs=false --cap-drop all --security-opt no-new-privileges --user 65532:65532 --network host \
    --ulimit nofile=1024:1024 --ulimit nproc=4096:4096 \
    -v "$ONESHOT_SERVERS:/servers" -v "$work/secrets:/run/secrets/oneshot:ro" \
    -e DATABASE_URL_FILE=/run/secrets/oneshot/DATABASE_URL -e REDIS_URL_FILE=/run/secrets/oneshot/REDIS_URL "${options[@]}" "$@"
}
options=()
expect() { # code words… : the code that it ends with, and what it says
  local wanted=$1 text=$2 code=0 said
  shift 2
  said=$("$@" 2>&1) || code=$?
  [ "$code" = "$wanted" ] || fail "ended with $code, not $wanted: $said"
  grep -qF -- "$text" <<<"$said" || fail "«$text» is missing in: $said"
  echo "ok  $wanted  $text"
}
