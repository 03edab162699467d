"""How does history travel where an aggregator sends the latest input alone? Sealed, in the state that it echoes."""

import base64
import binascii
import json
from dataclasses import replace

from gateway.aggregators.port import UssdReply
from immigration.vault import KeyRing, Unreadable
from menus.turn import Latest, Turn


class Echo:
    """Seals the inputs of a call for its own session alone."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring

    def with_state(self, reply: UssdReply, turn: Turn) -> UssdReply:
        """The reply with the history so far, where the turn's aggregator needs it and the call goes on."""
        if not isinstance(turn.typed, Latest) or not reply.more:
            return reply
        inputs = [] if turn.typed.begins else [*(turn.typed.before or ()), turn.typed.typed]
        sealed = self._ring.seal_alike(json.dumps(inputs).encode(), turn.session_id.encode("utf-8", "surrogatepass"))
        return replace(reply, state=base64.urlsafe_b64encode(sealed).decode())

    def inputs(self, state: str, session_id: str) -> tuple[str, ...] | None:
        """The earlier inputs; none where the state is not ours or of another session."""
        try:
            sealed = base64.b64decode(state, altchars=b"-_", validate=True)
            inputs = json.loads(self._ring.unseal(sealed, session_id.encode("utf-8", "surrogatepass")))
        except (binascii.Error, ValueError, Unreadable):
            return None
        return tuple(str(typed) for typed in inputs)
