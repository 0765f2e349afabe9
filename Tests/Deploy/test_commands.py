"""Every command line in README, CONTRIBUTING and docs/: it is tried, or compared with what there is; NOT_TRIED is the rest.

Programs of ours are started with the options and settings of the line and without servers: they refuse what they do not know before
they miss those. Pages that other tests carry out as a whole are looked at here, too.
"""
import json
import os
import re
import subprocess
import unittest
from pathlib import Path

import botocore.session
import yaml
from botocore import xform_name

from manifests import ROOT, tool
from shell import commands

BINARIES = Path(os.environ["ONESHOT_BINARIES"])
JOBS = [re.sub(r"(?<!^)([A-Z])", r"-\1", path.name).lower() for path in sorted((ROOT / "Sources/Jobs").iterdir())]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"] + [
    page for page in sorted((ROOT / "docs").rglob("*.md")) if "decisions" not in page.parts]

# Programs of others, and of a reader: nobody but their authors can say more of these lines than that they are there.
NOT_TRIED = set("""
  . apt awk bash cat cd clickhouse-client cp curl date done echo env eval exec exit export for gunzip gzip install journalctl jq kill
  kustomize man mkdir mongoexport mysql printf psql pg_dump redis-cli rm sed set sh sha256sum sleep sort source systemctl
  systemd-sysusers tar tee trap until useradd
  /usr/bin/python3 ./export.sh prune-sessions .build/debug/prune-sessions
""".split())
# The reader's own names.
NOT_OURS = {"url", "query", "role", "QUERY", "PATH", "ONESHOT_SERVERS", "ONESHOT_CLUSTER", "EXPORT_URL", "DAY"}
HELM_OPTIONS = {"-n", "--namespace", "-f", "--values", "--set", "--set-file", "--version", "--create-namespace", "--wait", "--atomic"}


def run(*words, settings=None):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60,
                          env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", **(settings or {})})


def is_left_open(text):
    """Whether a reader has to put something in its place."""
    return bool(re.search(r"[…$]|^/|^[A-Z]+$", text))


def options(words):
    return [word.split("=", 1)[0] for word in words if re.match(r"--?[a-zA-Z]", word)]


def described(program):
    facts = json.loads(run(BINARIES / program, "--describe").stdout)
    return {setting["name"] for setting in facts["settings"]}


SETTINGS = {program: described(program) for program in JOBS + ["job-exec"]}


def complain_job(command):
    program, words = Path(command.words[0]).name, command.words[1:]
    unknown = set(command.settings) - SETTINGS[program] - {f"{name}_FILE" for name in SETTINGS[program]} - NOT_OURS
    if unknown:
        return f"{program} has no setting {', '.join(sorted(unknown))}"
    if any(is_left_open(word) for word in words):
        return None
    given = {name: value for name, value in command.settings.items()
             if not is_left_open(value) and name not in ("DATABASE_URL", "REDIS_URL")}
    ended = run(BINARIES / program, *words, settings=given)
    if ended.returncode not in (0, 78):
        return f"it ends with {ended.returncode}: {ended.stderr}{ended.stdout}"
    wrong = [name for name in given if re.search(rf"\b{name} (is|holds|names) ", ended.stderr)]
    return f"{wrong}: {ended.stderr}" if wrong else None


def complain_oneshot(command):
    words = command.words[1:]
    if any("…" in word for word in words):
        words = [word for word in words if re.match(r"[a-z]", word)] + ["--help"]
    ended = run(BINARIES / "oneshot", *("17" if word == "ID" else word for word in words))
    # 64: it does not know the command, or an option; before it looks for a server. A text names commands without their arguments.
    said = re.findall(r"(?m)^oneshot: (.*)$", ended.stderr)
    if command.is_mention and all(re.search(r" is (missing|required)\b|^give either|^say which|^nothing is known", line) for line in said):
        return None
    return f"it ends with {ended.returncode}: {ended.stderr}" if ended.returncode not in (0, 78) else None


def complain_job_exec(command):
    own = command.words[1:command.words.index("--")] if "--" in command.words else command.words[1:]
    known = run(BINARIES / "job-exec", "--help").stdout
    return next((f"job-exec has no {option}" for option in options(own) if option not in known), None)


def complain_make(command):
    makefile = (ROOT / "Makefile").read_text()
    for word in command.words[1:]:
        if "=" in word:
            if f"$({word.split('=')[0]})" not in makefile:
                return f"the Makefile reads no {word.split('=')[0]}"
        elif not word.startswith("-") and not re.search(rf"(?m)^{re.escape(word)}:", makefile):
            return f"the Makefile has no target {word}"
    return None


