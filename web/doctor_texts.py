"""What the doctor says: of each check its name, what is wrong and what that costs. {fields} come with a finding."""

from __future__ import annotations

from collections.abc import Mapping

from dialplan.doctor.facts import Finding
from web.i18n import N_, say
from web.office_texts import PASTED
from web.snippet_texts import SNIPPETS, Words

WORDS: Mapping[str, Words] = {
    "read-system": Words(
        N_("Events of the system reach the server"),
        N_("read= lacks system."),
        N_("The server does not hear that the PBX starts, stops or a phone goes away."),
    ),
    "read-call": Words(
        N_("Events of calls reach the server"),
        N_("read= lacks call."),
        N_("No card comes at all: the server does not see calls."),
    ),
    "read-agent": Words(
        N_("Events of queues reach the server"),
        N_("read= lacks agent."),
        N_("Queues stand still on the board, and missed calls of queues are not seen."),
    ),
    "read-user": Words(
        N_("Events of the dialplan reach the server"),
        N_("read= lacks user."),
        N_("What the dialplan tells is lost: how a queue ended, voicemail, words on the card, steps."),
    ),
    "read-more": Words(
        N_("The account hears no more than it needs"),
        N_("read= has {of} too."),
        N_("The server is sent what it throws away; a busy PBX works for nothing."),
    ),
    "write-call": Words(
        N_("The account may hang up, transfer and pick up"),
        N_("write= lacks call."),
        N_("No button of a call works: hang up, transfer, tones, auto-answer."),
    ),
    "write-agent": Words(
        N_("The account may put people into queues and pause them"),
        N_("write= lacks agent."),
        N_("Nobody can go on line or take a pause from the panel."),
    ),
    "write-originate": Words(
        N_("The account may place calls"),
        N_("write= lacks originate."),
        N_("Click-to-dial does not work."),
    ),
    "write-reporting": Words(
        N_("The account may list calls and the dialplan"),
        N_("write= lacks reporting."),
        N_("After a restart the server does not see the calls that are up; the doctor sees less."),
    ),
    "write-user": Words(
        N_("The account may send an event of its own"),
        N_("write= lacks user."),
        N_("The doctor cannot prove that events arrive."),
    ),
    "write-more": Words(
        N_("The account may do no more than it needs"),
        N_("write= has {of} too."),
        N_("What the server never does, a thief of its password could."),
    ),
    "write-shell": Words(
        N_("The account may not run commands"),
        N_("write= has {of}: as good as root of the PBX."),
        N_("Whoever learns this password runs commands on the PBX."),
    ),
    "event-filter": Words(
        N_("Events arrive"),
        N_("These events are filtered out: {events}."),
        N_("Calls are seen in part: cards come late or never, calls stay open."),
    ),
    "event-noise": Words(
        N_("Events are filtered at the PBX"),
        N_("The account hears noisy classes and has no eventfilter."),
        N_("More than half of what crosses the wire is thrown away."),
    ),
    "ami-bound": Words(
        N_("The manager interface is not open to every network"),
        N_("It listens on all addresses ({address}) without TLS."),
        N_("Its password and all calls cross the network readable; anybody may try passwords."),
    ),
    "account-twice": Words(
        N_("The account stands in one place"),
        N_("[{of}] stands in manager.conf and in a file that it includes: the PBX takes the last of them whole."),
        N_(
            "Rights, address and password are not those that you look at. Once ours is published, delete the other one."
        ),
    ),
    "ami-permit": Words(
        N_("The account may sign in from the server alone"),
        N_("No deny and permit keep other addresses out."),
        N_("Whoever has the password may use it from anywhere."),
    ),
    "ami-web": Words(
        N_("The manager interface is not on the web"),
        N_("webenabled=yes puts it on the PBX's HTTP."),
        N_("A second door for the same passwords, also for scripts in a browser."),
    ),
    "http-bound": Words(
        N_("The PBX's HTTP is not open to every network"),
        N_("It listens on all addresses."),
        N_("Browsers reach the PBX past the panel and its guard of numbers."),
    ),
    "version": Words(N_("Version of Asterisk")),
    "version-strange": Words(
        N_("Version of Asterisk"),
        N_("{of}: Asterisk 16 to 23 is known here."),
        N_("Nobody has tried the server with it."),
    ),
    "version-old": Words(
        N_("Version of Asterisk"),
        N_("{of} is no longer mended by its makers."),
        N_("New holes stay open for ever."),
    ),
    "holes": Words(
        N_("Known holes of this version"),
        N_("{ids}. Update to {to} or newer."),
        N_("Some let a stranger crash the PBX or take it over."),
    ),
    "live-dangerously": Words(
        N_("Dangerous functions are closed to the account"),
        N_("live_dangerously=yes opens files and commands to it."),
        N_("The password of the account becomes one of the whole machine."),
    ),
    "clock": Words(
        N_("The clocks agree"),
        N_("They differ by {seconds} s: set both by NTP."),
        N_("Times of calls are corrected; other programs of yours do not do that."),
    ),
    "file-fault": Words(
        N_("Configuration files can be read"),
        N_("{of}: {fault}"),
        N_("What stands there was not examined."),
    ),
    "dialplan": Words(N_("The dialplan can be listed")),
    "dial-context": Words(
        N_("Clicks enter the dialplan"),
        N_("The context {of} is not in the dialplan."),
        N_("Click-to-dial and transfers end with “no such number”."),
    ),
    "late-extension": Words(
        N_("A late answer of the server loses no call"),
        N_("{of} asks the server, and has no extension T."),
        N_("When the answer is late the caller is hung up."),
    ),
    "late-limit": Words(
        N_("Callers do not wait for the server"),
        N_("{of} asks the server without TIMEOUT(absolute)."),
        N_("A frozen server holds the caller in silence."),
    ),
    "hang-up-extension": Words(
        N_("What is done at a hang-up is meant so"),
        N_("{of} has the pattern “_.” and no extension h."),
        N_("After the hang-up its steps are done once more."),
    ),
    "hints": Words(
        N_("Colleagues' phones show who is busy"),
        N_("No hint for {phones}."),
        N_("Lamps of desk phones stay dark, pickup of a ringing colleague is blind."),
    ),
    "parking": Words(
        N_("Parked calls can be reached"),
        N_("No place of parked calls is reached from {context}."),
        N_("A parked caller can be fetched by nobody."),
    ),
    "transfers": Words(
        N_("Transfers with a question work"),
        N_("features.conf has no atxfer."),
        N_("“Ask first” of a call does nothing on this PBX."),
    ),
    "recordings": Words(
        N_("Room for recordings"),
        N_("{path}: {free} percent of the disk is free."),
        N_("When it is full calls go on, and are not recorded."),
    ),
    "recordings-refused": Words(
        N_("Recordings can be written"),
        N_("{path} does not belong to the PBX."),
        N_("Calls are not recorded, and nobody is told."),
    ),
    "owner-lines": Words(
        N_("{of} takes in what is published here"),
        N_("Lines are missing in {of}."),
        N_("What is published there changes nothing."),
    ),
    "owner-settings": Words(
        N_("{of} says what the published needs"),
        N_("Settings are missing in {of}."),
    ),
    "queues": Words(
        N_("Queues"),
        N_("This PBX has no queue."),
        N_("Clients do not wait in turn; the board stays empty."),
    ),
    "queue-ringinuse": Words(
        N_("Who talks is not rung"),
        N_("{of}: ringinuse={value}."),
        N_("Agents are rung while they talk, and get missed calls for it."),
    ),
    "queue-autopause": Words(
        N_("The PBX pauses nobody by itself"),
        N_("{of}: autopause={value}."),
        N_("People stand on pause without knowing; the server has a rule of its own for missed calls."),
    ),
    "queue-persistent": Words(
        N_("Places in queues outlast a restart"),
        N_("persistentmembers is off."),
        N_("After a restart of the PBX everybody is out of his queues."),
    ),
    "queue-shared-lastcall": Words(
        N_("Wrap-up counts in all queues"),
        N_("wrapuptime is set, shared_lastcall is not."),
        N_("Another queue rings an agent in his wrap-up."),
    ),
    "queue-local": Words(
        N_("Members are phones"),
        N_("{of}: {member} is a Local channel without /n."),
        N_("The call is seen twice, and the agent's card may not find him."),
    ),
    "queue-static": Words(
        N_("The server can move everybody"),
        N_("{of}: written in the file: {members}."),
        N_("They cannot leave the queue from the panel, only pause."),
    ),
    "phone-known": Words(
        N_("The PBX knows everybody's phone"),
        N_("Not known there: {phones}."),
        N_("Calls to these people bring no card."),
    ),
    "phone-registered": Words(
        N_("Desk phones are registered"),
        N_("Not registered: {phones}."),
        N_("They cannot be rung: switch them on, or look at their password."),
    ),
    "phone-never": Words(
        N_("Desk phones that are away were there before"),
        N_("Never on a call, and not registered: {phones}."),
        N_(
            "They were never set up, or nobody needs them: enter the password at the phone, or take it from its person."
        ),
    ),
    "phone-nobodys": Words(
        N_("Each phone has its person"),
        N_("Phones of nobody: {phones}."),
        N_("Calls there bring no card: Settings, Users."),
    ),
    "browser-password": Words(
        N_("Browser phones have passwords"),
        N_("Without one: {phones}. Run “cti user phone-passwords”, name the file in web_secrets_file."),
        N_("These people cannot speak in the browser."),
    ),
    "browser-webrtc": Words(
        N_("Browser phones speak WebRTC"),
        N_("webrtc=yes is not set: {phones}."),
        N_("The browser registers and no voice is heard."),
    ),
    "codecs": Words(
        N_("Phones and lines have a common codec"),
        N_("{phones} may speak opus, and the PBX has no codec_opus."),
        N_("Calls with telephone lines end as they are answered."),
    ),
    "websocket": Words(
        N_("SIP over WebSocket answers"),
        N_("{url} does not answer ({why})."),
        N_("No phone in the browser can register."),
    ),
    "certificate": Words(
        N_("The certificate of the WebSocket is good"),
        N_("It ends in {days} days."),
        N_("Phones in the browser stop on that day."),
    ),
    "rtp-range": Words(
        N_("There are enough ports for voice"),
        N_("{first}–{last}: {needed} are needed for these phones."),
        N_("At the busiest hour calls have no voice."),
    ),
    "rtp-ice": Words(
        N_("Browsers find the way for voice"),
        N_("icesupport is off."),
        N_("Calls in the browser are silent."),
    ),
    **SNIPPETS,
}
ROOMS: Mapping[str, str] = {
    "account": N_("The account and the PBX itself"),
    "calls": N_("The dialplan"),
    "queues": N_("Queues"),
    "phones": N_("Phones"),
    "snippets": N_("More exact with a few lines"),
}
LEVELS: Mapping[str, str] = {
    "ok": N_("in order"),
    "wrong": N_("to do"),
    "warning": N_("to look at"),
    "not-visible": N_("not visible"),
}
KINDS: Mapping[str, str] = {
    "hand": N_("By hand"),
    "freepbx": "FreePBX",
    "issabel": "Issabel",
    "mikopbx": "MikoPBX",
}
PASTE = N_("Paste into {path}.")
PASTE_MIKO = N_("In the menu System, “System file customization”: {file}, “Add to end of file”.")
SETTINGS = N_("The settings are for this: {whys}.")
HIDDEN = N_("Not visible with this account: give {file}.")


