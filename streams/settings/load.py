"""Settings from `gedrag.toml`, the environment and the command line, read together so that all faults are said at once."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import Field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from streams.settings.errors import SettingsError
from streams.settings.model import ALIASES, SHIPPED, Settings, all_settings
from streams.sinks.address import server

FILE = "gedrag.toml"
PREFIX = "GEDRAG_"
#: Variables of ours that are no settings, and those that Kubernetes sets for a service named gedrag.
_OTHERS = re.compile(r"GEDRAG_(SETTINGS|CLOCK_\w+|TEST_\w+|WEBHOOK_\w+_SECRETS|(\w+_)?(SERVICE_HOST|SERVICE_PORT|PORT)(_\w+)?)")
_URLS = ("redis", "smtp")
#: Keys of this table are settings by that word and their own: `[shop]` `name` is `shop_name`.
_TABLE = "shop"


def load(file: Path | None = None, overrides: Mapping[str, str] | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read and check everything. Raises SettingsError.

    `file`: must exist; None: `$GEDRAG_SETTINGS`, else `gedrag.toml` in this folder if there is one. `overrides`: from options, by name.
    """
    environ = os.environ if environ is None else environ
    reader = _Reader()
    path, values = _file(file, environ, reader)
    base = path.parent if path else Path()
    top, table = _apart(values)
    own = {ALIASES.get(name, name) for name in top}
    reader.faults.extend(
        f"{path}: [{_TABLE}] {key.removeprefix(f'{_TABLE}_')}: given twice, at the top of the file too"
        for key in table
        if ALIASES.get(key, key) in own
    )
    reader.source(top, base, lambda name: f"{path}: {name}", f"{path}", secrets=False)
    reader.source(table, base, lambda name: f"{path}: [{_TABLE}] {name.removeprefix(f'{_TABLE}_')}", f"{path}", secrets=False)
    found = {name: value for name, value in environ.items() if name.startswith(PREFIX) and not _OTHERS.fullmatch(name)}
    reader.source({name[len(PREFIX) :].lower(): value for name, value in found.items()}, Path(), _variable, "environment", secrets=True)
    reader.source(dict(overrides or {}), Path(), lambda name: f"option {name}", "option", secrets=False)
    return reader.finish()


def _variable(name: str) -> str:
    return PREFIX + name.upper()


def _file(given: Path | None, environ: Mapping[str, str], reader: _Reader) -> tuple[Path | None, dict[str, object]]:
    path = given or (Path(environ["GEDRAG_SETTINGS"]) if environ.get("GEDRAG_SETTINGS") else None)
    if path is None:
        path = Path(FILE)
        if not path.exists():
            return None, {}
    try:
        return path, tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        reader.faults.append(f"{path}: the settings can't be read: {error.strerror}")
    except UnicodeDecodeError:
        reader.faults.append(f"{path}: not UTF-8 text")
    except tomllib.TOMLDecodeError as error:
        reader.faults.append(f"{path}: not TOML: {error}")
    return None, {}


def _apart(values: dict[str, object]) -> tuple[dict[str, object], dict[str, object]]:
    """What stands at the top of the file, and in the shop's table, both by the names of settings."""
    table = values.get(_TABLE)
    if not isinstance(table, dict):
        return values, {}
    return {name: value for name, value in values.items() if name != _TABLE}, {f"{_TABLE}_{key}": value for key, value in table.items()}


