"""`cti user`: people who sign in, from the operator's own terminal.

A password is never an argument: other users of the machine see those. It is asked for, or read from a file or stdin.
A running server takes every change from the same database: a blocked person is out within five seconds.
"""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from cti.access import ROLES
from cti.cli import examples, on_database, settings_of
from cti.errors import Refused
from cti.features.directory_admin import DirectoryAdmin, UserDraft
from cti.passwords import LONGEST, SHORTEST, Passwords
from cti.storage import directory, users
from cti.storage.database import Database

T = TypeVar("T")
PHONE_PASSWORD_BYTES = 24

PASSWORD_FILE = click.option(
    "--password-file",
    type=click.File("r", encoding="utf-8"),
    help="Read the password from the first line of this file; `-` is stdin. Without it the password is asked for.",
)


@click.group(
    epilog=examples(
        'cti user add anna --name "Анна Смирнова" --role agent --team Продажи',
        "cti user passwd anna --password-file /run/secrets/anna",
        "cti user token anna --note crm",
        "cti user block anna",
    )
)
def command() -> None:
    """People who sign in: add, list, password, API token, block."""


@command.command(epilog=examples('cti user add pavel --name "Павел Орлов" --role admin --password-file -'))
@click.argument("login")
@click.option("--name", help="How colleagues see him; else the login.")
@click.option("--role", type=click.Choice(ROLES), default="agent", show_default=True)
@click.option("--team", default="", help="His team, made when there is none of this name.")
@click.option("--language", type=click.Choice(("ru", "en")), default="ru", show_default=True)
@click.option("--ldap", is_flag=True, help="No password here: he signs in by the directory of auth.ldap.")
@PASSWORD_FILE
@click.pass_context
def add(
    ctx: click.Context,
    login: str,
    name: str | None,
    role: str,
    team: str,
    language: str,
    ldap: bool,
    password_file: Any,
) -> None:
    """Add a person."""
    draft = UserDraft(login=login, name=name or login, role=role, team=team, language=language)
    password = "" if ldap else _password(password_file)
    made = _run(ctx, lambda people, _db: people.add(None, draft, password=password))
    click.echo(f"Added {login} ({role}), number {made}.")


