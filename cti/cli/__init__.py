"""The command line: one module per sub-command, loaded only when it is called, so that `cti --help` is quick."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cti.errors import CtiError, SettingsError

if TYPE_CHECKING:
    from cti.storage.database import Database

T = TypeVar("T")
COMMANDS = {
    "serve": "Run the server.",
    "check": "Check settings, database, PBX account and devices; say what to do.",
    "demo": "Fill the database with sample people and clients.",
    "client": "Clients from a file and into one: import, export, undo.",
    "user": "People who sign in: add, list, passwd, token, block, unblock.",
    "privacy": "Personal data: check the access journal, all that is held on a person, cleaning.",
    "db": "The database: upgrade, backup, restore.",
    "backup": "The whole installation in one file: make, verify, restore.",
    "dialplan": "A PBX's dialplan: show, lint, trace, publish, go back.",
    "past": "Calls of the time before Trubka, from the PBX's queue log: take in, list, undo.",
    "recordings": "Recordings of calls: whether the files are what they were.",
    "number": "Explain how a telephone number is read.",
    "record": "Record what the PBX says into a file.",
    "replay": "Tell the calls in recorded AMI.",
}


class _Lazy(click.Group):
    """Sub-commands by name; a module is imported when its command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"cti.cli.{cmd_name}").command
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Settings file (TOML); else CTI_CONFIG, else /etc/trubka/config.toml.",
)
@click.version_option(version("trubka"), prog_name="cti")
@click.pass_context
def cti(ctx: click.Context, config: Path | None) -> None:
    """Trubka: telephony for call centres on Asterisk.

    \b
    Examples:
      cti check
      cti --config /etc/trubka/config.toml serve
      cti COMMAND --help
    """
    ctx.obj = config


def run(args: list[str] | None = None) -> int:
    """Run the command line; returns the exit status. Errors are lines on stderr, never a traceback."""
    try:
        status = cti.main(args=args, prog_name="cti", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("cti: stopped", err=True)
        return 130
    except SettingsError as error:
        for fault in error.faults:
            click.echo(f"cti: {fault}", err=True)
        return 2
    except (CtiError, OSError) as error:
        click.echo(f"cti: {error}", err=True)
        return 1
    return status if isinstance(status, int) else 0


def examples(*lines: str) -> str:
    """An epilog that shows examples as they are typed."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def settings_of(ctx: click.Context) -> Any:
    """The effective settings for the command's --config. Raises SettingsError."""
    from cti import settings

    return settings.load(ctx.find_root().obj)


def on_database(settings: Any, work: Callable[[Database], Awaitable[T]]) -> T:
    """What `work` comes to on the database of the settings."""
    from cti.storage.database import open_database

    async def run() -> T:
        db = await open_database(settings.database_url, busy_timeout_ms=settings.storage.busy_timeout_ms)
        try:
            return await work(db)
        finally:
            await db.close()

    return asyncio.run(run())


def log_to_stderr(settings: Any) -> None:
    """For commands that use parts which log: warnings only, and standard output stays the command's own."""
    from cti import logs

    logs.set_up(settings.log.model_copy(update={"level": "warning"}))
