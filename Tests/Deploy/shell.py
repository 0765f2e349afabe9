"""The commands of a piece of shell, as far as documentation needs: quotes, comments, here-documents, substitutions."""
import re

KEYWORDS = {"do", "then", "else", "until", "while", "if", "{", "}", "!", "done", "fi"}
SUBSTITUTION = re.compile(r"\$\(([^()]*)\)")


class Command:
    #: Whether a text only speaks of it.
    is_mention = False

    def __init__(self, words):
        while words and words[0] in KEYWORDS:
            words = words[1:]
        self.settings = {}
        while words and re.match(r"[A-Za-z_][A-Za-z0-9_]*=", words[0]):
            name, value = words[0].split("=", 1)
            self.settings[name] = value
            words = words[1:]
        self.words = words

    def __bool__(self):
        return bool(self.words or self.settings)


def commands(text):
    """Every simple command, those in substitutions included."""
    found, words, word, heredocs = [], [], None, []
    place = 0

    def end_word():
        nonlocal word
        if word is not None:
            words.append(word)
        word = None

    def end_command():
        nonlocal words
        end_word()
        command = Command(words)
        # What a loop goes over is no command.
        if command and not (command.words and command.words[0] in ("for", "case")):
            found.append(command)
        words = []

    while place < len(text):
        letter = text[place]
        place += 1
        if letter in "'\"":
            end = place
            while text[end] != letter or (letter == '"' and text[end - 1] == "\\"):
                end += 1
            inside = text[place:end]
            if letter == '"':
                for inner in SUBSTITUTION.findall(inside):
                    found.extend(commands(inner))
            word = (word or "") + inside
            place = end + 1
        elif letter == "\\":
            if text[place] != "\n":
                word = (word or "") + text[place]
            place += 1
        elif letter == "#" and word is None:
            while place < len(text) and text[place] != "\n":
                place += 1
        elif text.startswith("$(", place - 1):
            inside = SUBSTITUTION.match(text, place - 1)
            found.extend(commands(inside[1]))
            word = (word or "") + inside[0]
            place = inside.end()
        elif letter in "<>" or (letter == "&" and text[place:place + 1] == ">"):
            heredoc = re.match(r"<<'?(\w+)'?", text[place - 1:])
            if heredoc and not text.startswith("<<<", place - 1):
                heredocs.append(heredoc[1])
                place += len(heredoc[0]) - 1
                continue
            if word is not None and word.isdigit():
                word = None
            end_word()
            inner = re.match(r"\(([^()]*)\)", text[place:])
            if inner:
                found.extend(commands(inner[1]))
                place += inner.end()
                continue
            # The file that it goes to, or comes from, is no word of the command.
            target = re.match(r"""[<>&]*[ ]*("[^"]*"|'[^']*'|[^\s;|&()]*)""", text[place:])
            place += target.end()
        elif letter in "\n;|&()":
            end_command()
            if letter == "\n":
                for name in heredocs:
                    place = text.index(f"\n{name}\n", place - 1) + len(name) + 2
                heredocs = []
        elif letter in " \t":
            end_word()
        else:
            word = (word or "") + letter
    end_command()
    return found