@command.command(name="list", epilog=examples("cti user list"))
@click.pass_context
def list_(ctx: click.Context) -> None:
    """List everybody: login, role, team, devices, state."""

    async def work(_people: DirectoryAdmin, db: Database) -> list[tuple[str, ...]]:
        async with db.read() as conn:
            devices = await users.devices_of_all(conn)
            return [
                (u.login, u.role, u.team, " ".join(devices.get(u.id, [])), _state(u), u.name)
                for u in await users.every(conn)
            ]

    rows = [("LOGIN", "ROLE", "TEAM", "DEVICES", "STATE", "NAME"), *_run(ctx, work)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


@command.command(epilog=examples("cti user passwd anna", "cti user passwd anna --password-file - < secret.txt"))
@click.argument("login")
@PASSWORD_FILE
@click.pass_context
def passwd(ctx: click.Context, login: str, password_file: Any) -> None:
    """Set a password; the person is signed out everywhere."""
    password = _password(password_file)
    _for(ctx, login, lambda people, user_id: people.set_password(None, user_id, password))
    click.echo(f"The password of {login} is set.")


@command.command(epilog=examples("cti user token anna --note crm"))
@click.argument("login")
@click.option("--note", default="", help="What the token is for.")
@click.pass_context
def token(ctx: click.Context, login: str, note: str) -> None:
    """Make an API token and print it, once; it is revoked under Settings."""
    click.echo(_for(ctx, login, lambda people, user_id: people.make_token(None, user_id, note)))


@command.command(epilog=examples("cti user block anna"))
@click.argument("login")
@click.pass_context
def block(ctx: click.Context, login: str) -> None:
    """Shut a person out, at once; his data stays."""
    _for(ctx, login, lambda people, user_id: people.block(None, user_id, blocked=True))
    click.echo(f"{login} is blocked.")


@command.command(epilog=examples("cti user unblock anna"))
@click.argument("login")
@click.pass_context
def unblock(ctx: click.Context, login: str) -> None:
    """Let a blocked person in again."""
    _for(ctx, login, lambda people, user_id: people.block(None, user_id, blocked=False))
    click.echo(f"{login} may sign in.")


@command.command(name="totp-off", epilog=examples("cti user totp-off anna"))
@click.argument("login")
@click.pass_context
def totp_off(ctx: click.Context, login: str) -> None:
    """Switch a person's second factor off: the phone is lost."""
    _for(ctx, login, lambda people, user_id: people.drop_totp(None, user_id))
    click.echo(f"{login} signs in with the password alone.")


@command.command(name="name-pbx", epilog=examples("cti user name-pbx msk"))
@click.argument("pbx")
@click.pass_context
def name_pbx(ctx: click.Context, pbx: str) -> None:
    """A second PBX came: everybody's phones without a PBX's name are on this one from now on."""
    count = _run(ctx, lambda people, _db: people.name_pbx(None, pbx))
    click.echo(f"{count} phones are named {pbx}:... now; restart the server.")


@command.command(name="phone-passwords", epilog=examples("cti user phone-passwords > pjsip_browsers.conf"))
@click.option("--pbx", default="", help="Of which PBX, where there are several.")
@click.pass_context
def phone_passwords(ctx: click.Context, pbx: str) -> None:
    """Print new random passwords of all browser phones, as the file that pjsip.conf includes."""
    prefix = f"{pbx}:" if pbx else ""

    async def work(_people: DirectoryAdmin, db: Database) -> list[str]:
        async with db.read() as conn:
            rows = await directory.devices(conn)
        return [row.name.partition("/")[2] for row in rows if row.kind == "browser" and row.name.startswith(prefix)]

    click.echo("; Passwords of the browser phones. Included in pjsip.conf and read by Trubka; nobody need know them.")
    for user in sorted(_run(ctx, work)):
        password = secrets.token_urlsafe(PHONE_PASSWORD_BYTES)
        click.echo(f"[{user}]\ntype=auth\nauth_type=userpass\nusername={user}\npassword={password}\n")


def _run(ctx: click.Context, work: Callable[[DirectoryAdmin, Database], Awaitable[T]]) -> T:
    """Do `work` on the database of the settings."""
    settings = settings_of(ctx)
    Path(settings.data).mkdir(parents=True, exist_ok=True, mode=0o700)

    async def with_people(db: Database) -> T:
        pbxes = list(settings.pbx) if len(settings.pbx) > 1 else ()
        return await work(DirectoryAdmin(db=db, clock=time.time, passwords=Passwords(), pbxes=pbxes), db)

    return on_database(settings, with_people)


def _for(ctx: click.Context, login: str, work: Callable[[DirectoryAdmin, int], Awaitable[T]]) -> T:
    """Do `work` for the person with this login. Raises Refused when there is none."""

    async def found(people: DirectoryAdmin, db: Database) -> T:
        async with db.read() as conn:
            user = await users.by_login(conn, login.strip())
        if user is None:
            raise Refused("unknown", f"There is no user {login}; see `cti user list`.")
        return await work(people, user.id)

    return _run(ctx, found)


def _password(file: Any) -> str:
    """From the file's first line, else asked for twice."""
    if file is not None:
        password = str(file.readline(LONGEST + 2)).rstrip("\r\n")
    elif sys.stdin.isatty():
        password = click.prompt("Password", hide_input=True, confirmation_prompt="Once more")
    else:
        raise click.UsageError("There is no terminal to ask at: use --password-file FILE (`-` for stdin).")
    if len(password) < SHORTEST:
        raise click.UsageError(f"A password has at least {SHORTEST} characters.")
    return password


def _state(user: users.UserRow) -> str:
    parts = ["blocked" if user.blocked_at is not None else "active"]
    parts += ["2fa"] if user.totp_secret else []
    parts += [] if user.password_hash else ["ldap"]
    return "+".join(parts)