def complain_kubectl(command):
    words, verbs = command.words[1:], []
    rest = list(words)
    while rest and (rest[0].startswith("-") or len(verbs) == 0 or verbs[0] == "create" and len(verbs) < 3):
        word = rest.pop(0)
        if word in ("-n", "--namespace", "-f", "-k", "-l"):
            rest.pop(0)
        elif not word.startswith("-"):
            verbs.append(word)
    if verbs[0] == "create" and verbs[1:2] not in (["secret"], ["job"]):
        verbs = verbs[:1]
    if verbs[:2] == ["create", "job"]:
        verbs = verbs[:2]
    if verbs[:1] != ["create"]:
        verbs = verbs[:1]
    helped = run(tool("kubectl"), *verbs, "--help")
    known = helped.stdout + run(tool("kubectl"), "options").stdout
    if helped.returncode != 0 or f"kubectl {' '.join(verbs)}" not in helped.stdout:
        return f"kubectl has no {' '.join(verbs)}"
    for option in options(words[:words.index("--")] if "--" in words else words):
        if not re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", known):
            return f"kubectl {' '.join(verbs)} has no {option}"
    for name, path in zip(words, words[1:]):
        if name in ("-f", "-k") and path.startswith("k8s/") and not (ROOT / path).exists():
            return f"{path} is not there"
    return None


def complain_helm(command):
    unknown = set(options(command.words)) - HELM_OPTIONS
    if unknown:
        return f"nobody has looked whether helm has {unknown}"
    paths = [word for word in command.words if word.startswith("k8s/")]
    return next((f"{path} is no chart" for path in paths if not (ROOT / path / "Chart.yaml").exists()), None)


class Template(yaml.SafeLoader):
    """CloudFormation's own tags are of no interest here."""


Template.add_multi_constructor("!", lambda loader, tag, node: None)


def complain_aws(command):
    service, operation, *words = command.words[1:]
    if (service, operation) == ("s3", "cp"):
        return None
    known = {"--query", "--region", "--output", "--profile", "--no-cli-pager"}
    if (service, operation) == ("cloudformation", "deploy"):
        known |= {"--stack-name", "--template-file", "--capabilities", "--parameter-overrides", "--no-execute-changeset"}
        file = words[words.index("--template-file") + 1] if "--template-file" in words else "ecs/oneshot.yaml"
        if not (ROOT / file).exists():
            return f"{file} is not there"
        parameters = yaml.load((ROOT / file).read_text(), Template)["Parameters"]
        given = words[words.index("--parameter-overrides") + 1:] if "--parameter-overrides" in words else []
        for word in given:
            if "=" in word and word.split("=")[0] not in parameters:
                return f"{file} has no parameter {word.split('=')[0]}"
    else:
        session = botocore.session.get_session()
        if service not in session.get_available_services():
            return f"aws has no service {service}"
        model = session.get_service_model(service)
        names = {xform_name(name, "-"): name for name in model.operation_names}
        # A command of the tool alone, which waits for what operations show.
        if operation not in names and operation != "wait":
            return f"aws {service} has no {operation}"
        if operation != "wait":
            shape = model.operation_model(names[operation]).input_shape
            known |= {"--" + xform_name(member, "-") for member in (shape.members if shape else {})}
        else:
            return None
    return next((f"aws {service} {operation} has no {option}" for option in options(words)
                 if option.startswith("--") and option not in known), None)


def complain_docker(command):
    words = command.words[1:]
    if words[0] == "buildx":
        words = words[1:]
    file = words[words.index("-f") + 1] if "-f" in words else None
    if file and not is_left_open(file) and not (ROOT / file).exists():
        return f"{file} is not there"
    if words[0] == "build":
        text = (ROOT / (file or "docker/Dockerfile")).read_text()
        for name, value in zip(words, words[1:]):
            if name == "--build-arg" and not re.search(rf"(?m)^ARG {value.split('=')[0]}\b", text):
                return f"{file} has no ARG {value.split('=')[0]}"
        return None
    return None if words[0] in ("run", "compose", "push", "pull", "tag", "load") else f"docker {words[0]}"


def complain_swift(command):
    package = (ROOT / "Package.swift").read_text()
    words = command.words[1:]
    for name, value in zip(words, words[1:]):
        if name == "--traits" and any(f'"{trait}"' not in package for trait in value.split(",")):
            return f"Package.swift has not all of the traits {value}"
        if name == "--product" and value not in JOBS:
            return f"there is no product {value}"
    known = {"--build-tests", "--traits", "--scratch-path", "--product", "--filter", "-c", "--package-path", "--strict"}
    return next((f"nobody has looked whether swift has {option}" for option in options(words) if option not in known), None)


