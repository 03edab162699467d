"""`record-test`: a recorded call becomes a pytest case that a person can read and change."""

import re
from pathlib import Path

import click

from gateway.cli.recordings import BadRecording, RecordedCall, read_recording

DEMO_PHONE = "+6281200000001"
"""Stands in the test for the caller's number, which never leaves the recording."""

LINE_LENGTH = 120

# Phones of the demonstration (gateway/demo.py): nobody's, and what they read depends on which one it is.
_DEMONSTRATION = re.compile(r"\+62812000000[0-9]{2}")

# A line of the screen with its end, cut between words where it is longer than a line of code carries.
_LINES = re.compile(r"[^\n]{0,90}\n|[^\n]{1,90}(?: |\Z)|[^\n]{1,90}")

HEADER = '''"""Calls that were recorded: what the caller did, and each screen that came."""

from menus.testing import CallKit
'''


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="A new file, such as tests/menus/….")
@click.option("--name", help="What the test proves; the file's name unless given.")
def record_test(file: Path, output: Path | None, name: str | None) -> None:
    """Turn a recorded call into a test, printed or written to --output.

    FILE is an export of the simulator or of `dial`, or a log of webhooks: a JSON object per line with text,
    reply and, where it holds several calls, sessionId. A demonstration number takes the caller's place.
    """
    try:
        calls = read_recording(file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as fault:
        raise click.ClickException(f"{file}: cannot be read as UTF-8 text ({fault})") from None
    except BadRecording as fault:
        raise click.ClickException(f"{file}: {fault}") from None
    code = test_module(calls, name or file.stem)
    if output is None:
        click.echo(code, nl=False)
    else:
        try:
            with output.open("x", encoding="utf-8") as target:
                target.write(code)
        except OSError as fault:
            raise click.ClickException(f"{output}: {fault.strerror}") from None
    click.echo(
        "What real callers typed and read is personal data: commit only recordings of demonstration records.",
        err=True,
    )


def test_module(calls: list[RecordedCall], name: str) -> str:
    """The source of a test module with a case per call; the same calls and name give the same source."""
    stem = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "recorded_call"
    stem = stem.removeprefix("test_")
    names = [stem] if len(calls) == 1 else [f"{stem}_{place}" for place in range(1, len(calls) + 1)]
    return HEADER + "".join(f"\n\n{_case(call, each)}" for call, each in zip(calls, names, strict=True))


def _case(call: RecordedCall, name: str) -> str:
    dialled = f", text={_quoted(call.dialled)}" if call.dialled else ""
    phone = call.phone if _DEMONSTRATION.fullmatch(call.phone) else DEMO_PHONE
    lines = [f"def test_{name}(kit: CallKit) -> None:"]
    if call.recorded_at:
        lines.append(f"    kit.demonstrates({_quoted(call.recorded_at)})")
    lines.append(f'    call = kit.dial("{phone}"{dialled})')
    for step in call.steps:
        action = "call" if step.typed is None else f"call.replies({_quoted(step.typed)})"
        proof = "ends" if step.reply.startswith("END ") else "sees"
        lines += _expectation(f"{action}.{proof}", step.reply[4:])
    return "\n".join(lines) + "\n"


def _expectation(call: str, screen: str) -> list[str]:
    """On one line where it fits, else a text per line of the screen: what the formatter would leave alone."""
    whole = _quoted(screen)
    if len(f"    {call}({whole})") <= LINE_LENGTH:
        return [f"    {call}({whole})"]
    parts = [whole] if len(f"        {whole}") <= LINE_LENGTH else [_quoted(part) for part in _LINES.findall(screen)]
    return [f"    {call}(", *(f"        {part}" for part in parts), "    )"]


def _quoted(text: str) -> str:
    """A Python literal in double quotes where that needs no escape (what ruff format leaves alone)."""
    literal = repr(text)
    return f'"{literal[1:-1]}"' if literal[0] == "'" and '"' not in text else literal
