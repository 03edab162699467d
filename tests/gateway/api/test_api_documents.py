"""Can people and programs read what the API does, without the internet?"""

import re

import pytest
from jsonschema_rs import meta

from gateway.api import PREFIX
from tests.support.back_office import BackOffice

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)


def test_the_document_is_served_without_a_key_and_names_every_call(office: BackOffice) -> None:
    answer = office.app.test_client().get(f"{PREFIX}/openapi.json")
    assert answer.content_type == "application/json"
    calls = {(path, method) for path, methods in answer.get_json()["paths"].items() for method in methods}
    assert calls == {
        (f"{PREFIX}/applications/{{number}}", "put"),
        (f"{PREFIX}/applications/{{number}}", "get"),
        (f"{PREFIX}/applications/{{number}}/status", "post"),
        (f"{PREFIX}/slots", "get"),
        (f"{PREFIX}/appointments", "get"),
        (f"{PREFIX}/appointments", "post"),
        (f"{PREFIX}/appointments/{{code}}/move", "post"),
        (f"{PREFIX}/appointments/{{code}}/cancel", "post"),
        (f"{PREFIX}/appointments/{{code}}/check-in", "post"),
        (f"{PREFIX}/appointments/{{code}}/done", "post"),
        (f"{PREFIX}/appointments/{{code}}/no-show", "post"),
        (f"{PREFIX}/appointments/walk-in", "post"),
        (f"{PREFIX}/appointments/call-next", "post"),
        (f"{PREFIX}/messages", "get"),
        (f"{PREFIX}/tasks", "get"),
        (f"{PREFIX}/payments", "get"),
        (f"{PREFIX}/payments/{{billing}}", "get"),
        (f"{PREFIX}/payments/{{billing}}/paid", "post"),
        (f"{PREFIX}/payments/{{billing}}/dispute", "post"),
        (f"{PREFIX}/payments/{{billing}}/settle", "post"),
        (f"{PREFIX}/tickets", "get"),
        (f"{PREFIX}/tickets/{{id}}/answer", "post"),
        (f"{PREFIX}/reminders/plan/{{number}}", "get"),
        (f"{PREFIX}/reminders/rules", "get"),
        (f"{PREFIX}/reports/day", "get"),
    }


def test_each_schema_of_the_document_is_one_and_says_what_it_is(office: BackOffice) -> None:
    document = office.app.test_client().get(f"{PREFIX}/openapi.json").get_json()
    for name, schema in document["components"]["schemas"].items():
        meta.validate(schema)
        assert schema.get("description"), name


def test_the_page_and_all_it_loads_come_from_us(office: BackOffice) -> None:
    client = office.app.test_client()
    page = client.get(f"{PREFIX}/docs")
    assert page.content_type == "text/html; charset=utf-8"
    assert "PUT /api/v1/applications/{number}" in page.text
    assert "//" not in page.text
    links = set(re.findall(r'(?:src|href)="([^"]+)"', page.text))
    assets = ("swagger.svg", "swagger-ui.css", "start.js", "swagger-ui-bundle.js")
    assert links == {"openapi.json", *(f"docs/{name}" for name in assets)}
    for link in links:
        assert client.get(f"{PREFIX}/{link}").status_code == 200
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize("name", ["plugins.py", "..%2Fplugins.py", "%2Fetc%2Fpasswd", "swagger-ui.css%00"])
def test_no_other_file_is_served(office: BackOffice, name: str) -> None:
    assert office.app.test_client().get(f"{PREFIX}/docs/{name}").status_code == 404
