"""Posts JSON to a URL without being made to reach where it should not: no metadata services, no private networks.

The name is resolved once and the connection goes to that very address, so a name that changes its address in between
(DNS rebinding) gains nothing. Every address of the name has to be public. Redirects are not followed. TLS is checked
against the name.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from sevenfold.core.errors import RequestError

Resolver: TypeAlias = Callable[[str, int], list[str]]

_TIMEOUT_SECONDS = 10.0
_LONGEST_URL = 2_000
_LONGEST_MESSAGE = 256 * 2**10
# Addresses of cloud metadata services are never reached, not even where private networks are allowed.
_METADATA = frozenset(
    map(ipaddress.ip_address, ("169.254.169.254", "169.254.170.2", "100.100.100.200", "192.0.0.192", "fd00:ec2::254"))
)
_EMBEDDING = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))  # NAT64


def resolve(host: str, port: int) -> list[str]:
    """Every address of a name."""
    return [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def refused_address(address: str, private: bool) -> bool:
    """Whether an address may not be reached."""
    try:
        found = ipaddress.ip_address(address.split("%")[0])
    except ValueError:
        return True
    for inner in _embedded(found):
        if inner in _METADATA or inner.is_link_local or inner.is_multicast or inner.is_unspecified:
            return True
        if not private and not inner.is_global:
            return True
    return False


def _embedded(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """An address and those that it stands for: IPv4 in IPv6 in its several spellings."""
    found: list[ipaddress.IPv4Address | ipaddress.IPv6Address] = [address]
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return [address.ipv4_mapped]
        if address.sixtofour is not None:
            found.append(address.sixtofour)
        if address.teredo is not None:
            found.extend(address.teredo)
        if any(address in network for network in _EMBEDDING):
            found.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return found


@dataclass(frozen=True)
class Webhook:
    """Where to post.

    Args:
        url: http or https; http only where private networks are allowed.
        host, port, path: of the URL.
        secure: whether it is https.
        private: whether it may be on a private network or this machine.
        resolver: finds the addresses of a name.
    """

    url: str
    host: str
    port: int
    path: str
    secure: bool
    private: bool = False
    resolver: Resolver = resolve

    @classmethod
    def of(cls, url: str, *, private: bool = False, resolver: Resolver = resolve) -> Webhook:
        """The webhook of a URL.

        Raises:
            RequestError: the URL cannot be one.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise _wrong(url, "it cannot be read") from None
        plain = url.isascii() and url.isprintable() and " " not in url and "\\" not in url
        if not plain or len(url) > _LONGEST_URL or parts.scheme not in ("http", "https") or not parts.hostname:
            raise _wrong(url, "an ASCII https URL is needed")
        if parts.username is not None or parts.password is not None:
            raise _wrong(url, "it holds a user name or password")
        if parts.scheme == "http" and not private:
            raise _wrong(url, "without TLS it could be read and changed on its way")
        secure = parts.scheme == "https"
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return cls(url, parts.hostname, port or (443 if secure else 80), path, secure, private, resolver)

    def post(self, message: Mapping[str, Any]) -> None:
        """Send a message.

        Raises:
            RequestError: the address may not be reached, or the other side did not take it. The text names the host
                only: a webhook's path is often its secret.
        """
        body = json.dumps(message, ensure_ascii=False, default=str).encode()
        if len(body) > _LONGEST_MESSAGE:
            cut = {"text": str(message.get("text", ""))[:10_000], "time": message.get("time")}
            body = json.dumps(cut, ensure_ascii=False).encode()
        connection = self._connect(self._address())
        try:
            headers = {"Host": self._host_header(), "Content-Type": "application/json", "User-Agent": "sevenfold"}
            connection.request("POST", self.path, body, headers)
            status = connection.getresponse().status  # the body is never read: nobody needs it
        except (OSError, http.client.HTTPException) as error:
            raise self._failed(type(error).__name__) from None
        finally:
            connection.close()
        if not 200 <= status < 300:
            raise self._failed(f"status {status}" + (", a redirect, is not followed" if 300 <= status < 400 else ""))

    def _address(self) -> str:
        try:
            addresses = self.resolver(self.host, self.port)
        except (OSError, UnicodeError) as error:
            raise self._failed(f"the name is unknown ({type(error).__name__})") from None
        if not addresses:
            raise self._failed("the name has no address")
        if any(refused_address(address, self.private) for address in addresses):
            raise RequestError(
                f"The webhook on {self.host} may not be reached.",
                "a host whose every address is public",
                "an address of a private network, this machine or a metadata service",
                "If it is meant, allow private networks with --alert-private; metadata services are never reached.",
            )
        return addresses[0]

    def _connect(self, address: str) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=_TIMEOUT_SECONDS)
        try:
            plain = socket.create_connection((address, self.port), timeout=_TIMEOUT_SECONDS)
            try:
                connection.sock = (
                    ssl.create_default_context().wrap_socket(plain, server_hostname=self.host) if self.secure else plain
                )
            except BaseException:
                plain.close()
                raise
        except OSError as error:
            raise self._failed(type(error).__name__) from None
        return connection

    def _host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"

    def _failed(self, why: str) -> RequestError:
        return RequestError(f"The webhook on {self.host} was not told: {why}.", "status 200 to 299", why, "Check it.")


def _wrong(url: str, why: str) -> RequestError:
    shown = urlsplit(url).hostname if why != "it cannot be read" else ""
    return RequestError(
        f"This URL cannot be a webhook: {why}.",
        "https://HOST/PATH",
        f"a URL on {shown}" if shown else "another text",
        "Give an https URL of a public host; --alert-private lets http and private networks be reached as well.",
    )
