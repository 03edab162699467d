"""Does the API keep what the back office tells, and tell it back?"""

from datetime import timedelta

import pytest

from immigration.applications.keeping import put
from immigration.applications.record import Record
from immigration.applications.states import Group, Status, belongs, following
from tests.support.back_office import NUMBER, RECORD, BackOffice, changed, faults
from tests.support.clock import START, MovedClock

PAYMENT = {"billing": "820261124000001", "amount": 950000, "due_at": "2026-11-24T12:00:00+07:00"}
EARLIER = (START - timedelta(days=2)).isoformat()
LATER = (START - timedelta(days=1)).isoformat()
STATES: list[tuple[Group, Status]] = [
    (group, status) for group in ("passport", "permit") for status in Status if belongs(status, group)
]
SERVICE = {"passport": "P10", "permit": "ITAS1"}


def test_a_new_application_is_201_and_read_back_in_clear(office: BackOffice) -> None:
    told = changed(RECORD, payment=PAYMENT, details={"missing": "KK asli"}, occurred_at=EARLIER)
    made = office.put(told)
    assert made.status_code == 201
    read = office.get()
    assert read.status_code == 200
    assert read.get_json() == made.get_json()
    assert read.headers["Cache-Control"] == "no-store"
    assert read.get_json() | {"history": None} == {
        "number": NUMBER,
        "office": "SJJ",
        "service": "P10",
        "status": "BERKAS_DIPERIKSA",
        "status_at": "2026-11-22T03:00:00Z",
        "applicant": RECORD["applicant"] | {"phone": "+6281234567890"},
        "payment": PAYMENT | {"due_at": "2026-11-24T05:00:00Z", "paid_at": None},
        "details": {"missing": "KK asli"},
        "history": None,
    }
    (event,) = read.get_json()["history"]
    assert event == {
        "at": "2026-11-24T03:00:00Z",
        "occurred_at": "2026-11-22T03:00:00Z",
        "actor": "key:simkim",
        "kind": "created",
        "status_from": None,
        "status_to": "BERKAS_DIPERIKSA",
        "changed": [],
        "note": None,
    }


def test_the_same_told_again_changes_nothing(office: BackOffice, clock: MovedClock) -> None:
    told = changed(RECORD, payment=PAYMENT, details={"missing": "KK asli"})
    office.put(told)
    before = office.get().get_json()
    clock.move(hours=1)
    again = office.put(told)
    assert (again.status_code, again.get_json()) == (200, before)


def test_what_is_left_out_stays(office: BackOffice) -> None:
    office.put(changed(RECORD, payment=PAYMENT, details={"missing": "KK asli"}))
    answer = office.put(changed(RECORD, applicant__phone="081298765432")).get_json()
    assert answer["payment"]["billing"] == PAYMENT["billing"]
    assert answer["details"] == {"missing": "KK asli"}
    assert answer["applicant"]["phone"] == "+6281298765432"
    assert answer["history"][-1]["changed"] == ["phone"]


def test_details_go_with_the_state_that_they_were_told_with(office: BackOffice) -> None:
    office.put(changed(RECORD, status="PERLU_LENGKAPI", details={"missing": "KK asli"}))
    assert office.move({"status": "BERKAS_DIPERIKSA"}).get_json()["details"] == {}


def test_a_state_that_does_not_follow_is_recorded_as_a_correction(office: BackOffice) -> None:
    office.put(changed(RECORD, status="CETAK"))
    assert office.put(RECORD).status_code == 200
    assert office.history()[-1] == ("correction", "CETAK", "BERKAS_DIPERIKSA")


def test_an_applicant_without_phone_language_or_consent_is_taken(office: BackOffice) -> None:
    told = changed(RECORD, applicant={"name": "Siti Aminah", "birth_date": "1990-11-24"})
    answer = office.put(told)
    assert answer.status_code == 201
    assert answer.get_json()["applicant"] == {
        "name": "Siti Aminah",
        "birth_date": "1990-11-24",
        "phone": None,
        "language": None,
        "consent": False,
    }


