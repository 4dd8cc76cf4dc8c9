"""One file an adapter; see ``edge/ports.py`` for what each port asks."""
