"""media-previews: films, against a shell loop of ffprobe, the same ffmpeg and ffprobe again.

What takes the time is ffmpeg; the job adds a sandbox, an fsync, a rename and a transaction for each film. On a machine that
does other things, too, the second row says more than the first.
"""
import os
import shutil
import subprocess
import time

from stand import ROUNDS, SCALE, alternate

CASE = "media-previews"
FILMS = max(10, int(100 * SCALE))
# So many are enough for the memory of the job itself.
FEW = 3
AT = "2025-11-08T02:00:00Z"
# The job's own command line, as Sources/Jobs/MediaPreviews/Command.swift makes it.
SIDE = "max(2,2*trunc((if(gt(max(iw*sar,ih),640),{0}*640/max(iw*sar,ih),{0})+0.01)/2))"
SCALING = f"scale=w='{SIDE.format('iw*sar')}':h='{SIDE.format('ih')}'"
INPUT = "-protocol_whitelist file -format_whitelist mov,mp4"
ASKED = "format=duration:stream=index,codec_type,codec_name,width,height:stream_disposition=attached_pic"
LOOP = f"""
for film in "$1"/*.mp4; do
  ffprobe -v error {INPUT} -show_entries {ASKED} -of flat "$film" >/dev/null
  ffmpeg -nostdin -v error {INPUT} -max_pixels 40000000 -threads 1 -filter_threads 1 -t 10 -i "$film" -map 0:V:0 -map '0:a:0?' \\
    -vf "{SCALING},setsar=1,fps=30,format=yuv420p" -c:v libx264 -preset veryfast -crf 28 -c:a aac -b:a 96k -ac 2 \\
    -movflags +faststart -sn -dn -map_metadata -1 -map_chapters -1 -fflags +bitexact -threads 1 -f mp4 "$2/out.mp4"
  ffprobe -v error {INPUT} -show_entries {ASKED} -of flat "$2/out.mp4" >/dev/null
  mv "$2/out.mp4" "$2/$(basename "$film")"
done
"""


def measure(stand, table):
    sources, previews = stand.scratch / "sources", stand.scratch / "previews"
    fill(stand, sources)
    a, b = alternate(min(ROUNDS, 3), lambda: ours(stand, sources, previews), lambda: theirs(stand, sources, previews))
    case, against = f"{CASE}, {FILMS} films, previews of 10 s", "ffprobe, ffmpeg, ffprobe in a shell loop"
    table.compare(case, [t.seconds for t in a], [t.seconds for t in b], against, 1.1)
    table.compare(f"{case}, CPU", [t.user + t.system for t in a], [t.user + t.system for t in b], against, 1.1)
    peak = own_peak(stand, sources, previews)
    table.row(f"peak memory, {CASE}, without ffmpeg", f"{peak:.1f} MiB", goal="≤ 24 MiB", is_met=peak <= 24)


def fill(stand, sources):
    """One film under many names: they cost the same, and are made in a second."""
    sources.mkdir()
    subprocess.run(
        "ffmpeg -nostdin -v error -f lavfi -i testsrc2=s=640x360:r=30:d=12 -f lavfi -i sine=d=12 -c:v libx264 "
        f"-preset ultrafast -crf 28 -c:a aac {sources}/0.mp4".split(), check=True)
    for number in range(1, FILMS):
        os.link(sources / "0.mp4", sources / f"{number}.mp4")
    stand.start_from("empty")
    with stand.connection() as connection:
        stand.sql(connection, f"""
            insert into oneshot.media_previews (asset_id, kind, source, source_tag, due_at)
            select g, 'video', g || '.mp4', '1', '2025-11-08 01:00Z' from generate_series(0, {FILMS - 1}) g""")
    stand.keep_as("films")
    with stand.connection() as connection:
        stand.sql(connection, f"delete from oneshot.media_previews where asset_id::int >= {FEW}")
    stand.keep_as("few_films")


def fresh(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()


def settings(sources, previews):
    return {"PREVIEWS_SOURCE_DIR": str(sources), "PREVIEWS_TARGET_DIR": str(previews), "JOB_SCHEDULED_AT": AT, "JOB_FORCE": "true"}


def ours(stand, sources, previews):
    fresh(previews)
    stand.start_from("films")
    took = stand.job(CASE, **settings(sources, previews))
    if took.counts["made"] != FILMS:
        raise SystemExit(f"not all films have a preview: {took.counts}")
    return took


def theirs(stand, sources, previews):
    fresh(previews)
    return stand.measure("/bin/sh", "-c", LOOP, "sh", sources, previews)


def own_peak(stand, sources, previews):
    """The peak of the job's process alone, in MiB: what wait4 reports is the largest of its children, too."""
    fresh(previews)
    stand.start_from("few_films")
    environment = {"PATH": os.environ["PATH"], "DATABASE_URL": stand.database_url, "REDIS_URL": stand.redis_url,
                   "JOB_LOG_LEVEL": "error", **settings(sources, previews)}
    job = subprocess.Popen([stand.binaries / CASE], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak = 0
    while job.poll() is None:
        try:
            with open(f"/proc/{job.pid}/status") as status:
                peak = max([peak] + [int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM:")])
        except OSError:
            break
        time.sleep(0.05)
    job.wait()
    return peak
