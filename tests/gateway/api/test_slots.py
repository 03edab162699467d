"""Does the back office see an office's sessions with their seats, in the office's own time?"""

from datetime import date, datetime, timedelta

import pytest

from gateway.wiring import Wiring
from tests.support.back_office import BackOffice, faults
from tests.support.clock import MovedClock
from tests.support.sms import SmsOffice
from tests.support.visits import VisitOffice

TUESDAY = date(2026, 12, 1)
RANGE = "office=SJJ&from=2026-12-01&to=2026-12-01"


@pytest.fixture
def visits(wiring: Wiring) -> VisitOffice:
    made = VisitOffice(SmsOffice(wiring.database, wiring.vault, wiring.clock))
    made.renew()
    return made


def test_a_day_has_its_sessions_with_their_seats_in_the_offices_time(office: BackOffice, visits: VisitOffice) -> None:
    nine = visits.slots(TUESDAY)[1]
    visits.book(1, nine.id)
    visits.hold(2, nine.id)
    told = office.call("GET", f"/slots?{RANGE}").get_json()
    assert told["next"] is None
    general = [item for item in told["items"] if item["lane"] == "general"]
    assert [item["starts_at"] for item in general] == [
        f"2026-12-01T{hour:02}:00:00+07:00" for hour in (8, 9, 10, 11, 13, 14)
    ]
    assert general[1] == {
        "id": nine.id,
        "lane": "general",
        "starts_at": "2026-12-01T09:00:00+07:00",
        "ends_at": "2026-12-01T10:00:00+07:00",
        "capacity": 3,
        "held": 1,
        "booked": 1,
        "free": 1,
        "open": True,
    }
    assert [item["capacity"] for item in told["items"] if item["lane"] == "priority"] == [1, 1]


def test_a_hold_that_ran_out_is_free_although_nobody_swept_it(
    office: BackOffice, visits: VisitOffice, clock: MovedClock
) -> None:
    visits.hold(1, visits.slots(TUESDAY)[0].id)
    query = f"/slots?{RANGE}&lane=general&limit=1"
    [before] = office.call("GET", query).get_json()["items"]
    clock.move(minutes=10)
    [after] = office.call("GET", query).get_json()["items"]
    assert [(item["held"], item["free"]) for item in (before, after)] == [(1, 2), (0, 3)]
    assert visits.holds() == 1


def test_a_closed_session_has_nothing_free(office: BackOffice, visits: VisitOffice) -> None:
    visits.close(TUESDAY)
    items = office.call("GET", f"/slots?{RANGE}").get_json()["items"]
    assert {(item["open"], item["free"]) for item in items} == {(False, 0)}


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
class TestPaging:
    """What is asked for is the same on either database."""

    def test_pages_follow_each_other_without_gap_or_repeat(self, office: BackOffice, visits: VisitOffice) -> None:
        whole = office.call("GET", "/slots?office=SJJ&from=2026-12-01&to=2026-12-04").get_json()["items"]
        paged: list[object] = []
        query = "/slots?office=SJJ&from=2026-12-01&to=2026-12-04&limit=7"
        cursor = ""
        while True:
            page = office.call("GET", query + cursor).get_json()
            paged += page["items"]
            if page["next"] is None:
                break
            cursor = f"&cursor={page['next']}"
        assert paged == whole
        assert len(whole) > 14

    def test_without_days_it_is_the_coming_month(self, office: BackOffice, visits: VisitOffice) -> None:
        items = office.call("GET", "/slots?office=SJJ&lane=general").get_json()["items"]
        days = [datetime.fromisoformat(item["starts_at"]).date() for item in items]
        assert days[0] == date(2026, 11, 24)
        assert max(days) <= date(2026, 11, 24) + timedelta(days=31)

    def test_what_cannot_be_taken_names_the_parameter(self, office: BackOffice, visits: VisitOffice) -> None:
        for query, field in (
            ("", "office"),
            ("?office=NOPE", "office"),
            ("?office=SJJ&from=2026-02-30", "from"),
            ("?office=SJJ&from=1.12.2026", "from"),
            ("?office=SJJ&from=2026-12-02&to=2026-12-01", "to"),
            ("?office=SJJ&from=2026-12-02&to=2028-12-01", "to"),
            ("?office=SJJ&lane=fast", "lane"),
            ("?office=SJJ&cursor=999999", "cursor"),
            ("?office=SJJ&limit=0", "limit"),
            ("?office=SJJ&day=2026-12-01", "day"),
        ):
            answer = office.call("GET", f"/slots{query}")
            assert (answer.status_code, list(faults(answer))) == (422, [field]), query

    def test_reading_needs_its_scope(self, office: BackOffice, visits: VisitOffice) -> None:
        key = office.new_key("writer", "records:write")
        assert office.call("GET", f"/slots?{RANGE}", key=key).status_code == 403
