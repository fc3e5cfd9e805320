"""The mail server: the one place that knows SMTP."""

import smtplib
import ssl
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from urllib.parse import parse_qs, unquote, urlsplit

from gateway.mail.letters import Written

SECONDS = 10
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class NotSent(Exception):
    """A letter that did not go out, and why. `for_good`: the server will never take it; `all`: it takes none now."""

    def __init__(self, reason: str, *, for_good: bool = False, all: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.for_good, self.all = reason, for_good, all


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server as `GATEWAY_MAIL_URL` names it. `sender` is the address that letters come from."""

    host: str
    port: int
    tls: bool
    login: str | None
    password: str | None
    sender: str

    @classmethod
    def at(cls, url: str, base_url: str) -> "Server":
        """Read `smtp[s]://[name:password@]host[:port][?from=address]`; without `from`: no-reply at our own host."""
        parts = urlsplit(url)
        tls = parts.scheme == "smtps"
        sender = parse_qs(parts.query).get("from", [f"no-reply@{urlsplit(base_url).hostname}"])[0]
        return cls(
            host=parts.hostname or "",
            port=parts.port or (465 if tls else 25),
            tls=tls,
            login=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            sender=sender,
        )

    def send(self, message: EmailMessage) -> None:
        """Hand a message over; raises `NotSent`."""
        try:
            with self._connected() as server:
                server.send_message(message)
        except smtplib.SMTPRecipientsRefused as refused:
            code, text = next(iter(refused.recipients.values()))
            raise NotSent(f"{code} {_plain(text)}", for_good=code >= 500) from refused
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as refused:
            raise NotSent(
                f"{refused.smtp_code} {_plain(refused.smtp_error)}", for_good=refused.smtp_code >= 500
            ) from refused
        except smtplib.SMTPNotSupportedError as refused:
            raise NotSent(_plain(str(refused)), for_good=True) from refused
        except (OSError, smtplib.SMTPException) as error:
            raise NotSent(_plain(f"{type(error).__name__}: {error}"), all=True) from error

    def _connected(self) -> smtplib.SMTP:
        """Connect, in TLS where it is offered, and log in. Certificates are checked, but for this machine itself."""
        context = ssl.create_default_context()
        if self.host in LOOPBACK:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if self.tls:
            server: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=SECONDS, context=context)
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=SECONDS)
        try:
            server.ehlo_or_helo_if_needed()
            covered = self.tls or self.host in LOOPBACK
            if not self.tls and server.has_extn("starttls"):
                server.starttls(context=context)
                covered = True
            if self.login is not None:
                if not covered:
                    raise smtplib.SMTPException("the server offers no TLS: the password stays here")
                server.login(self.login, self.password or "")
        except BaseException:
            server.close()
            raise
        return server


def message(id: str, written: Written, to: str, brand: str, server: Server, now: datetime) -> EmailMessage:
    """Make the message of a letter; raises `NotSent` for an address that no header may carry (INJ-06).

    The Message-ID is made of `id`, so that a letter that goes out twice is known as one.
    """
    made = EmailMessage(policy=SMTP)
    try:
        made["From"] = Address(brand, addr_spec=server.sender)
        made["To"] = Address(addr_spec=to)
        made["Subject"] = written.subject
        made["Date"] = now
        made["Message-ID"] = f"<{id}@{server.sender.rpartition('@')[2]}>"
        made["Auto-Submitted"] = "auto-generated"
    except (ValueError, IndexError, AttributeError, MessageError) as error:
        raise NotSent("this is no address that mail can be sent to", for_good=True) from error
    made.set_content(written.text, charset="utf-8")
    return made


def _plain(text: str | bytes) -> str:
    decoded = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return "".join(letter if letter.isprintable() else " " for letter in decoded)
