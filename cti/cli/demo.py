"""`cti demo`: sample people and clients, so that there is something to look at."""

from __future__ import annotations

import asyncio
import secrets
import time

import click
from argon2 import PasswordHasher
from sqlalchemy import func, insert, select, update

from cti.cli import (
    examples,
    sample_belongings,
    sample_catalogue,
    sample_gateway,
    sample_letters,
    sample_mailbox,
    settings_of,
)
from cti.cli.sample import CLIENTS, PEOPLE, SamplePerson
from cti.clients.card import with_numbers
from cti.errors import StorageError
from cti.settings import Settings, demo_password
from cti.storage import clients
from cti.storage.client_tables import clients as clients_table
from cti.storage.database import Database, open_database
from cti.storage.desktop_events import Connection
from cti.storage.tables import devices, shared_desks, teams, user_queues, users
from cti.telephony.numbering import NumberPlan


@click.command(epilog=examples("cti demo", "CTI_DEMO_PASSWORD=secret cti demo --prepare"))
@click.option("--prepare", is_flag=True, help="Only fill the database; do not serve.")
@click.option(
    "--mail",
    nargs=2,
    type=click.IntRange(1, 65535),
    metavar="IMAP SMTP",
    help="Ports of a mail server on this machine that has the mailbox support@trubka.example.",
)
@click.option("--mail-password", default="", help="Its password.")
@click.option(
    "--sms", type=click.IntRange(1, 65535), metavar="PORT", help="Port of an SMSC on this machine that knows `trubka`."
)
@click.option("--sms-password", default="", help="Its password.")
@click.pass_context
def command(
    ctx: click.Context,
    prepare: bool,
    mail: tuple[int, int] | None,
    mail_password: str,
    sms: int | None,
    sms_password: str,
) -> None:
    """Fill the database with sample people and clients, print one sign-in per role, and serve.

    Refused when the database holds people of its own. The password is CTI_DEMO_PASSWORD, else a new one each time.
    """
    settings = settings_of(ctx)
    password = demo_password() or secrets.token_urlsafe(9)
    asyncio.run(
        fill(
            settings,
            password,
            (*mail, mail_password) if mail else None,
            (sms, sms_password) if sms else None,
        )
    )
    click.echo(f"\n  Sign in at http://{settings.http.host}:{settings.http.port} with password {password}")
    for person in PEOPLE:
        click.echo(
            f"    {person.login:8} {person.role:11} {person.name}" + (f", {person.extension}" * bool(person.extension))
        )
    click.echo("")
    if not prepare:
        from cti.server import main

        main(settings)


async def fill(
    settings: Settings,
    password: str,
    mail: tuple[int, int, str] | None = None,
    smsc: tuple[int, str] | None = None,
) -> None:
    """Sample people with this password, and the sample clients once. Raises StorageError in a base of real people.

    mail: ports of IMAP and SMTP on this machine, and the password, of the sample mailbox that works.
    smsc: port on this machine, and the password, of the sample gateway for SMS.
    """
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    db = await open_database(settings.database_url, busy_timeout_ms=settings.storage.busy_timeout_ms)
    try:
        await _fill(db, PasswordHasher().hash(password), settings)
        if mail is not None:
            async with db.write() as conn:
                await sample_mailbox.open_at(conn, *mail, settings.data)
        if smsc is not None:
            async with db.write() as conn:
                await sample_gateway.open_at(conn, *smsc, settings.data)
    finally:
        await db.close()


async def _fill(db: Database, password_hash: str, settings: Settings) -> None:
    numbers = settings.numbers
    plan = NumberPlan(region=numbers.region, area_code=numbers.area_code, internal=numbers.internal)
    prefix = f"{next(iter(settings.pbx))}:" if len(settings.pbx) > 1 else ""  # their phones are on the first PBX
    async with db.write() as conn:
        known = set((await conn.execute(select(users.c.login))).scalars())
        if known - {person.login for person in PEOPLE}:
            advice = "Name another folder in CTI_DATA for the demo"
            raise StorageError("This database holds people of its own", advice=advice)
        for person in PEOPLE:
            if person.login in known:
                changed = update(users).where(users.c.login == person.login)
                await conn.execute(changed.values(password_hash=password_hash, blocked_at=None))
            else:
                await _add(conn, person, password_hash, prefix)
        if not known:
            await conn.execute(insert(shared_desks).values(name=f"{prefix}PJSIP/105", extension="105"))
        if not (await conn.execute(select(func.count()).select_from(clients_table))).scalar():
            await sample_catalogue.fill(conn)
            made = {}
            for draft in CLIENTS:
                whole = await sample_catalogue.said(conn, with_numbers(draft, plan))
                made[draft.name] = await clients.insert(conn, whole, time.time())
            await sample_belongings.fill(conn, made, time.time())
            await sample_letters.fill(conn, time.time(), settings.data / "letters")


async def _add(conn: Connection, person: SamplePerson, password_hash: str, prefix: str) -> None:
    team_id = await _team(conn, person.team) if person.team else None
    made = await conn.execute(
        insert(users).values(
            login=person.login,
            name=person.name,
            role=person.role,
            team_id=team_id,
            password_hash=password_hash,
            created_at=time.time(),
        )
    )
    user_id = made.inserted_primary_key[0] if made.inserted_primary_key else 0
    for name, kind in person.devices:
        chosen = kind == "desk"
        row = {"user_id": user_id, "name": prefix + name, "extension": person.extension, "kind": kind}
        await conn.execute(insert(devices).values(**row, chosen=chosen))
    for queue in person.queues:
        await conn.execute(insert(user_queues).values(user_id=user_id, queue=queue))


async def _team(conn: Connection, name: str) -> int:
    found = (await conn.execute(select(teams.c.id).where(teams.c.name == name))).scalar()
    if found is not None:
        return int(found)
    made = await conn.execute(insert(teams).values(name=name))
    return int(made.inserted_primary_key[0]) if made.inserted_primary_key else 0
