"""Pseudo-terminals, which stand for a scanner's serial line."""

from __future__ import annotations

import pty

import pytest


def opened() -> tuple[int, int]:
    """Both ends of one; where the machine has none (a root without /dev/pts) the test is skipped and says so."""
    try:
        return pty.openpty()
    except OSError as error:
        pytest.skip(f"no pseudo-terminal to be had: {error}")
