"""Can a visit be found, booked, moved, cancelled and waited for by SMS, by the rules of a call, in one answer each?"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy import select, update

from immigration.applications.record import Billing
from immigration.applications.states import Status
from immigration.appointments import alerts
from immigration.appointments.codes import spoken
from immigration.appointments.tables import SeatEvent
from immigration.contacts import choices_of
from immigration.inbox import free_seats, guard
from immigration.inbox.words import ALIASES, Keyword
from immigration.messages.outbox import body_of
from immigration.messages.tables import Message
from immigration.people import LANGUAGES
from tests.support.citizen import Citizen, Said
from tests.support.clock import MovedClock
from tests.support.sms import SmsOffice
from tests.support.visits import VisitOffice

on_sqlite_alone = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
THURSDAY, FRIDAY, SUNDAY = date(2026, 11, 26), date(2026, 11, 27), date(2026, 11, 29)
MONDAY, FIRST = date(2026, 11, 30), date(2026, 12, 1)
PLACE = "UKK Sijunjung"


@pytest.fixture
def visits(office: SmsOffice) -> VisitOffice:
    opened = VisitOffice(office)
    opened.generate()
    return opened


def local(visits: VisitOffice, moment: datetime | None) -> str:
    assert moment is not None
    return f"{moment.astimezone(visits.facts.zone):%d/%m %H.%M}"


def times(visits: VisitOffice) -> list[str]:
    """When the visits that are still to come are, in the order of booking."""
    return [local(visits, visit.starts_at) for visit in visits.booked()]


def leave_now(office: SmsOffice) -> None:
    """All messages have left: whoever gets them may answer."""
    with office.database.writing() as session:
        session.execute(update(Message).values(submitting_at=office.clock()))


def offered(visits: VisitOffice, place: int, day: date = FRIDAY) -> Citizen:
    """Somebody on the list of a full day to whom the seat that became free was offered."""
    taken = visits.fill(day, 500)
    citizen = Citizen(visits.sms, place)
    assert citizen.asks(f"DAFTAR TUNGGU {day.day}/{day.month}").template == "V_TUNGGU"
    visits.cancel(500, taken[0].id)
    assert visits.tick()["offers_made"] == 1
    leave_now(visits.sms)
    return citizen


SHOWN = (
    # What is written in each language, the template of the answer, and a fact in it for each language.
    (
        ("JADWAL", "jadwal", "slot"),
        "A_JADWAL",
        (
            "Sel 24 Nov (6), Rab 25 Nov (18), Kam 26 Nov (18), Jum 27 Nov (18). Pesan: balas DAFTAR 24/11 13.00.",
            f"Ado tampek di {PLACE}: Sal 24 Nov (6), Rab 25 Nov (18)",
            "Tue 24 Nov (6), Wed 25 Nov (18), Thu 26 Nov (18), Fri 27 Nov (18). To take one: reply BOOK 24/11 13.00.",
        ),
    ),
    (("daftar", "pasan", "book"), "A_JADWAL", ("balas DAFTAR 24/11", "baleh DAFTAR 24/11", "reply BOOK 24/11")),
    (
        ("jadwal senin", "slot sinayan", "slots monday?"),
        "A_JADWAL_HARI",
        (
            "jam 08.00 (3), 09.00 (3), 10.00 (3), 11.00 (3), 13.00 (3), 14.00 (3). Pilih: balas DAFTAR 30/11 08.00.",
            f"Sin 30 Nov di {PLACE}",
            f"Mon 30 Nov at {PLACE}",
        ),
    ),
    (("jadwal hari ini", "jadwal hari ko", "slot today"), "A_JADWAL_HARI", ("13.00 (3), 14.00 (3).",) * 3),
    (
        ("jadwal 20/11", "jadwal 20 nov", "book 20-11-2026"),
        "A_HARI_LEWAT",
        ("Jum 20 Nov sudah lewat. Ada: Sel 24 Nov (6)", "alah lewaik", "is over"),
    ),
    (
        ("daftar minggu", "daftar akad 9", "book sunday"),
        "A_HARI_TUTUP",
        ("Min 29 Nov tidak ada kunjungan", "Aka 29 Nov", "Sun 29 Nov"),
    ),
    (
        ("daftar 25/12 9", "jadwal 25 des", "book 25 dec"),
        "A_HARI_BELUM",
        ("Jum 25 Des belum dibuka", "alun dibukak", "not open yet"),
    ),
    (
        ("daftar 30/11 12.30", "daftar sinayan jam 16", "book 30 nov 3pm"),
        "A_SESI_PENUH",
        (
            "Sen 30 Nov jam 12.30 tidak ada tempat. Ada: 08.00",
            "jam 16.00 indak ado",
            "Nothing free Mon 30 Nov at 15.00",
        ),
    ),
    (
        ("daftar 31/2", "daftar 1", "book next friday"),
        "A_TANGGAL",
        ("DAFTAR 24/11 13.00.",) * 2 + ("BOOK 24/11 13.00.",),
    ),
    (("ubah besok", "ubah", "change"), "A_KUNJUNGAN_KOSONG", ("balas JADWAL", "baleh JADWAL", "reply BOOK")),
    (("batal", "batalan", "cancel yes"), "A_KUNJUNGAN_KOSONG", ("Tidak ada kunjungan", "Indak ado", "no visit")),
    (("ingat ya", "ingek yo", "alert yes"), "A_INGAT_YA", ("INGAT TIDAK", "INGEK INDAK", "ALERT NO")),
    (("ingat tidak", "ingek indak", "alert no"), "A_INGAT_TIDAK", ("INGAT YA", "INGEK YO", "ALERT YES")),
    (("batal tunggu", "batal tunggu", "cancel wait"), "A_TUNGGU_BATAL", ("JADWAL", "indak di daftar tunggu", "BOOK")),
    (
        ("daftar imk1 besok", "daftar splp2 bisuak", "book imk1 tomorrow"),
        "A_LAYANAN",
        ("Kirim DAFTAR dan", "DAFTAR jo", "Send BOOK and"),
    ),
)


@on_sqlite_alone
def test_each_wish_is_answered_once_in_one_segment_and_in_the_language_of_who_asks(visits: VisitOffice) -> None:
    for place, (texts, template, named) in enumerate(SHOWN):
        for language, text, fact in zip(LANGUAGES, texts, named, strict=True):
            said = Citizen(visits.sms, 100 + place).speaks(language).asks(text)
            assert (said.template, fact in said.words) == (template, True), (text, said)
    assert {message.segments for message in visits.sms.messages()} == {1}
    assert visits.booked() == []


def test_a_visit_is_booked_moved_and_cancelled_with_one_answer_to_each_text(visits: VisitOffice) -> None:
    citizen = Citizen(visits.sms, 1)
    said = citizen.asks("DAFTAR 1/12 09.00")
    [visit] = visits.booked()
    code = spoken(visit.code)
    assert said == Said("V_BUKTI", f"Sel 1 Des jam 09.00 WIB di {PLACE}. Tunjukkan: {code}. Bawa KTP dan KK asli.")
    assert (visit.through, visit.service, visit.application_id) == ("sms", None, None)
    assert citizen.asks("daftar besok") == Said(
        "A_KUNJUNGAN", f"Kunjungan Anda Sel 1 Des jam 09.00 WIB di {PLACE}. Ubah: balas UBAH. Batal: balas BATAL."
    )
    assert citizen.asks("UBAH").words.startswith(
        "Kunjungan Anda Sel 1 Des jam 09.00 WIB. Bisa pindah: Sel 24 Nov (6), Rab 25 Nov (18). Balas UBAH 24/11 13.00."
    )
    assert citizen.asks("ubah senin jam 2").words.startswith(
        f"Pindah: Sen 30 Nov 14.00 WIB, {PLACE}. Tunjukkan: {code}."
    )
    assert times(visits) == ["30/11 14.00"]
    assert citizen.asks("UBAH 30/11 14.00").template == "A_KUNJUNGAN", "it is there already"
    assert citizen.asks("UBAH 30/11").template == "A_JADWAL_HARI", "which session of that day is meant?"
    assert citizen.asks("BATAL").words.startswith(f"Batalkan kunjungan Sen 30 Nov jam 14.00 WIB di {PLACE}?")
    assert times(visits) == ["30/11 14.00"]
    assert citizen.asks("BATAL YA").template == "V_BATAL"
    assert times(visits) == []
    assert citizen.asks("BATAL YA").template == "A_KUNJUNGAN_KOSONG"
    assert visits.wrong() == []
    with visits.database.reading() as session:
        changed = session.execute(
            select(SeatEvent.kind, SeatEvent.actor, SeatEvent.through).order_by(SeatEvent.id)
        ).all()
    kinds = ("booked", "moved-out", "moved-in", "cancelled")
    assert [tuple(row) for row in changed if row.kind in kinds] == [(kind, "citizen", "sms") for kind in kinds]


def test_a_text_that_is_told_twice_books_once(visits: VisitOffice) -> None:
    citizen = Citizen(visits.sms, 1)
    assert citizen.asks("DAFTAR 1/12 09.00", "one").template == "V_BUKTI"
    assert citizen.write("DAFTAR 1/12 09.00", "one") == []
    assert times(visits) == ["01/12 09.00"]


def at_once(*calls: Callable[[], object]) -> None:
    together = Barrier(len(calls))

    def run(call: Callable[[], object]) -> None:
        together.wait()
        call()

    with ThreadPoolExecutor(len(calls)) as pool:
        list(pool.map(run, calls))


def test_of_several_who_want_the_last_seat_one_has_it_and_each_has_an_answer(visits: VisitOffice) -> None:
    visits.fill(FRIDAY, 500, but=1)
    people = [Citizen(visits.sms, place) for place in range(1, 5)]
    numbers = [citizen.store("daftar 27/11") for citizen in people]
    at_once(*[lambda number=number: visits.sms.inbox.answer(number or 0) for number in numbers])
    written = [row.template for row in visits.sms.messages(Message.phone_hash.in_([one.phone_hash for one in people]))]
    assert sorted(written) == ["A_HARI_PENUH"] * 3 + ["V_BUKTI"]
    assert visits.wrong() == []


@on_sqlite_alone
def test_without_a_time_the_first_free_session_of_the_day_is_taken(visits: VisitOffice) -> None:
    for place in range(1, 5):
        assert Citizen(visits.sms, place).asks("daftar kamis").template == "V_BUKTI"
    assert times(visits) == ["26/11 08.00"] * 3 + ["26/11 09.00"]
    full = Citizen(visits.sms, 5).asks("daftar kamis jam 8")
    assert full.words.startswith("Kam 26 Nov jam 08.00 tidak ada tempat. Ada: 09.00 (2), 10.00 (3), 11.00 (3)")


@on_sqlite_alone
@pytest.mark.parametrize(
    ("text", "starts"),
    [
        *(
            ("daftar 1/12 S3", "01/12 10.00"),
            ("daftar 27/11 sesi 5", "27/11 13.30"),
            ("daftar jumat jam 2", "27/11 13.30"),
        ),
        *(
            ("daftar besok 9.30", "25/11 09.00"),
            ("book tomorrow 1pm", "25/11 13.00"),
            ("daftar hari ini", "24/11 13.00"),
        ),
    ],
)
def test_a_time_means_the_session_that_it_lies_in(visits: VisitOffice, text: str, starts: str) -> None:
    assert Citizen(visits.sms, 1).asks(text).template == "V_BUKTI"
    assert times(visits) == [starts]


@on_sqlite_alone
def test_today_is_over_once_its_last_session_cannot_be_booked_any_more(visits: VisitOffice, clock: MovedClock) -> None:
    clock.move(hours=3, minutes=1)
    assert Citizen(visits.sms, 1).asks("daftar hari ini").template == "A_HARI_LEWAT"
    assert Citizen(visits.sms, 1).asks("daftar selasa").template == "V_BUKTI"
    assert times(visits) == ["01/12 08.00"], "the next Tuesday"


@on_sqlite_alone
def test_a_full_day_names_the_nearest_ones_and_the_waiting_list(visits: VisitOffice) -> None:
    visits.fill(FRIDAY, 500)
    citizen = Citizen(visits.sms, 1)
    said = Said(
        "A_HARI_PENUH",
        "Jum 27 Nov penuh. Ada: Sel 24 Nov (6), Rab 25 Nov (18). Balas DAFTAR 24/11 13.00. "
        "Daftar tunggu: DAFTAR TUNGGU 27/11.",
    )
    for text in ("daftar 27/11", "daftar jumat 9", "jadwal jumat"):
        assert citizen.asks(text) == said, text
    assert citizen.asks("daftar tunggu besok").template == "A_JADWAL_HARI", "there nobody needs to wait"
    assert citizen.asks("DAFTAR TUNGGU 27/11").template == "V_TUNGGU"
    assert citizen.asks("daftar tunggu 27/11").words.startswith(f"Anda ada di daftar tunggu {PLACE} sampai Jum 27 Nov.")
    assert citizen.asks("batal").template == "A_TUNGGU", "nothing else can be meant"
    assert citizen.asks("BATAL TUNGGU").template == "A_TUNGGU_BATAL"
    assert citizen.asks("batal").template == "A_KUNJUNGAN_KOSONG"


@on_sqlite_alone
def test_where_all_is_full_the_waiting_list_is_for_any_day(visits: VisitOffice) -> None:
    with visits.database.writing() as session:
        for slot in visits.slots():
            session.merge(slot).capacity = 0
    citizen = Citizen(visits.sms, 1)
    for text in ("jadwal", "daftar", "jadwal senin", "daftar 1/12 9"):
        assert citizen.asks(text).words.startswith(
            f"{PLACE} penuh sampai Min 20 Des. Daftar tunggu: balas DAFTAR TUNGGU."
        )
    assert citizen.asks("daftar tunggu").words.endswith("bila ada tempat sampai Min 20 Des.")


def test_yes_takes_the_seat_that_was_offered(visits: VisitOffice) -> None:
    citizen = offered(visits, 1)
    assert citizen.asks("YA").template == "V_BUKTI"
    assert local(visits, visits.booked()[-1].starts_at) == "27/11 08.00"
    assert citizen.asks("ya").template == "A_KUNJUNGAN", "it has been taken"
    assert citizen.asks("DAFTAR TUNGGU 27/11").template == "A_KUNJUNGAN", "who has a visit need not wait"
    assert visits.wrong() == []


def test_no_leaves_it_to_the_next_in_line(visits: VisitOffice) -> None:
    citizen, second = offered(visits, 1), Citizen(visits.sms, 2)
    assert second.asks("DAFTAR TUNGGU 27/11").template == "V_TUNGGU"
    assert citizen.asks("indak").template == "A_TAWARAN_TIDAK"
    assert citizen.asks("YA").template == "A_TAWARAN_LEWAT", "no is no"
    assert visits.tick()["offers_made"] == 1
    leave_now(visits.sms)
    assert second.asks("YA").template == "V_BUKTI"
    assert visits.wrong() == []


def test_an_offer_is_answered_before_the_privacy_question_which_stays_open(visits: VisitOffice) -> None:
    citizen = offered(visits, 1)
    with visits.database.writing() as session:
        contact = citizen.contact()
        assert contact is not None
        session.merge(contact).privacy_answered = False
    assert citizen.asks("YA").template == "V_BUKTI"
    with visits.database.reading() as session:
        assert choices_of(session, citizen.phone_hash) == []
    visits.sms.clock.move(days=1, minutes=1)
    assert citizen.asks("YA").template == "A_YA"


@on_sqlite_alone
def test_a_yes_is_no_answer_to_an_offer_that_nobody_has_read_yet(visits: VisitOffice) -> None:
    citizen = offered(visits, 1)
    with visits.database.writing() as session:
        session.execute(update(Message).where(Message.template == "V_TAWARAN").values(submitting_at=None))
    before = times(visits)
    assert citizen.asks("YA").template == "A_YA", "the privacy question was asked"
    assert times(visits) == before


@on_sqlite_alone
def test_a_yes_that_comes_too_late_books_nothing_and_consents_to_nothing(
    visits: VisitOffice, clock: MovedClock
) -> None:
    citizen = offered(visits, 1)
    before = times(visits)
    clock.move(hours=2, seconds=1)
    assert citizen.asks("YA").template == "A_TAWARAN_LEWAT"
    assert times(visits) == before
    with visits.database.reading() as session:
        assert choices_of(session, citizen.phone_hash) == []


@on_sqlite_alone
def test_a_seat_that_is_gone_when_yes_comes_leaves_its_place_on_the_list(visits: VisitOffice) -> None:
    citizen = offered(visits, 1)
    with visits.database.writing() as session:
        for slot in visits.slots(FRIDAY):
            session.merge(slot).is_open = False
    assert citizen.asks("YA").template == "A_TAWARAN_HILANG"
    assert citizen.asks("batal").template == "A_TUNGGU"
    assert visits.wrong() == []


def test_a_visit_is_for_the_one_application_that_needs_one(visits: VisitOffice) -> None:
    citizen = Citizen(visits.sms, 1)
    application = visits.application(1)
    visits.sms.record(2, phone=citizen.phone, status=Status.CETAK)
    assert "Bawa KTP, KK, dan salah satu" in citizen.asks("daftar besok jam 9").words
    [visit] = visits.booked()
    assert (visit.application_id, visit.service) == (application, "P10")
    assert citizen.asks("daftar besok jam 10").template == "A_KUNJUNGAN"
    assert citizen.asks("daftar panak besok jam 10").template == "V_BUKTI", "for a child, without an application yet"
    assert [(one.service, one.application_id) for one in visits.booked()[1:]] == [("PANAK", None)]
    listed = citizen.asks("batal")
    first, second = (spoken(one.code) for one in visits.booked())
    assert listed.words.startswith(f"Kunjungan Anda: {first} Rab 25 Nov, {second} Rab 25 Nov. Yang mana?")
    assert citizen.asks(f"batal {second}").words.endswith(f"Yakin? Balas BATAL {second} YA.")
    assert citizen.asks(f"ubah {second} lusa 9").template == "V_PINDAH"
    assert times(visits) == ["25/11 09.00", "26/11 09.00"]
    assert citizen.asks(f"BATAL {second} YA").template == "V_BATAL"
    assert [one.id for one in visits.booked()] == [visit.id]


@on_sqlite_alone
def test_of_several_applications_the_last_four_digits_or_the_service_choose(visits: VisitOffice) -> None:
    citizen = Citizen(visits.sms, 1)
    ids = [visits.application(place, phone=citizen.phone) for place in (1, 2)]
    ids.append(visits.application(3, phone=citizen.phone, service="PANAK"))
    assert citizen.asks("daftar besok").words == (
        "Untuk permohonan yang mana? ..0003, ..0002, ..0001. Balas DAFTAR ..0003 24/11 13.00."
    )
    assert citizen.asks("daftar ..0002 besok 9").template == "V_BUKTI"
    assert citizen.asks("daftar panak besok 9").template == "V_BUKTI"
    assert citizen.asks("daftar besok 9").template == "V_BUKTI", "only one is left without a visit"
    assert [visit.application_id for visit in visits.booked()] == [ids[1], ids[2], ids[0]]
    assert citizen.asks("daftar 0009 besok").template == "A_TANGGAL", "nothing of theirs ends so"


@on_sqlite_alone
def test_whose_application_waits_for_no_visit_is_not_sent_on_a_way_for_nothing(visits: VisitOffice) -> None:
    citizen = Citizen(visits.sms, 1)
    visits.sms.record(1, status=Status.CETAK)
    said = citizen.asks("daftar besok")
    assert said.words.startswith(
        "Permohonan Anda tidak perlu kunjungan sekarang. Layanan lain: balas DAFTAR dan P5 P10"
    )
    assert visits.booked() == []
    visits.sms.change(1, Status.SIAP_DIAMBIL)
    visits.sms.change(1, Status.DISERAHKAN)
    assert citizen.asks("daftar besok").template == "V_BUKTI"


@on_sqlite_alone
def test_who_may_not_move_a_visit_is_told_why(visits: VisitOffice, clock: MovedClock) -> None:
    paid_at = clock()
    payment = Billing(billing="820241124123456", amount=950_000, due_at=paid_at + timedelta(hours=2), paid_at=paid_at)
    citizen = Citizen(visits.sms, 1)
    visits.sms.record(1, status=Status.LUNAS_TERJADWAL, payment=payment)
    assert citizen.asks("daftar 1/12 9").template == "V_BUKTI"
    assert citizen.asks("ubah 1/12 10").template == "A_UBAH_SAMA"
    assert times(visits) == ["01/12 09.00"]
    assert citizen.asks("ubah 3/12 10").template == "V_PINDAH"
    assert citizen.asks("ubah 4/12 10").template == "A_UBAH_HABIS", "a schedule that was paid for moves once"
    other = Citizen(visits.sms, 2)
    assert other.asks("daftar hari ini jam 2").template == "V_BUKTI"
    assert other.asks("ubah besok").template == "A_UBAH_HARI"
    clock.move(hours=4)
    assert other.asks("batal ya").template == "A_BATAL_LEWAT"
    assert times(visits) == ["03/12 10.00", "24/11 14.00"]


@on_sqlite_alone
def test_who_did_not_come_changes_the_date_without_a_visit_that_could_be_moved(visits: VisitOffice) -> None:
    visits.sms.greeted(1)
    visits.sms.record(1, status=Status.TIDAK_HADIR)
    citizen = Citizen(visits.sms, 1)
    assert citizen.asks("UBAH").template == "A_JADWAL"
    assert citizen.asks("UBAH 26/11 09.00").template == "V_BUKTI"
    assert times(visits) == ["26/11 09.00"]
    assert Citizen(visits.sms, 2).asks("UBAH").template == "A_KUNJUNGAN_KOSONG"


def test_whose_billing_ran_out_books_anew_as_the_sms_says(visits: VisitOffice) -> None:
    visits.sms.greeted(1)
    visits.sms.record(1, status=Status.KEDALUWARSA)
    citizen = Citizen(visits.sms, 1)
    assert citizen.asks("DAFTAR").template == "A_JADWAL"
    assert citizen.asks("DAFTAR 26/11 09.00").template == "V_BUKTI"
    visits.sms.record(1, status=Status.CETAK)
    assert Citizen(visits.sms, 1).asks("DAFTAR").template == "A_DAFTAR_TIDAK"


def test_a_schedule_that_was_paid_for_long_ago_stays(visits: VisitOffice, clock: MovedClock) -> None:
    paid_at = clock() - timedelta(days=29)
    payment = Billing(billing="820241124123456", amount=950_000, due_at=paid_at + timedelta(hours=2), paid_at=paid_at)
    visits.sms.record(1, status=Status.LUNAS_TERJADWAL, payment=payment)
    citizen = Citizen(visits.sms, 1)
    assert citizen.asks("daftar 1/12 9").template == "V_BUKTI"
    clock.move(days=1, minutes=1)
    assert citizen.asks("ubah 3/12").template == "A_UBAH_LAMBAT"


@on_sqlite_alone
def test_whoever_moves_there_and_back_and_there_again_is_told_each_time(visits: VisitOffice) -> None:
    citizen = Citizen(visits.sms, 1)
    assert citizen.asks("daftar 1/12 9").template == "V_BUKTI"
    for text in ("ubah 2/12 9", "ubah 1/12 9", "ubah 2/12 9"):
        assert citizen.asks(text).template == "V_PINDAH", text
    assert citizen.asks("ubah 3/12 9").template == "A_UBAH_HABIS"


@on_sqlite_alone
def test_an_alert_is_kept_until_it_is_taken_back(visits: VisitOffice) -> None:
    citizen = Citizen(visits.sms, 1)

    def wanted() -> bool:
        with visits.database.reading() as session:
            return alerts.wants(session, citizen.phone_hash, "SJJ")

    for text, template in (("KUOTA", "A_INGAT_YA"), ("ingat ya", "A_INGAT_YA")):
        assert (citizen.asks(text).template, wanted()) == (template, True)
    assert (citizen.asks("INGAT TIDAK").template, wanted()) == ("A_INGAT_TIDAK", False)


@on_sqlite_alone
def test_the_last_news_of_a_visit_is_repeated_while_it_holds(visits: VisitOffice) -> None:
    citizen = Citizen(visits.sms, 1)
    citizen.asks("daftar 1/12 9")
    leave_now(visits.sms)
    assert citizen.asks("ULANG").words.startswith("Sel 1 Des jam 09.00 WIB")
    citizen.asks("ubah 2/12 9")
    assert citizen.asks("ULANG").template == "A_ULANG_KOSONG", "what was true is so no more, what is has not left yet"
    leave_now(visits.sms)
    assert citizen.asks("ULANG").words.startswith("Pindah: Rab 2 Des 09.00 WIB")


@on_sqlite_alone
def test_what_a_visit_says_of_itself_counts_as_an_answer(visits: VisitOffice) -> None:
    citizen = Citizen(visits.sms, 1)
    for place in range(guard.ANSWERS_AN_HOUR):
        assert len(citizen.write("daftar 1/12 9" if place % 2 == 0 else "batal ya")) == 1
    assert citizen.write("daftar 1/12 9") == []
    assert times(visits) == []


@on_sqlite_alone
def test_an_office_that_takes_no_visits_says_so(visits: VisitOffice) -> None:
    citizen = Citizen(visits.sms, 1)
    visits.sms.record(1, office="PDG", status=Status.LUNAS_TERJADWAL)
    for text in ("jadwal", "daftar besok", "ingat ya"):
        assert citizen.asks(text).words.startswith("Kanim Padang tidak menerima pesanan jadwal."), text


@on_sqlite_alone
def test_who_has_a_visit_is_shown_how_to_move_it(visits: VisitOffice) -> None:
    citizen = Citizen(visits.sms, 1)
    citizen.asks("daftar 1/12 9")
    assert "balas UBAH 24/11 13.00" in citizen.asks("jadwal").words
    assert citizen.asks("jadwal saya kapan").words.startswith("Kunjungan Anda Sel 1 Des jam 09.00 WIB.")
    visits.fill(FRIDAY, 500)
    assert citizen.asks("ubah jumat") == Said(
        "A_HARI_PENUH-ubah", "Jum 27 Nov penuh. Ada: Sel 24 Nov (6), Rab 25 Nov (18). Balas UBAH 24/11 13.00."
    )


@on_sqlite_alone
@pytest.mark.parametrize(
    "text", ["batal puasa hari ini?", "mau ubah nama di paspor", "pesan ini untuk siapa", "daftar haji besok bisa?"]
)
def test_a_persons_own_words_change_nothing_and_are_read_by_an_officer(visits: VisitOffice, text: str) -> None:
    citizen = Citizen(visits.sms, 1)
    citizen.asks("daftar 1/12 9")
    assert citizen.asks(text).template == "A_TERUSKAN"
    assert visits.sms.open_tasks() == ["free_text"]
    assert times(visits) == ["01/12 09.00"]


@on_sqlite_alone
def test_the_words_that_answers_tell_people_to_send_are_understood(visits: VisitOffice) -> None:
    for commands, keyword in ((free_seats.BOOK, Keyword.DAFTAR), (free_seats.MOVE, Keyword.UBAH)):
        assert {ALIASES[word] for word in commands.values()} == {keyword}
    for place, (language, book, move) in enumerate(
        (("id", "DAFTAR", "UBAH"), ("min", "DAFTAR", "UBAH"), ("en", "BOOK", "CHANGE"))
    ):
        citizen = Citizen(visits.sms, 10 + place).speaks(language)  # type: ignore[arg-type]
        told = citizen.asks("jadwal").words
        command = told[told.index(f"{book} 24/11") :].rstrip(".")
        assert citizen.asks(command).template == "V_BUKTI", command
        # A visit of this day moves no more, so another is booked for the day after.
        other = Citizen(visits.sms, 20 + place).speaks(language)  # type: ignore[arg-type]
        other.asks(f"{book} 1/12 9")
        told = other.asks(move).words
        assert other.asks(told[told.index(f"{move} 24/11") :].rstrip(".")).template == "V_PINDAH"


@on_sqlite_alone
def test_nothing_of_a_visit_stands_in_the_records_of_what_was_received(visits: VisitOffice) -> None:
    citizen = Citizen(visits.sms, 1)
    citizen.asks("daftar 1/12 9")
    [row] = citizen.inbox()
    assert (row.keyword, row.state) == ("DAFTAR", "answered")
    assert body_of(visits.sms.vault, visits.sms.messages()[0])
