"""Does an SMS about a state say no more than is known, and lead to where a new date can be had?"""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from immigration.applications.record import Billing, Details
from immigration.applications.states import Status
from immigration.messages.state_texts import Case, state_text
from immigration.messages.texts import texts
from immigration.people import LANGUAGES, Language
from menus.sample import NOW, reference_catalogue

OFFICE = reference_catalogue().office("SJJ")
DETAILS = (
    Details(),
    Details("KK", "P2611240001234", date(2026, 12, 24), date(2026, 12, 24), date(2027, 12, 24)),
)
PAYMENTS = (
    None,
    Billing("820261124000001", 950_000, NOW + timedelta(hours=2)),
    Billing("820261124000001", 950_000, NOW - timedelta(hours=2)),
    Billing("820261124000001", 950_000, NOW, paid_at=NOW),
)


def case(status: Status, details: Details = DETAILS[0], payment: Billing | None = None) -> Case:
    return Case("4821", "SJJ", "P10", status, NOW, "id", details, payment)


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_has_words_whatever_is_known_of_it(status: Status, language: Language) -> None:
    for office in (OFFICE, replace(OFFICE, visits=None)):
        for details in DETAILS:
            for payment in PAYMENTS:
                for visit_at in (None, NOW + timedelta(days=1)):
                    told = state_text(
                        case(status, details, payment), office, language, NOW, is_passport=True, visit_at=visit_at
                    )
                    for can_reply in (True, False):
                        said = texts().render(
                            told.template, language, told.values, can_reply=can_reply, ussd_code="*384*1303#"
                        )
                        assert said.segments == 1
                        assert "..4821" in said.text


@pytest.mark.parametrize(
    ("due_on", "can_reply", "said"),
    [
        (None, True, "Pilih jadwal baru: balas UBAH."),
        (date(2026, 12, 24), False, "Pilih jadwal baru paling lambat 24 Des 2026: hubungi *384*1303#, pilih 2."),
    ],
)
def test_who_did_not_come_chooses_a_date_by_phone_where_the_office_takes_visits_so(
    due_on: date | None, can_reply: bool, said: str
) -> None:
    absent = case(Status.TIDAK_HADIR, Details(due_on=due_on))
    for office, words in ((OFFICE, said), (replace(OFFICE, visits=None), "UKK Sijunjung")):
        told = state_text(absent, office, "id", NOW, is_passport=True)
        text = texts().render(told.template, "id", told.values, can_reply=can_reply, ussd_code="*384*1303#").text
        assert words in text
