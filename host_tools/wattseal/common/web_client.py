"""Addresses that CDRs and reports are sent to."""

from __future__ import annotations

from urllib.parse import urlsplit

from wattseal.common.errors import ToolError

_LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1", "testserver"))


def checked_url(url: str) -> str:
    """The URL as it is. ToolError `receiver_url_unusable`, also if a token would cross openly."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        raise ToolError("receiver_url_unusable", url=url, cause="it is no URL") from None
    if parts.scheme not in ("http", "https") or not host:
        cause = "it does not begin with https:// and a host's name"
        raise ToolError("receiver_url_unusable", url=url, cause=cause)
    if parts.username or parts.password or parts.fragment:
        raise ToolError("receiver_url_unusable", url=host, cause="it holds more than it should")
    if parts.scheme == "http" and host not in _LOOPBACK:
        cause = "http is readable for everybody on the way"
        raise ToolError("receiver_url_unusable", url=url, cause=cause)
    return url
