"""What people of a campaign are written: its templates filled in for each, many at once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.masking import Words
from cti.messages.campaigns import Campaign
from cti.messages.doors import Doors
from cti.messages.letter import SUBJECT_CHARS, Attachment
from cti.messages.sms import MOST_PARTS, measure
from cti.messages.templates import CAMPAIGN_LINK, LATER, UNSUBSCRIBE, Filled, Value, fields_of, fill
from cti.storage import fillings, mailboxes, templates
from cti.storage.campaign_people import One
from cti.storage.fillings import About
from cti.storage.mailboxes import Mailbox
from cti.storage.templates import Template
from cti.telephony.numbering import takes_texts


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    """What one is written. why: code of why he is not; missing: fields that have no value for him. body: HTML of a
    letter, with nothing under it yet.
    """

    one: One
    channel: str
    template_id: int
    subject: Words = ""
    body: Words = ""
    parts: int = 0
    why: str = ""
    missing: tuple[str, ...] = ()
    files: tuple[Attachment, ...] = ()

    def refused(self, why: str) -> Text:
        """He is not written after all."""
        return replace(self, why=why)

    @property
    def digest(self) -> str:
        """A mark of the text alone."""
        return hashlib.sha256(f"{self.subject}\n{self.body}".encode()).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class Means:
    """What a campaign writes with. missing: code of what is gone, "" for nothing."""

    texts: Mapping[int, Template]
    mailbox: Mailbox | None = None
    missing: str = ""


async def means(conn: AsyncConnection, campaign: Campaign, doors: Doors) -> Means:
    """Its templates and mailbox as they are now. doors: without a site of theirs there is no link to be followed."""
    given = campaign.given
    wanted = {given.template_id, given.sms_id, given.other_id if given.share else None} - {None}
    if campaign.channel != "sms-bounced":
        wanted -= {given.sms_id} - {given.template_id}
    found: dict[int, Template] = {}
    for one in wanted:
        template = await templates.get(conn, one or 0)
        if template is None or template.retired_at is not None:
            return Means(texts={}, missing="no-template")
        if CAMPAIGN_LINK in fields_of(template.subject, template.body) and not (given.link and doors.site):
            return Means(texts={}, missing="no-link")
        found[template.id] = template
    if campaign.channel == "sms":
        return Means(texts=found)
    mailbox = await mailboxes.get(conn, given.mailbox_id or 0)
    if mailbox is None or mailbox.paused_at is not None:
        return Means(texts={}, missing="no-mailbox")
    return Means(texts=found, mailbox=mailbox)


async def written(
    conn: AsyncConnection, campaign: Campaign, by: Means, people: Sequence[One], today: date, link: Callable[[int], str]
) -> list[Text]:
    """What these people are written, in their order; a few hundred at once. link: of each, by his number."""
    made: dict[int, Text] = {}
    for template in by.texts.values():
        mine = [one for one in people if _template_of(campaign, one) == template.id]
        asked = fields_of(template.subject, template.body)
        abouts = [
            About(
                client_id=one.client_id,
                contact_id=one.contact_id,
                mailbox_id=campaign.given.mailbox_id,
                user_id=campaign.user_id,
                today=today,
            )
            for one in mine
        ]
        known = await fillings.of_many(conn, abouts, asked, template.language) if mine else []
        for one, values in zip(mine, known, strict=True):
            own = {CAMPAIGN_LINK: link(one.number)} if CAMPAIGN_LINK in asked else {}
            made[one.number] = _text(one, template, {**values, **own})
    return [made[one.number] for one in people if one.number in made]


def _template_of(campaign: Campaign, one: One) -> int | None:
    given = campaign.given
    if campaign.channel == "sms-bounced" and "@" not in one.address:
        return given.sms_id
    return given.other_id if one.variant and given.other_id else given.template_id


def _text(one: One, template: Template, values: Mapping[str, Value]) -> Text:
    is_letter = template.channel == "email"
    values = {**values, UNSUBSCRIBE: LATER} if is_letter else values
    body = fill(template.body, values, form="html" if is_letter else "text", language=template.language)
    subject = fill(template.subject, values, form="line", language=template.language) if is_letter else Filled(text="")
    parts = 0 if is_letter else measure(body.text).parts
    missing = tuple(dict.fromkeys(subject.missing + body.missing))
    long = "long" if parts > MOST_PARTS else "" if is_letter or takes_texts(one.address) else "landline"
    return Text(
        one=one,
        channel=template.channel,
        template_id=template.id,
        subject=subject.text[:SUBJECT_CHARS],
        body=body.text,
        parts=parts,
        why="no-client" if one.client_id is None else "missing-field" if missing else long,
        missing=missing,
        files=tuple(file.attachment for file in template.files) if is_letter else (),
    )
