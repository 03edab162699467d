"""Where does the browser's phone come from? The simulator's page and files, for a demonstration only.

The page speaks to the real webhook of the simulated aggregator; this module hands it the address.
"""

from flask import Blueprint, Response, render_template, request

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

CONTENT_SECURITY_POLICY = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def simulator_blueprint(webhook_secret: str, service_code: str) -> Blueprint:
    """`GET /simulator` and its files. The page shows `webhook_secret`: for a demonstration only."""
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
            phones=DEMO_PHONES,
            networks=NETWORKS,
        )

    @blueprint.after_request
    def protect(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    return blueprint
