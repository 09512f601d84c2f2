"""The line to a gateway by its kind, made of what its row holds."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import msgspec

from cti.channels.reach import Reach
from cti.channels.sms.http import HttpLine
from cti.channels.sms.modem import ModemLine, Modems
from cti.channels.sms.smpp import SmppLine
from cti.channels.texts import SmsTrouble, TextLine, TextTaker
from cti.messages.gateways import ModemGiven, SmppGiven
from cti.messages.gateways_ready import description_of
from cti.messages.http_gateways import HttpGiven, Secrets

Given = TypeVar("Given")


class Lines:
    """Makes lines. reach: raises SmsTrouble; public_url: where gateways call us, "" for nowhere.

    pbx: the line to a PBX by its name in the settings, "" for the only one; None: there is none.
    """

    def __init__(
        self,
        *,
        reach: Reach,
        public_url: str,
        pbx: Callable[[str], Modems | None],
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._reach = reach
        self._pbx = pbx
        self._public_url = public_url.rstrip("/")
        self._tls = tls

    def build(
        self,
        gateway_id: int,
        kind: str,
        given: str,
        secrets: Secrets,
        *,
        rate: int,
        taker: TextTaker,
        found: Callable[[str], Awaitable[None]],
        unsettled: Callable[[], Awaitable[Sequence[str]]],
    ) -> TextLine:
        """A line that is not running yet. Raises SmsTrouble where the row is not of its kind."""
        if kind == "http":
            description = description_of(_read(given, HttpGiven))
            if description is None:
                raise SmsTrouble("other")
            token, url = secrets.callback_token, self._public_url
            return HttpLine(
                gateway_id,
                description,
                secrets,
                rate=rate,
                callback_url=f"{url}/sms/callback/{gateway_id}/{token}" if url and token else "",
                taker=taker,
                found=found,
                unsettled=unsettled,
                reach=self._reach,
                tls=self._tls,
            )
        if kind == "smpp":
            return SmppLine(
                gateway_id,
                _read(given, SmppGiven),
                secrets.password,
                rate=rate,
                taker=taker,
                found=found,
                connect=self._reach.connect,
                tls=self._tls,
            )
        modem = _read(given, ModemGiven)
        modems = self._pbx(modem.pbx)
        if modems is None:
            raise SmsTrouble("no-pbx")
        return ModemLine(gateway_id, modem, rate=rate, taker=taker, found=found, modems=modems)


def _read(given: str, kind: type[Given]) -> Given:
    try:
        return msgspec.json.decode(given, type=kind)
    except msgspec.DecodeError:
        raise SmsTrouble("other") from None
