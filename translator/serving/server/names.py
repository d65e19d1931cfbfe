"""Names that the user gives the server: its own, those of other sites, and the addresses of proxies."""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, urlsplit

from translator.errors import ConfigError

_DEFAULT_PORTS = {"http": 80, "https": 443}


def host_name(argument: str) -> str:
    """Returns a host name as it stands in a ``Host`` header, without a port and in lower case.

    Args:
        argument: a name, or an address such as ``https://translate.example:8000/``; ``*`` for any name.

    Raises:
        ConfigError: if it is neither.
    """
    if argument == "*":
        return argument
    parts = _split(argument if "//" in argument else f"//{argument}")
    if parts is None or not parts.hostname or parts.path not in ("", "/"):
        raise ConfigError(f"--allow-host {argument}: not a host name such as translate.example")
    return f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname


def origin(argument: str) -> str:
    """Returns an origin as browsers send it: scheme, host and port, in lower case and without a slash.

    Args:
        argument: an address such as ``https://other.example/``; ``*`` for all sites, ``null`` for pages
            without an origin, such as files.

    Raises:
        ConfigError: if it is no origin.
    """
    if argument in ("*", "null"):
        return argument
    parts = _split(argument)
    if parts is None or not parts.scheme or not parts.hostname or parts.path not in ("", "/"):
        raise ConfigError(f"--allow-origin {argument}: not an origin such as https://other.example")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    has_port = parts.port is not None and parts.port != _DEFAULT_PORTS.get(parts.scheme)
    return f"{parts.scheme}://{host}:{parts.port}" if has_port else f"{parts.scheme}://{host}"


def proxy(argument: str) -> str:
    """Returns the address of a proxy, or a network of proxies such as ``10.0.0.0/8``.

    Raises:
        ConfigError: if it is neither.
    """
    try:
        return str(ipaddress.ip_network(argument, strict=False))
    except ValueError:
        raise ConfigError(f"--trust-proxy {argument}: not an IP address such as 127.0.0.1") from None


def _split(address: str) -> SplitResult | None:
    """Returns the parts of an address; None if it is not valid."""
    try:
        parts = urlsplit(address)
        _ = parts.port  # raises ValueError if it is no number
    except ValueError:
        return None
    return parts
