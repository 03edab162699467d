"""What happened in a recorded call? Reads a phone's export or a log of webhooks, and names what is wrong."""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

VERSION = 1


class BadRecording(ValueError):
    """The recording cannot become a test; the message names the field."""


@dataclass(frozen=True)
class Step:
    """One thing that the caller did, and the answer: `typed` is None for the dialling of the code alone."""

    typed: str | None
    reply: str


@dataclass(frozen=True)
class RecordedCall:
    """A call's steps in order, without copies; `dialled` are the replies that the dialled code carried.

    An export says from which phone and when; a log of webhooks does not.
    """

    dialled: str
    steps: tuple[Step, ...]
    phone: str = ""
    recorded_at: str = ""


def read_recording(content: str) -> list[RecordedCall]:
    """The calls in `content`: one of an export (a JSON object with `hops`), or those of a log of webhooks, by
    first appearance (JSON lines of `text`, `reply` and, where there are several calls, `sessionId`).

    Raises `BadRecording`.
    """
    try:
        whole = json.loads(content)
    except json.JSONDecodeError:
        return _from_lines(content)
    if isinstance(whole, dict) and "hops" not in whole and "text" in whole:
        return _from_lines(content)
    return [_from_export(whole)]


def _from_export(whole: Any) -> RecordedCall:
    if not isinstance(whole, dict):
        raise BadRecording("not a recorded call: expected an object with version and hops")
    if whole.get("version") != VERSION:
        raise BadRecording(f"version: expected {VERSION}, found {whole.get('version')!r}")
    hops = whole.get("hops")
    if not isinstance(hops, list) or not hops:
        raise BadRecording("hops: expected a list with at least one hop")
    call = _call([_hop(hop, f"hops[{place}]") for place, hop in enumerate(hops)])
    recorded_at = whole.get("recorded_at", "")
    try:
        if recorded_at and datetime.fromisoformat(recorded_at).tzinfo is None:
            raise ValueError
    except (TypeError, ValueError):
        raise BadRecording("recorded_at: expected a time such as 2026-11-24T10:00:00+00:00") from None
    return replace(call, phone=str(whole.get("phone", "")), recorded_at=recorded_at)


def _from_lines(content: str) -> list[RecordedCall]:
    calls: dict[str, list[tuple[str, str, str]]] = {}
    # Not splitlines(): a reply may hold U+2028, which JSON leaves as it is.
    for number, line in enumerate(content.split("\n"), start=1):
        if not line.strip():
            continue
        where = f"line {number}"
        try:
            hop = json.loads(line)
        except json.JSONDecodeError as fault:
            raise BadRecording(f"{where}: not JSON ({fault.msg} at column {fault.colno})") from None
        if not isinstance(hop, dict):
            raise BadRecording(f"{where}: expected an object")
        session = hop.get("sessionId", "")
        if not isinstance(session, str):
            raise BadRecording(f"{where}.sessionId: expected a text")
        calls.setdefault(session, []).append(_hop(hop, where))
    if not calls:
        raise BadRecording("hops: the file is empty")
    return [_call(hops) for hops in calls.values()]


def _hop(hop: Any, where: str) -> tuple[str, str, str]:
    """`where`, `text` and `reply` of one hop."""
    if not isinstance(hop, dict):
        raise BadRecording(f"{where}: expected an object")
    for field in ("text", "reply"):
        if not isinstance(hop.get(field), str):
            raise BadRecording(f"{where}.{field}: expected a text")
    if not hop["reply"].startswith(("CON ", "END ")):
        raise BadRecording(f"{where}.reply: starts with neither CON nor END")
    return where, hop["text"], hop["reply"]


def _call(hops: list[tuple[str, str, str]]) -> RecordedCall:
    """What was typed, hop by hop, told by the text before (africastalking.md 2.2); copies are left out."""
    _, dialled, first = hops[0]
    answers = {dialled: first}
    steps = [Step(None, first)]
    before = dialled
    for where, text, reply in hops[1:]:
        if text in answers:
            if answers[text] != reply:
                raise BadRecording(f"{where}.reply: differs from the first answer to the same text")
            continue
        if steps[-1].reply.startswith("END "):
            raise BadRecording(f"{where}.text: goes on after an END")
        prefix = f"{before}*" if before else ""
        if not text.startswith(prefix):
            raise BadRecording(f"{where}.text: does not go on from the text before it")
        steps.append(Step(text[len(prefix) :], reply))
        answers[text] = reply
        before = text
    return RecordedCall(dialled, tuple(steps))
