"""The back office's JSON API: which paths there are under /api/v1, and what any other path or method is answered."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

from flask import Blueprint, Flask, Response, request
from werkzeug.exceptions import MethodNotAllowed

from gateway.api import (
    applications,
    appointments,
    messages,
    office_day,
    payments,
    reminders,
    reports,
    slots,
    tickets,
)
from gateway.api.document import openapi
from gateway.api.handling import handle, refuse
from gateway.api.limiting import KeyLimiter
from gateway.api.operation import Operation
from gateway.api.pages import asset, docs_page, document_page
from gateway.api.problems import Problem
from gateway.wiring import Wiring

PREFIX: Final = "/api/v1"
OPERATIONS: Final = (
    *applications.OPERATIONS,
    *slots.OPERATIONS,
    *appointments.OPERATIONS,
    *office_day.OPERATIONS,
    *messages.OPERATIONS,
    *payments.OPERATIONS,
    *tickets.OPERATIONS,
    *reminders.OPERATIONS,
    *reports.OPERATIONS,
)
_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY")

_View = Callable[..., Response]


def register_api(app: Flask, wiring: Wiring) -> None:
    """Serve the API and its documents from this application."""
    limiter = KeyLimiter(wiring.redis, wiring.settings.api_rate_per_minute)
    blueprint = Blueprint("api", __name__, url_prefix=PREFIX)
    paths: dict[str, dict[str, _View]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _view(operation, wiring, limiter)
    paths["/openapi.json"] = {"GET": lambda: document_page(_document())}
    paths["/docs"] = {"GET": lambda: docs_page(OPERATIONS, PREFIX)}
    paths["/docs/{name}"] = {"GET": asset}
    for path, views in paths.items():
        _add(blueprint, path.replace("{", "<").replace("}", ">"), views)
    _add(blueprint, "/", {})
    _add(blueprint, "/<path:anything>", {})
    blueprint.register_error_handler(Problem, refuse)
    app.register_blueprint(blueprint)
    app.register_error_handler(405, _unknown_method)


@cache
def _document() -> dict[str, Any]:
    # Made when somebody first asks: it takes longer than all the rest of an application's start.
    return openapi(OPERATIONS, PREFIX)


def _view(operation: Operation[Any], wiring: Wiring, limiter: KeyLimiter) -> _View:
    def view(**path: str) -> Response:
        return handle(operation, request, path, wiring, limiter)

    return view


def _add(blueprint: Blueprint, rule: str, views: Mapping[str, _View]) -> None:
    """Serve a rule by method, any other method with 405; a rule without views with 404.

    The rule takes every method, because otherwise the rule for unknown paths would answer those that it does not.
    """

    def dispatch(**path: str) -> Response:
        if not views:
            raise Problem(404, "There is no such path.")
        view = views.get("GET" if request.method == "HEAD" else request.method)
        if view is None:
            raise Problem(
                405, f"This path does not take {request.method}.", headers={"Allow": ", ".join(sorted(views))}
            )
        return view(**path)

    blueprint.add_url_rule(
        rule,
        endpoint=rule.replace(".", "-"),
        view_func=dispatch,
        methods=_METHODS,
        provide_automatic_options=False,
    )


def _unknown_method(error: MethodNotAllowed) -> Response | MethodNotAllowed:
    """A method that HTTP does not know matches no rule of ours at all, so only the application sees it."""
    if request.path.startswith(PREFIX + "/"):
        return refuse(Problem(405, "This path does not take this method."))
    return error
