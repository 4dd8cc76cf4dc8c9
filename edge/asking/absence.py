"""What went wrong while another system was asked, in words for whoever set it up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp

from edge.asking.strict import CannotAsk


@contextmanager
def absent(host: str, timeout_s: float | None = None) -> Iterator[None]:
    """What goes wrong within becomes CannotAsk, which names the host alone: no path, no header, nothing answered.

    ``timeout_s`` is what the question was given, for the text alone.
    """
    try:
        yield
    except TimeoutError as error:
        raise CannotAsk(f"no answer from {host} {f'within {timeout_s:g} s' if timeout_s else 'in time'}") from error
    except aiohttp.ClientSSLError as error:
        raise CannotAsk(f"{host} cannot prove who it is; look at its certificate and ca_file") from error
    except aiohttp.ClientConnectorError as error:
        raise CannotAsk(f"{host} cannot be reached") from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise CannotAsk(f"{host} broke off its answer") from error
