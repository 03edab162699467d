"""Does the API refuse what it cannot take, naming the field and never its value?"""

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.support.back_office import NUMBER, RECORD, BackOffice, changed, faults
from tests.support.clock import START

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)

PAYMENT = {"billing": "820261124000001", "amount": 950000, "due_at": "2026-11-24T12:00:00+07:00"}
CANARY = "Rahasia7781"


def _in(**delta: float) -> str:
    return (START + timedelta(**delta)).isoformat()


def _without(field: str) -> dict[str, Any]:
    return {name: value for name, value in RECORD.items() if name != field}


RECORD_FAULTS: list[tuple[dict[str, Any], str]] = [
    *((_without(field), field) for field in ("service", "office", "applicant", "status")),
    (changed(RECORD, nik=CANARY), "nik"),
    (changed(RECORD, applicant__nik=CANARY), "applicant.nik"),
    (changed(RECORD, service="XYZ"), "service"),
    (changed(RECORD, service=CANARY), "service"),
    (changed(RECORD, office="XYZ"), "office"),
    (changed(RECORD, applicant=CANARY), "applicant"),
    (changed(RECORD, applicant={"birth_date": "1990-11-24"}), "applicant.name"),
    (changed(RECORD, applicant={"name": "Siti"}), "applicant.birth_date"),
    (changed(RECORD, applicant__name=""), "applicant.name"),
    (changed(RECORD, applicant__name="   "), "applicant.name"),
    (changed(RECORD, applicant__name="a" * 201), "applicant.name"),
    (changed(RECORD, applicant__name=f"{CANARY}\x00"), "applicant.name"),
    (changed(RECORD, applicant__name=f"{CANARY}\nB"), "applicant.name"),
    (changed(RECORD, applicant__name=f"{CANARY}\u2028B"), "applicant.name"),
    (changed(RECORD, applicant__name=7781), "applicant.name"),
    (changed(RECORD, applicant__birth_date="2026-11-25"), "applicant.birth_date"),
    (changed(RECORD, applicant__birth_date="1895-11-24"), "applicant.birth_date"),
    (changed(RECORD, applicant__birth_date="1990-02-30"), "applicant.birth_date"),
    (changed(RECORD, applicant__birth_date="24-11-1990"), "applicant.birth_date"),
    (changed(RECORD, applicant__birth_date="1990-11-24T00:00:00Z"), "applicant.birth_date"),
    (changed(RECORD, applicant__birth_date=659404800), "applicant.birth_date"),
    (changed(RECORD, applicant__phone=CANARY), "applicant.phone"),
    (changed(RECORD, applicant__phone="0754123456"), "applicant.phone"),
    (changed(RECORD, applicant__phone="08001234567"), "applicant.phone"),
    (changed(RECORD, applicant__phone=6281234567890), "applicant.phone"),
    (changed(RECORD, applicant__phone="0812" * 1000), "applicant.phone"),
    (changed(RECORD, applicant__language="jv"), "applicant.language"),
    (changed(RECORD, applicant__consent="yes"), "applicant.consent"),
    (changed(RECORD, applicant__consent=1), "applicant.consent"),
    (changed(RECORD, status="SELESAI"), "status"),
    (changed(RECORD, status="IT_TERBIT"), "status"),
    (changed(RECORD, service="ITAS1", status="CETAK"), "status"),
    (changed(RECORD, payment={}), "payment.billing"),
    (changed(RECORD, payment=PAYMENT | {"billing": "1" * 14}), "payment.billing"),
    (changed(RECORD, payment=PAYMENT | {"billing": "1" * 15 + "\n"}), "payment.billing"),
    (changed(RECORD, payment=PAYMENT | {"billing": "１" * 15}), "payment.billing"),
    (changed(RECORD, payment=PAYMENT | {"amount": 0}), "payment.amount"),
    (changed(RECORD, payment=PAYMENT | {"amount": 950000.5}), "payment.amount"),
    (changed(RECORD, payment=PAYMENT | {"amount": "950000"}), "payment.amount"),
    (changed(RECORD, payment=PAYMENT | {"amount": 10**30}), "payment.amount"),
    (changed(RECORD, payment=PAYMENT | {"due_at": _in(days=7, seconds=1)}), "payment.due_at"),
    (changed(RECORD, payment=PAYMENT | {"due_at": "2026-11-24T12:00:00"}), "payment.due_at"),
    (changed(RECORD, payment=PAYMENT | {"paid_at": _in()}), "payment.paid_at"),
    (changed(RECORD, details={"missing": "a" * 201}), "details.missing"),
    (changed(RECORD, details={"due_on": "2026-13-01"}), "details.due_on"),
    (changed(RECORD, details={"due_on": "0001-01-01"}), "details.due_on"),
    (changed(RECORD, details=[]), "details"),
    (changed(RECORD, occurred_at=_in(minutes=5, seconds=1)), "occurred_at"),
    (changed(RECORD, occurred_at="2026-11-24T10:00:00"), "occurred_at"),
    (changed(RECORD, occurred_at="2026-11-24"), "occurred_at"),
    (changed(RECORD, occurred_at="2026-11-24T25:00:00Z"), "occurred_at"),
    (changed(RECORD, occurred_at="2026-11-24T10:00:00+24:00"), "occurred_at"),
    (changed(RECORD, occurred_at="0001-01-01T00:00:00+07:00"), "occurred_at"),
    (changed(RECORD, occurred_at="9999-12-31T23:59:59-07:00"), "occurred_at"),
    (changed(RECORD, occurred_at=1763953200), "occurred_at"),
    (changed(RECORD, notify="no"), "notify"),
]
STATUS_FAULTS: list[tuple[dict[str, Any], str]] = [
    ({}, "status"),
    ({"status": "SELESAI"}, "status"),
    ({"status": "IT_TERBIT"}, "status"),
    ({"status": "CETAK", "correction": True}, "note"),
    ({"status": "CETAK", "correction": True, "note": " "}, "note"),
    ({"status": "CETAK", "correction": True, "note": "a" * 1001}, "note"),
    ({"status": "CETAK", "note": CANARY}, "note"),
    ({"status": "CETAK", "correction": "yes", "note": CANARY}, "correction"),
    ({"status": "CETAK", "reason": CANARY}, "reason"),
    ({"status": "CETAK", "details": {"nik": CANARY}}, "details.nik"),
]


