"""Hubtel over USSD: JSON with the latest input and its hop number, our state echoed back (africastalking.md 12.1)."""

import json
from typing import Any

from gateway.aggregators.port import (
    ID_LENGTH,
    HttpAnswer,
    Latest,
    Request,
    Unusable,
    UssdEnd,
    UssdHop,
    UssdReply,
    whole_number,
)

_ENDS = {"timeout": "Timeout", "release": "Release"}


class HubtelUssd:
    """The wire format. What is dialled is a code of Hubtel's and no input of ours."""

    name = "hubtel"

    def read(self, request: Request) -> UssdHop | UssdEnd:
        """The hop, or the end: Hubtel tells a timeout and a release by the same way. Raises `Unusable`."""
        body = _object(request.body)
        session_id = _session_id(body)
        kind = str(body.get("Type", "")).lower()
        if kind in _ENDS:
            phone = str(body.get("Mobile") or "")
            return UssdEnd(session_id, _ENDS[kind], phone, hops=whole_number(body.get("Sequence")))
        number = whole_number(body.get("Sequence"))
        if number is None:
            raise Unusable("Sequence is no hop number")
        begins = kind == "initiation"
        return UssdHop(
            session_id=session_id,
            phone=str(body.get("Mobile") or ""),
            network=str(body.get("Operator") or "")[:ID_LENGTH],
            typed=Latest(
                number=1 if begins else max(number, 2),
                typed="" if begins else str(body.get("Message") or ""),
                state="" if begins else str(body.get("ClientState") or ""),
            ),
        )

    def read_end(self, request: Request) -> UssdEnd:
        """An end told by itself. Raises `Unusable` for anything else."""
        end = self.read(request)
        if not isinstance(end, UssdEnd):
            raise Unusable("Type is not the end of a session")
        return end

    def write(self, reply: UssdReply, hop: UssdHop | UssdEnd | None) -> HttpAnswer:
        """`response` goes on, `release` ends."""
        answer = {
            "SessionId": hop.session_id if hop else "",
            "Type": "response" if reply.more else "release",
            "Message": reply.text,
            "Label": reply.label or "Imigrasi",
            "DataType": "input" if reply.more else "display",
            "FieldType": "text",
            "ClientState": reply.state,
        }
        return HttpAnswer(json.dumps(answer), "application/json")


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise Unusable("the body is not JSON") from None
    if not isinstance(value, dict):
        raise Unusable("the body is not a JSON object")
    return value


def _session_id(body: dict[str, Any]) -> str:
    session_id = body.get("SessionId")
    if not isinstance(session_id, str) or not session_id or len(session_id) > ID_LENGTH:
        raise Unusable("SessionId is missing or too long")
    return session_id
