"""Seeing codes: an eye's process, its parent side, and what counts as one presentation."""
