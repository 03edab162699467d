"""What does a citizen read? The hours, the place and the fees, as they stand on the phone."""

import re
from dataclasses import replace
from datetime import date, datetime

import pytest

from immigration.gsm7 import septets
from immigration.offices import permits
from immigration.offices.catalogue import ServiceFacts
from immigration.people import LANGUAGES, Language
from menus.build import build_machine
from menus.description import Memory
from menus.desk import Caller, EffectKey
from menus.sample import NOW, SampleDesk, SampleEffects, reference_catalogue
from menus.session import Place, Session

CATALOGUE = reference_catalogue()
MACHINE = build_machine(lambda kind, value: b"\x00" * 16)
WIB = CATALOGUE.office("SJJ").zone


def pages(screen: str, desk: SampleDesk, language: Language = "id", memory: Memory | None = None) -> list[str]:
    """All pages of a screen that was come to from the main menu."""
    caller = Caller(b"", {}, desk.now())
    session = Session(MACHINE.version, Place(screen, language, memory or {}, ["main"]))
    session, reply = MACHINE.draw(session, caller, desk, 160)
    found = [reply.text]
    while "98" in session.shown:
        key = EffectKey(b"", 0, b"", "")
        session, reply, _ = MACHINE.step(session, "98", key, caller, desk, SampleEffects(), 160)
        found.append(reply.text)
    assert all(septets(page) <= 160 for page in found)
    return found


def whole(found: list[str]) -> str:
    """The text of all pages without the lines that lead on and back."""
    lines = [line for page in found for line in page.split("\n") if line.split(" ")[0] not in ("98", "99", "0")]
    return " ".join(lines)


WEEK = {
    "id": "Sen-Kam 08.00-16.00 (istirahat 12.00-13.00) Jum 08.00-16.30 (istirahat 11.30-13.30)",
    "min": "Sin-Kam 08.00-16.00 (rehat 12.00-13.00) Jum 08.00-16.30 (rehat 11.30-13.30)",
    "en": "Mon-Thu 08.00-16.00 (break 12.00-13.00) Fri 08.00-16.30 (break 11.30-13.30)",
}


@pytest.mark.parametrize(
    ("moment", "now"),
    [
        (
            "2026-11-24T10:00",
            ("Buka sekarang, sampai 12.00 WIB.", "Bukak kini, sampai 12.00 WIB.", "Open now, until 12.00 WIB."),
        ),
        (
            "2026-11-24T12:30",
            (
                "Tutup sekarang. Buka hari ini 13.00 WIB.",
                "Tutuik kini. Bukak hari ko 13.00 WIB.",
                "Closed now. Opens today 13.00 WIB.",
            ),
        ),
        (
            "2026-11-27T12:00",
            (
                "Tutup sekarang. Buka hari ini 13.30 WIB.",
                "Tutuik kini. Bukak hari ko 13.30 WIB.",
                "Closed now. Opens today 13.30 WIB.",
            ),
        ),
        (
            "2026-11-29T10:00",
            (
                "Tutup sekarang. Buka Senin 30 Nov 2026 08.00 WIB.",
                "Tutuik kini. Bukak Sinayan 30 Nov 2026 08.00 WIB.",
                "Closed now. Opens Monday 30 Nov 2026 08.00 WIB.",
            ),
        ),
        (
            "2026-12-23T16:30",
            (
                "Tutup sekarang. Buka Senin 28 Des 2026 08.00 WIB.",
                "Tutuik kini. Bukak Sinayan 28 Des 2026 08.00 WIB.",
                "Closed now. Opens Monday 28 Dec 2026 08.00 WIB.",
            ),
        ),
    ],
)
def test_the_hours_say_first_what_is_now_then_the_week(moment: str, now: tuple[str, str, str]) -> None:
    at = datetime.fromisoformat(moment).replace(tzinfo=WIB)
    for language, words in zip(LANGUAGES, now, strict=True):
        said = whole(pages("hours", SampleDesk(CATALOGUE, [], language, moment=at), language))
        assert said.startswith(f"{words} {WEEK[language]} ")


def test_the_hours_name_the_next_closure_the_place_and_the_parent_office() -> None:
    said = whole(pages("hours", SampleDesk(CATALOGUE)))
    assert said.endswith(
        "Libur berikutnya Kamis 24 Des 2026. Uji coba: UKK Sijunjung, Muaro Sijunjung. "
        "Kantor induk: Kanim Padang, Jl. Khatib Sulaiman 50, Padang."
    )
    parent = whole(pages("hours", SampleDesk(CATALOGUE, [], "en", "PDG"), "en"))
    assert parent.endswith("Address: Kanim Padang, Jl. Khatib Sulaiman 50, Padang.")
    assert "Trial" not in parent


