"""What the doctor says of lines for a dialplan that is not ours: what each is for, and what goes without it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from web.i18n import N_


@dataclass(frozen=True, slots=True)
class Words:
    """title: the check, said as what is well; wrong, costs: sentences, "" where nothing of the kind can be found."""

    title: str
    wrong: str = ""
    costs: str = ""


SNIPPETS: Mapping[str, Words] = {
    "snippet-conference": Words(
        N_("Conferences of three"),
        N_("The context is not there."),
        N_("The button of a conference is grey."),
    ),
    "snippet-queue-end": Words(
        N_("Why a wait in a queue ended"),
        N_("No line after Queue() tells it."),
        N_("“Left the queue” is all that reports can say: not that it was full or empty."),
    ),
    "snippet-route": Words(
        N_("The dialplan asks whose client calls"),
        N_("It does not ask."),
        N_("No own manager first, no name on the phone's display, no priority."),
    ),
    "snippet-steps": Words(
        N_("The way of a call, step by step"),
        N_("The dialplan tells no steps: the line goes first where a menu or a queue begins."),
        N_("A call's trace shows who rang, and not through which menu it came."),
    ),
    "snippet-voicemail": Words(
        N_("Voicemail is seen"),
        N_("No line before VoiceMail() tells of it."),
        N_("A left message is no item of the work lists."),
    ),
    "snippet-callback-ask": Words(
        N_("A caller may ask to be called back"),
        N_("No line tells that he asked: it goes where a key or an end of the wait means that."),
        N_("He waits on the line or is lost; no order of a call comes of it."),
    ),
    "snippet-callback": Words(
        N_("Who asked to be called back keeps his place"),
        N_("The context is not there."),
        N_("The server does not call by itself: the order stays in the work lists for an agent."),
    ),
    "snippet-recording": Words(
        N_("Recordings are told of"),
        N_("The dialplan records and does not say into which file: these lines take the place of its MixMonitor()."),
        N_("The call in the journal has no recording to listen to."),
    ),
    "snippet-desks": Words(
        N_("Shared desk phones"),
        N_("There are no codes to sit down at one."),
        N_("People without a phone of their own cannot take one."),
    ),
    "snippet-echo": Words(
        N_("An echo to try a phone with"),
        N_("No number plays back what it hears."),
        N_("“Phone check” cannot prove that voice goes both ways."),
    ),
    "snippet-choice": Words(
        N_("Each is rung where he wants to be"),
        N_("Dial() does not look at the choice."),
        N_("Colleagues ring all of a person's phones, whatever he chose."),
    ),
}