class _Reader:
    """Takes one source after another, later ones overriding."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self._known = all_settings()
        self._values: dict[str, Any] = {}
        self._origins = dict.fromkeys(self._known, "default")

    def source(self, values: Mapping[str, object], base: Path, label: Any, origin: str, *, secrets: bool) -> None:
        for written, raw in values.items():
            where, name = label(written), ALIASES.get(written, written)
            of_file = name.removesuffix("_file")
            setting = self._known.get(name)
            if setting is None and of_file != name and of_file in self._known and self._known[of_file].metadata["secret"]:
                self._secret_file(of_file, where, raw, base, origin)
            elif setting is None:
                self.faults.append(f"{where}: there is no such setting{self._nearest(name, label)}")
            elif setting.metadata["secret"] and not secrets:
                self._not_here(name, where)
            else:
                self._one(name, setting, where, raw, base, origin, secrets)

    def _one(self, name: str, setting: Field[Any], where: str, raw: object, base: Path, origin: str, secrets: bool) -> None:
        if isinstance(raw, bool) or not isinstance(raw, str | int):
            self.faults.append(f"{where}: expected text or a whole number")
            return
        written = str(raw).strip()
        if name in _URLS and not secrets and _password_in(written):
            self._not_here(f"{name}_password", where)
            return
        try:
            value = setting.metadata["read"](written)
        except ValueError as error:
            shown = "" if setting.metadata["secret"] else f", got {mask(written)!r}"
            self.faults.append(f"{where}: expected {error}{shown}")
            return
        if setting.metadata["file"]:
            value = base / value
        self._set(name, value, origin if origin != "environment" else where)

    def _not_here(self, secret: str, where: str) -> None:
        self.faults.append(f"{where}: a secret is taken from the environment ({_variable(secret)}) or a file ({secret}_file) only")

    def _secret_file(self, name: str, where: str, raw: object, base: Path, origin: str) -> None:
        path = base / str(raw)
        try:
            value = path.read_text(encoding="utf-8").rstrip("\r\n")
            self._set(name, self._known[name].metadata["read"](value), f"{where} ({path})")
        except (OSError, ValueError) as error:
            self.faults.append(f"{where}: {path} can't be used: {getattr(error, 'strerror', None) or error}")

    def _set(self, name: str, value: object, origin: str) -> None:
        self._values[name] = value
        self._origins[name] = origin

    def _nearest(self, name: str, label: Any) -> str:
        if (apart := name.removeprefix(f"{_TABLE}_")) != name and apart in self._known:
            return f"; {apart} stands before the first table, not in the shop's"
        near = difflib.get_close_matches(name, self._known, 1, 0.6)
        return f"; did you mean {label(near[0]).rsplit(' ', 1)[-1]}?" if near else "; `gedrag settings` lists those there are"

    def finish(self) -> Settings:
        """The settings. Raises SettingsError."""
        self.faults.extend(self._together())
        if self.faults:
            raise SettingsError(self.faults)
        for name in ("segments", "campaigns", "collector"):
            if self._origins[name] == "default" and not self._get(name).exists():
                self._set(name, SHIPPED / f"{name}.toml", "shipped")
        return Settings(**self._values, origins=self._origins)

    def _get(self, name: str) -> Any:
        return self._values.get(name, self._known[name].default)

    def _together(self) -> Iterator[str]:
        """Faults of settings that don't fit each other."""
        if self._get("security_protocol").startswith("SASL") and not (self._get("sasl_username") and self._get("sasl_password")):
            protocol = self._get("security_protocol")
            yield f"security_protocol: {protocol} needs sasl_username, and GEDRAG_SASL_PASSWORD or sasl_password_file"
        if not self._get("security_protocol").startswith("SASL") and self._get("sasl_username"):
            yield f"sasl_username: set, but security_protocol is {self._get('security_protocol')}; set it to SASL_SSL (or SASL_PLAINTEXT)"
        if bool(self._get("ssl_certfile")) != bool(self._get("ssl_keyfile")):
            yield "ssl_certfile, ssl_keyfile: set both or neither"
        for name in ("ssl_cafile", "ssl_certfile", "ssl_keyfile"):
            if (path := self._get(name)) and not path.is_file():
                yield f"{name}: there is no file {path}"
        if (folder := self._get("templates")) and not folder.is_dir():
            yield f"templates: there is no folder {folder}"
        for name in ("segments", "campaigns", "collector", "webhooks"):
            if self._origins[name] != "default" and not self._get(name).is_file():
                yield f"{name}: there is no file {self._get(name)}"
        if self._get("public_url") and not self._get("link_keys"):
            yield (
                "public_url: links to it are signed; give GEDRAG_LINK_KEYS or link_keys_file, name:secret, made by: "
                'echo "k1:$(openssl rand -hex 32)"'
            )
        if self._get("mail") == "postmark" and not self._get("postmark_token"):
            yield "mail: postmark needs GEDRAG_POSTMARK_TOKEN or postmark_token_file, the server API token that Postmark shows"
        try:
            server(self._get("smtp"), self._get("smtp_password"))
        except ValueError as error:
            yield str(error)


def _password_in(url: str) -> bool:
    try:
        return bool(urlsplit(url).password)
    except ValueError:
        return False


def mask(value: str) -> str:
    """A value as it may be shown: without the password an address may hold."""
    if not _password_in(value):
        # An address that can't be taken apart may hold one all the same.
        return re.sub(r"://[^/]*@", "://…@", value) if re.search(r"://[^/@]*:[^/]*@", value) else value
    parts = urlsplit(value)
    user, _, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user.split(':', 1)[0]}:…@{host}"))
