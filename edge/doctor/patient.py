"""What the doctor looks at, what it finds, and which of the chosen adapters are worth trying."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge import config, fitting, plug
from edge.fitting import Choice

OUTPUTS = frozenset({"upstream", "sink"})
"""Ports whose ``path`` is written, so that it need not be there."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: whether it is well, what was seen, and what to do (if well: what could be better)."""

    what: str
    ok: bool
    seen: str
    todo: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)
    shades: str = ""
    """What a camera sees, as a view has it (``edge.vision.wire``)."""


@dataclass(frozen=True, slots=True)
class Patient:
    """What is looked at. ``running`` is what it says of itself if it runs already, by ``/readyz``."""

    settings: config.Store | config.Hub
    folder: Path
    running: list[dict[str, Any]] | None

    @property
    def data(self) -> Path:
        """The folder for all that it keeps."""
        own = self.settings.device if isinstance(self.settings, config.Store) else self.settings.hub
        return self.folder / own.data


Look = Callable[[Patient], Iterator[Finding]]


def store_of(patient: Patient) -> config.Store:
    """The settings of an edge, for looks that no hub gets."""
    assert isinstance(patient.settings, config.Store)
    return patient.settings


def missing_files(choice: Choice, settings: config.Settings, folder: Path) -> Iterator[tuple[str, Path]]:
    """The settings that name a file which is not there, each with that file."""
    for name, value in settings:
        read = isinstance(value, Path) and not (name == "path" and choice.port in OUTPUTS)
        if read and not (folder / value).exists():
            yield name, folder / value


def opened(choice: Choice, patient: Patient, where: Path | None = None) -> Any:
    """The adapter of a choice, as an async context; files are read against ``where``, or beside the settings."""
    module = plug.adapter(choice.port, choice.adapter.adapter)
    return module.open(module.Settings.model_validate(choice.adapter.settings), where or patient.folder)


def worth_trying(patient: Patient, *ports: str) -> Iterator[Choice]:
    """The choices whose settings are good and whose files are there: what is worth trying."""
    layered = fitting.layers(patient.settings, patient.folder)
    for choice in fitting.choices(patient.settings):
        if choice.port in ports:
            with suppress(config.BadConfig):
                if not any(missing_files(choice, fitting.fitted(choice, layered), patient.folder)):
                    yield choice
