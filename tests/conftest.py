"""What all tests have in common: none is judged by how fast the machine is just now."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# By default an example that takes 200 ms of wall time fails its test, as does a slow start of drawing them.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")
