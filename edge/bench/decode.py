"""Still pictures: what each reader finds in real photos and in made scenes, and what it reads where there is nothing.

Ours looks as ``tentou decode`` does, with every pass it has; an eye looks at one frame for less (``bench stream``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.bench import scenes
from edge.bench.figures import number, percent, seeds, spent, table
from edge.bench.peers import OURS, PEERS, Read, our_stills, peers
from edge.bench.photos import photos
from edge.bench.readings import GROUPS, WITH_CODES, Figures, Reading, best_peer, by_category, findings, ratios, summary
from edge.bench.spread import spread
from edge.members.classify import candidate
from edge.ports import Gray
from edge.vision.command import gray_file


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture to show to every reader: a file, or a scene by its seed; ``texts`` are the codes of a file."""

    group: str
    category: str
    models: Path | None
    file: Path | None = None
    texts: frozenset[str] = frozenset()
    seed: int = 0
    size: str = ""


def measure(n: int, empty: int, folder: Path | None, seed: int, models: Path | None) -> Figures:
    """``n`` stills a degradation, ``empty`` scenes without a code, and the photos; each figure by group of pictures.

    Raises NoPhotos if ``folder`` holds none.
    """
    pictures = [*_of_photos(folder, models), *_of_scenes(n, empty, seed, models)]
    readings = [one for of_picture in spread(_read, pictures, "pictures") for one in of_picture]
    measured = {name: summary([one for one in readings if one.reader == name]) for name in (OURS, *peers(models))}
    return {
        "n": len(pictures),
        "seed": seed,
        "ours": measured[OURS],
        "peers": {name: measured.get(name) for name in PEERS},
        "ratio": ratios(measured),
        "by_category": by_category(readings),
        "findings": list(findings(measured)),
    }


def _of_photos(folder: Path | None, models: Path | None) -> Iterator[Picture]:
    for photo in photos(folder):
        group = "photos" if photo.texts else "negatives"
        yield Picture(group, photo.category, models, photo.file, photo.texts)


def _of_scenes(n: int, empty: int, seed: int, models: Path | None) -> Iterator[Picture]:
    """Made pictures, at each size in turn."""
    sizes = tuple(scenes.SIZES)
    for kind in scenes.DEGRADATIONS:
        for turn, one in enumerate(seeds(seed, kind, n)):
            yield Picture("stills", kind, models, seed=one, size=sizes[turn % len(sizes)])
    for turn, one in enumerate(seeds(seed, "empty", empty)):
        yield Picture("empty", "empty", models, seed=one, size=sizes[turn % len(sizes)])


def _read(picture: Picture) -> list[Reading]:
    """One picture, by every reader."""
    gray, texts = _shown(picture)
    return [_reading(picture, name, read, gray, texts) for name, read in _readers(picture.models)]


def _readers(models: Path | None) -> Iterable[tuple[str, Read]]:
    return {OURS: our_stills(), **peers(models)}.items()


def _reading(picture: Picture, name: str, read: Read, gray: Gray, texts: frozenset[str]) -> Reading:
    given, cost = spent(lambda: read(gray))
    strange = given - texts
    accepted = sum(bool(candidate(text, "qrcode", ())) for text in strange)
    return Reading(picture.group, picture.category, name, bool(texts) and texts <= given, len(strange), accepted, cost)


def _shown(picture: Picture) -> tuple[Gray, frozenset[str]]:
    """The picture itself, and the texts of its codes."""
    if picture.file is not None:
        return gray_file(picture.file), picture.texts
    if picture.group == "empty":
        return scenes.empty(picture.seed, scenes.SIZES[picture.size]), frozenset()
    still = scenes.still(picture.seed, picture.category, scenes.SIZES[picture.size])
    return still.gray, frozenset((still.text,))


HEADS = {
    True: ("", "pictures", "found", "", "wrong", "CPU p50", "p95", "most"),
    False: ("", "pictures", "texts read", "accepted", "CPU p50", "p95", "most"),
}
TITLES = {
    "photos": "real photos",
    "stills": "made stills, 720p and 1080p in turn",
    "negatives": "photos without a code",
    "empty": "made scenes without a code, 720p and 1080p in turn",
}


def words(result: Figures) -> Iterator[str]:
    """The tables."""
    yield f"decode: {result['n']} pictures, seed {result['seed']}, on {result['machine']}; CPU in ms a picture"
    by_reader = {OURS: result["ours"], **result["peers"]}
    for group in GROUPS:
        yield from ("", TITLES[group])
        if group not in result["ours"]:
            yield "  none here"
            continue
        rows = ((name, None if figures is None else figures[group]) for name, figures in by_reader.items())
        yield from table(HEADS[group in WITH_CODES], (_row(name, figures, group) for name, figures in rows))
        if group in WITH_CODES:
            best = best_peer(by_reader, group)
            yield f"  ours to the best peer ({best}): {number(result['ratio'][group], 3)} of what is found"
            yield from ("", *_categories(result["by_category"][group]))


def _row(name: str, figures: Figures | None, group: str) -> Sequence[str]:
    head = HEADS[group in WITH_CODES]
    if figures is None:
        return (name, "not here", *[""] * (len(head) - 2))
    times = tuple(number(value) for value in figures["cpu_ms"].values())
    if group in WITH_CODES:
        share = percent(figures["found"] / figures["n"])
        return (name, str(figures["n"]), str(figures["found"]), share, str(figures["wrong"]), *times)
    return (name, str(figures["n"]), str(figures["read"]), str(figures["accepted"]), *times)


def _categories(found: dict[str, Figures]) -> Iterator[str]:
    """How many each reader found, by category."""
    names = [name for name in next(iter(found.values())) if name != "n"]
    lines = ([kind, str(one["n"]), *(str(one[name]) for name in names)] for kind, one in found.items())
    return table(("found", "pictures", *names), lines)
