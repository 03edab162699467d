"""Does the API answer anything that its document does not say? (schemathesis, in process)"""

import hypothesis
import pytest
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from gateway.api import PREFIX
from tests.support.back_office import NUMBER, RECORD, BackOffice, changed
from tests.support.sms import SmsOffice
from tests.support.visits import VisitOffice

STARTS_AT = "2026-12-01T09:00:00+07:00"

# Not among them: that whatever fits the schema is taken. No schema says which services there are, nor what day it is.
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
    ignored_auth,
    unsupported_method,
]
CALLS = [
    ("put", f"{PREFIX}/applications/{{number}}"),
    ("get", f"{PREFIX}/applications/{{number}}"),
    ("post", f"{PREFIX}/applications/{{number}}/status"),
    ("post", f"{PREFIX}/payments/{{billing}}/paid"),
    ("post", f"{PREFIX}/payments/{{billing}}/dispute"),
    ("post", f"{PREFIX}/payments/{{billing}}/settle"),
    ("get", f"{PREFIX}/payments/{{billing}}"),
    ("get", f"{PREFIX}/payments"),
    ("get", f"{PREFIX}/tickets"),
    ("post", f"{PREFIX}/tickets/{{id}}/answer"),
    ("get", f"{PREFIX}/reminders/plan/{{number}}"),
    ("get", f"{PREFIX}/reports/day"),
    ("get", f"{PREFIX}/slots"),
    ("get", f"{PREFIX}/appointments"),
    ("post", f"{PREFIX}/appointments"),
    ("post", f"{PREFIX}/appointments/{{code}}/move"),
    ("post", f"{PREFIX}/appointments/{{code}}/cancel"),
    ("post", f"{PREFIX}/appointments/{{code}}/check-in"),
    ("post", f"{PREFIX}/appointments/walk-in"),
    ("post", f"{PREFIX}/appointments/call-next"),
]
NOW = "2026-11-24T10:00:00+07:00"
BILLING = "820200000000001"
PAYMENT = {"billing": BILLING, "amount": 950_000, "due_at": "2026-11-24T12:00:00+07:00"}


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("method", "path"), CALLS)
def test_no_request_gets_a_server_error_or_an_answer_that_is_not_documented(
    office: BackOffice, method: str, path: str
) -> None:
    office.put(changed(RECORD, status="VERIFIKASI", payment=PAYMENT))
    code = _visit(office)
    schema = schemathesis.openapi.from_wsgi(f"{PREFIX}/openapi.json", office.app)
    operation = schema[path][method]
    strategy = operation.as_strategy() | operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE)

    @hypothesis.settings(
        max_examples=25,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
    )
    @hypothesis.given(case=strategy, likely=hypothesis.strategies.booleans())
    def run(case: schemathesis.Case, likely: bool) -> None:
        checks = list(CHECKS)
        if likely:
            _made_likely(case, code)
        else:
            checks.append(negative_data_rejection)
        case.call_and_validate(headers={"Authorization": f"Bearer {office.key}"}, checks=checks)

    run()


def _visit(office: BackOffice) -> str:
    """A visit that is booked; its code."""
    visits = VisitOffice(SmsOffice(office.wiring.database, office.wiring.vault, office.wiring.clock))
    visits.renew()
    return visits.book(1, visits.free()[0].id).code


def _made_likely(case: schemathesis.Case, code: str) -> None:
    """What only the office knows, so that some requests get past the checks: a number on record, codes, a phone."""
    if "number" in case.path_parameters:
        case.path_parameters["number"] = NUMBER
    if "billing" in case.path_parameters:
        case.path_parameters["billing"] = BILLING
    if "code" in case.path_parameters:
        case.path_parameters["code"] = code
    if case.query and "office" in case.query:
        case.query["office"] = "SJJ"
    if not isinstance(case.body, dict):
        return
    known_fields = {
        "service": "P10",
        "office": "SJJ",
        "occurred_at": None,
        "payment": None,
        "starts_at": STARTS_AT,
        "paid_at": NOW,
    }
    for name, known in known_fields.items():
        if name in case.body:
            case.body[name] = known
    applicant = case.body.get("applicant")
    if isinstance(applicant, dict):
        applicant |= {name: RECORD["applicant"][name] for name in ("birth_date", "phone", "name")}
