"""Is a write that comes twice done once, and answered alike?"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from werkzeug.test import TestResponse

from immigration import api_keys
from tests.support.back_office import RECORD, BackOffice, changed
from tests.support.clock import MovedClock

KEY = {"Idempotency-Key": "3f1c"}
CORRECTION = {"status": "CETAK", "correction": True, "note": "Salah tekan."}
COPIES = 6


def _at_once(call: Callable[[], TestResponse]) -> list[TestResponse]:
    barrier = Barrier(COPIES)

    def copy(_: int) -> TestResponse:
        barrier.wait()
        return call()

    with ThreadPoolExecutor(COPIES) as threads:
        return list(threads.map(copy, range(COPIES)))


def test_a_repeat_gets_the_same_answer_and_does_nothing(office: BackOffice, clock: MovedClock) -> None:
    first = office.put(RECORD, headers=KEY)
    office.put(changed(RECORD, status="CETAK"))
    clock.move(hours=23)
    again = office.put(RECORD, headers=KEY)
    assert (again.status_code, again.data) == (first.status_code, first.data) == (201, first.data)
    assert office.get().get_json()["status"] == "CETAK"


def test_a_refusal_by_what_is_on_record_is_repeated_too(office: BackOffice) -> None:
    office.put(changed(RECORD, status="DISERAHKAN"))
    first = office.move({"status": "CETAK"}, headers=KEY)
    office.put(changed(RECORD, status="ADJUDIKASI"))
    again = office.move({"status": "CETAK"}, headers=KEY)
    assert (again.status_code, again.data) == (first.status_code, first.data) == (409, first.data)
    assert again.content_type == first.content_type == "application/problem+json"


def test_a_body_that_could_not_be_taken_leaves_its_key_free(office: BackOffice) -> None:
    assert office.put(changed(RECORD, service="XYZ"), headers=KEY).status_code == 422
    assert office.put(RECORD, headers=KEY).status_code == 201


def test_the_same_key_with_another_request_is_409(office: BackOffice) -> None:
    office.put(RECORD, headers=KEY)
    others = [
        office.put(changed(RECORD, status="CETAK"), headers=KEY),
        office.put(RECORD, "9" * 16, headers=KEY),
        office.move({"status": "FOTO_WAWANCARA"}, headers=KEY),
    ]
    for answer in others:
        assert (answer.status_code, answer.get_json()["type"]) == (
            409,
            "urn:problem-type:idempotency-key-reused",
        )
    assert office.history() == [("created", None, "BERKAS_DIPERIKSA")]


def test_two_callers_do_not_share_their_idempotency_keys(office: BackOffice) -> None:
    other = office.new_key("other", "records:write", "records:read")
    assert office.put(RECORD, headers=KEY).status_code == 201
    assert office.put(changed(RECORD, status="CETAK"), key=other, headers=KEY).status_code == 200


def test_after_a_day_a_key_may_be_used_anew(office: BackOffice, clock: MovedClock) -> None:
    office.put(RECORD, headers=KEY)
    clock.move(hours=24)
    assert office.put(changed(RECORD, status="CETAK"), headers=KEY).status_code == 200


def test_old_answers_are_purged_and_young_ones_stay(office: BackOffice, clock: MovedClock) -> None:
    office.put(RECORD, headers={"Idempotency-Key": "old"})
    clock.move(hours=1)
    office.put(RECORD, headers={"Idempotency-Key": "young"})
    clock.move(hours=23)
    with office.wiring.database.writing() as session:
        assert api_keys.purge_answers(session, clock()) == 1
        assert api_keys.purge_answers(session, clock()) == 0


def test_an_idempotency_key_that_cannot_be_one_is_400(office: BackOffice) -> None:
    for key in ("", "a b", "a" * 256, "\xff"):
        answer = office.put(RECORD, headers={"Idempotency-Key": key})
        assert (answer.status_code, answer.get_json()["errors"][0]["field"]) == (400, "Idempotency-Key")


def test_copies_at_once_are_done_once_and_answered_alike(office: BackOffice) -> None:
    office.put(changed(RECORD, status="DISERAHKAN"))
    answers = _at_once(lambda: office.move(CORRECTION, headers=KEY))
    assert {(answer.status_code, answer.data) for answer in answers} == {(200, answers[0].data)}
    assert len(office.history()) == 2


def test_control_copies_at_once_without_a_key_are_each_done(office: BackOffice) -> None:
    office.put(changed(RECORD, status="DISERAHKAN"))
    assert {answer.status_code for answer in _at_once(lambda: office.move(CORRECTION))} == {200}
    assert len(office.history()) == 1 + COPIES


def test_a_new_application_told_by_many_at_once_is_made_once(office: BackOffice) -> None:
    payment = {"billing": "820261124000001", "amount": 950000, "due_at": "2026-11-24T12:00:00+07:00"}
    answers = _at_once(lambda: office.put(changed(RECORD, payment=payment)))
    assert sorted(answer.status_code for answer in answers) == [200] * (COPIES - 1) + [201]
    assert office.history() == [("created", None, "BERKAS_DIPERIKSA")]


def test_a_billing_claimed_by_many_at_once_goes_to_one(office: BackOffice) -> None:
    payment = {"billing": "820261124000001", "amount": 950000, "due_at": "2026-11-24T12:00:00+07:00"}
    numbers = iter([f"{place:016}" for place in range(COPIES)])
    answers = _at_once(lambda: office.put(changed(RECORD, payment=payment), next(numbers)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * (COPIES - 1)
