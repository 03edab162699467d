"""Is each question of a citizen answered by the right words, in their language, once, and only to whom it concerns?"""

from datetime import date

import pytest

from immigration.applications.states import Status
from immigration.identity import Try, attempt
from immigration.inbox import facts
from immigration.people import LANGUAGES
from tests.support.citizen import Citizen, Said
from tests.support.clock import MovedClock
from tests.support.sms import SmsOffice, number

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)

CODES = "P5 P10 PANAK PGANTI PHILANG PRUSAK PEAZY"
BORN = "24111990"
QUESTIONS = (
    # What is asked in each language, the template of the answer, and a fact in it for each language.
    (("STATUS", "caliak", "check"), "A_STATUS_KOSONG", ("Belum ada", "Alun ado", "No application")),
    (("BANTUAN", "tolong", "help"), "A_INFO", ("Kirim STATUS, BIAYA", "BIAYO, SYARAIK", "STATUS, FEE, REQ")),
    (("?", "?", "?"), "A_INFO", ("BIAYA", "BIAYO", "FEE")),
    (
        ("biaya", "biayo", "fee"),
        "A_BIAYA",
        ("Paspor 5 tahun Rp650.000", "Paspor 10 taun Rp950.000", "Passport 10 years Rp950.000"),
    ),
    (("biaya,p10", "BIAYOP10", "fee p1o"), "A_BIAYA_LAYANAN", ("10 tahun: Rp950", "10 taun: Rp950", "10 years: Rp950")),
    (("biaya p99", "biayo p99", "fee p99"), "A_LAYANAN", (f"BIAYA dan salah satu dari: {CODES}.", "BIAYO", "FEE")),
    (("biaya xyz", "biayo abc", "fee abc"), "A_BIAYA", ("BIAYA PANAK", "BIAYO PANAK", "FEE PANAK")),
    (
        ("BIAYA paspor hilang", "biayo untuak paspor hilang pak", "fee for a lost passport?"),
        "A_BIAYA_LAYANAN",
        ("Paspor hilang: Rp1.000.000 ditambah biaya paspor", "ditambah biayo", "Lost passport: Rp1.000.000 plus"),
    ),
    (("biaya paspor 5 tahun", "biayo paspor 5 taun", "fee passport 5 years"), "A_BIAYA_LAYANAN", ("Rp650.000.",) * 3),
    (("biaya paspor", "biayo paspor baru", "fee 5"), "A_BIAYA", ("Rp650.000", "Rp950.000", "Rp650.000")),
    (
        ("SYARAT PANAK", "syaraik#panak", "req PANAK"),
        "A_SYARAT_LAYANAN",
        ("Paspor anak: KTP ayah ibu", "akta lahia anak", "Child passport: both parents'"),
    ),
    (
        ("syarat ganti paspor", "syaraik paspor anak", "requirements child passport"),
        "A_SYARAT_LAYANAN",
        ("Ganti paspor: KTP", "Paspor anak: KTP", "Child passport: both"),
    ),
    (
        ("syarat itk 30", "syaraik ITK30", "req visit 30 days"),
        "A_SYARAT_LAYANAN",
        ("penjamin", "panjamin", "guarantor"),
    ),
    (("syarat", "syaraik", "req"), "A_LAYANAN", ("Kirim SYARAT", "Kirim SYARAIK", "Send REQ")),
    (("syarat pcepat", "syaraik pnon5", "req paspor"), "A_LAYANAN", (CODES,) * 3),
    (("jam buka", "bukak", "hours"), "A_JAM", ("Sen-Kam 08.00-12.00 & 13.00", "Sin-Kam", "Fri 08.00-11.30")),
    (("ambil", "ambiak", "collect"), "A_AMBIL", ("UKK Sijunjung, Sen-Jum 13.00", "Sin-Jum", "Mon-Fri")),
    (("bahasa", "baso", "lang"), "A_BAHASA", ("BAHASA MIN",) * 3),
    (("data", "data ambo", "my data"), "A_DATA", ("Data HP ini: HP.", "Data HP ko: HP.", "Data of this phone: HP.")),
    (("ulang", "ulangi", "resend"), "A_ULANG_KOSONG", ("Tidak ada", "Indak ado", "no SMS")),
    (("bukan saya", "bukan ambo", "not me"), "A_SALAH_KOSONG", ("Tidak ada", "Indak ado", "No application")),
)


