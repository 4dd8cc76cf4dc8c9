"""Tentou: the program that runs in the store, and the head office's end of each of its wires."""

__version__ = "0.1.0"
