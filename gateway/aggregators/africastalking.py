"""Africa's Talking over USSD: form posts with the whole history, answered in text/plain (africastalking.md 2-3)."""

from urllib.parse import parse_qsl

from gateway.aggregators.port import (
    ID_LENGTH,
    HttpAnswer,
    Request,
    Unusable,
    UssdEnd,
    UssdHop,
    UssdReply,
    whole_number,
)

_FIELDS = 40
_LABEL_LENGTH = 99


class AfricasTalkingUssd:
    """The wire format; the simulated aggregator speaks it too, under its own name."""

    def __init__(self, name: str = "africastalking") -> None:
        self.name = name

    def read(self, request: Request) -> UssdHop:
        """The hop of a callback. Raises `Unusable` without a session id."""
        form = form_of(request.body)
        return UssdHop(
            session_id=_session_id(form),
            phone=form.get("phoneNumber", ""),
            network=form.get("networkCode", "")[:ID_LENGTH],
            typed=form.get("text", ""),
        )

    def read_end(self, request: Request) -> UssdEnd:
        """The end-of-session event; its `input` and `lastAppResponse` hold what people typed and are left behind."""
        form = form_of(request.body)
        return UssdEnd(
            session_id=_session_id(form),
            status=form.get("status", "")[:ID_LENGTH],
            phone=form.get("phoneNumber", ""),
            duration_ms=whole_number(form.get("durationInMillis")),
            hops=whole_number(form.get("hopsCount")),
            cost=form.get("cost"),
        )

    def write(self, reply: UssdReply, hop: UssdHop | UssdEnd | None) -> HttpAnswer:
        """`CON ` or `END ` at byte 0; anything else ends the session on the subscriber's phone."""
        headers = {"at-ussd-hop-metadata": reply.label[:_LABEL_LENGTH]} if reply.label else {}
        return HttpAnswer(("CON " if reply.more else "END ") + reply.text, "text/plain; charset=utf-8", headers)


def form_of(body: bytes) -> dict[str, str]:
    """The fields, the first of repeated ones; whatever the content type says, for the body is a form or useless."""
    try:
        pairs = parse_qsl(body.decode("ascii", "replace"), keep_blank_values=True, max_num_fields=_FIELDS)
    except ValueError:
        raise Unusable("more fields than a callback has") from None
    form: dict[str, str] = {}
    for name, value in pairs:
        form.setdefault(name, value)
    return form


def _session_id(form: dict[str, str]) -> str:
    session_id = form.get("sessionId", "")
    if not session_id or len(session_id) > ID_LENGTH:
        raise Unusable("sessionId is missing or too long")
    return session_id
