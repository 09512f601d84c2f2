"""Ready descriptions of Russian SMS services, and what each is based on.

Written from what is public; nobody here has an account with any of them, so each is proved against a double that judges
as the documentation says, and not against the service itself. What was not found documented is left out: a delivery
that is not asked for stays "accepted" until it is "unknown".

- smsc: SMSC.ru, https://smsc.ru/api/http/ (send.php with fmt=3; error codes 1-9 of its answer page; states of
  call-backs of /api/http/miscellaneous/callback/). How it signs them was not found: the address's token guards them.
- smsru: SMS.ru, https://sms.ru/api/send, https://sms.ru/api/callback (json=1; `data[]` with sms_status, answered
  by 100).
- smsaero: SMS Aero, the company's own clients (github.com/smsaero, sms/send and sms/status of gate v2, HTTP Basic).
- exolve: MTS Exolve, https://docs.exolve.ru/docs/ru/api-reference/sms-api/sending-sms. Its events are not described
  there: deliveries are not known.
- mts: MTS Marketolog (omnichannel), https://support.mts.ru/mts_marketolog/ REST API: messages and messages/info.
- megafon: MegaFon A2P (Megalabs), by public integrations with it: sms/v1/sms, its error codes and call-backs.
- devino: Devino Telecom, https://github.com/devinotelecom/docs httpapiv2.rst, tables 2, 7, 16, 17.
- beeline: Beeline A2P, by public integrations with its HTTP protocol (post_sms, status; answers in XML): what is sent,
  states of a message, codes of errors. The same protocol serves other platforms of its maker, at other addresses.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from cti.messages.deliveries import Told
from cti.messages.http_gateways import (
    Asked,
    Callback,
    Case,
    Condition,
    Description,
    HttpGiven,
    Incoming,
    Polling,
    Reading,
)


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """A service. needs: which secrets it takes, `login`, `password`; calls: it has to be told the call-back address."""

    name: str
    description: Description
    needs: tuple[str, ...] = ("login", "password")
    calls: bool = False


_SMSC_STATES: dict[str, Told] = {
    "-1": "accepted", "0": "sent", "1": "delivered", "2": "delivered", "3": "expired", "4": "delivered",
    "20": "undeliverable", "22": "undeliverable", "23": "rejected", "24": "rejected", "25": "undeliverable",
}  # fmt: skip
_SMSRU_STATES: dict[str, Told] = {
    "100": "accepted", "101": "accepted", "102": "sent", "103": "delivered", "104": "expired", "105": "undeliverable",
    "106": "undeliverable", "107": "undeliverable", "108": "rejected", "110": "delivered", "150": "undeliverable",
}  # fmt: skip
_DEVINO_STATES: dict[str, Told] = {
    "-2": "accepted", "-1": "sent", "0": "delivered", "10": "rejected", "11": "undeliverable", "41": "undeliverable",
    "42": "rejected", "46": "expired", "47": "undeliverable", "48": "rejected", "69": "rejected", "-98": "rejected",
}  # fmt: skip
_AERO_STATES: dict[str, Told] = {
    "0": "accepted", "1": "delivered", "2": "undeliverable", "3": "sent", "4": "sent", "6": "rejected",
    "8": "accepted",
}  # fmt: skip

_BEELINE_STATES: dict[str, Told] = {
    "queued": "accepted", "wait": "sent", "accepted": "sent", "delivered": "delivered",
    "not_delivered": "undeliverable", "failed": "undeliverable",
}  # fmt: skip
_BEELINE = {"user": "{{login}}", "pass": "{{password}}", "gzip": "none"}

READY: Mapping[str, Ready] = {
    "smsc": Ready(
        name="SMSC.ru",
        calls=True,
        description=Description(
            send=Asked(
                url="https://smsc.ru/sys/send.php",
                form={
                    "login": "{{login}}",
                    "psw": "{{password}}",
                    "phones": "{{number}}",
                    "mes": "{{text}}",
                    "sender": "{{sender}}",
                    "charset": "utf-8",
                    "fmt": "3",
                },
            ),
            answer=Reading(
                said="error",
                id="id",
                cases=(
                    Case(path="error_code", values=("2",), code="refused-bind"),
                    Case(path="error_code", values=("3",), code="balance"),
                    Case(path="error_code", values=("4", "9"), code="throttled"),
                    Case(path="error_code", values=("6",), code="bad-text", permanent=True),
                    Case(path="error_code", values=("7", "8"), code="bad-number", permanent=True),
                    Case(path="error_code", code="other"),
                    Case(path="error", code="other"),
                ),
            ),
            callback=Callback(states=_SMSC_STATES, said="err", receipt=Condition(path="status")),
        ),
    ),
    "smsru": Ready(
        name="SMS.ru",
        needs=("password",),
        calls=True,
        description=Description(
            send=Asked(
                url="https://sms.ru/sms/send",
                form={
                    "api_id": "{{password}}",
                    "to": "{{number_plain}}",
                    "msg": "{{text}}",
                    "from": "{{sender}}",
                    "json": "1",
                },
            ),
            answer=Reading(
                said="sms.*.status_text",
                id="sms.*.sms_id",
                accepted=(Condition(path="status", values=("OK",)), Condition(path="sms.*.status", values=("OK",))),
                cases=(
                    Case(path="status_code", values=("200", "300", "301", "302"), code="refused-bind"),
                    Case(path="status_code", values=("201",), code="balance"),
                    Case(path="status_code", values=("220", "500"), code="http"),
                    Case(path="sms.*.status_code", values=("201",), code="balance"),
                    Case(path="sms.*.status_code", values=("202", "207", "209"), code="bad-number", permanent=True),
                    Case(path="sms.*.status_code", values=("203", "205"), code="bad-text", permanent=True),
                    Case(path="sms.*.status_code", values=("204",), code="bad-sender"),
                    Case(path="sms.*.status_code", values=("206", "220", "230", "231", "232"), code="throttled"),
                    Case(path="sms.*.status", values=("ERROR",)),
                    Case(path="status", values=("ERROR",)),
                ),
            ),
            callback=Callback(
                fields="data[]",
                lines=True,
                receipt=Condition(path="0", values=("sms_status",)),
                id="1",
                state="2",
                states=_SMSRU_STATES,
                reply="100",
            ),
        ),
    ),
    "smsaero": Ready(
        name="SMS Aero",
        description=Description(
            send=Asked(
                url="https://gate.smsaero.ru/v2/sms/send",
                headers={"Authorization": "Basic {{basic}}"},
                json='{"number": "{{number_plain}}", "text": "{{text}}", "sign": "{{sender}}"}',
            ),
            answer=Reading(
                said="message",
                id="data.id",
                accepted=(Condition(path="success", values=("true",)),),
                cases=(
                    Case(path="result", values=("no credits",), code="balance"),
                    Case(path="result", values=("reject",)),
                    Case(path="success", values=("false",)),
                ),
            ),
            polling=Polling(
                asked=Asked(
                    url="https://gate.smsaero.ru/v2/sms/status",
                    headers={"Authorization": "Basic {{basic}}"},
                    json='{"id": "{{far_id}}"}',
                ),
                state="data.status",
                states=_AERO_STATES,
                said="data.extendStatus",
            ),
        ),
    ),
    "exolve": Ready(
        name="МТС Exolve",
        needs=("password",),
        description=Description(
            send=Asked(
                url="https://api.exolve.ru/messaging/v1/SendSMS",
                headers={"Authorization": "Bearer {{password}}"},
                json='{"number": "{{sender}}", "destination": "{{number_plain}}", "text": "{{text}}"}',
            ),
            answer=Reading(said="error.message", id="message_id", cases=(Case(path="error"),)),
        ),
    ),
    "mts": Ready(
        name="МТС Маркетолог",
        description=Description(
            send=Asked(
                url="https://omnichannel.mts.ru/http-api/v1/messages",
                headers={"Authorization": "Basic {{basic}}"},
                json='{"messages": [{"content": {"short_text": "{{text}}"}, "to": [{"msisdn": "{{number_plain}}"}]}],'
                ' "options": {"from": {"sms_address": "{{sender}}"}}}',
            ),
            answer=Reading(said="error", id="messages.0.internal_id", cases=(Case(path="error"),)),
            polling=Polling(
                asked=Asked(
                    url="https://omnichannel.mts.ru/http-api/v1/messages/info",
                    headers={"Authorization": "Basic {{basic}}"},
                    json='{"int_ids": ["{{far_id}}"]}',
                ),
                state="events_info.0.events_info.0.status",
                states={"200": "delivered", "201": "undeliverable"},
            ),
        ),
    ),
    "megafon": Ready(
        name="МегаФон A2P",
        description=Description(
            send=Asked(
                url="https://a2p-api.megalabs.ru/sms/v1/sms",
                headers={"Authorization": "Basic {{basic}}"},
                json='{"from": "{{sender}}", "to": "{{number_int}}", "message": "{{text}}", "msg_id": "{{short_key}}",'
                ' "callback_url": "{{callback_url}}"}',
            ),
            answer=Reading(
                said="result.status.description",
                id="result.msg_id",
                again=Condition(path="result.status.code", values=("20102",)),
                accepted=(Condition(path="result.status.code", values=("0",)),),
                cases=(
                    Case(path="result.status.code", values=("14", "15"), code="refused-bind"),
                    Case(path="result.status.code", values=("34",), code="throttled"),
                    Case(path="result.status.code", values=("10",), code="bad-sender"),
                    Case(path="result.status.code", values=("1",), code="bad-text", permanent=True),
                    Case(path="result.status.code", values=("11", "51", "1284"), code="bad-number", permanent=True),
                    Case(path="result.status.code", values=("52", "1288"), code="not-ours"),
                    Case(path="result.status.code"),
                ),
            ),
            callback=Callback(
                form="json",
                receipt=Condition(path="receipted_message_id"),
                id="msg_id",
                states={
                    "delivered": "delivered",
                    "undelivered": "undeliverable",
                    "expired": "expired",
                    "rejected": "rejected",
                },
                incoming=Incoming(
                    when=Condition(path="message"), number="from", sender="to", text="message", id="msg_id"
                ),
            ),
        ),
    ),
    "devino": Ready(
        name="Devino Telecom",
        description=Description(
            send=Asked(
                url="https://integrationapi.net/rest/v2/Sms/Send",
                form={
                    "Login": "{{login}}",
                    "Password": "{{password}}",
                    "DestinationAddress": "{{number_plain}}",
                    "SourceAddress": "{{sender}}",
                    "Data": "{{text}}",
                },
            ),
            answer=Reading(
                said="Desc",
                id="",
                cases=(
                    Case(path="Code", values=("4", "7"), code="refused-bind"),
                    Case(path="Code", values=("5",), code="balance"),
                    Case(path="Code", values=("8", "9"), code="http"),
                    Case(path="Code"),
                ),
            ),
            polling=Polling(
                asked=Asked(
                    url="https://integrationapi.net/rest/v2/Sms/State",
                    method="GET",
                    query={"Login": "{{login}}", "Password": "{{password}}", "messageId": "{{far_id}}"},
                ),
                state="State",
                states=_DEVINO_STATES,
                said="StateDescription",
            ),
        ),
    ),
    "beeline": Ready(
        name="Билайн A2P",
        description=Description(
            send=Asked(
                url="https://a2p-sms-https.beeline.ru/proto/http/",
                form=_BEELINE
                | {
                    "action": "post_sms",
                    "target": "{{number}}",
                    "message": "{{text}}",
                    "sender": "{{sender}}",
                    "post_id": "{{short_key}}",
                },
            ),
            answer=Reading(
                form="xml",
                said="output.errors.error.text",
                id="output.result.sms.@id",
                cases=(
                    Case(
                        path="output.errors.error.@code", values=("-20117", "-20148"), code="bad-number", permanent=True
                    ),
                    Case(path="output.errors.error.@code", values=("-20163",), code="bad-sender"),
                    Case(path="output.errors.error.@code", values=("-20144", "-20147", "-20174"), code="not-ours"),
                    Case(path="output.errors.error"),
                    Case(path="output.error"),
                ),
            ),
            polling=Polling(
                asked=Asked(
                    url="https://a2p-sms-https.beeline.ru/proto/http/",
                    form=_BEELINE | {"action": "status", "sms_id": "{{far_id}}"},
                ),
                form="xml",
                state="output.MESSAGES.MESSAGE.SMSSTC_CODE.text",
                states=_BEELINE_STATES,
                said="output.MESSAGES.MESSAGE.SMS_STATUS.text",
            ),
        ),
    ),
}

# What a description of one's own begins with
GENERIC = Description(
    send=Asked(
        url="https://gateway.example/send",
        headers={"Authorization": "Bearer {{password}}"},
        json='{"id": "{{key}}", "to": "{{number}}", "from": "{{sender}}", "text": "{{text}}",'
        ' "callback": "{{callback_url}}"}',
    ),
    answer=Reading(id="id", said="error", cases=(Case(path="error"),)),
    callback=Callback(
        form="json",
        receipt=Condition(path="state"),
        state="state",
        states={"sent": "sent", "delivered": "delivered", "failed": "undeliverable", "expired": "expired"},
        incoming=Incoming(when=Condition(path="text"), number="from", sender="to", text="text", id="id"),
    ),
)


def description_of(given: HttpGiven) -> Description | None:
    """The description that a row means; None where there is none."""
    ready = READY.get(given.ready)
    return ready.description if ready is not None else given.description
