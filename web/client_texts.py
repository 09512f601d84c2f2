"""Words of the client base: codes of its fields, kinds and directories -> English texts."""

from __future__ import annotations

from collections.abc import Mapping

from web.texts import N_

KINDS: Mapping[str, str] = {
    "person": N_("person"),
    "sole-trader": N_("sole trader"),
    "company": N_("company"),
}
PROPERTY_KINDS: Mapping[str, str] = {
    "list": N_("one of a list"),
    "several": N_("several of a list"),
    "number": N_("number"),
    "date": N_("date"),
    "text": N_("text"),
    "yes-no": N_("yes or no"),
    "rating": N_("rating from 1 to 5"),
}
DIRECTORIES: Mapping[str, str] = {
    "contract-state": N_("Contract states"),
    "contact-role": N_("Contact roles"),
    "relation": N_("Relations"),
    "region": N_("Regions"),
    "industry": N_("Industries"),
    "source": N_("Sources"),
}
COLORS: Mapping[str, str] = {
    "": N_("no colour"),
    "red": N_("red"),
    "amber": N_("amber"),
    "green": N_("green"),
    "blue": N_("blue"),
    "violet": N_("violet"),
    "grey": N_("grey"),
}
PLACES: Mapping[str, str] = {
    "address": N_("address"),
    "legal": N_("legal address"),
    "postal": N_("postal address"),
    "site": N_("site"),
    "telegram": N_("Telegram"),
    "whatsapp": N_("WhatsApp"),
    "max": N_("MAX"),
    "viber": N_("Viber"),
    "vk": N_("VK"),
    "other": N_("other"),
}
FIELDS: Mapping[str, str] = {
    "name": N_("Short name"),
    "kind": N_("Form of ownership"),
    "full_name": N_("Full name"),
    "note": N_("About the client"),
    "responsible_id": N_("Manager"),
    "inn": N_("INN"),
    "kpp": N_("KPP"),
    "ogrn": N_("OGRN"),
    "relation_id": N_("Relation"),
    "region_id": N_("Region"),
    "industry_id": N_("Industry"),
    "source_id": N_("Source"),
    "time_zone": N_("Time zone"),
    "phones": N_("Phones"),
    "emails": N_("E-mail"),
    "places": N_("Addresses and messengers"),
    "created": N_("Came with"),
    "merged": N_("Merged with"),
    "unmerged": N_("Merge taken back with"),
    "role": N_("role"),
    "number": N_("number"),
    "signed_on": N_("Signed on"),
    "begins_on": N_("Begins on"),
    "ends_on": N_("Ends on"),
    "state_id": N_("State"),
    "amount": N_("Sum"),
    "currency": N_("Currency"),
    "manager_id": N_("Manager"),
    "what": N_("what is to be done"),
    "due_at": N_("time"),
    "owner_id": N_("who does it"),
    "done_at": N_("done"),
    "email_labels": N_("What the e-mails are"),
    "restricted": N_("Processing restricted"),
}
LIKENESS: Mapping[str, str] = {
    "inn": N_("the same INN"),
    "phone": N_("the same phone"),
    "email": N_("the same e-mail"),
    "name": N_("the same name"),
    "full-name": N_("the same full name"),
}
BELONGINGS: Mapping[str, str] = {
    "contact": N_("contact person"),
    "contract": N_("contract"),
    "file": N_("file"),
    "note": N_("note"),
    "task": N_("task"),
}
ZONES: Mapping[str, str] = {
    "Europe/Kaliningrad": N_("Kaliningrad"),
    "Europe/Moscow": N_("Moscow"),
    "Europe/Samara": N_("Samara"),
    "Asia/Yekaterinburg": N_("Yekaterinburg"),
    "Asia/Omsk": N_("Omsk"),
    "Asia/Novosibirsk": N_("Novosibirsk"),
    "Asia/Krasnoyarsk": N_("Krasnoyarsk"),
    "Asia/Irkutsk": N_("Irkutsk"),
    "Asia/Yakutsk": N_("Yakutsk"),
    "Asia/Vladivostok": N_("Vladivostok"),
    "Asia/Magadan": N_("Magadan"),
    "Asia/Kamchatka": N_("Kamchatka"),
    "Europe/Minsk": N_("Minsk"),
    "Asia/Almaty": N_("Almaty"),
    "Asia/Tashkent": N_("Tashkent"),
    "Asia/Baku": N_("Baku"),
    "Asia/Yerevan": N_("Yerevan"),
    "Asia/Tbilisi": N_("Tbilisi"),
    "Asia/Dubai": N_("Dubai"),
    "Europe/London": N_("London"),
    "Europe/Berlin": N_("Berlin"),
    "Asia/Shanghai": N_("Shanghai"),
}
