"""A gateway on the web that judges what it is asked by the service's documentation, and not by our description."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp import web
from aiohttp.test_utils import TestServer

from cti.messages.http_gateways import Description, Secrets

NUMBER, SENDER, TEXT = "+79355550101", "Romashka", 'Здравствуйте, "Пётр"! 50% & {{login}}\n?=#'
SECRETS = Secrets(login="romashka@trubka.example", password="hush-hush-key", callback_token="tok", callback_secret="s3")
BASIC = "Basic " + base64.b64encode(f"{SECRETS.login}:{SECRETS.password}".encode()).decode()


@dataclass
class Peer:
    """What it was asked, and how it is to behave. taken: texts that it has taken, by number."""

    asked: list[dict[str, Any]] = field(default_factory=list)
    taken: list[tuple[str, str]] = field(default_factory=list)
    status: int = 200
    body: bytes | None = None
    waits: asyncio.Event | None = None
    headers: dict[str, str] = field(default_factory=dict)
    url: str = ""
    judge: Callable[[dict[str, Any]], dict[str, Any] | list[Any] | None] = lambda asked: None


@asynccontextmanager
async def web_peer(judge: Callable[[dict[str, Any]], Any]) -> AsyncIterator[Peer]:
    """One on the loopback, until the end of the block."""
    peer = Peer(judge=judge)

    async def answer(request: web.Request) -> web.Response:
        raw = await request.read()
        asked = {
            "path": request.path, "method": request.method, "headers": dict(request.headers),
            "query": dict(request.query),
            "form": {k: v for k, v in (await request.post()).items()},
            "json": json.loads(raw) if request.content_type == "application/json" and raw else None,
        }  # fmt: skip
        peer.asked.append(asked)
        if peer.waits is not None:
            await peer.waits.wait()
        if peer.body is not None or peer.status != 200:
            return web.Response(status=peer.status, body=peer.body or b"", headers=peer.headers)
        given = peer.judge(asked)
        if isinstance(given, str):
            return web.Response(text=given, content_type="text/xml")
        return web.json_response(given)

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", answer)
    async with TestServer(app) as server:
        peer.url = str(server.make_url("/")).rstrip("/")
        try:
            yield peer
        finally:
            if peer.waits is not None:
                peer.waits.set()


def there(description: Description, peer: Peer) -> Description:
    """The description with the peer where the service was."""

    def moved(asked: Any) -> Any:
        return msgspec.structs.replace(asked, url=peer.url + "/" + asked.url.partition("://")[2].partition("/")[2])

    polling = description.polling
    if polling is not None:
        polling = msgspec.structs.replace(polling, asked=moved(polling.asked))
    return msgspec.structs.replace(description, send=moved(description.send), polling=polling)


# Services as their documentation has them -----------------------------------------------------------------------------
def smsc(asked: dict[str, Any]) -> dict[str, Any]:
    form = asked["form"]
    if asked["path"] != "/sys/send.php" or (form.get("login"), form.get("psw")) != (SECRETS.login, SECRETS.password):
        return {"error": "authorise error", "error_code": 2}
    if form.get("fmt") != "3" or form.get("charset") != "utf-8" or not form.get("mes"):
        return {"error": "parameters error", "error_code": 1}
    if form.get("phones") != NUMBER or form["mes"] != TEXT:
        return {"error": "invalid number", "error_code": 7, "id": 5}
    return {"id": 7123, "cnt": 2}


def smsru(asked: dict[str, Any]) -> dict[str, Any]:
    form = asked["form"]
    if asked["path"] != "/sms/send" or form.get("api_id") != SECRETS.password:
        return {"status": "ERROR", "status_code": 200, "status_text": "api_id"}
    if form.get("to") != NUMBER[1:] or form.get("msg") != TEXT or form.get("json") != "1":
        one = {"status": "ERROR", "status_code": 207, "status_text": "number"}
        return {"status": "OK", "status_code": 100, "sms": {str(form.get("to")): one}, "balance": 1.5}
    one = {"status": "OK", "status_code": 100, "sms_id": "000000-10000000"}
    return {"status": "OK", "status_code": 100, "sms": {form["to"]: one}, "balance": 4122.56}


def smsaero(asked: dict[str, Any]) -> dict[str, Any]:
    if asked["headers"].get("Authorization") != BASIC:
        return {"success": False, "data": None, "message": "Your request was made with invalid credentials."}
    if asked["path"] == "/v2/sms/status":
        return {"success": True, "data": {"id": int(asked["json"]["id"]), "status": 1, "extendStatus": "delivery"}}
    said = asked["json"]
    if said != {"number": NUMBER[1:], "text": TEXT, "sign": SENDER}:
        return {"success": False, "data": {"number": ["Invalid"]}, "message": "Validation error."}
    return {
        "success": True,
        "data": {"id": 12345, "from": SENDER, "status": 0, "extendStatus": "queue"},
        "message": None,
    }


def exolve(asked: dict[str, Any]) -> dict[str, Any]:
    if asked["headers"].get("Authorization") != f"Bearer {SECRETS.password}":
        return {"error": {"code": "AUTH", "message": "unauthorized"}}
    if asked["json"] != {"number": SENDER, "destination": NUMBER[1:], "text": TEXT}:
        return {"error": {"code": "INVALID", "message": "Destination: value does not match regex pattern"}}
    return {"message_id": "439166538239448536", "template_resource_id": 136519}


def mts(asked: dict[str, Any]) -> dict[str, Any]:
    if asked["headers"].get("Authorization") != BASIC:
        return {"error": "Unauthorized"}
    if asked["path"].endswith("/messages/info"):
        return {"events_info": [{"events_info": [{"status": 200}], "key": asked["json"]["int_ids"][0]}]}
    message = {"content": {"short_text": TEXT}, "to": [{"msisdn": NUMBER[1:]}]}
    if asked["json"] != {"messages": [message], "options": {"from": {"sms_address": SENDER}}}:
        return {"error": "Bad Request"}
    return {"messages": [{"internal_id": "5b2f", "message_id": "x", "msisdn": NUMBER[1:]}]}


def megafon(asked: dict[str, Any]) -> dict[str, Any]:
    said = asked["json"]
    if asked["headers"].get("Authorization") != BASIC:
        return {"result": {"status": {"code": 14, "description": "Invalid Password"}}}
    if said.get("to") != int(NUMBER[1:]) or said.get("message") != TEXT or len(said.get("msg_id", "")) > 16:
        return {"result": {"status": {"code": 20101, "description": "field"}}}
    return {"result": {"msg_id": said["msg_id"], "status": {"code": 0, "description": "ok"}}}


def devino(asked: dict[str, Any]) -> Any:
    said = asked["form"] or asked["query"]
    if (said.get("Login"), said.get("Password")) != (SECRETS.login, SECRETS.password):
        return {"Code": 4, "Desc": "Invalid user login or password"}
    if asked["path"].endswith("/Sms/State"):
        return {"State": 0, "StateDescription": "Доставлено абоненту", "Price": 2}
    if said.get("DestinationAddress") != NUMBER[1:] or said.get("Data") != TEXT:
        return {"Code": 2, "Desc": "Invalid argument"}
    return ["GW01-2-1", "GW01-2-2"]


def beeline(asked: dict[str, Any]) -> str:
    said = asked["form"]
    head = '<?xml version="1.0" encoding="UTF-8"?><output><RECEIVER AGT_ID="891602" DATE_REPORT="11.06.2025 14:43:29"/>'
    if (said.get("user"), said.get("pass"), said.get("gzip")) != (SECRETS.login, SECRETS.password, "none"):
        return f"{head}<errors><error>Неправильный логин или пароль</error></errors></output>"
    if said.get("action") == "status":
        state = "<SMSSTC_CODE>delivered</SMSSTC_CODE><SMS_STATUS>Сообщение доставлено</SMS_STATUS>"
        return f'{head}<MESSAGES><MESSAGE SMS_ID="{said["sms_id"]}">{state}</MESSAGE></MESSAGES></output>'
    if said.get("action") != "post_sms" or said.get("target") != NUMBER or said.get("message") != TEXT:
        return f'{head}<errors><error code="-20117">Неправильный номер телефона</error></errors></output>'
    sms = f'<sms post_id="{said["post_id"]}" id="1175440774060736956" phone="{NUMBER}" sms_res_count="1">'
    return f'{head}<result sms_group_id="1175441873572364732">{sms}<![CDATA[Привет]]></sms></result></output>'


SERVICES = {
    "smsc": smsc, "smsru": smsru, "smsaero": smsaero, "exolve": exolve, "mts": mts, "megafon": megafon,
    "devino": devino, "beeline": beeline,
}  # fmt: skip