def where(language: str, kind: str, file: str, path: str) -> str:
    """Where lines go on a PBX of a kind. path: of the file that it leaves to its admin."""
    return say(language, PASTE_MIKO if kind == "mikopbx" else PASTE, file=file, path=path)


def title(language: str, finding: Finding) -> str:
    """What was looked at."""
    return _said(language, WORDS[finding.code].title, finding)


def wrong(language: str, finding: Finding) -> str:
    """What is wrong with it, or that it cannot be seen; "" where it is well."""
    if finding.level == "ok":
        return ""
    if finding.level == "not-visible":
        return say(language, HIDDEN, file=finding.file) if finding.file else ""
    return _said(language, WORDS[finding.code].wrong, finding)


def costs(language: str, finding: Finding) -> str:
    """What that costs; "" where nothing is wrong."""
    if finding.level not in ("wrong", "warning"):
        return ""
    whys = [say(language, PASTED[why]) for why in finding.says.get("whys", "").split()]
    settings = say(language, SETTINGS, whys="; ".join(whys)) if whys else ""
    return " ".join(one for one in (_said(language, WORDS[finding.code].costs, finding), settings) if one)


def _said(language: str, text: str, finding: Finding) -> str:
    return say(language, text, **{"of": finding.of, "file": finding.file, **finding.says}) if text else ""
