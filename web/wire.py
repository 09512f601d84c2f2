"""Records -> the JSON that browsers get, in the reader's language and as he may see numbers. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from cti.clients.masking import Sight
from cti.desktop import (
    AgentView,
    CallView,
    ClientBrief,
    Erased,
    HandOver,
    LegView,
    LinkView,
    Match,
    Notice,
    Reminder,
    ScreenPop,
    Snapshot,
    SpyView,
)
from cti.telephony.numbering import show
from web.alert_texts import NOTICES as ALERT_NOTICES
from web.campaign_texts import NOTICES as CAMPAIGN_NOTICES
from web.duty_texts import state
from web.gateway_texts import NOTICES as GATEWAY_NOTICES
from web.gateway_texts import trouble as gateway_trouble
from web.i18n import say
from web.mail_texts import NOTICES as MAIL_NOTICES
from web.mailbox_texts import NOTICES as MAILBOX_NOTICES
from web.mailbox_texts import trouble
from web.privacy_texts import NOTICES
from web.sending_texts import NOTICES as LETTER_NOTICES
from web.sms_texts import NOTICES as SMS_NOTICES
from web.texts import DESK_NOTICES, DEVICES, LINKS, LINKS_BY_NAME, OUTCOMES, REFUSALS, WHYS

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reader:
    """Whom something is told."""

    language: str
    sight: Sight


def screen_pop(pop: ScreenPop, reader: Reader, *, missed: bool = False) -> Json:
    """The public `screen_pop`."""
    pop = reader.sight.see(pop)
    return {
        "seq": pop.seq,
        "kind": pop.kind,
        "call": asdict(pop.call) | {"shown": show(pop.call.number)},
        "matches": [match(one, reader) for one in pop.matches],
        "colleague": pop.colleague,
        "ringing": list(pop.ringing),
        "missed": missed,
        "received_at": pop.received_at,
    }


TOLD = {
    **NOTICES, **DESK_NOTICES, **MAILBOX_NOTICES, **MAIL_NOTICES, **LETTER_NOTICES, **SMS_NOTICES,
    **GATEWAY_NOTICES, **CAMPAIGN_NOTICES, **ALERT_NOTICES,
}  # fmt: skip


def notice(one: Notice, reader: Reader) -> Json:
    """The public `message`: what is told in words, and where there is more."""
    args = {name: reader.sight.words(text) for name, text in one.args.items()}
    if "trouble" in args:
        words = gateway_trouble if one.code in GATEWAY_NOTICES else trouble
        args["trouble"] = words(reader.language, args["trouble"])
    text, why = say(reader.language, TOLD.get(one.code, one.code), **args), args.get("why", "")
    return {"seq": one.seq, "code": one.code, "text": text, "why": why, "href": one.href, "at": one.at}


def match(one: Match, reader: Reader) -> Json:
    """A client and why."""
    one = reader.sight.see(one)
    args = dict(one.why.args)
    if "number" in args:
        args["number"] = show(args["number"])
    if "date" in args:
        args["date"] = ".".join(reversed(args["date"].split("-")))
    code = one.why.code
    if code == "exact-phone" and not args.get("label"):
        code = "exact-phone-unlabelled"
    if code == "contact-phone" and args.get("role"):
        code = "contact-phone-role"
    why = say(reader.language, WHYS.get(code, code), **args)
    return {"client": client(one.client, reader), "why": why, "contact": asdict(one.contact) if one.contact else None}


def client(brief: ClientBrief, reader: Reader) -> Json:
    """What a card shows of a client."""
    brief = reader.sight.see(brief)
    plain = asdict(brief)
    said = plain.pop("properties")  # a card of the API has properties too, and they are not these
    return plain | {
        "phones": _phones(brief.phones),
        "people": [asdict(one) | {"phones": _phones(one.phones)} for one in brief.people],
        "emails": list(brief.emails),
        "said": [list(one) for one in said],
    }


def _phones(phones: tuple[tuple[str, str, str], ...]) -> list[Json]:
    return [{"e164": e, "shown": show(e), "extension": x, "label": label} for e, x, label in phones]


def call(view: CallView, reader: Reader, seq: int) -> Json:
    """The public `call`."""
    view = reader.sight.see(view)
    return asdict(view) | {
        "seq": seq,
        "shown": show(view.number),
        "ringing": list(view.ringing),
        "variables": [asdict(one) for one in view.variables],
        "hand_over": hand_over(view.hand_over),
        "together": [asdict(one) | {"shown": show(one.number)} for one in view.together],
        "outcome_text": say(reader.language, OUTCOMES.get(view.outcome, view.outcome)),
        "why_text": say(reader.language, REFUSALS.get(view.why, view.why)),
    }


def hand_over(one: HandOver | None) -> Json | None:
    """What a colleague asks about, or has passed on."""
    return asdict(one) | {"shown": show(one.number), "notes": [asdict(n) for n in one.notes]} if one else None


def leg(view: LegView, seq: int = 0) -> Json:
    """The public `leg`."""
    return asdict(view) | {"seq": seq}


def spying(view: SpyView | None) -> Json | None:
    """Whose talk somebody hears."""
    return asdict(view) if view else None


def reminders(due: tuple[Reminder, ...], reader: Reader) -> list[Json]:
    """What somebody is reminded of now."""
    return [asdict(one) | {"shown": show(one.number)} for one in map(reader.sight.see, due)]


def agent(view: AgentView, reader: Reader, seq: int = 0) -> Json:
    """The public `agent`."""
    return _agent(view, reader.language) | {"seq": seq}


@lru_cache(maxsize=4096)
def _agent(view: AgentView, language: str) -> Json:
    """Without seq; kept, for each page that is opened is told of everybody. Never changed by whoever gets it."""
    chosen = state(view.chosen, view.reason, language)
    return asdict(view) | {"text": say(language, DEVICES[view.device]), "chosen_text": chosen}


def agents(views: Sequence[AgentView], reader: Reader) -> Json:
    """The public `agents`: several at once, each as `agent`."""
    return {"agents": [agent(view, reader) for view in views]}


def link(view: LinkView, reader: Reader) -> Json:
    """The bar on top: with several PBXes it names those that are away, the others work on."""
    away = [one for one in view.pbxes if one.state != "up"]
    if len(view.pbxes) > 1:
        text = " ".join(say(reader.language, LINKS_BY_NAME[one.state], name=one.name) for one in away)
    else:
        text = say(reader.language, LINKS.get(view.state, view.state))
    return {
        "state": view.state,
        "since": view.since if len(away) < 2 else 0.0,
        "text": text,
        "storage": view.storage,
        "pbxes": [{"name": one.name, "state": one.state, "since": one.since} for one in view.pbxes],
    }


def erased(view: Erased) -> Json:
    """The public `erased`: whom and what no page may show any more."""
    return {"clients": list(view.clients), "people": list(view.people), "calls": list(view.calls)}


def snapshot(view: Snapshot, reader: Reader, seq: int, now: float) -> Json:
    """The state that replaces all volatile events a browser missed."""
    return {
        "calls": [call(one, reader, seq) for one in view.calls],
        "agents": [agent(one, reader, seq) for one in view.agents],
        "link": link(view.link, reader),
        "erased": erased(view.erased),
        "legs": [leg(one) for one in view.legs],
        "reminders": reminders(view.reminders, reader),
        "work": asdict(view.work),
        "mail": asdict(view.mail),
        "sms": asdict(view.sms),
        "spying": spying(view.spying),
        "server_time": now,
        "seq": seq,
    }
