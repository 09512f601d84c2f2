"""What the fields of templates are called."""

from __future__ import annotations

from collections.abc import Mapping

from web.i18n import N_

FIELDS: Mapping[str, str] = {
    "client.name": N_("Client's name"),
    "client.full_name": N_("Client's full name"),
    "client.email": N_("Client's e-mail"),
    "client.inn": N_("Client's INN"),
    "person.name": N_("Name of the person"),
    "manager.name": N_("Client's manager"),
    "manager.phone": N_("Manager's extension"),
    "contract.number": N_("Number of the contract"),
    "contract.signed_on": N_("Contract signed on"),
    "contract.ends_on": N_("Contract ends on"),
    "contract.amount": N_("Sum of the contract"),
    "mailbox.name": N_("Sender of the mailbox"),
    "mailbox.address": N_("Address of the mailbox"),
    "my.name": N_("Who writes"),
    "today": N_("Today's date"),
    "callback_link": N_("Missed call: address to order a call-back"),
    "callback_word": N_("Missed call: word to order a call-back"),
    "task.what": N_("Appointment: what it is about"),
    "task.date": N_("Appointment: date"),
    "task.time": N_("Appointment: time, by the client's clock"),
    "unsubscribe_link": N_("Advertising: address to unsubscribe"),
    "campaign_link": N_("Campaign: its link, each with an address of his own"),
}