def test_each_question_is_answered_once_in_one_segment_and_in_the_language_of_who_asks(office: SmsOffice) -> None:
    for place, (texts, template, named) in enumerate(QUESTIONS):
        for language, text, fact in zip(LANGUAGES, texts, named, strict=True):
            said = Citizen(office, 100 + place).speaks(language).asks(text)
            assert (said.template, fact in said.words) == (template, True), (text, said)
    written = office.messages()
    assert {(message.segments, message.reason, message.lane) for message in written} == {(1, "answer", 0)}
    assert len(written) == len(QUESTIONS) * len(LANGUAGES)
    assert office.open_tasks() == []


def test_fees_and_papers_of_each_service_fit_a_segment(office: SmsOffice, clock: MovedClock) -> None:
    texts = office.outbox.texts
    for service in office.catalogue().services.values():
        for language in LANGUAGES:
            fees = facts.fees(service, language, clock().date())
            named = {"layanan": facts.named(service, language), "syarat": service.papers[language], "biaya": fees}
            for template in ("A_BIAYA_LAYANAN", "A_SYARAT_LAYANAN"):
                said = texts.render(template, language, named, can_reply=True, ussd_code="*384*1303#")
                assert said.segments == 1, (service.code, language)
                assert template != "A_BIAYA_LAYANAN" or f": {fees}." in said.text, "no fee is cut short"


def test_without_a_number_to_write_to_the_texts_name_the_code_to_dial(office: SmsOffice) -> None:
    said = Citizen(office.with_settings(sms_reply_number=""), 1).asks("STATUS")
    assert (said.template, "hubungi *384*1303#" in said.words) == ("A_STATUS_KOSONG", True)


def test_the_phone_on_record_is_told_the_state_of_its_one_application(office: SmsOffice) -> None:
    citizen = Citizen(office, 1)
    office.record(1, status=Status.CETAK, language="en")
    told = Said("CETAK", "No ..0001 Your passport is being printed. We will SMS you when it is ready.")
    for text in ("STATUS", "s", "status 0001", "STATUS OOO1", f"STATUS {number(1)}", number(1), "cek status pak"):
        assert citizen.asks(text) == told, text
    assert {message.application_id for message in office.messages()} == {1}


def test_of_several_applications_the_last_four_digits_choose(office: SmsOffice) -> None:
    citizen = Citizen(office, 1)
    office.record(1, phone=citizen.phone, status=Status.CETAK)
    office.record(2, phone=citizen.phone)
    office.record(3, phone=citizen.phone, status=Status.DISERAHKAN)
    assert citizen.asks("STATUS").words.startswith("Permohonan Anda: ..0003, ..0002, ..0001.")
    assert citizen.asks("STATUS 0001").template == "CETAK"
    assert citizen.asks("STATUS 0003").template == "DISERAHKAN"
    assert citizen.asks("STATUS 0009").template == "A_TIDAK_DITEMUKAN"
    assert citizen.asks("DATA").words.startswith("Data HP ini: HP, ..0003, ..0002, ..0001.")
    office.change(1, Status.SIAP_DIAMBIL)
    office.change(1, Status.DISERAHKAN)
    assert citizen.asks("STATUS").template == "BERKAS_DIPERIKSA", "only one still runs"


def test_of_an_agencys_many_applications_each_is_found(office: SmsOffice) -> None:
    citizen = Citizen(office, 1)
    for place in range(1, 45):
        office.record(place, phone=citizen.phone, status=Status.CETAK if place == 1 else Status.BERKAS_DIPERIKSA)
    assert citizen.asks("STATUS 0001").template == "CETAK"
    assert citizen.asks(f"STATUS {number(1)}").template == "CETAK"
    listed = citizen.asks("STATUS")
    assert (listed.template, listed.words.startswith("Permohonan Anda: ..0044, ..0043")) == ("A_STATUS_DAFTAR", True)
    assert office.messages()[-1].segments == 1


def test_another_phone_needs_the_birth_date_and_learns_nothing_from_a_refusal(office: SmsOffice) -> None:
    office.record(1, status=Status.CETAK)
    stranger = Citizen(office, 9)
    assert stranger.asks(f"STATUS {number(1)}#{BORN}").template == "CETAK"
    refused = {
        stranger.asks(f"STATUS {number(1)}#25111990"),
        stranger.asks(f"STATUS {number(8)}#{BORN}"),
        stranger.asks(f"STATUS {number(1)}"),
        stranger.asks(f"STATUS {number(8)}"),
        stranger.asks(f"STATUS {number(1)} 31021990"),
        stranger.asks("STATUS 0001"),
        stranger.asks("STATUS 0008"),
    }
    assert {said.template for said in refused} == {"A_TIDAK_DITEMUKAN"}
    assert len(refused) == 1


