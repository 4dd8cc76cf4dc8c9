"""``tentou bench NAME``: each measures ours beside a floor or peers in the same run, and prints both."""

from __future__ import annotations

import argparse
import json
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from edge.bench.figures import in_json, machine
from edge.bench.peers import models_folder
from edge.bench.photos import NoPhotos
from edge.bench.spread import ReaderDied
from edge.bench.store import NotStarted
from edge.vision.command import NoPicture

SIZES = ("720p", "1080p")


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    bench = commands.add_parser("bench", help="measure this machine, with a floor or peers beside ours")
    names = bench.add_subparsers(metavar="NAME", required=True)
    _add_scan(names)
    _add_decode(names)
    _add_stream(names)
    _add_eyes(names)
    _add_faults(names)
    _add_outbox(names)
    _add_drain(names)
    _add_fleet(names)
    _add_shop(names)
    _add_stock(names)


def _add_scan(names: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    scan = _named(names, "scan", "scan to paint, beside a bare decode and a bare push", _scan)
    scan.add_argument("-n", type=_count, default=60, metavar="N", help="how many times (60)")


def _add_decode(names: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    decode = _named(names, "decode", "real photos and made stills, beside other readers", _decode)
    decode.add_argument("-n", type=_count, default=20, metavar="N", help="stills a degradation (20)")
    decode.add_argument(
        "--photos", type=Path, metavar="DIR", help="a folder with truth.json, or handed/ and negatives/"
    )
    decode.add_argument("--empty", type=_count, default=2000, metavar="N", help="scenes without a code (2000)")
    _add_seed(decode)
    _add_models(decode)


def _add_stream(names: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    stream = _named(names, "stream", "presentations and idle scenes, beside other readers", _stream)
    stream.add_argument("-n", type=_count, default=40, metavar="N", help="presentations a size (40)")
    stream.add_argument("--size", choices=(*SIZES, "both"), default="both", help="of the frames (both)")
    _add_seed(stream)
    _add_models(stream)


def _add_eyes(names: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    eyes = _named(names, "eyes", "a whole edge with so many eyes, beside bare loops", _eyes)
    eyes.add_argument("-n", type=_count, default=8, metavar="N", help="eyes (8)")
    eyes.add_argument("--seconds", type=_count, default=30, metavar="S", help="for how long (30)")
    eyes.add_argument("--size", choices=SIZES, default="720p", help="of the frames (720p)")
    _add_seed(eyes)


def _add_faults(names: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    faults = _named(names, "faults", "faults of cameras and eyes, named and over, with an eye beside them", _faults)
    faults.add_argument("-n", type=_count, default=1, metavar="N", help="eyes that are struck at a time (1)")


def _add_outbox(names: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    outbox = _named(names, "outbox", "durable contacts a second beside bare sqlite3, and kills beside a peer", _outbox)
    outbox.add_argument("-n", type=_seconds, default=10.0, metavar="SECONDS", help="a way and number of writers (10)")
    outbox.add_argument("--kills", type=_count, default=5, metavar="N", help="a rate (5)")
    outbox.add_argument("--peer-dir", type=Path, metavar="DIR", help="where thingsboard-gateway lies")


def _add_drain(names: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    drain = _named(names, "drain", "a backlog to head office's database, beside the bare client", _drain)
    drain.add_argument("-n", type=_count, default=100_000, metavar="N", help="events (100,000)")
    drain.add_argument("--batch", type=_count, default=50, metavar="N", help="events a message (50)")
    drain.add_argument("--rounds", type=_count, default=3, metavar="N", help="of each way, in turn (3)")
    drain.add_argument("--waiting", type=_count, metavar="N", help="instead: a whole store that starts with N waiting")


def _add_fleet(names: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    fleet = _named(names, "fleet", "what many edges cost broker and hub; storms with and without jitter", _fleet)
    fleet.add_argument("--edges", type=_count, default=2000, metavar="N", help="simulated (2000)")
    fleet.add_argument("--seconds", type=_seconds, default=20.0, metavar="S", help="of steady contacts (20)")
    fleet.add_argument("--spread", type=_seconds, default=30.0, metavar="S", help="of a return in the last storm (30)")


def _add_shop(names: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    shop = _named(names, "shop", "a real shop's answer to the painted tile, beside a bare webhook to a page", _shop)
    shop.add_argument("--seconds", type=_seconds, default=60.0, metavar="S", help="of changes (60)")
    shop.add_argument("--rate", type=_seconds, default=25.0, metavar="N", help="changes a second (25)")
    shop.add_argument("--of", choices=("oscar", "vendure"), default="oscar", help="which shop (oscar)")


def _add_stock(names: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    stock = _named(names, "stock", "the stock cache at its largest, beside the same rows in bare sqlite3", _stock)
    stock.add_argument("-n", type=_count, default=100_000, metavar="N", help="items at 3 locations (100,000)")
    stock.add_argument("--seconds", type=_seconds, default=10.0, metavar="S", help="of look-ups under upserts (10)")
    _add_seed(stock)


def _named(
    names: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    what: str,
    run: Callable[[argparse.Namespace], int],
) -> argparse.ArgumentParser:
    parser = names.add_parser(name, help=what, description=what)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.set_defaults(name=name, run=partial(_guarded, run))
    return parser


def _add_seed(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", type=int, metavar="N", help="of the made pictures (another one each time; printed)")


def _add_models(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--models", type=Path, metavar="DIR", help="WeChat's models ($TENTOU_WECHAT_MODELS)")


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no count; give 1 or more")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 86_400:
        raise argparse.ArgumentTypeError(f"{text!r} is no time; give seconds above 0")
    return seconds


def _seed(arguments: argparse.Namespace) -> int:
    return secrets.randbelow(1 << 32) if arguments.seed is None else int(arguments.seed)


def _scan(arguments: argparse.Namespace) -> int:
    from edge.bench import scan

    return _told(arguments, scan.measure(arguments.n), scan.words)


def _decode(arguments: argparse.Namespace) -> int:
    from edge.bench import decode

    seed, models = _seed(arguments), models_folder(arguments.models)
    measured = decode.measure(arguments.n, arguments.empty, arguments.photos, seed, models)
    return _told(arguments, measured, decode.words)


def _stream(arguments: argparse.Namespace) -> int:
    from edge.bench import stream

    sizes = SIZES if arguments.size == "both" else (arguments.size,)
    measured = stream.measure(arguments.n, sizes, _seed(arguments), models_folder(arguments.models))
    return _told(arguments, measured, stream.words)


def _eyes(arguments: argparse.Namespace) -> int:
    from edge.bench import eyes

    measured = eyes.measure(arguments.n, arguments.seconds, arguments.size, _seed(arguments))
    return _told(arguments, measured, eyes.words)


def _faults(arguments: argparse.Namespace) -> int:
    from edge.bench import faults

    return _told(arguments, faults.measure(beside=arguments.n), faults.words)


def _outbox(arguments: argparse.Namespace) -> int:
    from edge.bench import outbox

    return _told(arguments, outbox.measure(arguments.n, arguments.kills, arguments.peer_dir), outbox.words)


def _drain(arguments: argparse.Namespace) -> int:
    from edge.bench import drain, waiting

    if arguments.waiting:
        return _told(arguments, waiting.measure(arguments.waiting), waiting.words)
    return _told(arguments, drain.measure(arguments.n, arguments.batch, arguments.rounds), drain.words)


def _fleet(arguments: argparse.Namespace) -> int:
    from edge.bench import fleet

    return _told(arguments, fleet.measure(arguments.edges, arguments.seconds, arguments.spread), fleet.words)


def _shop(arguments: argparse.Namespace) -> int:
    from edge.bench import shop

    return _told(arguments, shop.measure(arguments.seconds, arguments.rate, arguments.of), shop.words)


def _stock(arguments: argparse.Namespace) -> int:
    from edge.bench import stock

    return _told(arguments, stock.measure(arguments.n, arguments.seconds, _seed(arguments)), stock.words)


def _guarded(run: Callable[[argparse.Namespace], int], arguments: argparse.Namespace) -> int:
    """Run a benchmark; what cannot be measured is said in a line."""
    try:
        return run(arguments)
    except (NoPhotos, NoPicture) as error:
        print(f"tentou: {error}", file=sys.stderr)
        return 2
    except (NotStarted, ReaderDied) as error:
        print(f"tentou: {error}", file=sys.stderr)
        return 1


def _told(
    arguments: argparse.Namespace, measured: Mapping[str, Any], words: Callable[[dict[str, Any]], Iterator[str]]
) -> int:
    """Print what was measured; 1 if something in it breaks a promise."""
    result = {"name": arguments.name, **measured, "machine": machine()}
    if arguments.json:
        print(json.dumps(in_json(result), ensure_ascii=False))
    else:
        for line in (*words(result), *(f"finding: {found}" for found in result["findings"])):
            print(line)
    return 1 if result["findings"] else 0
