"""E-mail by SMTP: one connection per batch, plain text.

Who is to blame decides about another attempt: what the server says of the recipient or of the
text is final if it is a 5xx; whatever it says of us (greeting, login, sender) and every failure
of the connection is tried again, because the next message would fare no better.
"""

from __future__ import annotations

import hashlib
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, parseaddr
from urllib.parse import parse_qsl, unquote, urlsplit

from app.channels.protocol import ChannelError, Message, Send, UnreachableError

TLS = ("auto", "always", "never")
OK, FORWARDED, CLOSING, FINAL = 250, 251, 421, 500
_POLICY = SMTP.clone(cte_type="7bit")  # any server takes that
_PORTS = {"smtp": 25, "smtps": 465}


@dataclass(frozen=True, slots=True)
class Server:
    """Where mail is handed in. ``tls`` (of ``smtp://``): ``auto`` encrypts when the server offers
    it, ``always`` sends nothing otherwise, ``never`` is for a relay on the same machine."""

    host: str
    port: int
    implicit: bool
    tls: str = "auto"
    user: str = ""
    password: str = ""

    @classmethod
    def parse(cls, url: str) -> Server:
        """``smtp://user:password@host:587?tls=always`` or ``smtps://…``; ValueError if not."""
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError("must look like smtp://user:password@host:587 or smtps://…:465")
        tls = dict(parse_qsl(parts.query)).get("tls", "auto")
        if tls not in TLS:
            raise ValueError(f"tls must be one of {', '.join(TLS)}")
        return cls(
            host=parts.hostname,
            port=parts.port or _PORTS[parts.scheme],
            implicit=parts.scheme == "smtps",
            tls=tls,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
        )


class Email:
    """``seconds`` is how long any one answer of the server may take."""

    inside = False

    def __init__(self, server: Server, sender: str, seconds: float = 10.0) -> None:
        self.server = server
        self.sender = sender
        self.seconds = seconds

    @contextmanager
    def open(self) -> Iterator[Send]:
        connection = _Connection(self)
        try:
            yield connection.send
        finally:
            connection.close()


class _HungUpError(Exception):
    """The connection ended before the server took anything of the message."""


class _Connection:
    """The one connection of a batch; made anew when the server hangs up between two messages."""

    def __init__(self, channel: Email) -> None:
        self._channel = channel
        self._smtp: smtplib.SMTP | None = None

    def send(self, message: Message) -> None:
        mail = compose(message, self._channel.sender)
        again = self._smtp is not None  # many servers take only so many mails a connection
        try:
            smtp = self._address(message.address, again=again)
        except _HungUpError as error:
            raise UnreachableError(str(error)) from error
        self._hand_over(smtp, mail)

    def _address(self, address: str, *, again: bool) -> smtplib.SMTP:
        """Name sender and recipient to the server; ``again``: once more on a new connection."""
        try:
            return self._named(address)
        except _HungUpError:
            if not again:
                raise
            return self._named(address)

    def _named(self, address: str) -> smtplib.SMTP:
        sender = parseaddr(self._channel.sender)[1]
        options = () if (sender + address).isascii() else ("SMTPUTF8", "BODY=8BITMIME")
        smtp = self._smtp or self._connect()
        try:
            code, words = smtp.mail(sender, options)
            if code != OK:
                raise self._refused(code, words, UnreachableError)
            code, words = smtp.rcpt(address)
            if code not in (OK, FORWARDED):
                raise self._refused(code, words, ChannelError)
        except smtplib.SMTPNotSupportedError as error:
            raise ChannelError(str(error), permanent=True) from error
        except (smtplib.SMTPException, OSError) as error:
            self._give_up(error)
            raise _HungUpError(f"the mail server hung up: {error}") from error
        return smtp

    def _hand_over(self, smtp: smtplib.SMTP, mail: EmailMessage) -> None:
        """From here on a lost connection leaves open whether the server has taken it."""
        words: bytes | str
        try:
            code, words = smtp.data(mail.as_bytes())
        except smtplib.SMTPDataError as error:
            code, words = error.smtp_code, error.smtp_error
        except (smtplib.SMTPException, OSError) as error:
            self._give_up(error)
            raise ChannelError(f"the mail server hung up: {error}") from error
        if code == OK:
            return
        try:
            raise self._refused(code, words, ChannelError)
        except _HungUpError as error:
            raise ChannelError(str(error)) from error

    def _refused(self, code: int, words: bytes | str, kind: type[ChannelError]) -> Exception:
        """What the server's refusal means; the connection is left ready for the next message."""
        text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
        said = f"{code} {' '.join(text.split())}"[:500]
        if code == CLOSING:
            self.close()
            return _HungUpError(said)
        if self._smtp is not None:
            with suppress(smtplib.SMTPException, OSError):
                self._smtp.rset()
        return kind(said, permanent=kind is ChannelError and code >= FINAL)

    def _give_up(self, error: Exception) -> None:
        """Close; a silent server would be silent for the rest of the batch too."""
        self.close()
        # smtplib words a timeout as a lost connection
        if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
            raise UnreachableError("the mail server does not answer") from error

    def close(self) -> None:
        smtp, self._smtp = self._smtp, None
        if smtp is None:
            return
        if smtp.sock is not None:
            smtp.sock.settimeout(1.0)  # a farewell is worth no waiting
        with suppress(smtplib.SMTPException, OSError):
            smtp.quit()
        smtp.close()

    def _connect(self) -> smtplib.SMTP:
        server, seconds = self._channel.server, self._channel.seconds
        try:
            if server.implicit:
                context = ssl.create_default_context()
                smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                    server.host, server.port, timeout=seconds, context=context
                )
            else:
                smtp = smtplib.SMTP(server.host, server.port, timeout=seconds)
            self._smtp = smtp
            self._greet(smtp, server)
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            raise UnreachableError(f"the mail server can't be reached: {error}") from error
        return smtp

    @staticmethod
    def _greet(smtp: smtplib.SMTP, server: Server) -> None:
        smtp.ehlo_or_helo_if_needed()
        encrypted = server.implicit
        if not encrypted and server.tls != "never" and smtp.has_extn("starttls"):
            smtp.starttls(context=ssl.create_default_context())
            smtp.ehlo()
            encrypted = True
        if not encrypted and (server.tls == "always" or (server.user and server.tls == "auto")):
            raise smtplib.SMTPException("it offers no encryption, and tls=never is not set")
        if server.user:
            smtp.login(server.user, server.password)


def compose(message: Message, sender: str) -> EmailMessage:
    """The mail as text. Raises ChannelError for an address that can't be one."""
    plain = (sender + message.address).isascii()
    mail = EmailMessage(policy=_POLICY if plain else SMTPUTF8)
    try:
        mail["To"] = Address(addr_spec=message.address)
    except (ValueError, IndexError, HeaderParseError) as error:
        raise ChannelError(f"not an e-mail address: {error}", permanent=True) from error
    mail["From"] = sender
    mail["Subject"] = " ".join(message.subject.split())
    mail["Date"] = format_datetime(message.at)
    mail["Message-ID"] = message_id(message.key, sender)
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.body, charset="utf-8")
    mail["Content-Language"] = {"zh": "zh-CN"}.get(message.language, message.language)
    return mail


def message_id(key: str, sender: str) -> str:
    """The same for every attempt of a notice: mail systems drop what they have seen before."""
    domain = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@{domain}>"
