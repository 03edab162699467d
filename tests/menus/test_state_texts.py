"""What does a citizen read of an application? Each state, as it stands on the phone."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from immigration.applications.record import Billing, Details
from immigration.applications.states import Status, belongs
from immigration.people import LANGUAGES, Language
from menus.desk import Case
from menus.sample import NOW, SampleDesk
from tests.menus.test_screens import CATALOGUE, pages, whole

S = Status
DUE = Billing("820261124000001", 950_000, NOW + timedelta(hours=2))
LATE = replace(DUE, due_at=NOW - timedelta(hours=1))
PAID = replace(DUE, paid_at=NOW - timedelta(hours=1))
DAY = date(2026, 12, 8)


def told(
    status: Status,
    details: Details | None = None,
    payment: Billing | None = None,
    language: Language = "id",
    since: datetime = NOW - timedelta(days=2),
) -> str:
    """What is said of an application in this state."""
    service = "P10" if belongs(status, "passport") else "ITAS1"
    case = Case(1, "4821", "SJJ", service, status, since, details or Details(), payment)
    head, *state = whole(pages("status", SampleDesk(CATALOGUE, [case], language), language)).split(", ", 1)
    assert head == f"..4821 {CATALOGUE.service(service).short_names[language]}"
    return state[0].rsplit(" 1 ", 1)[0]


@pytest.mark.parametrize(
    ("status", "details", "payment", "words"),
    [
        (S.MENUNGGU_BAYAR, None, None, "Menunggu pembayaran. Bayar sebelum batas waktu di bukti pendaftaran."),
        (
            S.MENUNGGU_BAYAR,
            None,
            DUE,
            (
                "Menunggu pembayaran Rp950.000. Billing 820261124000001. Bayar sebelum 12.00 WIB 24 Nov. "
                "Lewat itu batal."
            ),
        ),
        (
            S.MENUNGGU_BAYAR,
            None,
            LATE,
            "Batas bayar 09.00 WIB 24 Nov sudah lewat. Jangan dibayar. Sudah bayar? Pilih 3 Bayar di menu utama.",
        ),
        (
            S.MENUNGGU_BAYAR,
            None,
            PAID,
            "Pembayaran Rp950.000 tercatat 24 Nov 2026. Belum perlu datang. Cek lagi nanti.",
        ),
        (
            S.KEDALUWARSA,
            None,
            LATE,
            "Billing lewat waktu dan batal. Jangan dibayar. Sudah bayar? Pilih 3 Bayar di menu utama.",
        ),
        (
            S.LUNAS_TERJADWAL,
            None,
            PAID,
            (
                "Pembayaran diterima. Datang ke UKK Sijunjung sesuai jadwal di bukti, 15 menit lebih awal. "
                "Bawa berkas asli."
            ),
        ),
        (
            S.TIDAK_HADIR,
            None,
            None,
            ("Anda belum datang sesuai jadwal. Pilih 2 Jadwal di menu utama untuk tanggal baru di UKK Sijunjung."),
        ),
        (
            S.TIDAK_HADIR,
            Details(due_on=DAY),
            None,
            (
                "Anda belum datang. Pilih 2 Jadwal untuk tanggal baru di UKK Sijunjung sebelum 8 Des 2026. "
                "Lewat itu batal."
            ),
        ),
        (S.BERKAS_DIPERIKSA, None, None, "Berkas diterima dan sedang diperiksa petugas. Belum perlu datang lagi."),
        (
            S.PERLU_LENGKAPI,
            None,
            None,
            "Berkas belum lengkap. Tanya petugas di UKK Sijunjung apa yang kurang.",
        ),
        (
            S.PERLU_LENGKAPI,
            Details(missing="KK, akta lahir", due_on=DAY),
            None,
            "Berkas belum lengkap: KK, akta lahir. Bawa ke UKK Sijunjung. Paling lambat 8 Des 2026.",
        ),
        (S.FOTO_WAWANCARA, None, None, "Foto, sidik jari dan wawancara selesai. Belum perlu datang."),
        (
            S.FOTO_WAWANCARA,
            Details(ready_on=DAY),
            None,
            "Foto, sidik jari dan wawancara selesai. Belum perlu datang. Perkiraan siap diambil 8 Des 2026.",
        ),
        (S.VERIFIKASI, None, None, "Data sedang diverifikasi di sistem pusat. Belum perlu datang ke kantor."),
        (S.ADJUDIKASI, None, None, "Permohonan sedang diputuskan pejabat imigrasi. Belum perlu datang ke kantor."),
        (
            S.DITUNDA_BAP,
            None,
            None,
            "Permohonan ditunda untuk pemeriksaan lanjutan. Petugas akan menghubungi Anda. Belum perlu datang.",
        ),
        (S.CETAK, None, None, "Paspor sedang dicetak. Belum perlu datang. Cek lagi besok."),
        (
            S.SIAP_DIAMBIL,
            None,
            None,
            "SIAP DIAMBIL di UKK Sijunjung, Sen-Jum 13.00-15.30. Bawa KTP dan bukti bayar. Batas ambil 22 Des 2026.",
        ),
        (
            S.SIAP_DIAMBIL,
            Details(due_on=DAY),
            None,
            "SIAP DIAMBIL di UKK Sijunjung, Sen-Jum 13.00-15.30. Bawa KTP dan bukti bayar. Batas ambil 8 Des 2026.",
        ),
        (S.DISERAHKAN, None, None, "Dokumen sudah diserahkan 22 Nov 2026. Terima kasih."),
        (S.DIKIRIM_POS, None, None, "Paspor dikirim lewat Kantor Pos 22 Nov 2026. Siapkan KTP saat menerima."),
        (
            S.DIKIRIM_POS,
            Details(receipt="P2611240001234"),
            None,
            "Paspor dikirim lewat Kantor Pos 22 Nov 2026. No resi P2611240001234. Siapkan KTP saat menerima.",
        ),
        (
            S.DITOLAK,
            None,
            None,
            "Permohonan tidak disetujui. Alasan tertulis dapat diambil di kantor. Biaya tidak dikembalikan.",
        ),
        (
            S.DIBATALKAN,
            None,
            None,
            "Permohonan dibatalkan 22 Nov 2026. Jika bukan Anda yang minta, tanya petugas di UKK Sijunjung.",
        ),
        (S.BATAL_30HARI, None, None, "Paspor tidak diambil 30 hari dan dibatalkan. Ajukan permohonan baru."),
        (
            S.IT_DITERUSKAN,
            None,
            None,
            "Berkas izin tinggal diteruskan ke pusat untuk persetujuan. Belum perlu datang.",
        ),
        (S.IT_TERBIT, None, None, "Izin tinggal sudah terbit. Cek email atau ambil di kantor."),
        (
            S.IT_TERBIT,
            Details(valid_until=date(2027, 12, 24)),
            None,
            "Izin tinggal sudah terbit, berlaku sampai 24 Des 2027. Cek email atau ambil di kantor.",
        ),
    ],
)
def test_a_state_is_said_with_what_to_do_and_until_when(
    status: Status, details: Details | None, payment: Billing | None, words: str
) -> None:
    assert told(status, details, payment) == f"22 Nov {words}"


def test_an_office_without_visits_by_phone_gives_a_new_date_at_its_counter() -> None:
    by_paper = replace(CATALOGUE.office("SJJ"), visits=None)
    desk = SampleDesk(replace(CATALOGUE, offices={**CATALOGUE.offices, "SJJ": by_paper}))
    desk.cases = [Case(1, "4821", "SJJ", "P10", S.TIDAK_HADIR, NOW, Details(), None)]
    assert "Datang ke UKK Sijunjung untuk minta jadwal baru." in whole(pages("status", desk))
    assert "2 Jadwal kunjungan" not in whole(pages("main", desk))


def test_no_state_is_without_words_in_any_language() -> None:
    for language in LANGUAGES:
        said = {told(status, language=language) for status in Status}
        assert len(said) == len(Status)
    assert (
        told(S.CETAK, language="en")
        == "22 Nov Your passport is being printed. No need to come yet. Check again tomorrow."
    )
    assert told(S.CETAK, language="min") == "22 Nov Paspor sadang dicetak. Alun paralu datang. Caliak liak bisuak."


def test_a_date_of_last_year_says_so_and_a_day_is_the_offices() -> None:
    # 18:00 UTC is the next day in Padang already.
    assert told(S.CETAK, since=datetime.fromisoformat("2026-11-22T18:00+00:00")).startswith("23 Nov Paspor")
    assert told(S.CETAK, since=NOW - timedelta(days=365)).startswith("24 Nov 2025 Paspor")


def test_a_billing_may_be_paid_to_its_last_moment() -> None:
    assert "Menunggu pembayaran" in told(S.MENUNGGU_BAYAR, payment=replace(DUE, due_at=NOW))
    assert "sudah lewat" in told(S.MENUNGGU_BAYAR, payment=replace(DUE, due_at=NOW - timedelta(seconds=1)))
    assert "tercatat" in told(S.MENUNGGU_BAYAR, payment=replace(LATE, paid_at=NOW))


def test_a_state_is_one_screen_that_leads_to_another_number_and_back() -> None:
    case = Case(1, "4821", "SJJ", "P10", S.VERIFIKASI, NOW, Details(), None)
    assert pages("status", SampleDesk(CATALOGUE, [case])) == [
        (
            "..4821 Paspor 10 tahun, 24 Nov\nData sedang diverifikasi di sistem pusat. Belum perlu datang ke kantor.\n"
            "1 Kirim lewat SMS\n2 Nomor lain\n0 Kembali"
        )
    ]


def test_several_applications_are_a_list_by_last_digits_and_service() -> None:
    cases = [
        Case(number, f"482{number}", "SJJ", service, S.CETAK, NOW, Details(), None)
        for number, service in enumerate(("P5", "PANAK", "ITAS1"), start=1)
    ]
    assert pages("status", SampleDesk(CATALOGUE, cases, "en"), "en") == [
        (
            "Choose an application:\n1 ..4821 Passport 5 years\n2 ..4822 Child passport\n3 ..4823 ITAS 1 year\n"
            "4 Another number\n0 Back"
        )
    ]
