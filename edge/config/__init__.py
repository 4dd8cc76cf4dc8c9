"""The settings of a store's edge and of head office's hub: read from layered TOML, every unknown key refused.

A directory holds ``chain.toml``, ``store.toml``, ``device.toml`` (later layers win; ``provisioning.layers`` merges
them and can explain each value) or, for the hub, ``hub.toml``. Relative paths are read against that directory.
"""

from edge.complaints import BadConfig as BadConfig
from edge.complaints import checked as checked
from edge.complaints import placed as placed
from edge.config.base import Adapter as Adapter
from edge.config.base import Device as Device
from edge.config.base import Id as Id
from edge.config.base import Outbox as Outbox
from edge.config.base import Settings as Settings
from edge.config.base import Web as Web
from edge.config.codes import MemberCode as MemberCode
from edge.config.codes import ProductCode as ProductCode
from edge.config.codes import StaticRule as StaticRule
from edge.config.hub import Hub as Hub
from edge.config.hub import HubIdentity as HubIdentity
from edge.config.hub import is_open as is_open
from edge.config.hub import read_hub as read_hub
from edge.config.places import Location as Location
from edge.config.postgres import Postgres as Postgres
from edge.config.screens import SMALLEST_ZONE as SMALLEST_ZONE
from edge.config.screens import WHOLE as WHOLE
from edge.config.screens import WHOSE as WHOSE
from edge.config.screens import Camera as Camera
from edge.config.screens import Notice as Notice
from edge.config.screens import Scanner as Scanner
from edge.config.screens import Screen as Screen
from edge.config.screens import Source as Source
from edge.config.screens import Zone as Zone
from edge.config.screens import in_frame as in_frame
from edge.config.store import StockChannel as StockChannel
from edge.config.store import Store as Store
from edge.config.store import left_out as left_out
from edge.config.store import read_store as read_store
