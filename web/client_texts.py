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
    "site": N_("site"),
    "telegram": N_("Telegram"),
    "whatsapp": N_("WhatsApp"),
    "vk": N_("VK"),
    "other": N_("other"),
}
FIELDS: Mapping[str, str] = {
    "name": N_("Short name"),
    "kind": N_("Kind"),
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
}
