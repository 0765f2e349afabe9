#!/usr/bin/env bash
# What image-check.sh runs of the image with ffmpeg, beside servers of its own:  previews-runs.sh IMAGE IMAGE_OF_ALL
set -euo pipefail
previews=$1 all=$2 work=$IMAGE_CHECK_WORK
. docker/running.sh

mkdir "$work/media" "$work/previews" && chmod 777 "$work/previews"
ffmpeg -nostdin -v error -f lavfi -i testsrc2=s=640x360:r=25:d=2 -f lavfi -i sine=d=2 -c:v libx264 -c:a aac "$work/media/film.mp4"
chmod -R a+rX "$work/media"
options=(--entrypoint /usr/local/bin/oneshot)
expect 0 "now at " run "$all" migrate
psql "$DATABASE_URL" -qc "insert into oneshot.media_previews (asset_id, kind, source, source_tag)
  select kind, kind, 'film.mp4', '1' from unnest(array['video', 'audio']) as kind"

volumes=(-v "$work/media:/media:ro" -v "$work/previews:/previews" -e PREVIEWS_SOURCE_DIR=/media -e PREVIEWS_TARGET_DIR=/previews)
# Whether there are user namespaces in a container is the host's and the engine's to say; the job says so, too.
options=("${volumes[@]}")
if run "$previews" --check >"$work/check.log" 2>&1; then
  echo "ok  0  user namespaces are allowed here"
else
  grep -qF "PREVIEWS_SANDBOX=limits" "$work/check.log" || fail "--check: $(cat "$work/check.log")"
  expect 78 "PREVIEWS_SANDBOX=limits" run "$previews"
  options+=(-e PREVIEWS_SANDBOX=limits)
fi
expect 0 '"ffmpeg_version":"' run "$previews" --check
expect 0 '"made":2' run "$previews"
[ "$(psql "$DATABASE_URL" -Atc "select string_agg(concat_ws(' ', kind, state, width, height), ', ' order by kind) from oneshot.media_previews")" = \
  "audio made, video made 640 360" ] || fail "the previews are not in Postgres"
for target in $(psql "$DATABASE_URL" -Atc 'select target from oneshot.media_previews'); do
  ffprobe -v error "$work/previews/$target" || fail "$target does not play"
done
# The image of all jobs has none.
options=("${volumes[@]}" --entrypoint /usr/local/bin/media-previews)
expect 78 "Install Debian's package" run "$all" --check
