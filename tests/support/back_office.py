"""A back office with keys, in front of a real API on a real database."""

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from gateway.api import register_api
from gateway.wiring import Wiring
from immigration import api_keys
from immigration.api_keys import SCOPES, Scope
from immigration.audit import AuditRow

NUMBER = "1234567890123456"
RECORD: dict[str, Any] = {
    "service": "P10",
    "office": "SJJ",
    "applicant": {
        "name": "Siti Aminah",
        "birth_date": "1990-11-24",
        "phone": "0812 3456 7890",
        "language": "min",
        "consent": True,
    },
    "status": "BERKAS_DIPERIKSA",
}


def changed(record: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """A record with some fields replaced; `applicant__phone` names one of an object."""
    made = deepcopy(dict(record))
    for path, value in fields.items():
        *outer, last = path.split("__")
        target = made
        for name in outer:
            target = target.setdefault(name, {})
        target[last] = value
    return made


@dataclass
class BackOffice:
    """Calls the API in process, with a key of its own unless told otherwise."""

    wiring: Wiring
    app: Flask
    key: str

    @classmethod
    def over(cls, wiring: Wiring) -> "BackOffice":
        """A back office whose key may do everything."""
        made = cls(wiring, cls.app_over(wiring), "")
        made.key = made.new_key("simkim", *SCOPES)
        return made

    @staticmethod
    def app_over(wiring: Wiring) -> Flask:
        """The API alone, in an application of its own."""
        app = Flask("gateway", static_folder=None)
        register_api(app, wiring)
        return app

    def new_key(self, name: str, *scopes: Scope) -> str:
        """Another key."""
        with self.wiring.database.writing() as session:
            return api_keys.create(session, name, scopes, "tests", self.wiring.clock())

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        data: bytes | None = None,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> TestResponse:
        """One call, with JSON unless `data` says what to send."""
        client: FlaskClient = self.app.test_client()
        sent = {"Authorization": f"Bearer {key or self.key}"} | dict(headers or {})
        if data is None and body is not None:
            data = json.dumps(body).encode()
        content = {"content_type": "application/json"} if data is not None else {}
        return client.open(f"/api/v1{path}", method=method, data=data, headers=sent, **content)

    def put(self, body: Any, number: str = NUMBER, **options: Any) -> TestResponse:
        """Record an application."""
        return self.call("PUT", f"/applications/{number}", body, **options)

    def move(self, body: Any, number: str = NUMBER, **options: Any) -> TestResponse:
        """Move an application on."""
        return self.call("POST", f"/applications/{number}/status", body, **options)

    def get(self, number: str = NUMBER, **options: Any) -> TestResponse:
        """Read an application."""
        return self.call("GET", f"/applications/{number}", **options)

    def history(self, number: str = NUMBER) -> list[tuple[str, str | None, str | None]]:
        """Kind, state before and state after of each change."""
        events = self.get(number).get_json()["history"]
        return [(event["kind"], event["status_from"], event["status_to"]) for event in events]

    def audited(self) -> list[tuple[str, str, str, str | None]]:
        """Actor, action, way and last four digits of each audit row."""
        with self.wiring.database.reading() as session:
            rows = session.scalars(select(AuditRow).order_by(AuditRow.id))
            return [(row.actor, row.action, row.through, row.subject_last4) for row in rows]


def faults(response: TestResponse) -> dict[str, str]:
    """What a problem says of each field."""
    return {fault["field"]: fault["message"] for fault in response.get_json().get("errors", [])}
