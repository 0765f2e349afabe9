#!/usr/bin/python3
"""Draws the diagrams of docs/ as SVG from the text files beside this script.

  draw.py [FOLDER]     writes NAME.svg for each NAME.txt into FOLDER, or beside the text

A text has one entry a line; what is indented below an entry belongs to it.

  title TEXT            the heading, also for readers who hear the page
  about TEXT            what the picture says, in words
  step WHERE | TEXT     a box: WHERE is job, Postgres, Redis or outside; indented lines are its small print
  then TEXT             what the arrow to the next box says
  exit CODE | TEXT      how a run may end here, drawn beside the last box
  columns A | B | …     a table in place of boxes; a cell that begins with + - or ~ is good, bad or neither
  row A | B | …
"""
import html
import pathlib
import sys

WIDTH, MARGIN, GAP = 480, 14, 30
STYLE = """
text { font-family: system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: #1f2328; }
.title { font-size: 17px; font-weight: 600; }
.head { font-size: 14px; font-weight: 600; }
.small, .cell { font-size: 12.5px; }
.where { font-size: 11px; fill: #57606a; }
.page { fill: #ffffff; }
.box { stroke: #57606a; stroke-width: 1.2; }
.job { fill: #f6f8fa; } .Postgres { fill: #ddf4ff; } .Redis { fill: #ffebe9; } .outside { fill: #fff8c5; }
.good { fill: #dafbe1; } .bad { fill: #ffebe9; } .even { fill: #fff8c5; } .first { fill: #f6f8fa; }
.line { stroke: #57606a; stroke-width: 1.4; fill: none; } .tip { fill: #57606a; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; } .where { fill: #9da7b1; } .page { fill: #0d1117; } .box { stroke: #8b949e; }
  .job { fill: #161b22; } .Postgres { fill: #0c2d4a; } .Redis { fill: #4a1a1c; } .outside { fill: #3a3200; }
  .good { fill: #12361f; } .bad { fill: #4a1a1c; } .even { fill: #3a3200; } .first { fill: #161b22; }
  .line { stroke: #8b949e; } .tip { fill: #8b949e; }
}
"""
# Widths of characters in a wide font (DejaVu Sans), in hundredths of the font's size.
WIDTHS = {
    **dict.fromkeys("ijl.,:;'|!()[] ", 33), **dict.fromkeys("frt-/", 41), **dict.fromkeys("sz", 53),
    **dict.fromkeys("mwMW%@", 98)}
BOLD = 1.1


def width(text, size):
    """How many pixels a text takes at most: fonts that a reader has are hardly ever wider."""
    return sum(WIDTHS.get(c, 74 if c.isupper() else 63) for c in text) * size / 100


