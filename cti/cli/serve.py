"""`cti serve`: run the server until it is told to stop."""

from __future__ import annotations

import gc

import click

from cti.cli import examples, settings_of


@click.command(epilog=examples("cti serve", "CTI_PORT=9000 cti serve", "cti --config ./cti.toml serve"))
@click.pass_context
def command(ctx: click.Context) -> None:
    """Run the server: the panel, the link to the PBX, everything.

    With no PBX in the settings it serves the panel and says so in it. SIGTERM or Ctrl-C stops it.
    """
    settings = settings_of(ctx)
    from cti.memory import few_arenas

    few_arenas()
    gc.disable()  # all that is loaded stays: walking it again and again while it grows is a fifth of the start
    from cti.server import main  # the whole server is loaded only here

    gc.enable()
    main(settings)
