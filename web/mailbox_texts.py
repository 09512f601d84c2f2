"""What the panel says of mailboxes: how they stand, what is wrong and what to do about it, letters that are put aside.

A trouble is stored as a code with what the mail server said after `|` (cti/channels/letters.py).
"""

from __future__ import annotations

from collections.abc import Mapping

from web.i18n import N_, say

TROUBLES: Mapping[str, str] = {
    "password": N_(
        "The mail server refuses the name or the password. Type the password again; Yandex, Mail.ru and Gmail want an"
        " app password, which is made in the mailbox's security settings there."
    ),
    "app-password": N_("The provider wants an app password: make one in the mailbox's security settings there."),
    "oauth2": N_("The provider does not let us in, or not any more. Press “Sign in at the provider”."),
    "host": N_(
        "This mail server cannot be reached. Check its name. A server inside the house's network has to be allowed in"
        " the settings file: [mail] inside."
    ),
    "lookup": N_("The name server does not answer, so the host cannot be found now. It is tried again by itself."),
    "closed": N_("Nothing listens at this port. Usual are 993 for IMAP, 465 or 587 for SMTP."),
    "silent": N_("The mail server does not answer in time. If that stays so, check its name and port."),
    "certificate": N_(
        "The mail server's certificate is not good for this name, so no password was sent. Check the name; else tell"
        " whoever runs the server."
    ),
    "no-tls": N_("The server offers no encryption there. Choose another port or kind of encryption."),
    "no-imap": N_("The mailbox lets nobody in by IMAP. Allow it in the mailbox's settings at the provider."),
    "not-mail": N_("What answers there is no mail server of this kind. Check the port and the encryption."),
    "quota": N_("The mailbox is full: it takes no more letters until some are deleted there."),
    "other": N_("The mail server does not let us in."),
}
SENDING = N_("Letters do not go out:")
SAID = N_("It said: “{said}”")
NOTICES: Mapping[str, str] = {
    "mailbox-sending": N_("Letters from “{mailbox}” do not go now. {trouble}"),
    "mailbox-trouble": N_("Letters of “{mailbox}” do not come now. {trouble}"),
}
PARKED: Mapping[str, str] = {  # by the code before the colon
    "time": N_("reading it takes too long"),
    "memory": N_("it takes more memory than a letter may"),
    "process": N_("reading it ended the program that reads letters"),
    "letter": N_("it is broken in a way that is not known yet"),
    "failed": N_("it could not be read"),
}
PROVIDERS: Mapping[str, str] = {
    "yandex": N_("Yandex: make an app password for “Mail” and switch IMAP on in the mailbox's settings."),
    "mail.ru": N_("Mail.ru: make a password for an outside application in the mailbox's security settings."),
    "google": N_("Gmail: sign in at Google, or make an app password (it needs two-step verification)."),
    "microsoft": N_("Outlook and Microsoft 365 take no passwords any more: sign in at Microsoft."),
    "own": N_("The usual names of the servers are filled in: check them with whoever runs your mail."),
}
REFUSALS: Mapping[str, str] = {
    "bad-address": N_("Write an address like name@company.example."),
    "bad-host": N_("write the server's name, like imap.company.example."),
    "bad-port": N_("a port is a number from 1 to 65535."),
    "bad-mailbox-number": N_("Months are from 0 to 120; an answer is due within two weeks."),
    "bad-secret": N_("A password has at most 1024 characters and no line ends."),
    "bad-state-of-sign-in": N_("This sign-in is too old or was begun elsewhere: press the button again."),
    "mailbox-taken": N_("This address has a mailbox here already."),
    "no-owner": N_("Say whose mailbox it is."),
    "no-provider": N_("This provider is not set up in the settings file: [mail.oauth]."),
    "secret-again": N_("Type the password again: the mail server is another one now."),
    "mailbox-changed": N_("Somebody changed it meanwhile: open it again."),
}


def trouble(language: str, stored: str) -> str:
    """A stored trouble as a sentence that says what to do; "" for none."""
    code, _, said = stored.partition("|")
    if not code:
        return ""
    text = say(language, TROUBLES.get(code.removeprefix("smtp-"), TROUBLES["other"]))
    if code.startswith("smtp-"):
        text = f"{say(language, SENDING)} {text}"
    return f"{text} {say(language, SAID, said=said)}" if said else text