def test_a_telephone_is_shown_once_the_office_has_one() -> None:
    office = replace(CATALOGUE.office("SJJ"), telephone="(0754) 1234567")
    desk = SampleDesk(replace(CATALOGUE, offices={**CATALOGUE.offices, "SJJ": office}))
    assert "Telepon (0754) 1234567." in whole(pages("hours", desk))
    assert pages("help", desk)[0].startswith("Tidak apa-apa. Tanya petugas: (0754) 1234567.\n")


ACTIVE = [service for service in CATALOGUE.services.values() if service.active]


@pytest.mark.parametrize("service", ACTIVE, ids=lambda service: service.code)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_service_shows_what_the_reference_data_say(service: ServiceFacts, language: Language) -> None:
    said = whole(pages("service", SampleDesk(CATALOGUE, [], language), language, {"service": service.code}))
    assert said.startswith(service.names[language])
    for fee in service.fees_on(NOW.date()):
        amount = f"Rp{fee.amount:,}".replace(",", ".")
        assert f"{amount} {fee.label[language]}".strip() in said
    for words in (service.papers, service.days, service.how):
        assert words[language] in said
    same = {"id": "Data harus sama persis", "min": "Data musti samo bana", "en": "exactly the same data"}[language]
    assert (same in said) == service.same_data


def test_an_inactive_service_is_offered_to_nobody() -> None:
    offered = [whole(pages("services", SampleDesk(CATALOGUE), "id", {"group": one})) for one in ("passport", "permit")]
    assert offered[0] == (
        "Paspor 1 Paspor 5 tahun 2 Paspor 10 tahun 3 Paspor anak 4 Ganti paspor 5 Paspor hilang 6 Paspor rusak "
        "7 Paspor rombongan 8 SPLP"
    )
    for service in CATALOGUE.services.values():
        shown = any(f" {service.short_names['id']}" in one for one in offered)
        assert shown == service.active


def test_a_tariff_that_is_not_yet_in_force_is_not_shown() -> None:
    service = CATALOGUE.service("P5")
    tariffs = (replace(service.fees[0][0], amount=700_000, valid_from=date(2027, 1, 1)), *service.fees[0])
    changed = replace(CATALOGUE, services={**CATALOGUE.services, "P5": replace(service, fees=(tariffs,))})
    before = whole(pages("service", SampleDesk(changed), "id", {"service": "P5"}))
    later = datetime(2027, 1, 1, 3, tzinfo=WIB)
    after = whole(pages("service", SampleDesk(changed, moment=later), "id", {"service": "P5"}))
    assert "Rp650.000" in before
    assert "Rp700.000" not in before
    assert "Rp700.000" in after


def test_a_stay_permit_and_its_re_entry_are_reckoned_up_from_the_tariffs_of_the_day() -> None:
    assert whole(pages("reckon", SampleDesk(CATALOGUE), "en")) == (
        "Stay permit: 1 ITAS 6 months Rp2.000.000 2 ITAS 1 year Rp3.000.000 3 ITAS 2 years Rp5.000.000 "
        "4 ITAP 5 years Rp7.000.000"
    )
    assert whole(pages("re_entry", SampleDesk(CATALOGUE), "en", {"permit": "ITAS1"})) == (
        "Re-entry permit: 1 Re-entry 6 months Rp750.000 2 Re-entry 1 year Rp1.500.000 3 Re-entry 2 years Rp2.000.000 "
        "4 Re-entry 5 years Rp3.500.000 5 No re-entry"
    )
    chosen: Memory = {"permit": "ITAS1", "re_entry": "IMK1"}
    [page] = pages("reckoned", SampleDesk(CATALOGUE), "id", chosen)
    assert page == (
        "ITAS 1 tahun Rp3.000.000\nMasuk kembali 1 th Rp1.500.000\nJumlah Rp4.500.000.\n"
        "Tarif PP 45/2024 sejak 17 Des 2024.\n0 Kembali"
    )
    alone = whole(pages("reckoned", SampleDesk(CATALOGUE), "en", {**chosen, "re_entry": None}))
    assert alone == "ITAS 1 year Rp3.000.000, no re-entry permit. Tariff PP 45/2024 since 17 Dec 2024."


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sum_is_that_of_its_parts(language: Language) -> None:
    desk = SampleDesk(CATALOGUE, [], language)
    for permit in permits.stays(CATALOGUE, NOW.date()):
        for added in permits.re_entries(CATALOGUE, NOW.date()):
            told = whole(pages("reckoned", desk, language, {"permit": permit.code, "re_entry": added.code}))
            amounts = [int(found.replace(".", "")) for found in re.findall("Rp([0-9.]*[0-9])", told)]
            assert amounts == [permit.fees[0][0].amount, added.fees[0][0].amount, sum(amounts[:2])]
