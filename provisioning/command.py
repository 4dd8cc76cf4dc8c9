"""``tentou provision``: chains, stores, devices, bundles, accounts, and what explains a setting."""

from __future__ import annotations

import argparse
import getpass
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from provisioning import accounts, bundle, chain, keys
from provisioning.files import Refused, write
from provisioning.layers import HUB_LAYERS, STORE_LAYERS, BadLayer, UnknownKey, load
from provisioning.masking import masked

Act = Callable[[argparse.Namespace], dict[str, Any]]


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``provision`` and what is below it."""
    provision = commands.add_parser("provision", help="chains, stores, devices, bundles, accounts, explain")
    below = provision.add_subparsers(dest="what", required=True, metavar="WHAT")
    _chain(below)
    _bundle(below)
    _account(below)
    explain = _leaf(below, "explain", "which layer, file and line a setting comes from", _explain)
    explain.add_argument("key", metavar="KEY", help="a dotted key such as screen.0.id")
    explain.add_argument("--config", type=Path, default=Path(), metavar="DIR", help="the config directory")


def _leaf(
    below: argparse._SubParsersAction[argparse.ArgumentParser], name: str, help_text: str, act: Act
) -> argparse.ArgumentParser:
    parser = below.add_parser(name, help=help_text, description=help_text)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=_runner(act))
    return parser


def _runner(act: Act) -> Callable[[argparse.Namespace], int]:
    def run(args: argparse.Namespace) -> int:
        try:
            told = act(args)
        except (Refused, BadLayer, UnknownKey) as error:
            finding = isinstance(error, bundle.BadBundle | UnknownKey)
            if finding and args.json:
                print(json.dumps({"error": str(error)}, ensure_ascii=False))
            print(f"tentou provision: {error}", file=sys.stderr)
            return 1 if finding else 2
        except OSError as error:
            print(f"tentou provision: {error.filename or 'this machine'}: {error.strerror or error}", file=sys.stderr)
            return 2
        print(json.dumps(told, ensure_ascii=False) if args.json else told["text"])
        return 0

    return run


def _chain(below: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    where = {"type": Path, "default": Path(), "metavar": "DIR", "help": "the chain's folder (default: here)"}
    verbs = below.add_parser("chain", help="make a chain").add_subparsers(dest="verb", required=True)
    init = _leaf(verbs, "init", "make a chain: its layer, its keys, a signed key set", _chain_init)
    init.add_argument("name", metavar="NAME", help="the chain's id, such as acme")
    init.add_argument("--timezone", default="Asia/Tokyo", help="default: Asia/Tokyo")
    init.add_argument("--language", default="ja", help="default: ja")
    _whose(init, "the company that answers for the cameras, as notices name it")
    verbs = below.add_parser("store", help="add a store").add_subparsers(dest="verb", required=True)
    store = _leaf(verbs, "add", "add a store to the chain", _store_add)
    store.add_argument("id", metavar="ID", help="the store's id, such as ginza")
    store.add_argument("--timezone", default="", help="where it differs from the chain's")
    _whose(store, "the company that runs this store, where it is another than the chain's")
    verbs = below.add_parser("device", help="add a device").add_subparsers(dest="verb", required=True)
    device = _leaf(verbs, "add", "add a device to a store", _device_add)
    device.add_argument("id", metavar="ID", help="the device's id, unique in the chain")
    device.add_argument("--screen", action="append", default=[], metavar="ID:CLASS", help="signage or kiosk; repeat")
    camera = (
        "the screen whose shoppers it sees, and /dev/v4l/by-id/…, 0, rtsp://… or http://… (motion JPEG); without a "
    )
    camera += "source the browser's; repeat"
    device.add_argument("--camera", action="append", default=[], metavar="ID:SCREEN[:SOURCE]", help=camera)
    scanner = (
        "the screen beside it, and /dev/serial/by-id/… or, for one that acts as a keyboard, /dev/input/by-id/…; repeat"
    )
    device.add_argument("--scanner", action="append", default=[], metavar="ID:SCREEN:DEVICE", help=scanner)
    config = _leaf(below, "config", "write a device's config directory for 'tentou run'", _config)
    config.add_argument("--device", required=True, metavar="ID")
    config.add_argument("--into", required=True, type=Path, metavar="DIR", help="the config directory to write")
    for parser in (device, config):
        parser.add_argument("--store", required=True, metavar="ID")
    for parser in (init, store, device, config):
        parser.add_argument("--dir", **where)  # type: ignore[arg-type]


def _whose(parser: argparse.ArgumentParser, who: str) -> None:
    """Who answers for cameras; devices with one need it."""
    parser.add_argument("--operator", default="", metavar="NAME", help=who)
    parser.add_argument("--address", default="", metavar="TEXT", help="where to ask it: address, phone, mail or URL")


def _bundle(below: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    build = _leaf(below, "bundle", "build a store's signed bundle; or verify, install one", _bundle_build)
    build.add_argument("--store", metavar="ID")
    build.add_argument("--out", type=Path, metavar="FILE")
    build.add_argument("--dir", type=Path, default=Path(), metavar="DIR", help="the chain's folder (default: here)")
    verbs = build.add_subparsers(dest="verb", metavar="verify|install")
    verify = _leaf(verbs, "verify", "check a bundle whole; changes nothing", _bundle_verify)
    install = _leaf(verbs, "install", "write a device's config directory from a bundle", _bundle_install)
    install.add_argument("--device", required=True, metavar="ID")
    install.add_argument("--into", required=True, type=Path, metavar="DIR")
    for parser in (verify, install):
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--key", required=True, metavar="KEY", help="the chain's bundle.pub: the file or its text")


def _account(below: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    verbs = below.add_parser("account", help="who may sign in").add_subparsers(dest="verb", required=True)
    new = _leaf(verbs, "add", "add an account, or give a known one a new password", _account_add)
    new.add_argument("--role", required=True, choices=[str(role) for role in accounts.Role])
    how = new.add_mutually_exclusive_group()
    how.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    how.add_argument("--generate", action="store_true", help="make one and print it once")
    remove = _leaf(verbs, "remove", "take an account away and end its sessions", _account_remove)
    listing = _leaf(verbs, "list", "names and roles", _account_list)
    for parser in (new, remove):
        parser.add_argument("name", metavar="NAME")
    for parser in (new, remove, listing):
        parser.add_argument("--config", type=Path, default=Path(), metavar="DIR", help="where accounts.json lies")


def _chain_init(args: argparse.Namespace) -> dict[str, Any]:
    whose = {"operator": args.operator, "address": args.address}
    path = chain.init(args.dir, args.name, now_s=time.time(), timezone=args.timezone, language=args.language, **whose)
    key = (args.dir / "bundle.pub").read_text(encoding="utf-8").strip()
    text = (
        f"Chain '{args.name}' is in '{args.dir}'.\n"
        f"Keep {args.dir / 'offline'} off line: its keys sign key sets, member codes (for trials) and bundles.\n"
        f"Bundle key for devices: {key}\n"
        f"Next: tentou provision store add ID --dir {args.dir}"
    )
    if not (args.operator and args.address):
        text += f"\nBefore a device with a camera: operator and address under [notice] in {path}"
    return {"text": text, "chain": args.name, "file": str(path), "bundle_key": key}


def _store_add(args: argparse.Namespace) -> dict[str, Any]:
    path = chain.add_store(args.dir, args.id, timezone=args.timezone, operator=args.operator, address=args.address)
    text = f"Store '{args.id}': {path}\nNext: tentou provision device add ID --store {args.id} --screen window:signage"
    return {"text": text, "store": args.id, "file": str(path)}


def _device_add(args: argparse.Namespace) -> dict[str, Any]:
    screens = [chain.screen(text) for text in args.screen]
    cameras = [chain.camera(text) for text in args.camera]
    scanners = [chain.scanner(text) for text in args.scanner]
    path = chain.add_device(args.dir, args.id, store=args.store, screens=screens, cameras=cameras, scanners=scanners)
    text = f"Device '{args.id}': {path}\nNext: tentou provision bundle --store {args.store} --out {args.store}.tar"
    return {"text": text, "device": args.id, "file": str(path)}


def _config(args: argparse.Namespace) -> dict[str, Any]:
    into = chain.write_config(args.dir, args.store, args.device, args.into)
    return {
        "text": f"Wrote {into}\nNext: tentou check --config {into}, then tentou run --config {into}",
        "config": str(into),
    }


def _bundle_build(args: argparse.Namespace) -> dict[str, Any]:
    if not args.store or not args.out:
        raise Refused("bundle needs --store ID and --out FILE, or 'verify' or 'install'")
    data = bundle.build(args.dir, args.store)
    write(args.out, data, 0o600)
    built = bundle.read(data, keys.public(keys.load(args.dir / "offline" / "bundle.key")))
    return {"text": f"Wrote {args.out}: {_told(built)}"} | _facts(built)


def _bundle_verify(args: argparse.Namespace) -> dict[str, Any]:
    with _naming(args.file):
        good = bundle.read(_bytes(args.file), _bundle_key(args.key))
    return {"text": f"{args.file}: {_told(good)}"} | _facts(good)


def _bundle_install(args: argparse.Namespace) -> dict[str, Any]:
    with _naming(args.file):
        good = bundle.install(_bytes(args.file), _bundle_key(args.key), args.device, args.into)
    text = f"Wrote {args.into}: {_told(good)}\n{_next(args.into)}"
    return {"text": text} | _facts(good)


def _next(into: Path) -> str:
    return f"Next: tentou check --config {into}, then tentou run --config {into}"


def _account_add(args: argparse.Namespace) -> dict[str, Any]:
    _accounts(args)  # before anybody types a password
    given = "" if args.generate else _given(args.password_stdin)
    password = given or accounts.generated()
    _accounts(args).add(args.name, accounts.Role(args.role), password)
    text = f"Account '{args.name}' ({args.role}) may sign in."
    if given:
        return {"text": text, "account": args.name}
    return {"text": f"{text}\nPassword, shown only now: {password}", "account": args.name, "password": password}


def _accounts(args: argparse.Namespace) -> accounts.Accounts:
    """The accounts of a store or a device; raises Refused where no program would look for them."""
    if not args.config.is_dir():
        _refuse(f"{args.config} is no folder; --config is a store's (stores/ID) or a device's config directory")
    if (args.config / "stores").is_dir():
        _refuse(f"{args.config} is a chain's folder; accounts are a store's: --config {args.config / 'stores' / 'ID'}")
    return accounts.Accounts(args.config / "accounts.json")


def _given(from_stdin: bool) -> str:
    """The password that a person gives; empty for a generated one."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n") or _refuse("standard input held no password")
    if not sys.stdin.isatty():
        return ""
    password = getpass.getpass(f"Password ({accounts.SHORTEST} characters or more; Enter alone makes one): ")
    if password and getpass.getpass("Once more: ") != password:
        _refuse("the two passwords differ; nothing was changed")
    return password


