"""Sign-in by a directory: what is refused before the directory is asked, and what the settings must hold.

The whole way against a real slapd with StartTLS is in `test_ldap_slapd.py`.
"""

from __future__ import annotations

import pytest

from cti.errors import SettingsError
from cti.ldap import ldap_check
from cti.settings import LdapSettings


def test_the_directory_is_off_without_an_address() -> None:
    assert ldap_check(LdapSettings()) is None


def test_settings_that_cannot_work_are_told_at_start() -> None:
    with pytest.raises(SettingsError, match=r"auth\.ldap\.(url|bind_dn)"):
        ldap_check(LdapSettings(url="ldap://127.0.0.1:1", bind_dn="uid=everybody"))


def test_passwords_do_not_travel_in_the_open() -> None:
    with pytest.raises(SettingsError, match=r"start_tls"):
        ldap_check(LdapSettings(url="ldap://ldap.example", bind_dn="uid={login}", start_tls=False))
