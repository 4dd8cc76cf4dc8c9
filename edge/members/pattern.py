"""The small part of regular expressions in which member numbers are written: bounded, quick to match, comparable.

A full engine lets a rule backtrack for minutes and cannot tell whether two rules meet; this part can do neither harm.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

LONGEST = 64
MAX_CHOICES = 3
"""Places where a matcher may have to try again; three of them stay under 64^3 steps in any text."""

_PRINTABLE = frozenset(map(chr, range(0x20, 0x7F)))
_DIGITS = frozenset("0123456789")
_SPECIAL = frozenset("\\()[]{}|?*+.^$")


class BadPattern(ValueError):
    """A pattern that is not taken; the text says why and what would be right."""


@dataclass(frozen=True, slots=True)
class Chars:
    """One sign out of a set."""

    signs: frozenset[str]


@dataclass(frozen=True, slots=True)
class Seq:
    """Parts one after another."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Alt:
    """One of several parts."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """A part from ``low`` to ``high`` times."""

    part: Chars | Seq
    low: int
    high: int


Node = Chars | Seq | Alt | Repeat


def lengths(node: Node) -> tuple[int, int]:
    """The shortest and the longest text that a pattern matches."""
    match node:
        case Chars():
            return 1, 1
        case Seq(parts):
            each = [lengths(part) for part in parts]
            return sum(low for low, _ in each), sum(high for _, high in each)
        case Alt(parts):
            each = [lengths(part) for part in parts]
            return min(low for low, _ in each), max(high for _, high in each)
        case Repeat(part, low, high):
            shortest, longest = lengths(part)
            return shortest * low, longest * high


def parse(pattern: str) -> Node:
    """The tree of a pattern; raises BadPattern for all that is unbounded, nested, too long or unknown here."""
    reader = _Reader(pattern)
    node = reader.alternatives(top=True)
    if reader.rest:
        raise BadPattern(f"')' without '(' at {reader.at}")
    if reader.members != 1:
        raise BadPattern("needs exactly one group (?P<member>...), outside every other group")
    if reader.choices > MAX_CHOICES:
        raise BadPattern(f"{reader.choices} ranges and alternatives; at most {MAX_CHOICES}")
    shortest, longest = lengths(node)
    if longest > LONGEST:
        raise BadPattern(f"matches {shortest} to {longest} signs; 1 to {LONGEST} are taken")
    return node


@dataclass(slots=True)
class _Reader:
    pattern: str
    at: int = 0
    depth: int = 0
    members: int = 0
    choices: int = 0

    @property
    def rest(self) -> str:
        return self.pattern[self.at :]

    def take(self, text: str) -> bool:
        if not self.rest.startswith(text):
            return False
        self.at += len(text)
        return True

    def alternatives(self, top: bool = False) -> Node:
        branches = [self.sequence()]
        while self.take("|"):
            branches.append(self.sequence())
        if len(branches) == 1:
            return branches[0]
        if top:
            raise BadPattern("'|' outside a group; write (?:a|b) or two rules")
        self.choices += 1
        return Alt(tuple(branches))

    def sequence(self) -> Seq:
        parts: list[Node] = []
        while self.rest and self.rest[0] not in "|)":
            parts.append(self.quantified(self.atom()))
        return Seq(tuple(parts))

    def quantified(self, part: Node) -> Node:
        found = re.match(r"\?|\{(\d{1,2})(?:,(\d{1,2}))?\}", self.rest)
        if found is None:
            if self.rest[:1] in ("*", "+", "{"):
                raise BadPattern(f"'{self.rest[0]}' at {self.at}: only ?, {{n}} and {{n,m}} repeat, as they end")
            return part
        self.at += found.end()
        if self.rest[:1] in ("?", "+", "*", "{"):
            raise BadPattern(f"a second quantifier at {self.at}")
        if not isinstance(part, Chars) and not _plain(part):
            raise BadPattern(f"a quantified group before {self.at} holds a quantifier, a choice or the member")
        low, high = (0, 1) if found[0] == "?" else (int(found[1]), int(found[2] or found[1]))
        if low > high:
            raise BadPattern(f"{found[0]} counts down")
        self.choices += low != high
        assert isinstance(part, Chars | Seq)
        return Repeat(part, low, high)

    def atom(self) -> Node:
        if self.take("["):
            return self.sign_class()
        if self.take("("):
            return self.group()
        if self.take(r"\d"):
            return Chars(_DIGITS)
        return Chars(frozenset(self.sign()))

    def sign(self) -> str:
        escaped = self.take("\\")
        sign = self.rest[:1]
        if sign not in _PRINTABLE or (escaped and sign.isalnum()) or (not escaped and sign in _SPECIAL):
            raise BadPattern(f"'{sign}' at {self.at} is not taken here; known: \\d [...] (?:...) ? {{n}} {{n,m}}")
        self.at += 1
        return sign

    def sign_class(self) -> Chars:
        found = re.match(r"((?:\\d|[A-Za-z0-9]-[A-Za-z0-9]|[A-Za-z0-9 $%*+./:_]|\\-)+-?)\]", self.rest)
        if found is None:
            raise BadPattern(f"the class at {self.at} holds more than signs, ranges and \\d")
        self.at += found.end()
        signs: set[str] = set()
        for part in re.findall(r"\\d|\\-|.-.|.", found[1]):
            signs |= set(_range(part))
        return Chars(frozenset(signs))

    def group(self) -> Node:
        member = self.take("?P<member>")
        if not member and not self.take("?:"):
            raise BadPattern(f"the group at {self.at - 1} is neither (?P<member>...) nor (?:...)")
        if member and self.depth:
            raise BadPattern("the group 'member' stands inside another group")
        self.members += member
        self.depth += 1
        inner = self.alternatives()
        self.depth -= 1
        if not self.take(")"):
            raise BadPattern("'(' without ')'")
        if member and not lengths(inner)[0]:
            raise BadPattern("the group 'member' may match nothing, and then all members are one")
        return Alt((inner,)) if member else inner


def _range(part: str) -> Iterator[str]:
    if part == r"\d":
        yield from _DIGITS
    elif len(part) == 3:
        if part[0] > part[2]:
            raise BadPattern(f"the range {part} counts down")
        yield from map(chr, range(ord(part[0]), ord(part[2]) + 1))
    else:
        yield part[-1]


def _plain(node: Node) -> bool:
    return isinstance(node, Seq) and all(isinstance(part, Chars) for part in node.parts)


@dataclass(slots=True)
class _Automaton:
    """Edges out of numbered states: by a set of signs, or None for nothing read."""

    edges: list[list[tuple[frozenset[str] | None, int]]] = field(default_factory=lambda: [[]])

    def edge(self, start: int, signs: frozenset[str] | None) -> int:
        self.edges.append([])
        self.edges[start].append((signs, len(self.edges) - 1))
        return len(self.edges) - 1

    def add(self, node: Node, start: int) -> int:
        match node:
            case Chars(signs):
                return self.edge(start, signs)
            case Seq(parts):
                for part in parts:
                    start = self.add(part, start)
                return start
            case Alt(parts):
                return self.join([self.add(part, self.edge(start, None)) for part in parts])
            case Repeat(part, low, high):
                ends = [start]
                for _ in range(high):
                    ends.append(self.add(part, ends[-1]))
                return self.join(ends[low:])

    def join(self, ends: list[int]) -> int:
        target = self.edge(ends[0], None)
        for end in ends[1:]:
            self.edges[end].append((None, target))
        return target


def meet(one: Node, other: Node) -> bool:
    """Whether some text matches both patterns, found by walking both automata at once."""
    left, right = _Automaton(), _Automaton()
    goal = left.add(one, 0), right.add(other, 0)
    waiting, seen = [(0, 0)], {(0, 0)}
    while waiting:
        pair = waiting.pop()
        if pair == goal:
            return True
        fresh = set(_steps(left, right, pair)) - seen
        seen |= fresh
        waiting += fresh
    return False


def _steps(left: _Automaton, right: _Automaton, pair: tuple[int, int]) -> Iterator[tuple[int, int]]:
    for signs, target in left.edges[pair[0]]:
        if signs is None:
            yield target, pair[1]
            continue
        for others, other_target in right.edges[pair[1]]:
            if others is not None and signs & others:
                yield target, other_target
    for others, target in right.edges[pair[1]]:
        if others is None:
            yield pair[0], target