TRIED = {"oneshot": complain_oneshot, "job-exec": complain_job_exec, "make": complain_make, "kubectl": complain_kubectl,
         "helm": complain_helm, "aws": complain_aws, "docker": complain_docker, "swift": complain_swift,
         **{job: complain_job for job in JOBS}}


def complaint(command):
    """What is wrong with a command; ``None`` where nothing is, or nobody here can say."""
    if not command.words:
        known = set().union(*SETTINGS.values()) | {"HEALTH_EXPECT"} | NOT_OURS
        return next((f"no job has a setting {name}" for name in command.settings
                     if name.isupper() and name not in known), None)
    program = command.words[0]
    if program == "export":
        command.settings = dict(word.split("=", 1) for word in command.words[1:] if "=" in word)
        command.words = []
        return complaint(command)
    if program == "env":
        return complaint(next(iter(commands(" ".join(command.words[1:])))))
    if program in TRIED:
        return TRIED[program](command)
    if Path(program).name in TRIED and ".build/" in program:
        return TRIED[Path(program).name](command)
    if "/" in program and (ROOT / program).is_file():
        return None if os.access(ROOT / program, os.X_OK) else f"{program} cannot be executed"
    return None if program in NOT_TRIED else f"{program} is nothing that this test knows; NOT_TRIED is for what it cannot try"


def pieces(page):
    """The shell in a page: blocks, lines behind a prompt, and commands of ours in the middle of a text."""
    text = page.read_text()
    for language, block in re.findall(r"(?m)^```(\w*)\n(.*?)^```", text, re.DOTALL):
        if language == "sh":
            yield block, False
        else:
            yield from ((line, False) for line in re.findall(r"(?m)^\$ (.*)$", block))
    text = re.sub(r"(?ms)^```.*?^```", "", text)
    ours = "|".join(map(re.escape, sorted(TRIED, key=len, reverse=True)))
    for span in re.findall(r"`([^`\n]+)`", text):
        if re.match(rf"(?:[A-Z][A-Z0-9_]*=\S* )*(?:{ours}) [^(|@]", span) and not re.search(r"[\[\]<>|]", span):
            yield span, True


class Commands(unittest.TestCase):
    def test_every_command_line_is_one_that_exists(self):
        seen, wrong, of_ours = set(), [], 0
        for page in PAGES:
            for piece, is_mention in pieces(page):
                for command in commands(piece):
                    command.is_mention = is_mention
                    line = repr((command.settings, command.words))
                    if line in seen:
                        continue
                    seen.add(line)
                    of_ours += bool(command.words and Path(command.words[0]).name in TRIED)
                    said = complaint(command)
                    if said:
                        wrong.append(f"{page.relative_to(ROOT)}: {piece.strip()[:100]}: {said}")
        self.assertFalse(wrong, "\n" + "\n".join(wrong))
        self.assertGreater(of_ours, 100)

    def test_what_does_not_exist_is_found(self):
        for line in ["oneshot dead-letters lst", "oneshot runs --sinc 7d", "usage-aggregation --chek",
                     "USAGE_DAY=yesterday usage-aggregation", "USAGE_DAYS=someday usage-aggregation",
                     "export USAGE_MOD=status", "make demmo", "make test JOBB=reindex", "kubectl -n oneshot delet job x",
                     "kubectl wait --fr=condition=complete job/x", "kubectl apply -k k8s/nowhere", "helm install x k8s/chrt",
                     "aws cloudformation deploy --template-file ecs/oneshot.yaml --parameter-overrides Imag=x",
                     "aws ecs run-tsk", "aws ecs run-task --clustr x", "docker build -f docker/Dockerfil .",
                     "docker build -f docker/Dockerfile --build-arg TRAIT=Kafka .", "swift build --traits Delivry",
                     "docker/pinn.sh", "job-exec --nme x -- true", "onshot runs", "true && oneshot rns"]:
            with self.subTest(line):
                self.assertTrue([said for said in map(complaint, commands(line)) if said], line)

    def test_shell_is_taken_apart(self):
        text = "for x in $(make a); do\n  A='b c' d \"e $(make f)\" 2>&1 | g >h # make no\ndone\ncat <<'E' | i\nmake no\nE\nmake \\\n  z\n"
        self.assertEqual([command.words for command in commands(text)],
                         [["make", "a"], ["make", "f"], ["d", "e $(make f)"], ["g"], ["cat"], ["i"], ["make", "z"]])


unittest.main()
