"""After a day without a clock: as many reminders as are still true, in turn, and none in quiet hours."""

from tests.support.clock import MovedClock
from tests.support.outage import come_back
from tests.support.sms import SmsOffice


def test_after_an_outage_comes_what_is_still_true_in_turn_and_not_at_night(
    office: SmsOffice, clock: MovedClock
) -> None:
    account = come_back(office, clock, cases=500, seed=6)
    assert account.wrong == []
    assert account.left.keys() == {"R_BAYAR", "R_AMBIL", "R_IZIN", "R_LENGKAPI", "R_HADIR"}, account.lines()
