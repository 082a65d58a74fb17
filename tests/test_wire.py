"""Calls by HTTP: servers that misbehave, and addresses that lead inside."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.channels import UnreachableError, guard, wire
from app.channels.wire import Client
from app.errors import InvalidError
from tests.receiver import Receiver, Said

LOOPBACK = ipaddress.ip_network("127.0.0.0/8")


@pytest.fixture
def inside() -> Iterator[None]:
    """The loopback network allowed, as the setting PRIVATE_NETWORKS does."""
    guard.allow((LOOPBACK,))
    yield
    guard.allow(())


@pytest.fixture
def receiver(inside: None) -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


def post(client: Client) -> wire.Answer:
    return client.post(b"{}", {"Content-Type": "application/json"})


class TestCall:
    def test_several_calls_take_one_connection(self, receiver):
        client = Client(receiver.url)
        assert [post(client).status for _ in range(5)] == [200] * 5
        assert receiver.connections == 1
        assert receiver.taken[0].path == "/robot?key=k"
        client.close()

    def test_a_connection_that_was_closed_meanwhile_is_made_anew(self, receiver):
        receiver.says(Said("{}", headers={"Connection": "close"}))
        client = Client(receiver.url)
        assert [post(client).status for _ in range(3)] == [200] * 3
        assert receiver.connections == 3

    def test_a_kept_connection_that_is_cut_in_the_middle_is_tried_once_more(self, receiver):
        receiver.says(Said("{}"), Said(hangs_up=True), Said("{}"))
        client = Client(receiver.url)
        assert [post(client).status for _ in range(2)] == [200] * 2
        client.close()

    def test_a_server_that_hangs_up_at_once_is_unreachable(self, receiver):
        receiver.says(Said(hangs_up=True))
        with pytest.raises(UnreachableError):
            post(Client(receiver.url))
        assert len(receiver.taken) == 1

    def test_nobody_listening_is_unreachable(self, inside):
        with socket.create_server(("127.0.0.1", 0)) as unused:
            port = unused.getsockname()[1]
        with pytest.raises(UnreachableError, match="reached"):
            post(Client(f"http://127.0.0.1:{port}/"))

    @pytest.mark.parametrize(
        "said", [Said(silent=True), Said("x" * 500, drip=0.05)], ids=["silent", "dripping"]
    )
    def test_an_answer_has_only_so_many_seconds(self, receiver, said):
        receiver.says(said)
        client = Client(receiver.url, seconds=0.3)
        began = time.monotonic()
        with pytest.raises(UnreachableError, match="did not answer within"):
            post(client)
        assert time.monotonic() - began < 15, "of the 25 and more that it would have taken"

    def test_a_giant_answer_is_not_read_to_its_end(self, receiver):
        receiver.says(Said(b"x" * 3_000_000))
        answer = post(Client(receiver.url))
        assert len(answer.body) == wire.MOST + 1

    def test_what_is_no_http_is_unreachable(self, inside):
        with socket.create_server(("127.0.0.1", 0)) as odd:

            def speak() -> None:
                connection, _ = odd.accept()
                connection.recv(1000)
                connection.sendall(b"220 mail.test ESMTP\r\n")
                connection.close()

            thread = threading.Thread(target=speak)
            thread.start()
            with pytest.raises(UnreachableError):
                post(Client(f"http://127.0.0.1:{odd.getsockname()[1]}/"))
            thread.join()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Of localhost, signed by itself; key and certificate in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    begin = datetime(2020, 1, 1, tzinfo=UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begin)
        .not_valid_after(begin.replace(year=2099))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "localhost.pem"
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    secret = key.private_bytes(encoding, form, serialization.NoEncryption())
    path.write_bytes(secret + made.public_bytes(encoding))
    return path


class TestEncrypted:
    @pytest.fixture
    def secure(self, receiver: Receiver, certificate: Path) -> Receiver:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        receiver.wrap(context)
        return receiver

    def test_a_certificate_that_nobody_vouches_for_is_refused(self, secure):
        with pytest.raises(UnreachableError, match="certificate"):
            post(Client(f"https://localhost:{secure.port}/"))
        assert secure.taken == []

    def test_one_that_is_trusted_is_taken_and_kept(self, secure, certificate, monkeypatch):
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        client = Client(f"https://localhost:{secure.port}/")
        assert [post(client).status for _ in range(3)] == [200] * 3
        with pytest.raises(UnreachableError, match=r"certificate|[Hh]ostname|IP address"):
            post(Client(f"https://127.0.0.1:{secure.port}/"))


class TestInside:
    @pytest.mark.parametrize(
        "host",
        [
            "127.0.0.1", "localhost", "10.1.2.3", "192.168.0.1", "172.16.9.9", "169.254.169.254",
            "100.64.0.1", "0.0.0.0", "[::1]", "[fe80::1]", "[fd00::1]", "[::ffff:10.0.0.1]",
            "[2002:0a00:0001::]", "[64:ff9b::7f00:1]", "224.0.0.1", "2130706433", "0x7f000001",
            "127.1", "0177.0.0.1", "[::7f00:1]", "[fec0::1]", "[64:ff9b:1::a00:1]",
        ],
    )  # fmt: skip
    def test_an_address_inside_is_refused_on_saving(self, host):
        with pytest.raises(InvalidError) as caught:
            guard.refuse(f"http://{host}/hook", "url")
        (problem,) = caught.value.problems
        assert (problem.field, "PRIVATE_NETWORKS" in problem.text["en"]) == ("url", True)

    @pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
    def test_an_address_outside_is_not(self, address):
        assert not guard.forbidden(address)

    @pytest.mark.parametrize(
        "url", ["", "x", "ftp://example.org", "file:///etc/passwd", "https://", "http://a b/c"]
    )
    def test_what_is_no_address_is_refused(self, url):
        with pytest.raises(InvalidError):
            guard.refuse(url, "url")

    def test_a_password_in_the_address_is_refused(self):
        with pytest.raises(InvalidError, match="password"):
            guard.refuse("https://user:word@example.org/", "url")

    def test_a_network_of_the_settings_is_allowed(self, inside):
        guard.refuse("http://127.0.0.1:1/", "url")
        with pytest.raises(InvalidError):
            guard.refuse("http://10.0.0.1/", "url")

    def test_a_name_that_moves_inside_after_it_was_saved_is_not_called(self, monkeypatch):
        monkeypatch.setattr(
            guard.socket, "getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("127.0.0.1", 9))]
        )
        with pytest.raises(UnreachableError, match="which is forbidden"):
            post(Client("https://example.org/"))

    def test_the_connection_goes_to_the_very_address_that_was_looked_at(
        self, receiver, monkeypatch
    ):
        answers = [[(2, 1, 6, "", ("127.0.0.1", receiver.port))]]
        monkeypatch.setattr(guard.socket, "getaddrinfo", lambda *_, **__: answers.pop())
        assert post(Client(f"http://example.org:{receiver.port}/x")).status == 200
        assert receiver.taken[0].headers["Host"] == f"example.org:{receiver.port}"

    def test_redirects_are_not_followed(self, receiver):
        with Receiver() as secret:
            receiver.says(Said("", 302, {"Location": secret.url}))
            answer = post(Client(receiver.url))
            with pytest.raises(UnreachableError, match="redirects are not followed"):
                wire.judge(answer)
            assert secret.taken == []
