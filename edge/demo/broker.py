"""An MQTT 5 broker for the demo: rumqttd of the ``iotcore`` wheel, on loopback, inside this very process.

It keeps nothing on disk, so a broker that is killed forgets: the ledger's own acknowledgement is what counts.
"""

from __future__ import annotations

import argparse
import logging
import signal
import tempfile
from pathlib import Path

from iotcore import Broker

SETTINGS = """\
id = 0

[router]
max_connections = 100
max_outgoing_packet_count = 200
max_segment_size = 10485760
max_segment_count = 10

[v5.1]
name = "tentou"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 1

[v5.1.connections]
connection_timeout_ms = 5000
max_payload_size = 262144
max_inflight_count = 100
dynamic_filters = true
"""
"""rumqttd's own format. iotcore listens for MQTT 3.1.1 unless a file says otherwise."""


def serve(port: int) -> None:
    """Serve MQTT 5 on 127.0.0.1 until the process is ended.

    The broker's own loop never comes back to Python, so the signals keep the system's action: to end at once.
    """
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("rumqttd").setLevel(logging.CRITICAL)  # it says every packet, as an error
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "broker.toml"
        settings.write_text(SETTINGS.format(port=port))
        broker = Broker(config_path=str(settings))
    broker.run_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    serve(parser.parse_args().port)
