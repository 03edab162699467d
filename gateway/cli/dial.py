"""`dial`: a phone in the terminal, framed for a person, plain for a script."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from gateway.cli.handset import Handset, Hop, WrongCode, prefilled
from gateway.cli.line import GatewayRefused, gateway_at, line_options, secret_option, simulated_webhook
from immigration.gsm7 import NotGsm7, septets

SCREEN_SEPTETS = 160
COMMANDS = "Enter: send   /repeat: same request again   /drop: hang up   /redial: new call   /export FILE: save call"


@click.command()
@click.argument("dialled")
@line_options
@secret_option
@click.option("--network", default="51010", show_default=True, help="Network code: MCC and MNC.")
@click.option("--code", default="*384*1303#", show_default=True, help="The service code that DIALLED starts with.")
@click.option("--input", "inputs", multiple=True, help="A reply; repeat it for each hop. Standard input is not read.")
def dial(
    dialled: str,
    phone: str,
    port: int,
    url: str | None,
    secret: str,
    network: str,
    code: str,
    inputs: tuple[str, ...],
) -> None:
    """Call the gateway as a citizen's phone would, through its real webhook.

    DIALLED is the code, such as '*384*1303#', or one that carries replies, such as '*384*1303*1#'. With a
    script on standard input each line is one reply, and the answers come out plain, with a line `---` between
    them; where the replies end, the phone hangs up. On a terminal the replies of --input are typed first and
    the call goes on by hand.
    """
    try:
        first = prefilled(dialled, code)
    except WrongCode as fault:
        raise click.BadParameter(str(fault), param_hint="DIALLED") from None
    handset = Handset(simulated_webhook(gateway_at(url, port), secret), phone, code=code, network=network)
    try:
        if sys.stdin.isatty() and sys.stdout.isatty():
            _by_hand(handset, first, inputs, Console(highlight=False))
        else:
            _by_script(handset, first, iter(inputs) if inputs else _lines())
    except GatewayRefused as fault:
        raise click.ClickException(str(fault)) from None


def _lines() -> Iterator[str]:
    for line in sys.stdin:
        yield line.rstrip("\r\n")


def _by_script(handset: Handset, first: list[str], replies: Iterator[str]) -> None:
    click.echo(handset.dial(first).reply)
    while handset.open:
        try:
            typed = next(replies)
        except StopIteration:
            handset.hang_up()
            return
        click.echo(f"---\n{handset.reply(typed).reply}")


def _by_hand(handset: Handset, first: list[str], inputs: tuple[str, ...], console: Console) -> None:
    """A call on a terminal: `inputs` are typed ahead, then the person goes on."""
    console.print(Text(COMMANDS, style="dim"))
    ahead = list(inputs)
    _show(console, handset, handset.dial(first))
    while True:
        try:
            typed = ahead.pop(0) if ahead else console.input("> ")
        except (EOFError, KeyboardInterrupt):
            break
        if not typed and not handset.open:
            break
        _obey(console, handset, first, typed)
    if handset.open:
        handset.hang_up()
        console.print("Hung up.")


def _obey(console: Console, handset: Handset, first: list[str], typed: str) -> None:
    """Carry out one line: a command, or a reply while the call is open."""
    word, _, rest = typed.partition(" ")
    match word:
        case "/drop":
            _drop(console, handset)
        case "/repeat":
            _repeat(console, handset)
        case "/redial":
            _redial(console, handset, first)
        case "/export":
            _export(console, handset, rest.strip())
        case _ if handset.open:
            _show(console, handset, handset.reply(typed))
        case _:
            console.print("No call is open. /redial, /repeat, /export FILE, or Enter to leave.", markup=False)


def _drop(console: Console, handset: Handset) -> None:
    if not handset.open:
        console.print("No call is open.")
        return
    handset.hang_up()
    console.print("Call dropped. /redial, /repeat, /export FILE, or Enter to leave.")


def _repeat(console: Console, handset: Handset) -> None:
    hop, same = handset.repeat()
    _show(console, handset, hop)
    console.print("Same answer, byte for byte." if same else "[red]The answer differs from the first one.[/red]")


def _redial(console: Console, handset: Handset, first: list[str]) -> None:
    if handset.open:
        handset.hang_up()
    _show(console, handset, handset.dial(first))


def _export(console: Console, handset: Handset, name: str) -> None:
    if not name:
        console.print("Name the file: /export call.json")
        return
    try:
        Path(name).write_text(json.dumps(handset.export(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except OSError as fault:
        console.print(Text(f"{name}: {fault.strerror}"))
        return
    console.print(Text(f"Saved to {name}. What real callers typed must not be committed."))


def _show(console: Console, handset: Handset, hop: Hop) -> None:
    """The screen in a frame, with what it costs of a screen's 160 septets (3GPP TS 23.038)."""
    try:
        used = septets(hop.screen)
        count = Text(f"{used}/{SCREEN_SEPTETS} septets", style="red" if used > SCREEN_SEPTETS else "dim")
    except NotGsm7:
        count = Text("not GSM-7", style="red")
    if hop.ends:
        count.append("  call ended", style="dim")
    # Text, not markup: a screen may hold square brackets.
    frame = Panel(Text(hop.screen), title=Text(handset.phone), subtitle=count, width=44, padding=(0, 1))
    console.print(frame)
