#!/usr/bin/env python3
"""Writes the folder debian/ from which debhelper makes the packages, beside the files that layout.sh laid out.

  packages.py FOLDER_OF_THE_BINARIES OUT VERSION NAME…       DEBFULLNAME, DEBEMAIL: who packages; SOURCE_DATE_EPOCH: when
"""
import os
import shutil
import sys
import textwrap
from email.utils import formatdate
from pathlib import Path

from units import HERE, facts, of

# What a job runs, and no library of it.
PROGRAMS = {"media-previews": ["ffmpeg"]}
WHO = f"{os.environ.get('DEBFULLNAME', 'The oneshot authors')} <{os.environ.get('DEBEMAIL', 'oneshot@example.com')}>"


def description(summary, *paragraphs):
    text = "\n .\n".join("\n".join(f" {line}" for line in textwrap.wrap(paragraph, 76)) for paragraph in paragraphs)
    return f"Description: {summary}\n{text}\n"


def package(name, fields, *texts):
    return f"\nPackage: {name}\n" + "".join(f"{field}: {value}\n" for field, value in fields.items()) + description(*texts)


CONTRACT = ("One run of one job of oneshot: it takes its settings from the environment, runs once under a lock, ends, and reports by "
            "its exit code and one line of JSON. It may be started twice, late or never, and stopped at any point.")


def of_binary(name, summary, texts, more={}):
    depends = ["${shlibs:Depends}", "${misc:Depends}", "oneshot-common (= ${source:Version})"] + PROGRAMS.get(name, [])
    return package(name if name == "oneshot" else f"oneshot-{name}", {
        "Architecture": "any", "Depends": ", ".join(depends), "Recommends": "ca-certificates", **more}, summary, *texts)


def control(described):
    text = f"""Source: oneshot
Section: admin
Priority: optional
Maintainer: {WHO}
Build-Depends: debhelper-compat (= 13)
Standards-Version: 4.6.2
Rules-Requires-Root: no
"""
    text += package(
        "oneshot-common", {"Architecture": "all", "Multi-Arch": "foreign", "Depends": "${misc:Depends}"},
        "user and folders of the oneshot jobs", "The user that the units run as, and the folders for settings and secrets.")
    for name, facts_of in described.items():
        if name == "oneshot":
            text += of_binary(name, "operator's command of the oneshot jobs",
                              ["It shows runs, locks, dead letters and health, and migrates the database."])
            continue
        timers = "Its systemd timers are installed, and none is enabled." if of(name) else "It has no schedule of its own."
        text += of_binary(name, f"oneshot job {name}", [f"{name} {facts_of['summary']}. {timers}", CONTRACT], {"Suggests": "oneshot"})
    return text


def changelog(version):
    when = formatdate(int(os.environ["SOURCE_DATE_EPOCH"]))
    # A version like 1.0.0-rc.1 comes before 1.0.0.
    return f"oneshot ({version.replace('-', '~')}) unstable; urgency=medium\n\n  * Release {version}.\n\n -- {WHO}  {when}\n"


def write(binaries, out, version, names):
    described = {name: {} if name == "oneshot" else facts(binaries, name) for name in names}
    files = {"control": control(described), "changelog": changelog(version)}
    for name in names:
        mine = name if name == "oneshot" else f"oneshot-{name}"
        files[f"{mine}.manpages"] = f"stage/share/man/man1/{name}.1\n"
        lines = [f"stage/bin/{name} usr/bin",
                 f"stage/share/bash-completion/completions/{name} usr/share/bash-completion/completions",
                 f"stage/share/zsh/site-functions/_{name} usr/share/zsh/vendor-completions"]
        if name == "oneshot":
            lines.append("stage/share/fish/vendor_completions.d/oneshot.fish usr/share/fish/vendor_completions.d")
        lines += [f"stage/lib/systemd/system/oneshot-{schedule}.* lib/systemd/system" for schedule in units_of(name)]
        files[f"{mine}.install"] = "".join(f"{line}\n" for line in lines)
    folder = Path(out, "debian")
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    for path in (HERE / "fixed").iterdir():
        shutil.copy(path, folder / path.name)


def units_of(name):
    if name in ("oneshot", "job-exec"):
        return []
    return [schedule.name for schedule in of(name)] or [name]


if __name__ == "__main__":
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    write(*sys.argv[1:4], sys.argv[4:])
