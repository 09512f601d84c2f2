"""A21: over TLS the PBX must prove who it is; each failure has its name and nothing is ever said in plain text."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cti.channels.phone.ami import AmiLink
from cti.errors import SettingsError
from cti.telephony import commands as c
from tests.channels.fake_ami import FakeAmi
from tests.channels.links import linked, until


def certificate(folder: Path, *, host: str = "127.0.0.1", days: int = 30) -> tuple[ssl.SSLContext, Path]:
    """A self-signed certificate for host, ending in so many days: the server's context and the file to trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "pbx")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=60))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "pbx.pem"
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(made.public_bytes(pem) + secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context, file


async def test_A21_a_trusted_pbx_is_talked_to(tmp_path: Path) -> None:
    context, file = certificate(tmp_path)
    async with FakeAmi(tls=context) as pbx, linked(pbx, tls=True, tls_ca_file=file) as link:
        assert (await link.ask(c.Ping())).ok


@pytest.mark.parametrize(
    ("host", "days", "trusted", "reason"),
    [
        ("127.0.0.1", 30, False, "self-signed certificate"),
        ("127.0.0.1", -1, True, "certificate has expired"),
        ("127.0.0.2", 30, True, "not valid for '127.0.0.1'"),
    ],
)
async def test_A21_a_certificate_that_is_not_right_is_named(
    tmp_path: Path, host: str, days: int, trusted: bool, reason: str
) -> None:
    context, file = certificate(tmp_path, host=host, days=days)
    async with FakeAmi(tls=context) as pbx:
        async with linked(pbx, up=False, tls=True, tls_ca_file=file if trusted else None) as link:
            await until(lambda: link.health().state == "down")
            assert "certificate is not accepted" in link.health().detail
            assert reason in link.health().detail
        assert not pbx.raw


async def test_A21_a_port_without_tls_is_named_and_told_nothing(pbx: FakeAmi) -> None:
    async with linked(pbx, up=False, tls=True) as link:
        await until(lambda: link.health().state == "down")
        assert "is it the TLS port?" in link.health().detail
    assert b"Login" not in pbx.raw
    assert b"Challenge" not in pbx.raw


async def test_A21_a_tls_port_spoken_to_plainly_is_told(tmp_path: Path) -> None:
    context, _ = certificate(tmp_path)
    async with FakeAmi(tls=context) as pbx, linked(pbx, up=False) as link:
        await until(lambda: link.health().state == "down")
        assert "closes the link at once" in link.health().detail


def test_A21_a_file_of_trust_that_is_not_there_is_the_settings_fault(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="tls_ca_file"):
        AmiLink("127.0.0.1", 5039, "trubka", "x", tls=True, tls_ca_file=tmp_path / "none.pem")
