"""The sample shop's pictures: product cards and posters, composed of the flat shapes in ``shop/shapes``.

Everything is SVG text, so the demo ships no font and no photograph of anybody's.
"""

from __future__ import annotations

import colorsys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from string import Template

SHAPES = Path(__file__).parent / "shop" / "shapes"
FONTS = "system-ui, 'Noto Sans CJK JP', 'Noto Sans JP', sans-serif"
COLOURS = {
    "kinari": "#eadcc0",
    "white": "#f6f2e8",
    "indigo": "#33518f",
    "sage": "#8fae8b",
    "terracotta": "#d0704d",
    "mustard": "#e3ab38",
    "charcoal": "#555963",
    "sky": "#86b6d9",
    "wine": "#93354d",
    "moss": "#6d7d45",
    "sand": "#d2b288",
    "vermilion": "#e2452d",
    "rose": "#e6a8a2",
    "mint": "#a3d1bd",
}
"""The shop's colours; ``goods.csv`` names them."""


@dataclass(frozen=True, slots=True)
class Item:
    """One shape in one colour, placed in a picture: its left upper corner and the side of its square."""

    shape: str
    colour: str
    accent: str
    x: float
    y: float
    size: float
    turn: float = 0


def mixed(colour: str, other: str, share: float) -> str:
    """``share`` (0 to 1) of the other colour in this one; both ``#rrggbb``."""
    pairs = zip(bytes.fromhex(colour[1:]), bytes.fromhex(other[1:]), strict=True)
    return "#" + bytes(round(a + (b - a) * share) for a, b in pairs).hex()


def turned(colour: str, degrees: float, lightness: float, saturation: float) -> str:
    """The colour with its hue turned, at a lightness and saturation of 0 to 1: for backgrounds that go with it."""
    red, green, blue = (part / 255 for part in bytes.fromhex(colour[1:]))
    hue, _, _ = colorsys.rgb_to_hls(red, green, blue)
    made = colorsys.hls_to_rgb((hue + degrees / 360) % 1, lightness, saturation)
    return "#" + bytes(round(part * 255) for part in made).hex()


@cache
def _shape(name: str) -> Template:
    return Template((SHAPES / f"{name}.svg").read_text("utf-8"))


def placed(item: Item) -> str:
    """One shape as an SVG group; its fill is the gradient ``f-<colour>`` that ``fills`` defines."""
    base = COLOURS[item.colour]
    inner = _shape(item.shape).substitute(
        fill=f"url(#f-{item.colour})",
        base=base,
        dark=mixed(base, "#1c1730", 0.42),
        light=mixed(base, "#ffffff", 0.5),
        accent=COLOURS[item.accent],
    )
    scale = item.size / 400
    turn = f" rotate({item.turn} 200 200)" if item.turn else ""
    return f'<g transform="translate({item.x:g} {item.y:g}) scale({scale:g}){turn}">{inner}</g>'


def fills(colours: Iterable[str]) -> str:
    """The gradients of the colours that a picture uses."""
    return "".join(
        f'<linearGradient id="f-{name}" x1="0" y1="0" x2="1" y2="1">'
        f'<stop offset="0" stop-color="{mixed(COLOURS[name], "#ffffff", 0.14)}"/>'
        f'<stop offset="1" stop-color="{mixed(COLOURS[name], "#1c1730", 0.12)}"/></linearGradient>'
        for name in sorted(set(colours))
    )


def card(shape: str, colour: str, accent: str, variant: int = 0) -> str:
    """A product's square picture: the shape on a lit floor before a background that goes with its colour."""
    base = COLOURS[colour]
    pale = colour in {"kinari", "white", "charcoal"}
    source = COLOURS[accent] if pale else base
    wall = turned(source, (0, 24, -24)[variant % 3], 0.86, 0.46)
    floor = mixed(turned(source, (12, 36, -12)[variant % 3], 0.78, 0.42), "#faf7f1", 0.15)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 480 480" width="960" height="960"><defs>'
        f"{fills([colour])}"
        '<radialGradient id="wall" cx=".38" cy=".3" r=".95">'
        f'<stop offset="0" stop-color="{mixed(wall, "#ffffff", 0.6)}"/>'
        f'<stop offset="1" stop-color="{wall}"/></radialGradient>'
        f'<radialGradient id="shade"><stop offset="0" stop-color="#1c1730" stop-opacity=".34"/>'
        '<stop offset="1" stop-color="#1c1730" stop-opacity="0"/></radialGradient></defs>'
        '<rect width="480" height="480" fill="url(#wall)"/>'
        f'<path fill="{floor}" d="M0 352 Q240 328 480 352 V480 H0Z"/>'
        f'<circle cx="240" cy="226" r="164" fill="#fffdf8" opacity=".5"/>'
        '<ellipse cx="244" cy="386" rx="150" ry="22" fill="url(#shade)"/>'
        f"{placed(Item(shape, colour, accent, 30, 46, 420))}</svg>"
    )


@dataclass(frozen=True, slots=True)
class Poster:
    """A loop picture, 1920x1080; all that matters stands in the middle 600 px, which a portrait screen crops to."""

    sky: str
    ground: str
    ink: str
    lines: tuple[str, ...]
    small: str
    label: str
    items: tuple[Item, ...]
    sun: str


def wordless(art: Poster) -> Poster:
    """The same without its words, for scenes in every language."""
    return replace(art, lines=(), small="", label="")


def poster(art: Poster) -> str:
    """The poster as SVG; its few words are set by the browser that shows it."""
    used = {item.colour for item in art.items}
    first = 240 if len(art.lines) == 2 else 290
    words = "".join(
        f'<text x="960" y="{first + 104 * index}" font-size="86" font-weight="800" letter-spacing="4">{line}</text>'
        for index, line in enumerate(art.lines)
    )
    below = first + 104 * (len(art.lines) - 1)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1920 1080" width="1920" height="1080" lang="ja"><defs>'
        f"{fills(used)}"
        f'<linearGradient id="sky" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="{art.sky}"/>'
        f'<stop offset="1" stop-color="{mixed(art.sky, "#ffffff", 0.34)}"/></linearGradient></defs>'
        '<rect width="1920" height="1080" fill="url(#sky)"/>'
        f'<circle cx="960" cy="560" r="430" fill="{art.sun}"/>'
        f'<circle cx="960" cy="560" r="560" fill="none" stroke="{art.sun}" stroke-width="3" opacity=".5"/>'
        f'<circle cx="960" cy="560" r="700" fill="none" stroke="{art.sun}" stroke-width="3" opacity=".3"/>'
        f'<path fill="{mixed(art.ground, "#ffffff", 0.18)}" d="M0 880 Q420 760 900 850 T1920 800 V1080 H0Z"/>'
        f'<path fill="{art.ground}" d="M0 950 Q560 850 1040 930 T1920 900 V1080 H0Z"/>'
        f"{''.join(placed(item) for item in art.items)}"
        f'<g fill="{art.ink}" text-anchor="middle" font-family="{FONTS}">'
        f'<text x="960" y="{first - 118}" font-size="27" letter-spacing="10" font-weight="700">{art.label}</text>'
        f"{words}"
        f'<text x="960" y="{below + 58}" font-size="29" letter-spacing="1" font-weight="600">{art.small}</text>'
        "</g></svg>"
    )
