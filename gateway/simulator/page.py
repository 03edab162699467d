"""Where does the browser's phone come from? The simulator's page, its files and what it asks, in a demonstration only.

The page speaks to the real webhook of the simulated aggregator; this module hands it the address.
"""

from typing import Any, Final

from flask import Blueprint, Response, jsonify, render_template, request
from redis.exceptions import RedisError

from gateway.simulator.faults import FAULT_KINDS
from gateway.simulator.inbox import SimulatorInbox
from immigration.phones import InvalidPhone, international

DEMO_PHONES = ("+6281200000001", "+6281200000002", "+6281200000003", "+6281200000004")
"""The numbers that the demonstration data has applications for."""

# domain.md 4.2: MCC 510 and the operator; 99999 is Africa's Talking's sandbox (africastalking.md 2.1).
NETWORKS = (
    ("51010", "Telkomsel"),
    ("51001", "Indosat"),
    ("51011", "XL"),
    ("51009", "Smartfren"),
    ("99999", "Sandbox"),
)

ONE_WAY = "IMIGRASI"
"""Whom a text is addressed to where the deployment has no number that people can text to."""

CONTENT_SECURITY_POLICY = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

# As the page offers them where a bare kind says too little.
_WITH_VALUE: Final = {"429": "429:30", "slow": "slow:5"}
OFFERED_FAULTS = tuple(
    (_WITH_VALUE.get(kind, kind), does[0].upper() + does[1:].replace("`", "")) for kind, does in FAULT_KINDS.items()
)


def simulator_blueprint(webhook_secret: str, service_code: str, sms_number: str, inbox: SimulatorInbox) -> Blueprint:
    """`GET /simulator`, its files and questions. The page shows `webhook_secret`: for a demonstration only."""
    blueprint = Blueprint(
        "simulator",
        __name__,
        url_prefix="/simulator",
        static_folder="static",
        static_url_path="/static",
        template_folder="templates",
    )

    @blueprint.get("/", strict_slashes=False)
    def phone() -> str:
        return render_template(
            "phone.html",
            webhook=f"{request.script_root}/webhooks/{webhook_secret}/simulated",
            service_code=service_code,
            sms_number=sms_number or ONE_WAY,
            phones=DEMO_PHONES,
            networks=NETWORKS,
            faults=OFFERED_FAULTS,
        )

    @blueprint.get("/inbox")
    def received() -> tuple[Response, int] | Response:
        try:
            number = international(request.args.get("phone", ""))
        except InvalidPhone as fault:
            return _refused(f"{fault}; {fault.fix}")
        return jsonify(
            [{"at": one.at.isoformat(), "from": one.sender, "text": one.text} for one in inbox.received(number)]
        )

    @blueprint.get("/faults")
    def fault_to_come() -> Response:
        return _fault(inbox)

    @blueprint.post("/faults")
    def set_fault() -> tuple[Response, int] | Response:
        told = request.get_json(silent=True)
        if not isinstance(told, dict) or not set(told) <= {"fault", "sticky"} or "fault" not in told:
            return _refused('send JSON such as {"fault": "hang", "sticky": false}; "fault": null ends it')
        text, sticky = told["fault"], told.get("sticky", False)
        if not isinstance(sticky, bool):
            return _refused("sticky: true or false")
        if text is not None and not isinstance(text, str):
            return _refused('fault: a text such as "hang" or "429:30", or null')
        try:
            inbox.set_fault(text, sticky)
        except ValueError as fault:
            return _refused(f"fault: {fault}")
        return _fault(inbox)

    @blueprint.errorhandler(RedisError)
    def away(_error: RedisError) -> tuple[Response, int]:
        return jsonify({"error": "Redis is away: the simulated phones' messages are kept there"}), 503

    @blueprint.after_request
    def protect(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    return blueprint


def _fault(inbox: SimulatorInbox) -> Response:
    told = inbox.fault()
    return jsonify({"fault": told.text if told else None, "sticky": bool(told and told.sticky)})


def _refused(why: str) -> tuple[Response, int]:
    answer: dict[str, Any] = {"error": why, "kinds": FAULT_KINDS} if why.startswith("fault") else {"error": why}
    return jsonify(answer), 400
