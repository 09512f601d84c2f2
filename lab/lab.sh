#!/bin/sh
# Python first, then the lab in Python. On a bare machine Python itself is what is missing.
set -eu
cd "$(dirname "$0")/.."
usable() { command -v python3 >/dev/null && python3 -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
if ! usable; then
    command -v apt-get >/dev/null || { echo "Install Python 3.11 or newer with venv and pip." >&2; exit 1; }
    root=""
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || { echo "Run as root: apt-get install python3 python3-venv" >&2; exit 1; }
        root="sudo"
    fi
    echo "== Python: installing"
    install() { $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends python3 python3-venv >/dev/null 2>&1; }
    install || { $root apt-get update -q >/dev/null && install; } || true
    usable || { echo "Python 3.11 or newer is needed and this system has none: use Debian 12, Ubuntu 24.04 or newer." >&2; exit 1; }
fi
exec python3 -m lab "$@"
