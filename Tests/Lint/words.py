#!/usr/bin/python3
"""Looks for words that readers stumble at, and for long lines, in pages, help and messages.

  words.py [ROOT]     prints PLACE: WORD -> WHAT TO SAY, and ends with 1 if there is any

Pages are README.md, CONTRIBUTING.md, CHANGELOG.md, and what is below docs/ and findings/, but for code in them. Help and
messages are the texts in quotes of Sources/; its comments are looked at, too. Statements are ASCII. A line of a page has
at most 120 characters, unless it is a row of a table or cannot be broken; an entry of the changelog is one line.
"""
import pathlib
import re
import sys

LONGEST = 120
# Comments, then texts in quotes: only those that hold a blank are read by people.
SWIFT = re.compile(r'(//[^\n]*)|"""(.*?)"""|"((?:\\.|[^"\\\n])*)"', re.DOTALL)
# What stands in for a value: \(value), and {name} in a fragment.
INTERPOLATION = re.compile(r"\\\([^()]*(?:\([^()]*\)[^()]*)*\)|\{\w+\}")
CODE = re.compile(r"`[^`]*`")
LINK = re.compile(r"\]\([^)]*\)")
SPACE = r"(?:\s|\\\n)+"


def words(path):
    """The expressions of the list, with their hints; a blank in one may be the end of a line. First all, then those that
    are looked for in comments."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    listed = [(line[0] != "~", *line.lstrip("~").split("\t")) for line in lines]
    spaced = [
        (is_everywhere, re.compile(rf"\b(?:{word.replace(' ', SPACE)})\b", re.IGNORECASE), hint)
        for is_everywhere, word, hint in listed]
    return [(word, hint) for _, word, hint in spaced], [(word, hint) for everywhere, word, hint in spaced if everywhere]


def prose(text):
    """The lines of a page; those of code in fences are empty."""
    is_code = False
    lines = []
    for line in text.splitlines():
        is_fence = line.lstrip().startswith("```")
        is_code ^= is_fence
        lines.append("" if is_code or is_fence else line)
    return lines


def messages(text):
    """Texts in quotes and comments, each with the number of its first line and whether it is a comment."""
    for found in SWIFT.finditer(text):
        read = found[1] or found[2] or found[3] or ""
        if " " in read:
            first = text.count("\n", 0, found.start()) + 1
            yield first, CODE.sub("", INTERPOLATION.sub("", read)), found[1] is not None


def is_long(line):
    """Whether a line of a page should have been broken."""
    unbroken = CODE.sub(lambda code: "x" * len(code[0]), line).strip()
    return len(line) > LONGEST and not line.lstrip().startswith("|") and " " in unbroken


def complaints(root):
    listed, of_comments = words(pathlib.Path(__file__).with_name("words.txt"))

    def refused(path, first, text, is_comment=False):
        for word, hint in of_comments if is_comment else listed:
            for found in word.finditer(text):
                number = first + text.count("\n", 0, found.start())
                yield f"{path.relative_to(root)}:{number}: «{' '.join(found[0].split())}» -> {hint}"

    pages = [root / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
    for folder in ("docs", "findings"):
        pages += sorted((root / folder).rglob("*.md"))
    for path in filter(pathlib.Path.exists, pages):
        lines = prose(path.read_text(encoding="utf-8"))
        yield from refused(path, 1, "\n".join(LINK.sub("]", CODE.sub("", line)) for line in lines))
        for number, line in enumerate(lines, 1):
            if path.name != "CHANGELOG.md" and is_long(line):
                yield f"{path.relative_to(root)}:{number}: {len(line)} characters -> {LONGEST} at most"
    for path in sorted((root / "Sources").rglob("*.swift")):
        for first, text, is_comment in messages(path.read_text(encoding="utf-8")):
            yield from refused(path, first, text, is_comment)
    for path in sorted((root / "Sources/Jobs").rglob("*.sql")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            yield from refused(path, number, line.partition("--")[2], is_comment=True)
    for path in sorted((root / "Sources").rglob("*.sql")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            # Comments are sent, too.
            if not line.isascii():
                yield f"{path.relative_to(root)}:{number}: not ASCII -> databases in other encodings cannot take it"


def main():
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]
    found = list(complaints(root.resolve()))
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
