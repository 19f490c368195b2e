"""A MariaDB server of a test's own, with TLS."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from leadway_provider.clock import utc_now
from tests.services import REQUIRED

_HOST: Final = "127.0.0.1"


@dataclass(frozen=True)
class TlsServer:
    """Where the server is, and the files to check its certificate against.

    Attributes:
        port: its port on 127.0.0.1.
        authority: the certificate that signed the server's.
        stranger: another one, which did not.
    """

    port: int
    authority: Path
    stranger: Path


@contextmanager
def mariadb_with_tls() -> Iterator[TlsServer]:
    """A server that runs; without MariaDB's programs the test is skipped, or fails where services are required."""
    install, program = shutil.which("mariadb-install-db"), shutil.which("mariadbd")
    if install is None or program is None:
        if os.environ.get(REQUIRED) == "1":
            pytest.fail(f"no mariadbd or mariadb-install-db on PATH ({REQUIRED}=1)")
        pytest.skip("no mariadbd or mariadb-install-db on PATH")
    home = Path(tempfile.mkdtemp(prefix="leadway-mariadb-"))
    try:
        port = _free_port()
        server = TlsServer(port, home / "authority.pem", home / "stranger.pem")
        key = _authority(server.authority)
        _authority(server.stranger)
        _certificate(home / "server.pem", home / "server.key", server.authority, key)
        user = ["--user=root"] if os.geteuid() == 0 else []
        data = [f"--datadir={home / 'data'}", *user]
        made = [install, "--no-defaults", *data, "--auth-root-authentication-method=normal", "--skip-test-db"]
        subprocess.run(made, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        files = [
            f"--ssl-ca={server.authority}",
            f"--ssl-cert={home / 'server.pem'}",
            f"--ssl-key={home / 'server.key'}",
        ]
        address = [f"--port={port}", f"--bind-address={_HOST}", f"--socket={home / 's'}", f"--pid-file={home / 'pid'}"]
        process = subprocess.Popen(
            [program, "--no-defaults", *data, *address, *files, "--innodb-flush-log-at-trx-commit=0"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait_for(port)
            yield server
        finally:
            process.terminate()
            process.wait(timeout=60)
    finally:
        shutil.rmtree(home)


def _free_port() -> int:
    with socket.socket() as door:
        door.bind((_HOST, 0))
        port: int = door.getsockname()[1]
        return port


def _wait_for(port: int) -> None:
    give_up_at = time.monotonic() + 60
    while True:
        try:
            socket.create_connection((_HOST, port), timeout=1).close()
        except OSError:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.05)
        else:
            return


def _authority(file: Path) -> ec.EllipticCurvePrivateKey:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, file.stem)])
    signed = (
        _builder(name, name, key.public_key(), utc_now())
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    return key


def _certificate(file: Path, key_file: Path, authority: Path, authority_key: ec.EllipticCurvePrivateKey) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.load_pem_x509_certificate(authority.read_bytes()).subject
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _HOST)])
    signed = (
        _builder(subject, issuer, key.public_key(), utc_now())
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address(_HOST))]), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    key_file.write_bytes(key.private_bytes(*form))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
    )
