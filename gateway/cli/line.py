"""How does a command reach a running gateway as a phone does? The options that name both, and requests over HTTP."""

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote, urlsplit

import click
import requests

from immigration.phones import InvalidPhone, parse_phone

AGGREGATOR_TIMEOUT_S: Final = 10.0
"""Africa's Talking gives up on an answer after 10 s (africastalking.md 2.6)."""


class GatewayRefused(Exception):
    """No usable answer: unreachable, another status than 200, or a body that no aggregator would accept."""


def _phone(ctx: click.Context, param: click.Parameter, value: str) -> str:
    try:
        return parse_phone(value)
    except InvalidPhone as fault:
        raise click.BadParameter(f"{fault}; {fault.fix}", ctx, param) from None


def _base_url(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    if value is None:
        return None
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise click.BadParameter("write it with its scheme, such as http://127.0.0.1:8000", ctx, param)
    return value.rstrip("/")


def line_options(command: Callable[..., None]) -> Callable[..., None]:
    """Whose phone, and which gateway: `phone`, `port` and `url`."""
    for option in (
        click.option("--url", callback=_base_url, help="A gateway elsewhere, such as https://gateway.example."),
        click.option(
            "--port", default=8000, envvar="PORT", show_default=True, show_envvar=True, help="The gateway here."
        ),
        click.option("--phone", required=True, callback=_phone, help="The phone's number, such as 081200000001."),
    ):
        command = option(command)
    return command


secret_option = click.option("--secret", default="demo", show_default=True, help="The webhooks' path secret.")


def gateway_at(url: str | None, port: int) -> str:
    """The gateway's address."""
    return url or f"http://127.0.0.1:{port}"


def simulated_webhook(gateway: str, secret: str) -> str:
    """The simulated aggregator's, up to its name."""
    return f"{gateway}/webhooks/{quote(secret, safe='')}/simulated"


class Line:
    """A connection to a gateway. Each method raises `GatewayRefused`."""

    def __init__(self) -> None:
        self._http = requests.Session()
        # A proxy named in the environment would see every reply; only settings.py reads the environment.
        self._http.trust_env = False

    def post(self, address: str, fields: Mapping[str, str]) -> str:
        """The answer to a form."""
        return self._text("POST", address, "wrong --secret, or --url is not the gateway", data=dict(fields))

    def get(self, address: str, fields: Mapping[str, str]) -> str:
        """The answer to a question."""
        return self._text("GET", address, "--url is not the gateway, or not a demonstration", params=dict(fields))

    def _text(self, method: str, address: str, not_there: str, **more: Any) -> str:
        try:
            answer = self._http.request(method, address, timeout=AGGREGATOR_TIMEOUT_S, allow_redirects=False, **more)
        except requests.Timeout:
            raise GatewayRefused(f"no answer within {AGGREGATOR_TIMEOUT_S:.0f} s") from None
        except requests.RequestException as fault:
            # Not the fault's own message: it repeats the whole address, and with it the webhook's secret.
            host = urlsplit(address).netloc.rpartition("@")[2]
            raise GatewayRefused(f"no gateway at {host} ({type(fault).__name__}); is it running?") from None
        if answer.status_code == requests.codes.not_found:
            raise GatewayRefused(f"the gateway answered 404: {not_there}")
        if answer.status_code != requests.codes.ok:
            raise GatewayRefused(f"the gateway answered {answer.status_code} where only 200 goes on")
        return answer.content.decode("utf-8", errors="replace")
