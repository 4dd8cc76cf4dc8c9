"""On which line of a TOML text each key and each array's element stands."""

from __future__ import annotations

import bisect
import re
import tomllib

Path = tuple[str | int, ...]
"""Steps from the top: a table's key or an array's index."""

_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY = re.compile(r"""[ \t]*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([A-Za-z0-9_-]+))[ \t]*""")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}' r"|'''.*?'{3,5}" r'|"(?:[^"\\\n]|\\.)*"' r"|'[^'\n]*'",
    re.DOTALL,
)
_BARE = re.compile(r"[^,\]}#\n]*")


def lines(text: str) -> dict[Path, int]:
    """The line, counted from 1, of every key and element; ``text`` must be what tomllib accepts."""
    return _Scanner(text).scan()


class _Scanner:
    """Walks over a valid TOML text; it only looks where things begin and end."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._found: dict[Path, int] = {}
        self._sizes: dict[Path, int] = {}
        self._breaks = [place.start() for place in re.finditer("\n", text)]

    def scan(self) -> dict[Path, int]:
        table: Path = ()
        while not self._ended():
            if self._text.startswith("[[", self._at):
                table = self._header(2)
            elif self._text[self._at] == "[":
                table = self._header(1)
            else:
                self._pair(table)
        return self._found

    def _ended(self) -> bool:
        self._skip()
        return self._at >= len(self._text)

    def _skip(self) -> None:
        space = _SPACE.match(self._text, self._at)
        assert space
        self._at = space.end()

    def _header(self, brackets: int) -> Path:
        """``[a.b]`` or ``[[a.b]]``; a name on the way that is an array of tables means its last element."""
        start = self._at
        self._at += brackets
        names = self._key()
        self._at += brackets
        path: Path = ()
        for name in names[:-1]:
            path = self._last((*path, name), start)
        path = (*path, names[-1])
        if brackets == 2:
            self._sizes[path] = self._sizes.get(path, 0) + 1
        return self._last(path, start)

    def _last(self, path: Path, start: int) -> Path:
        self._note(path, start)
        if path not in self._sizes:
            return path
        element: Path = (*path, self._sizes[path] - 1)
        self._note(element, start)
        return element

    def _note(self, path: Path, start: int) -> None:
        self._found.setdefault(path, bisect.bisect_left(self._breaks, start) + 1)

    def _key(self) -> list[str]:
        names = []
        while True:
            match = _KEY.match(self._text, self._at)
            assert match
            quoted, literal, bare = match.groups()
            names.append(tomllib.loads(f'k = "{quoted}"')["k"] if quoted is not None else literal or bare or "")
            self._at = match.end()
            if self._text[self._at] != ".":
                return names
            self._at += 1

    def _pair(self, table: Path) -> None:
        start = self._at
        for name in self._key():
            table = (*table, name)
            self._note(table, start)
        self._at += 1  # the sign of equality
        self._skip()
        self._value(table)

    def _value(self, path: Path) -> None:
        sign = self._text[self._at]
        if sign in "[{":
            self._nested(path, "]" if sign == "[" else "}")
            return
        match = (_STRING if sign in "\"'" else _BARE).match(self._text, self._at)
        assert match
        self._at = match.end()

    def _nested(self, path: Path, end: str) -> None:
        """The inside of an array or of an inline table."""
        self._at += 1
        index = 0
        while True:
            self._skip()
            if self._text[self._at] == end:
                self._at += 1
                return
            if self._text[self._at] == ",":
                self._at += 1
            elif end == "}":
                self._pair(path)
            else:
                self._note((*path, index), self._at)
                self._value((*path, index))
                index += 1