def test_a_service_that_is_no_longer_offered_is_taken(office: BackOffice) -> None:
    assert office.put(changed(RECORD, service="PNON5")).status_code == 201


def test_a_billing_of_another_application_is_refused_and_nothing_is_kept(office: BackOffice) -> None:
    office.put(changed(RECORD, payment=PAYMENT))
    refused = office.put(changed(RECORD, payment=PAYMENT), number="9" * 16)
    assert (refused.status_code, refused.get_json()["type"]) == (409, "urn:problem-type:billing-taken")
    assert office.get("9" * 16).status_code == 404


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("group", "before"), STATES)
def test_each_step_is_taken_or_refused_by_the_table_of_states(office: BackOffice, group: Group, before: Status) -> None:
    known = following(before, group)
    numbered = {f"{place:016}": after for place, after in enumerate(Status)}
    with office.wiring.database.writing() as session:
        for number in numbered:
            told = Record(number, "SJJ", SERVICE[group], before)
            put(session, office.wiring.vault, told, group, "tests", START)
    for number, after in numbered.items():
        answer = office.move({"status": after}, number)
        if not belongs(after, group):
            assert (answer.status_code, list(faults(answer))) == (422, ["status"])
        elif after in known or after is before:
            assert (answer.status_code, answer.get_json()["status"]) == (200, after)
        else:
            assert (answer.status_code, answer.get_json()["possible"]) == (409, list(known))
            assert office.get(number).get_json()["status"] == before


def test_a_correction_goes_past_the_table_and_its_note_is_kept(office: BackOffice) -> None:
    office.put(changed(RECORD, status="DISERAHKAN"))
    assert office.move({"status": "CETAK"}).get_json()["possible"] == []
    answer = office.move({"status": "CETAK", "correction": True, "note": "Salah tekan."})
    assert (answer.status_code, answer.get_json()["status"]) == (200, "CETAK")
    assert answer.get_json()["history"][-1]["note"] == "Salah tekan."
    assert office.history()[-1] == ("correction", "DISERAHKAN", "CETAK")


def test_late_news_is_kept_in_the_history_once_and_does_not_turn_the_state_back(office: BackOffice) -> None:
    office.put(changed(RECORD, status="VERIFIKASI", occurred_at=LATER))
    late = {"status": "FOTO_WAWANCARA", "occurred_at": EARLIER}
    for _ in range(2):
        answer = office.move(late)
        assert (answer.status_code, answer.get_json()["status"]) == (200, "VERIFIKASI")
    assert office.put(changed(RECORD, occurred_at=EARLIER)).get_json()["status"] == "VERIFIKASI"
    assert office.history() == [
        ("created", None, "VERIFIKASI"),
        ("late", "VERIFIKASI", "FOTO_WAWANCARA"),
        ("late", "VERIFIKASI", "BERKAS_DIPERIKSA"),
    ]


def test_late_news_that_corrects_the_service_takes_its_state_along(office: BackOffice) -> None:
    office.put(changed(RECORD, status="CETAK", occurred_at=LATER))
    office.put(changed(RECORD, service="ITAS1", status="VERIFIKASI", occurred_at=EARLIER))
    assert office.move({"status": "ADJUDIKASI"}).status_code == 200


def test_notify_is_accepted(office: BackOffice) -> None:
    assert office.put(changed(RECORD, notify=True)).status_code == 201
    assert office.move({"status": "FOTO_WAWANCARA", "notify": False}).status_code == 200


def test_an_unknown_number_is_404_for_a_step_and_a_look(office: BackOffice) -> None:
    for answer in (office.move({"status": "CETAK"}), office.get()):
        assert answer.status_code == 404
        assert answer.content_type == "application/problem+json"


def test_each_look_and_each_change_leaves_an_audit_row(office: BackOffice) -> None:
    office.put(RECORD)
    office.get()
    office.move({"status": "FOTO_WAWANCARA"})
    office.get("9" * 16)
    assert office.audited()[1:] == [
        ("key:simkim", "changed", "api", "3456"),
        ("key:simkim", "read", "api", "3456"),
        ("key:simkim", "changed", "api", "3456"),
    ]