def wrapped(text, room, size):
    """The lines of a text in so many pixels."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and width(longer, size) > room:
            lines.append(word)
        else:
            lines[-1] = longer
        if width(lines[-1], size) > room:
            sys.exit(f"«{word}» is wider than its box")
    return lines


def parsed(path):
    """The entries of a text: keyword, parts, small print."""
    entries = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line[:1].isspace():
            entries[-1][2].append(line.strip())
        elif line.strip():
            keyword, rest = line.split(maxsplit=1)
            entries.append((keyword, [part.strip() for part in rest.split("|")], []))
    return entries


class Drawing:
    """Shapes from the top down; `y` is where the next one begins."""

    def __init__(self):
        self.shapes, self.y = [], MARGIN

    def text(self, x, y, lines, style, step=17, anchor="start"):
        for number, line in enumerate(lines):
            self.shapes.append(
                f'<text class="{style}" x="{x:g}" y="{y + number * step:g}" text-anchor="{anchor}">{html.escape(line)}</text>')

    def box(self, x, y, wide, high, style, radius=6):
        self.shapes.append(
            f'<rect class="box {style}" x="{x:g}" y="{y:g}" width="{wide:g}" height="{high:g}" rx="{radius}"/>')

    def arrow(self, points):
        (x0, y0), (x1, y1) = points[-2:]
        path = " ".join(f"{x:g},{y:g}" for x, y in points)
        self.shapes.append(f'<polyline class="line" points="{path}"/>')
        tip = f"{x1},{y1} {x1 - 4},{y1 - 7} {x1 + 4},{y1 - 7}" if x0 == x1 else f"{x1},{y1} {x1 - 7},{y1 - 4} {x1 - 7},{y1 + 4}"
        self.shapes.append(f'<polygon class="tip" points="{tip}"/>')

    def svg(self, title, about):
        high = self.y + MARGIN
        return "\n".join([
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {high:g}" width="{WIDTH}" height="{high:g}" '
            'role="img" aria-labelledby="title about">',
            f'<title id="title">{html.escape(title)}</title>', f'<desc id="about">{html.escape(about)}</desc>',
            f"<style>{STYLE}</style>", f'<rect class="page" width="{WIDTH}" height="{high:g}" rx="8"/>',
            *self.shapes, "</svg>", ""])


def flow(drawing, entries):
    """Boxes below one another, with what may end a run to their right."""
    wide = 270 if any(keyword == "exit" for keyword, _, _ in entries) else WIDTH - 2 * MARGIN
    aside, label, is_first = MARGIN + wide + 34, None, True
    for number, (keyword, parts, small) in enumerate(entries):
        if keyword == "then":
            label = parts[0]
        if keyword != "step":
            continue
        where, text = parts
        room = wide - 24
        head = wrapped(text, room - width(where, 11) - 8, 14 * BOLD)
        print_ = [line for part in small for line in wrapped(part, room, 12.5)]
        ends = []
        for after in entries[number + 1:]:
            if after[0] == "step":
                break
            if after[0] == "exit":
                ends.append(wrapped(" ".join(after[1]), WIDTH - MARGIN - aside - 16, 12.5))
        ends_high = sum(len(lines) * 16 + 14 for lines in ends) + 8 * max(0, len(ends) - 1)
        high = max(20 + len(head) * 18 + len(print_) * 16, ends_high)
        if not is_first:
            gap = GAP + (16 * len(wrapped(label, wide - 40, 12.5)) - 8 if label else 0)
            middle = MARGIN + 28
            drawing.arrow([(middle, drawing.y), (middle, drawing.y + gap - 1)])
            if label:
                drawing.text(middle + 12, drawing.y + 20, wrapped(label, wide - 40, 12.5), "small", 16)
            drawing.y += gap
        top, is_first, label = drawing.y, False, None
        drawing.box(MARGIN, top, wide, high, where)
        drawing.text(MARGIN + 12, top + 22, head, "head", 18)
        drawing.text(MARGIN + wide - 10, top + 20, [where], "where", anchor="end")
        drawing.text(MARGIN + 12, top + 22 + len(head) * 18, print_, "small", 16)
        y = top + (high - ends_high) / 2
        for lines in ends:
            tall = len(lines) * 16 + 14
            drawing.arrow([(MARGIN + wide, y + tall / 2), (aside - 1, y + tall / 2)])
            drawing.box(aside, y, WIDTH - MARGIN - aside, tall, "job", 14)
            drawing.text(aside + 10, y + 20, lines, "small", 16)
            y += tall + 8
        drawing.y = top + high


def table(drawing, entries):
    """Rows of cells, each as high as its longest text."""
    columns = next(parts for keyword, parts, _ in entries if keyword == "columns")
    first = 140
    other = (WIDTH - 2 * MARGIN - first) / (len(columns) - 1)
    kinds = {"+": "good", "-": "bad", "~": "even"}
    for keyword, parts, _ in entries:
        if keyword not in ("columns", "row"):
            continue
        cells = []
        for index, part in enumerate(parts):
            style = kinds.get(part[:1], "first")
            text = part[1:].strip() if part[:1] in kinds else part
            wide = first if index == 0 else other
            size = 14 * BOLD if keyword == "columns" else 12.5
            cells.append((style, wrapped(text, wide - 16, size), wide))
        high = max(len(lines) for _, lines, _ in cells) * 16 + 14
        x = MARGIN
        for index, (style, lines, wide) in enumerate(cells):
            drawing.box(x, drawing.y, wide, high, style, 0)
            drawing.text(x + 8, drawing.y + 20, lines, "head" if keyword == "columns" else "cell", 16)
            x += wide
        drawing.y += high


def drawn(path):
    """The SVG of a text."""
    entries = parsed(path)
    one = {keyword: parts[0] for keyword, parts, _ in entries if keyword in ("title", "about")}
    drawing = Drawing()
    title = wrapped(one["title"], WIDTH - 2 * MARGIN, 17 * BOLD)
    drawing.text(MARGIN, drawing.y + 16, title, "title", 22)
    drawing.y += 22 * len(title) + 10
    (table if any(keyword == "columns" for keyword, _, _ in entries) else flow)(drawing, entries)
    return drawing.svg(one["title"], one["about"])


def main():
    here = pathlib.Path(__file__).parent
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here
    for path in sorted(here.glob("*.txt")):
        (folder / f"{path.stem}.svg").write_text(drawn(path), encoding="utf-8")


if __name__ == "__main__":
    main()
