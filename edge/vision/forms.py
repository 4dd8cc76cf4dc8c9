"""Which texts leave an eye at all: those in a form that somebody behind it could ask for. Every other one never does.

A payment's code or a page's address is so gone where it was read, before the pipe; what a text is worth is
decided behind it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from edge.model import Code

Forms = Mapping[str, tuple[str, ...]]
"""Regular expressions of whole texts, ASCII, by symbology. They come from this house, never from a code."""


def joined(*several: Forms) -> Forms:
    """What is in any of them."""
    names = dict.fromkeys(name for forms in several for name in forms)
    return {name: tuple(form for forms in several for form in forms.get(name, ())) for name in names}


def sieve(forms: Forms) -> Callable[[Code], bool]:
    """Tells whether a code may leave: it has a form of its symbology. Without any forms every code may."""
    known = {name: [re.compile(form, re.ASCII) for form in each] for name, each in forms.items()}

    def may(code: Code) -> bool:
        return not known or any(form.fullmatch(code.text) for form in known.get(code.symbology, ()))

    return may
