"""A caller leaves a message: the mailbox itself is voicemail.conf's, the events say that he may do so."""

from __future__ import annotations

from dialplan.model import Step, word


def leave_message(mailbox: str, context: str = "default") -> tuple[Step, ...]:
    """Pick up, tell the server, record. No event of VoiceMail() reaches it by itself: so the dialplan says it.

    mailbox: its number in voicemail.conf. s: no instructions are played, the greeting is the admin's own.
    """
    box = f"{word(mailbox, 'mailbox')}@{word(context, 'context')}"
    return (
        Step(app="Answer"),
        Step(app="UserEvent", args=("TrubkaVoicemail",)),
        Step(app="VoiceMail", args=(box, "s")),
        Step(app="Hangup"),
    )
