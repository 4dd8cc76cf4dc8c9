"""Far sides that keep exact books."""
