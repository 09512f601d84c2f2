"""Sign-in against a real slapd with StartTLS."""

from __future__ import annotations

import datetime
import gc
import ipaddress
import os
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cti.errors import Refused
from cti.features.accounts import Accounts
from cti.features.directory_admin import DirectoryAdmin, UserDraft
from cti.ldap import ldap_check
from cti.settings import LdapSettings
from lab import ldap
from lab.free_ports import free_port
from tests.made import new_database

pytestmark = pytest.mark.filterwarnings(  # bonsai 1.5.5 leaves the sockets of failed binds to the collector
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
PASSWORD = "a-directory-password"
PEOPLE = "ou=people,dc=example"
CONF = """
include {schema}/core.schema
include {schema}/cosine.schema
include {schema}/inetorgperson.schema
modulepath {modules}
moduleload back_mdb
pidfile {folder}/slapd.pid
TLSCertificateFile {folder}/cert.pem
TLSCertificateKeyFile {folder}/key.pem
security simple_bind=128
database mdb
suffix "dc=example"
directory {folder}/db
"""
LDIF = f"""dn: dc=example
objectClass: dcObject
objectClass: organization
o: example
dc: example

dn: {PEOPLE}
objectClass: organizationalUnit
ou: people

dn: uid=anna,{PEOPLE}
objectClass: inetOrgPerson
uid: anna
cn: Anna
sn: Anna
userPassword: {PASSWORD}

dn: uid=stranger,{PEOPLE}
objectClass: inetOrgPerson
uid: stranger
cn: Stranger
sn: Stranger
userPassword: {PASSWORD}
"""


def certificate(folder: Path) -> None:
    """A certificate of our own for 127.0.0.1, valid for an hour."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def slapd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Its address and the certificate to trust."""
    folder = tmp_path_factory.mktemp("slapd")
    (folder / "db").mkdir()
    certificate(folder)
    files = ldap.slapd()
    env = {**os.environ, **files.env}
    (folder / "slapd.conf").write_text(CONF.format(folder=folder, schema=files.schema, modules=files.modules))
    command = [str(files.programs / "slapadd"), "-f", str(folder / "slapd.conf")]
    subprocess.run(command, input=LDIF, text=True, check=True, capture_output=True, env=env)
    port = free_port()
    url = f"ldap://127.0.0.1:{port}"
    command = [str(files.programs / "slapd"), "-f", str(folder / "slapd.conf"), "-h", url, "-d", "0"]
    running = subprocess.Popen(command, env=env)
    deadline = time.monotonic() + 15
    while not _listens(port):
        assert time.monotonic() < deadline, "slapd does not listen"
        time.sleep(0.05)
    yield url, folder / "cert.pem"
    running.terminate()
    running.wait(10)


@pytest.fixture(autouse=True, scope="module")
def collect() -> Iterator[None]:
    yield
    gc.collect()


@pytest.fixture
async def accounts(slapd: tuple[str, Path], tmp_path: Path) -> AsyncIterator[Accounts]:
    url, ca_file = slapd
    settings = LdapSettings(url=url, bind_dn=f"uid={{login}},{PEOPLE}", ca_file=ca_file)
    db = await new_database(tmp_path)
    made = Accounts(
        db=db, clock=time.time, key=Fernet.generate_key(), idle_s=60, absolute_s=60, ldap=ldap_check(settings)
    )
    people = DirectoryAdmin(db=db, clock=time.time, passwords=made.passwords)
    await people.add(None, UserDraft(login="anna", name="Anna", role="agent"), password="")
    await people.add(None, UserDraft(login="local", name="Local", role="agent"), password="its-own-password")
    yield made
    await db.close()


async def refused(accounts: Accounts, login: str, password: str) -> str:
    with pytest.raises(Refused) as caught:
        await accounts.sign_in(login, password)
    return caught.value.code


async def test_a_known_person_signs_in_with_the_directorys_password(accounts: Accounts) -> None:
    assert (await accounts.sign_in("ANNA", PASSWORD)).person.login == "anna"


async def test_a_wrong_or_empty_password_is_refused(accounts: Accounts) -> None:
    for password in ("wrong", "", " ", PASSWORD + "x"):
        assert await refused(accounts, "anna", password) == "wrong"


async def test_who_is_not_known_to_trubka_stays_out(accounts: Accounts) -> None:
    assert await refused(accounts, "stranger", PASSWORD) == "wrong"


async def test_a_person_with_a_password_here_is_not_asked_there(accounts: Accounts) -> None:
    assert (await accounts.sign_in("local", "its-own-password")).person.login == "local"
    assert await refused(accounts, "local", PASSWORD) == "wrong"


@pytest.mark.parametrize("login", ["anna,ou=people", "*", "anna)(uid=*", "anna\x00", "uid=anna", ""])
async def test_a_login_cannot_change_the_name_that_is_asked_for(slapd: tuple[str, Path], login: str) -> None:
    check = ldap_check(LdapSettings(url=slapd[0], bind_dn=f"uid={{login}},{PEOPLE}", ca_file=slapd[1]))
    assert check
    assert not await check(login, PASSWORD)


async def test_a_directory_with_a_strange_certificate_is_not_believed(slapd: tuple[str, Path]) -> None:
    check = ldap_check(LdapSettings(url=slapd[0], bind_dn=f"uid={{login}},{PEOPLE}"))
    assert check
    with pytest.raises(Refused, match="does not answer"):
        await check("anna", PASSWORD)


async def test_a_directory_that_is_away_refuses_within_its_time() -> None:
    check = ldap_check(LdapSettings(url="ldap://127.0.0.1:1", bind_dn=f"uid={{login}},{PEOPLE}"))
    assert check
    begun = time.monotonic()
    with pytest.raises(Refused, match="does not answer"):
        await check("anna", PASSWORD)
    assert time.monotonic() - begun < 8
