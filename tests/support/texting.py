"""How does a client ask the pretend aggregator to send? As plain requests, each over a connection of its own."""

import requests

from gateway.simulator.aggregator import PretendAggregator

PHONE = "+6281200000001"
LONG_S = 10.0
# Connecting is the kernel's doing and quick; what is cut short is the wait for an answer.
SHORT = (LONG_S, 0.05)


def send(
    pretend: PretendAggregator,
    to: str = PHONE,
    message: str = "Halo",
    *,
    timeout: float | tuple[float, float] = LONG_S,
    **more: str,
) -> requests.Response:
    """As Africa's Talking wants it."""
    form = {"username": "sandbox", "to": to, "message": message, "bulkSMSMode": "1", "from": "IMIGRASI", **more}
    return requests.post(
        f"{pretend.url}/version1/messaging",
        data=form,
        headers={"apiKey": "key", "Accept": "application/json"},
        timeout=timeout,
        allow_redirects=False,
    )


def send_8x8(
    pretend: PretendAggregator,
    destination: str = PHONE,
    *,
    timeout: float | tuple[float, float] = LONG_S,
    **more: str,
) -> requests.Response:
    """As 8x8 wants it."""
    return requests.post(
        f"{pretend.url}/api/v1/subaccounts/SubAccount-1/messages",
        json={"source": "BRAND", "destination": destination, "text": "Halo", "clientMessageId": "our-1", **more},
        headers={"Authorization": "Bearer key"},
        timeout=timeout,
        allow_redirects=False,
    )