def _refuse(why: str) -> NoReturn:
    raise Refused(why)


def _account_remove(args: argparse.Namespace) -> dict[str, Any]:
    _accounts(args).remove(args.name)
    return {"text": f"Account '{args.name}' is removed and signed out.", "account": args.name}


def _account_list(args: argparse.Namespace) -> dict[str, Any]:
    known = _accounts(args).all()
    rows = [{"name": one.name, "role": one.role} for one in known.values()]
    return {"text": "\n".join(f"{row['name']}  {row['role']}" for row in rows) or "no account", "accounts": rows}


def _explain(args: argparse.Namespace) -> dict[str, Any]:
    names = HUB_LAYERS if (args.config / HUB_LAYERS[0]).exists() else STORE_LAYERS
    if not any((args.config / name).exists() for name in names):
        _refuse(f"{args.config} holds no settings; --config is the folder with {', '.join(names)}")
    told = load(args.config, names).explain(args.key)
    value = masked(args.key, told.value)
    text = f"{args.key} = {json.dumps(value, ensure_ascii=False, default=str)}\n{told.file}:{told.line} ({told.layer})"
    facts = {"key": args.key, "value": value, "layer": told.layer, "file": str(told.file), "line": told.line}
    return json.loads(json.dumps({"text": text} | facts, default=str))  # type: ignore[no-any-return]


def _told(one: bundle.Bundle) -> str:
    return f"store {one.store} of {one.chain}, serial {one.serial}, devices {', '.join(one.devices())}, signature good"


def _facts(one: bundle.Bundle) -> dict[str, Any]:
    return {
        "chain": one.chain,
        "store": one.store,
        "serial": one.serial,
        "digest": one.digest,
        "devices": one.devices(),
    }


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > bundle.LARGEST:
            raise bundle.BadBundle(f"{path} is larger than any bundle")
        return path.read_bytes()
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}") from error


def _bundle_key(text: str) -> bytes:
    path = Path(text)
    try:
        return keys.from_b64url((path.read_text(encoding="utf-8") if path.is_file() else text).strip())
    except (Refused, UnicodeDecodeError) as error:
        raise Refused(f"--key is neither the file bundle.pub nor its text ({error})") from error


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """What is wrong with a bundle is told with its file."""
    try:
        yield
    except bundle.BadBundle as error:
        raise bundle.BadBundle(str(error) if str(path) in str(error) else f"{path}: {error}") from error
