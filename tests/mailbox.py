"""A mail server on loopback that keeps what it takes and answers as a test tells it to."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, Envelope, Session

Answer = Callable[[str], str | None]
"""Asked with the recipient's address; the server's line, or None for "taken"."""


@dataclass
class Mailbox:
    """``rcpt`` and ``data`` answer those commands; ``delay`` makes DATA slow; ``limit`` hangs up
    after so many mails of one connection."""

    rcpt: Answer = lambda _: None
    data: Answer = lambda _: None
    sender: Answer = lambda _: None
    delay: float = 0.0
    limit: int | None = None
    mails: list[EmailMessage] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def __enter__(self) -> Mailbox:
        self._loop = asyncio.new_event_loop()
        listening = socket.create_server(("127.0.0.1", self.port))
        self.port = listening.getsockname()[1]
        serving = self._loop.create_server(self._connect, sock=listening)
        self._server = self._loop.run_until_complete(serving)
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        tasks = [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)

    def _connect(self) -> SMTP:
        self.connections += 1
        return SMTP(self, hostname="mail.test", loop=self._loop)

    def subjects(self) -> list[str]:
        return [mail["Subject"] for mail in self.mails]

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.limit is not None and getattr(session, "taken", 0) >= self.limit:
            return "421 too many mails on this connection"
        envelope.mail_from = address
        return self.sender(address) or "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.rcpt(address) or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.delay:
            await asyncio.sleep(self.delay)
        answer = self.data(envelope.rcpt_tos[0])
        if answer is not None:
            return answer
        session.taken = getattr(session, "taken", 0) + 1
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 taken"
