"""`cti`, also as `python -m cti`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command; every failure is one clear line on stderr and a non-zero exit status."""
    from cti.cli import run

    sys.exit(run())


if __name__ == "__main__":
    main()