@pytest.mark.parametrize(("body", "field"), RECORD_FAULTS)
def test_a_record_that_cannot_be_taken_names_its_field(office: BackOffice, body: dict[str, Any], field: str) -> None:
    answer = office.put(body)
    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")
    assert field in faults(answer)
    assert CANARY not in answer.text
    assert office.get().status_code == 404


@pytest.mark.parametrize(("body", "field"), STATUS_FAULTS)
def test_a_step_that_cannot_be_taken_names_its_field(office: BackOffice, body: dict[str, Any], field: str) -> None:
    office.put(RECORD)
    answer = office.move(body)
    assert (answer.status_code, list(faults(answer))) == (422, [field])
    assert CANARY not in answer.text
    assert office.get().get_json()["status"] == RECORD["status"]


def test_all_fields_at_fault_are_named_at_once(office: BackOffice) -> None:
    answer = office.put(changed(RECORD, applicant__phone="x", applicant__birth_date="x", status="x"))
    assert set(faults(answer)) == {"applicant.phone", "applicant.birth_date", "status"}
    assert "081234567890" in faults(answer)["applicant.phone"]


@pytest.mark.parametrize("number", ["1", "1" * 15, "1" * 17, "123456789012345a", "１" * 16, "1" * 16 + "%0A"])
def test_a_number_that_is_not_16_digits_is_named(office: BackOffice, number: str) -> None:
    for answer in (office.put(RECORD, number), office.move({"status": "CETAK"}, number), office.get(number)):
        assert (answer.status_code, list(faults(answer))) == (422, ["number"])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"service": "P10',
        b"[" * 16_000,
        b'{"a":' * 3000,
        b'{"applicant": {"name": "\\ud800"}}',
        b'{"applicant": {"name": "\xed\xa0\x80"}}',
        b"{} {}",
    ],
)
def test_what_is_not_json_is_400(office: BackOffice, data: bytes) -> None:
    assert office.put(None, data=data).status_code == 400


@pytest.mark.parametrize("data", [b"null", b"1", b'"{}"', b"[]", b"NaN", b"1e999"])
def test_json_that_is_no_object_is_refused(office: BackOffice, data: bytes) -> None:
    assert office.put(None, data=data).status_code in (400, 422)


def test_a_body_over_16_kb_is_413(office: BackOffice) -> None:
    data = json.dumps(RECORD).encode()
    assert office.put(None, data=data + b" " * (16 * 1024 - len(data))).status_code == 201
    assert office.put(None, data=data + b" " * (16 * 1024 - len(data) + 1)).status_code == 413


@pytest.mark.parametrize("media_type", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_body_that_is_not_announced_as_json_is_415(office: BackOffice, media_type: str) -> None:
    client = office.app.test_client()
    headers = {"Authorization": f"Bearer {office.key}", "Content-Type": media_type}
    answer = client.put(f"/api/v1/applications/{NUMBER}", data=json.dumps(RECORD), headers=headers)
    assert answer.status_code == 415


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/nothing/here", 404),
        ("POST", "/applications", 404),
        ("GET", f"/applications/{NUMBER}/", 404),
        ("DELETE", f"/applications/{NUMBER}", 405),
        ("OPTIONS", f"/applications/{NUMBER}", 405),
        ("GET", f"/applications/{NUMBER}/status", 405),
        ("POST", "/openapi.json", 405),
        ("BREW", f"/applications/{NUMBER}", 405),
    ],
)
def test_other_paths_and_methods_are_problems_too(office: BackOffice, method: str, path: str, status: int) -> None:
    answer = office.call(method, path)
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert answer.get_json()["status"] == status


def test_times_are_taken_up_to_their_bounds(office: BackOffice) -> None:
    told = changed(
        RECORD,
        payment=PAYMENT | {"due_at": _in(days=7)},
        occurred_at=_in(minutes=5),
        applicant__birth_date="2026-11-24",
    )
    assert office.put(told).status_code == 201
    assert office.put(changed(RECORD, occurred_at="2026-11-24 03:04:00.123456789z")).status_code == 200
