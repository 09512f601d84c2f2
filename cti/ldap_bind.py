"""One bind at the directory, in a process of its own: `python -m cti.ldap_bind`, asked and answered in JSON.

libldap looks the name up, connects and does TLS with Python's lock held: in the server all would stand still meanwhile.
"""

from __future__ import annotations

import json
import sys


def main() -> None:
    """Read url, ca_file, start_tls, timeout_s, user and password; write taken, and away: why it cannot be asked."""
    import bonsai

    asked = json.load(sys.stdin)
    client = bonsai.LDAPClient(asked["url"], tls=asked["start_tls"])
    if asked["ca_file"]:
        client.set_ca_cert(asked["ca_file"])
    client.set_credentials("SIMPLE", user=asked["user"], password=asked["password"])
    taken, away = False, ""
    try:
        client.connect(timeout=asked["timeout_s"]).close()
        taken = True
    except bonsai.AuthenticationError:
        pass
    except (bonsai.LDAPError, OSError) as error:
        away = type(error).__name__
    json.dump({"taken": taken, "away": away}, sys.stdout)


if __name__ == "__main__":
    main()
