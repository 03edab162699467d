"""Who may call a webhook? Whoever knows the secret in the path, from a network that is allowed."""

import hmac
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Final

from flask import abort, request

from gateway.settings import Settings

BODY_LIMIT: Final = 16 * 1024


def admit(settings: Settings, secret: str, aggregator: str) -> None:
    """Lets an aggregator in; 404 for anyone else, without a hint why."""
    if not _known_secret(settings.webhook_secrets, secret) or not _known_source(settings):
        abort(404)
    if aggregator == "simulated" and settings.gateway_env == "production":
        abort(404)


def read_body(limit: int = BODY_LIMIT) -> bytes | None:
    """The body, unless it is larger than any callback's: then it stays unread."""
    if (request.content_length or 0) > limit:
        return None
    body = request.stream.read(limit + 1)
    return body if len(body) <= limit else None


def _known_secret(secrets: Sequence[str], given: str) -> bool:
    # Every secret is compared, so that the time says nothing about which one was nearly right.
    matches = [hmac.compare_digest(secret.encode(), given.encode("utf-8", "surrogatepass")) for secret in secrets]
    return any(matches)


def _known_source(settings: Settings) -> bool:
    if not settings.webhook_sources:
        return True
    try:
        address = ip_address(request.remote_addr or "")
    except ValueError:
        return False
    return any(address in network for network in settings.webhook_sources)
