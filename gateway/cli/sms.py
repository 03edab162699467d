"""`sms`: a simulated phone's SMS in the terminal."""

import json
from datetime import datetime
from uuid import uuid4

import click

from gateway.cli.line import GatewayRefused, Line, gateway_at, line_options, secret_option, simulated_webhook
from gateway.cli.printing import plain
from immigration.clock import utc_now


@click.group()
def sms() -> None:
    """Read and write SMS as a citizen's phone, against a running demonstration."""


@sms.command()
@line_options
def read(phone: str, port: int, url: str | None) -> None:
    """What the phone has received, oldest first, by this computer's time."""
    try:
        received = json.loads(Line().get(f"{gateway_at(url, port)}/simulator/inbox", {"phone": phone}))
        lines = [_shown(one) for one in received]
    except GatewayRefused as fault:
        raise click.ClickException(str(fault)) from None
    except (ValueError, KeyError, TypeError):
        raise click.ClickException("the answer is no list of SMS: --url is not the gateway") from None
    click.echo("\n".join(lines) if lines else "No SMS.")


@sms.command()
@line_options
@secret_option
@click.option("--to", default="IMIGRASI", show_default=True, help="Whom the SMS is addressed to.")
@click.argument("text")
def send(text: str, phone: str, port: int, url: str | None, secret: str, to: str) -> None:
    """Send TEXT from the phone, through the gateway's real webhook."""
    fields = {
        "from": phone,
        "to": to,
        "text": text,
        "id": uuid4().hex,
        "date": f"{utc_now():%Y-%m-%d %H:%M:%S}",
    }
    try:
        Line().post(f"{simulated_webhook(gateway_at(url, port), secret)}/sms/inbound", fields)
    except GatewayRefused as fault:
        raise click.ClickException(str(fault)) from None
    click.echo("Sent.")


def _shown(one: dict[str, str]) -> str:
    at = datetime.fromisoformat(one["at"]).astimezone()
    return f"{at:%Y-%m-%d %H:%M}  {plain(one['from'])}  {plain(one['text'])}"
