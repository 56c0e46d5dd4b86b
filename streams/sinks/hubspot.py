"""HubSpot's contacts: POST /crm/v3/objects/contacts/batch/upsert, the properties it fills, and what the answers mean.

https://developers.hubspot.com/docs/api-reference/crm-contacts-v3/batch/post-crm-v3-objects-contacts-batch-upsert: at most 100 inputs, each
named by a property whose values are unique. 200: all are in; 207: some are not, `errors` says which by their `objectWriteTraceId`; 400: the
batch is refused whole. 429 comes with a `policyName` (TEN_SECONDLY_ROLLING, DAILY) and sometimes with Retry-After.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp

#: Inputs of one request.
BATCH = 100
#: Seconds for an answer; and after a 429 without Retry-After, of the ten seconds' limit and of the day's.
TIMEOUT = 10.0
_SOON, _NOT_TODAY = 10.0, 600.0

_CONTACTS = "/crm/v3/objects/contacts/batch/upsert"
_PROPERTIES = "/crm/v3/properties/contacts"


class HubSpotError(Exception):
    """
    HubSpotError
     ├── Away      nobody answers, or a fault of theirs: the same again later
     ├── Busy      a limit is reached; `wait`: seconds
     ├── Unwelcome the token, its scopes, or the properties: nothing goes until somebody sees to it
     └── Refused   this batch as a whole, because of what is in it
    """


class Away(HubSpotError):
    pass


class Busy(HubSpotError):
    def __init__(self, words: str, wait: float) -> None:
        super().__init__(words)
        self.wait = wait


class Unwelcome(HubSpotError):
    pass


class Refused(HubSpotError):
    pass


@dataclass(frozen=True, slots=True)
class Contact:
    """`id`: the value of the unique property."""

    id: str
    properties: Mapping[str, str]


class HubSpot:
    """Belongs to one event loop."""

    def __init__(self, url: str, token: str, id_property: str) -> None:
        self._url = url
        self._token = token
        self._id_property = id_property
        self._session: aiohttp.ClientSession | None = None

    async def upsert(self, contacts: Sequence[Contact]) -> dict[int, str]:
        """Makes or renews up to BATCH contacts; returns why some are refused, by their index. Raises HubSpotError."""
        inputs = [
            {"id": each.id, "idProperty": self._id_property, "properties": dict(each.properties), "objectWriteTraceId": str(index)}
            for index, each in enumerate(contacts)
        ]
        status, answer = await self._ask("POST", _CONTACTS, {"inputs": inputs})
        return _refused(answer, contacts) if status == 207 else {}

    async def properties(self) -> dict[str, dict[str, Any]]:
        """The contacts' properties by name. Raises HubSpotError."""
        _, answer = await self._ask("GET", _PROPERTIES)
        return {str(each.get("name")): each for each in answer.get("results", []) if isinstance(each, dict)}

    async def create(self, group: Mapping[str, Any], properties: Sequence[Mapping[str, Any]]) -> None:
        """Makes the group, if it isn't there, and the properties. Raises HubSpotError."""
        _, answer = await self._ask("GET", _PROPERTIES + "/groups")
        if group["name"] not in {each.get("name") for each in answer.get("results", [])}:
            await self._ask("POST", _PROPERTIES + "/groups", group)
        for start in range(0, len(properties), BATCH):
            _, answer = await self._ask("POST", _PROPERTIES + "/batch/create", {"inputs": list(properties[start : start + BATCH])})
            if answer.get("errors"):
                raise Refused("; ".join(str(each.get("message")) for each in answer["errors"])[:500])

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _ask(self, method: str, path: str, content: Any = None) -> tuple[int, dict[str, Any]]:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT), cookie_jar=aiohttp.DummyCookieJar())
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
        try:
            async with self._session.request(method, self._url + path, json=content, headers=headers, allow_redirects=False) as answer:
                # The whole: `content.read` gives what has come so far.
                status, said = answer.status, (await answer.read()).decode("utf-8", "replace")
                after = answer.headers.get("Retry-After", "")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Away(" ".join(str(error).split()) or type(error).__name__) from error
        known = _object(said)
        if status in (200, 201, 207):
            if known is None:  # what it did with a batch is not known: not that it did all of it
                raise Away(f"HTTP {status} with an answer that is no JSON object")
            return status, known
        raise _meaning(status, known or {}, said, after)


def _meaning(status: int, known: Mapping[str, Any], said: str, after: str) -> HubSpotError:
    words = f"HTTP {status}: {' '.join(str(known.get('message') or said[:200]).split())[:400]}"
    if status == 429:
        daily = str(known.get("policyName", "")).upper() == "DAILY"
        return Busy(words, float(after) if after.isdecimal() else _NOT_TODAY if daily else _SOON)
    if status >= 500 or status in (408, 423, 477):
        return Busy(words, float(after)) if after.isdecimal() else Away(words)
    if status == 400 and "PROPERTY_DOESNT_EXIST" not in said and "does not exist" not in said:
        return Refused(words)
    return Unwelcome(words)


def _refused(answer: Mapping[str, Any], contacts: Sequence[Contact]) -> dict[int, str]:
    """Of a 207. An error that doesn't say whose it is makes the whole batch be taken apart."""
    found: dict[int, str] = {}
    by_id = {each.id: index for index, each in enumerate(contacts)}
    for error in answer.get("errors") or []:
        message = str(error.get("message") or error.get("category") or "refused")[:400]
        if "PROPERTY_DOESNT_EXIST" in json.dumps(error):
            raise Unwelcome(message)
        context = error.get("context") or {}
        named = [index for index in map(_number, _texts(context.get("objectWriteTraceId"))) if 0 <= index < len(contacts)]
        named += [by_id[each] for key in ("id", "ids") for each in _texts(context.get(key)) if each in by_id]
        if not named:
            raise Refused(message)
        found |= dict.fromkeys(named, message)
    return found


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else -1


def _texts(value: Any) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else [] if value is None else [str(value)]


def _object(said: str) -> dict[str, Any] | None:
    try:
        found = json.loads(said)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