def test_five_wrong_dates_an_hour_are_the_limit_whether_by_sms_or_in_calls(
    office: SmsOffice, clock: MovedClock
) -> None:
    office.record(1, status=Status.CETAK)
    stranger = Citizen(office, 9)
    number_hash = office.vault.lookup("number", number(1))
    for call in (b"a" * 16, b"b" * 16, b"c" * 16):
        tried = Try(call, 0, stranger.phone_hash, number_hash, date(1991, 1, 1), like_nik=False)
        with office.database.writing() as session:
            attempt(session, office.vault, tried, clock())
    for text in ("01011991", "02011991"):
        assert stranger.asks(f"STATUS {number(1)} {text}").template == "A_TIDAK_DITEMUKAN"
    assert stranger.asks(f"STATUS {number(1)} {BORN}").template == "A_TERBATAS"
    another = Citizen(office, 10)
    assert another.asks(f"STATUS {number(1)} {BORN}").template == "A_TERBATAS", "the number is guarded as well"
    assert Citizen(office, 1).asks(f"STATUS {number(1)} 01011991").template == "CETAK", "its own phone needs no date"
    assert stranger.write("HAPUS YA")[0].template == "A_HAPUS_OK"
    told = {said.template for said in stranger.write(f"STATUS {number(1)} {BORN}")}
    assert told == {"A_TERBATAS", "R_PRIVASI"}, "to be forgotten buys no tries"
    clock.move(hours=1, minutes=1)
    assert stranger.asks(f"STATUS {number(1)} {BORN}").template == "CETAK"


def test_a_chosen_language_holds_for_what_comes_after(office: SmsOffice) -> None:
    citizen = Citizen(office, 1)
    office.record(1, status=Status.CETAK)
    assert citizen.asks("BAHASA EN").words == "From now on we write to you in English. Change: send LANG."
    assert citizen.asks("STATUS").words.startswith("No ..0001 Your passport")
    assert citizen.asks("basomin").words == "Baso Sanak kini baso Minang. Ganti: kirim BASO."
    office.change(1, Status.SIAP_DIAMBIL)
    assert {message.language for message in office.messages()[-1:]} == {"min"}
    assert citizen.asks("lang").template == "A_BAHASA"


def test_the_same_text_comes_again_as_a_message_of_its_own(office: SmsOffice, clock: MovedClock) -> None:
    citizen = Citizen(office, 1)
    office.record(1)
    office.change(1, Status.CETAK)
    assert citizen.asks("ULANG").template == "A_ULANG_KOSONG", "it has not gone out yet: it still comes"
    with office.database.writing() as session:
        session.merge(office.messages()[0]).submitting_at = clock()
    first = citizen.asks("KIRIM ULANG")
    assert first.template == "CETAK"
    again, original = office.messages()[-1], office.messages()[0]
    assert (again.state, again.lane, again.occasion == original.occasion) == ("queued", 0, False)
    assert again.expires_at - again.created_at == original.expires_at - original.created_at
    assert citizen.asks("ulang") == first


def test_own_words_go_to_the_office_with_one_receipt_in_six_hours(office: SmsOffice, clock: MovedClock) -> None:
    citizen = Citizen(office, 1)
    assert citizen.asks("Boleh diwakilkan suami?").template == "A_TERUSKAN"
    assert citizen.write("Saya di Pekanbaru") == []
    assert [row.state for row in citizen.inbox()] == ["office", "office"]
    assert office.open_tasks() == ["free_text"], "one for all that waits"
    clock.move(hours=6, seconds=1)
    assert citizen.asks("Halo?").template == "A_TERUSKAN"
    assert Citizen(office, 2).asks("Halo?").template == "A_TERUSKAN"


def test_a_first_contact_is_told_once_what_its_number_is_for(office: SmsOffice, clock: MovedClock) -> None:
    citizen = Citizen(office, 1, greeted=False)
    assert {said.template for said in citizen.write("JAM")} == {"R_PRIVASI", "A_JAM"}
    greeting = next(message for message in office.messages() if message.template == "R_PRIVASI")
    answer = next(message for message in office.messages() if message.template == "A_JAM")
    assert greeting.due_at < answer.due_at
    assert answer.after_id == greeting.id
    clock.move(days=1)
    assert citizen.asks("JAM").template == "A_JAM"
