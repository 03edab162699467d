"""Is a wish found in the spellings that people use, and is what only looks like one left alone?"""

import tomllib

import pytest

from immigration.inbox.arguments import VisitArguments
from immigration.inbox.dates import WrittenDay, WrittenTime
from immigration.inbox.keywords import KEYWORDS, Keyword, Wish, parse
from immigration.inbox.words import ALIASES, CLAIMS, FORGIVEN, OTHER_WORDS
from immigration.offices.loader import FOLDER

NUMBER = "1061234567890123"
BINDING = (
    *(Keyword.STOP, Keyword.HAPUS, Keyword.SALAH, Keyword.YA, Keyword.TIDAK),
    *(Keyword.DAFTAR, Keyword.UBAH, Keyword.BATAL, Keyword.INGAT),
)


def status(rest: str = "", *, number: str | None = None, last4: str | None = None, born: str | None = None) -> Wish:
    return Wish(Keyword.STATUS, rest, number=number, last4=last4, birth_date_text=born)


@pytest.mark.parametrize(
    ("keyword", "texts"),
    [
        (
            Keyword.STATUS,
            (
                "status|Status|STATUS?|S|s.|cek|CEK STATUS|cek  status!|cekstatus|caliak|Caliak status|check|"
                'Check status|"STATUS"|*status*|#STATUS#|(status)|  status  |- status|status\n|ＳＴＡＴＵＳ|'
                "st\u200batus|st\u00adatus|\ufeffstatus|stätus|𝐒𝐓𝐀𝐓𝐔𝐒|🙏 status 🙏|staus|statsu|sttus|stattus|statuss|"
                "satus|chek|caliek|tolong cek status"
            ),
        ),
        (Keyword.INFO, "info|INFO.|bantuan|BANTU|tolong|Tolong pak|help|HELP!!|?|??|？|¿?|bantaun|imfo|tolng|info ya"),
        (Keyword.BIAYA, "biaya|BIAYO|fee|fees|harga|biya|biayaa|byaya|info biaya|cek biaya|biaya?"),
        (Keyword.SYARAT, "syarat|SYARAIK|sarat|req|requirements|requirments|requirement|sayrat|syrat|info syarat"),
        (Keyword.JAM, "jam|JAM?|hours|buka|bukak|jam buka|buka jam berapa|info jam"),
        (Keyword.BAHASA, "bahasa|BASO|bahaso|lang|language|languge|bhasa"),
        (Keyword.AMBIL, "ambil|AMBIAK|collect|ambik|colect|ambil paspor kapan"),
        (
            Keyword.STOP,
            (
                "stop|STOP.|stop!!|Stop ya pak|setop|baranti|BERHENTI|unsub|unsubscribe|STOP SMS|stopsms|"
                "STOP PENGINGAT|stop pesan|stop kirim sms|stop stop stop|tolong stop|tolong stop sms|"
                "please stop|STOP ALL|stop. terima kasih|baranti mangirim pasan|stop sending me messages"
            ),
        ),
        (Keyword.MULAI, "mulai|MULAI LAGI|mulailagi|start|start again|mulai sms|muali"),
        (
            Keyword.HAPUS,
            "hapus|HAPUIH|delete|hapus data|hapus data saya|tolong hapus data saya|delete my data|hapusdata",
        ),
        (Keyword.DATA, "data|DATA!|data saya|data ambo|my data|data-data"),
        (Keyword.ULANG, "ulang|ULANGI|resend|ulang sms|kirim ulang|ulang lagi pak|resnd"),
        (
            Keyword.SALAH,
            (
                "salah|bukan saya|BUKANSAYA|bukan ambo|ini bukan saya|not me|Not me!|wrong number|salah nomor|"
                "salah orang|salah sambung|salah kirim pak"
            ),
        ),
        (Keyword.YA, "ya|YO|yes|iya|Y|ok|OKE|setuju|satuju|ya pak|ok bu|ya setuju|ya ya|yes please|ya."),
        (Keyword.TIDAK, "tidak|indak|no|No!|T|tdk|ndak|gak|tidak setuju|indak pak|no thanks"),
        (Keyword.JADWAL, "jadwal|JADWAL?|slot|slots|jadwl|jadwal kapan pak|tolong jadwal|info jadwal|cekjadwal"),
        (
            Keyword.DAFTAR,
            (
                "daftar|DAPTAR|pesan|pasan|book|Booking|register|daftar pak|book a visit|daftar antrian paspor|"
                "DAFTAR TUNGGU|book wait|pesan tempat|tolong daftar|daftar kunjungan dong"
            ),
        ),
        (
            Keyword.UBAH,
            "ubah|CHANGE|reschedule|ubah jadwal|ubah jadwal saya|ganti jadwal|pindah jadwal|change my visit|ubah pak",
        ),
        (
            Keyword.BATAL,
            "batal|BATALKAN|batalan|cancel|batal kunjungan|cancel my visit|tolong batalkan kunjungan|batal tunggu",
        ),
        (
            Keyword.BAYAR,
            (
                "bayar|BAYAR?|bayaran|bayia|baia|pay|Payment|tagihan|bayar pak|cek bayar|info bayar|tolong bayar|"
                "bayar dimana|bayar berapa pak|pay how|payment failed"
            ),
        ),
        (Keyword.INGAT, "ingat|INGEK|kuota|quota|alert|ingatkan saya|ingat ya|INGAT TIDAK|alert me|kuota baru"),
    ],
)
def test_a_keyword_is_found_in_every_language_and_spelling(keyword: Keyword, texts: str) -> None:
    assert {text: parse(text).keyword for text in texts.split("|")} == dict.fromkeys(texts.split("|"), keyword)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "\n", "...", "\x00", "😀", "👍", "\ud800", "приветSTOP", "停止", "ㅤ", "0123", "2", "081234567890"),
        *("stok", "step", "shop", "stopp", "sto p", "st0p", "hapal", "hpus", "hapuss", "hapuis", "delet", "berhent"),
        *("jamu", "jami", "dating", "datang", "kata", "yang", "bukan", "buku", "uang", "pulang", "salam", "saleh"),
        *("biasa", "buaya", "bahaya", "surat", "saat", "mulia", "mula", "sambil", "bangunan", "isyarat", "into", "no1"),
        *("stop kirim uang ke calo?", "berhenti kerja boleh urus paspor?", "stop di kantor mana", "stop 1234"),
        *("hapus nama ayah di paspor", "hapus tidak", "HAPUS DATA TETANGGA", "delete sms", "hapus ya atau tidak"),
        *("salah saya apa", "salah ketik nama di paspor", "bukan saya yang ambil", "not me but my wife"),
        *("ya saya datang besok", "ok terima kasih", "tidak bisa datang", "no problem", "t i", "y/t"),
        *("ulang tahun saya salah", "data saya salah", "mulai kerja jam berapa", "bahasa perancis", "s.pd", "s7"),
        *(
            "saya mau tanya biaya paspor",
            "paspor saya status apa",
            "kapan buka",
            "mau stop",
            "pak, hapus data",
            "biyaya hidup",
        ),
        *("batal puasa hari ini?", "batal bayar", "batalkan permohonan saya", "batal kawin ya", "batal di mana"),
        *(
            "ubah nama di paspor",
            "mau ubah nama di paspor",
            "ubah data",
            "change name",
            "changed",
            "ubah tanggal lahir",
        ),
        *("pesan ini untuk siapa", "pesan dari mana", "daftar nama petugas", "daftar harga", "mau daftar", "terdaftar"),
        *("daftar haji 2030 kapan", "bookmark", "kuota haji habis", "ingat pak besok", "ingatan", "kuotanya berapa"),
        *("daftar online gimana", "cancel culture", "batalyon", "ubahan", "btal", "ubh", "daftr", "cancl"),
        *("belum bayar", "alun bayia", "kenapa harus bayar", "mau bayar", "sudah bayar belum", "sudah bayar belum ya"),
        *(
            "SUDAH BAYAR?",
            "sudah bayar di mana",
            "sudah bayar listrik",
            "paid parking where",
            "not paid",
            "I have not paid",
        ),
        *("sudah bayar 1234 5678 9012", "sudah bayar calo", "lah bayia apo", "sudah", "alah", "bayr", "byar", "lunas"),
        *("biasa saja", "sttus saya gimana", "hargai kami", "request", "feedback", "no 1234567", "langsung saja"),
    ],
)
def test_what_is_no_wish_is_free_text_as_it_came(text: str) -> None:
    assert parse(text) == Wish(None, text.strip())


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        *(
            (text, status(number=NUMBER))
            for text in (
                *(
                    NUMBER,
                    f" {NUMBER}. ",
                    f"no. {NUMBER}",
                    f"No permohonan: {NUMBER}",
                    f"{NUMBER} ",
                    "1061-2345-6789-0123",
                ),
                *(
                    f"STATUS {NUMBER}",
                    f"STATUS{NUMBER}",
                    f"status#{NUMBER}#",
                    f"cek,{NUMBER}",
                    f"S{NUMBER}",
                    f"s {NUMBER}",
                ),
                *(f"Status no {NUMBER}", f"cek status {NUMBER}", f"cekstatus{NUMBER}", f"tolong cek {NUMBER}"),
                *("STATUS 1061 2345 6789 0123", "STATUS 1061.2345.6789.0123", "STATUS\n1061234567\n890123"),
                *("status l06I234567890l23", "STATUSI061234567890I23", "STATUS 1o61234567890123"),
                *(
                    "STATUS １０６１２３４５６７８９０１２３",
                    "ＣＥＫ＃１０６１２３４５６７８９０１２３",
                    "STATUS ١٠٦١٢٣٤٥٦٧٨٩٠١٢٣",
                ),
                *(f"sttus {NUMBER}", f"stats{NUMBER}", f"«{NUMBER}»", "STATUS 106\u200b1234567890123"),
            )
        ),
        (f"STATUS {NUMBER} 24111990", status(number=NUMBER, born="24111990")),
        (f"STATUS#{NUMBER}#24-11-1990", status(number=NUMBER, born="24-11-1990")),
        (f"STATUS#{NUMBER}#24#11#1990", status(number=NUMBER, born="24 11 1990")),
        (f"STATUS{NUMBER}24111990", status(number=NUMBER, born="24111990")),
        (f"{NUMBER} 24 nov 1990", status(number=NUMBER, born="24 nov 1990")),
        (f"{NUMBER}, 24 nov 1990 pak", status("pak", number=NUMBER, born="24 nov 1990")),
        (f"{NUMBER}/24/11/90", status(number=NUMBER, born="24/11/90")),
        (f"STATUS {NUMBER} lahir 2 Agustus 1990.", status("lahir", number=NUMBER, born="2 Agustus 1990")),
        (f"STATUS {NUMBER} 1990-11-24", status(number=NUMBER, born="1990-11-24")),
        (f"STATUS {NUMBER} l5O8I99O", status(number=NUMBER, born="l5O8I99O")),
        ("STATUS 1061 2345 6789 0123 24 11 1990", status(number=NUMBER, born="24 11 1990")),
        (f"status paspor saya {NUMBER} ya", status("paspor saya ya", number=NUMBER)),
        *(
            (text, status(last4="0123"))
            for text in ("STATUS 0123", "status#0123", "CEK0123", "s 0123", "STATUS no O123")
        ),
        ("status 0123 ya pak", status("ya pak", last4="0123")),
        ("status saya gimana ya pak", status("saya gimana ya pak")),
        ("STATUS 106123456789012", status("106123456789012")),
        ("STATUS 106123456789012 24111990", status("106123456789012 24111990")),
        ("STATUS 10612345678901 24 11 1990", status("10612345678901 24 11 1990")),
        ("STATUS 10612345678901234", status("10612345678901234")),
        ("STATUS 1061 2345 6789 0123 4", status("1061 2345 6789 0123 4")),
        ("STATUS lolo", status("lolo")),
    ],
)
def test_a_status_comes_with_number_and_birth_date_as_far_as_they_are_sure(text: str, wish: Wish) -> None:
    assert parse(text) == wish


@pytest.mark.parametrize(
    ("text", "service", "rest"),
    [
        *((f"BIAYA{between}P10", "P10", "") for between in ("", " ", "#", ", ", ": ", "/", " - ", "\n", '"', " (")),
        *(
            ("biaya p1o", "P10", ""),
            ("BIAYA PIO pak", None, "PIO pak"),
            ("BIAYA PI0", "P10", ""),
            ("biya p5", "P5", ""),
        ),
        *(("FEE ITK3O", "ITK30", ""), ("biayo pnon10", "PNON10", ""), ("SYARATITAS1", "ITAS1", "")),
        # What may be a word is left for the catalogue to decide.
        *(("SYARAT ITAS I", "ITAS1", "ITAS I"), ("syarat itas l", "ITAS1", "itas l"), ("biaya p 10", "P10", "p 10")),
        *(("BIAYA PANAK", "PANAK", "PANAK"), ("BIAYAPANAK", "PANAK", "PANAK"), ("biaya epo?", "EPO", "epo")),
        *(("biaya paspor", "PASPOR", "paspor"), ("biaya paspor 10 tahun", None, "paspor 10 tahun")),
        *(("biaya pak", None, "pak"), ("biayanya berapa pak", None, "berapa pak"), ("biaya 10", None, "10")),
        ("info biaya paspor hilang", None, "paspor hilang"),
    ],
)
def test_a_service_is_read_in_the_shape_of_a_code(text: str, service: str | None, rest: str) -> None:
    found = parse(text)
    assert found.keyword in (Keyword.BIAYA, Keyword.SYARAT)
    assert (found.service, found.rest) == (service, rest)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("id", ("ID", "indonesia", "Indo")),
        ("min", ("MIN", "minang", "padang")),
        ("en", ("EN", "eng", "English", "inggris", "en please")),
    ],
)
def test_a_language_is_read_however_it_is_called(language: str, words: tuple[str, ...]) -> None:
    for word in words:
        for before in ("BAHASA ", "baso#", "LANG", "language: "):
            assert parse(before + word) == Wish(Keyword.BAHASA, language=language)


@pytest.mark.parametrize(
    ("text", "confirmed"),
    [
        *((text, True) for text in ("HAPUS YA", "hapus ya.", "HAPUIH YO", "DELETE YES", "hapus#iya", "HAPUS DATA YA")),
        *((text, True) for text in ("HAPUSYA", "HAPUSDATAYA", '"HAPUS YA"', "delete my data yes", "HAPUS\nYA")),
        *((text, False) for text in ("HAPUS", "hapus data", "hapus ya?", "hapus ya pak", "hapus data saya ya")),
        *((text, False) for text in ("tolong hapus ya", "tolong hapus data ya", "hapus ok", "hapus hapus")),
    ],
)
def test_only_a_bare_yes_confirms_a_deletion(text: str, confirmed: bool) -> None:
    assert parse(text) == Wish(Keyword.HAPUS, confirmed=confirmed)


@pytest.mark.parametrize("text", ["SALAH 0123", "salah0123", "bukan saya ..0123", "not me 0123", "wrong number O123"])
def test_a_wrong_phone_may_say_which_case_it_is_told_of(text: str) -> None:
    assert parse(text) == Wish(Keyword.SALAH, last4="0123")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        *(
            (text, {})
            for text in (
                *("SUDAH BAYAR", "sudahbayar", "sdh bayar pak", "saya sudah bayar", "Sudah dibayar.", "sudah lunas ya"),
                *("alah bayia", "lah bayia pak", "ambo alah mambayia", "ALAH DIBAYIA", "paid", "I have already paid!"),
                *("bayar sudah", "BAYIA ALAH", "payment done, thanks", "tolong sudah bayar", "sudah bayar 650.000"),
                *("sudah bayar Rp950000 tgl 24/11/2026 jam 10.30", "sudah bayar tapi status masih belum berubah"),
                *("paid but status not updated", "saya sudah bayar lewat bank nagari kemarin"),
            )
        ),
        *(
            (text, {"last4": "4821"})
            for text in ("sudah bayar 4821", "PAID4821", "bayar sudah ..4821", "sdh bayar no 4821")
        ),
        ("SUDAH BAYAR 4821 9F3K", {"last4": "4821", "receipt": "9F3K"}),
        ("sudah bayar 4821 7788", {"last4": "4821", "receipt": "7788"}),
        ("alah bayia struk 1a2b3c4d5e6f7g8h", {"receipt": "7G8H"}),
        (f"paid {NUMBER} 24111990 ntpn 7788", {"number": NUMBER, "birth_date_text": "24111990", "last4": "7788"}),
    ],
)
def test_that_it_is_paid_is_said_in_words_that_mean_nothing_else(text: str, found: dict[str, str]) -> None:
    assert parse(text) == Wish(Keyword.BAYAR, paid=True, **found)


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        *((text, Wish(Keyword.BAYAR)) for text in ("bayar", "bayia pak", "tolong bayar", "cek bayar ya")),
        ("BAYAR ..4821", Wish(Keyword.BAYAR, last4="4821")),
        ("bayar4821", Wish(Keyword.BAYAR, last4="4821")),
        (f"PAY {NUMBER}#24111990", Wish(Keyword.BAYAR, number=NUMBER, birth_date_text="24111990")),
        ("bayar?", Wish(Keyword.BAYAR, "?")),
        ("bayar dimana?", Wish(Keyword.BAYAR, "dimana")),
        ("bayar sudah bisa", Wish(Keyword.BAYAR, "sudah bisa")),
        ("bayar sudah?", Wish(Keyword.BAYAR, "sudah")),
        ("cek sudah bayar", status("sudah bayar")),
    ],
)
def test_what_only_asks_about_a_payment_never_says_that_it_is_paid(text: str, wish: Wish) -> None:
    assert parse(text) == wish


FIRST_AT_NINE = VisitArguments(WrittenDay(day=1, month=12), WrittenTime(9))
TOMORROW = VisitArguments(WrittenDay(ahead=1))
CODE = "H9K4EJD"


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        *(
            (text, Wish(Keyword.DAFTAR, visit=FIRST_AT_NINE))
            for text in (
                *("DAFTAR 1/12 09.00", "daftar#1/12#9", "daftar1/12 9", "DAFTAR,1-12,9:00", "book 1 dec 9am"),
                *("tolong daftar 1/12 jam 9", "Pesan l/l2 O9.OO", "DAFTAR (1/12) [09.00]"),
            )
        ),
        ("DAFTAR P10 1/12 9", Wish(Keyword.DAFTAR, service="P10", visit=FIRST_AT_NINE)),
        ("daftar#1/12#9#itk3o", Wish(Keyword.DAFTAR, service="ITK30", visit=FIRST_AT_NINE)),
        ("daftar panak 1/12 9", Wish(Keyword.DAFTAR, "PANAK", service="PANAK", visit=FIRST_AT_NINE)),
        ("daftar paspor 10 tahun 1/12 9", Wish(Keyword.DAFTAR, "PASPOR 10 TAHUN", visit=FIRST_AT_NINE)),
        ("DAFTAR ..4821 1/12 09.00", Wish(Keyword.DAFTAR, last4="4821", visit=FIRST_AT_NINE)),
        ("daftar 4821 1/12 0900", Wish(Keyword.DAFTAR, last4="4821", visit=FIRST_AT_NINE)),
        ("daftar tunggu besok", Wish(Keyword.DAFTAR, visit=TOMORROW._replace(waits=True))),
        ("daftar 1", Wish(Keyword.DAFTAR, "1", visit=VisitArguments(unread=True))),
        ("daftar senin depan jam 9", Wish(Keyword.DAFTAR, visit=VisitArguments(time=WrittenTime(9), unread=True))),
        ("jadwal besok", Wish(Keyword.JADWAL, visit=TOMORROW)),
        ("slot bisuak", Wish(Keyword.JADWAL, visit=TOMORROW)),
        ("UBAH besok", Wish(Keyword.UBAH, visit=TOMORROW)),
        ("change my visit to tomorrow", Wish(Keyword.UBAH, visit=TOMORROW)),
        (f"ubah {CODE} besok", Wish(Keyword.UBAH, visit=TOMORROW._replace(code=CODE))),
        (f"batal {CODE[:3]} {CODE[3:].lower()}", Wish(Keyword.BATAL, visit=VisitArguments(code=CODE))),
        (f"BATAL {CODE} YA", Wish(Keyword.BATAL, confirmed=True, visit=VisitArguments(code=CODE))),
        ("INGAT TIDAK", Wish(Keyword.INGAT, refused=True)),
        ("ingatindak", Wish(Keyword.INGAT, refused=True)),
        ("INGAT YA", Wish(Keyword.INGAT)),
    ],
)
def test_a_visit_comes_with_all_that_was_written_of_it(text: str, wish: Wish) -> None:
    assert parse(text) == wish


@pytest.mark.parametrize(
    ("text", "confirmed"),
    [
        *((text, True) for text in ("BATAL YA", "batal yo.", "CANCEL YES", "batalya", "batal kunjungan ya", "BATAL#Y")),
        *((text, False) for text in ("BATAL", "batal ya?", "batal ya pak", "tolong batal ya", "batal besok ya")),
        (f"batal {CODE[:-1]}X ya", False),
    ],
)
def test_only_a_bare_yes_confirms_that_a_visit_is_cancelled(text: str, confirmed: bool) -> None:
    found = parse(text)
    assert (found.keyword, found.confirmed) == (Keyword.BATAL, confirmed)


def test_every_service_that_is_booked_can_be_named_in_one_word() -> None:
    told = tomllib.loads((FOLDER / "offices" / "SJJ.toml").read_text())
    for code in told["visits"]["services"]:
        found = parse(f"daftar {code} besok")
        assert (found.keyword, found.service) == (Keyword.DAFTAR, code)


def test_a_misspelling_as_near_to_another_keyword_is_none() -> None:
    assert parse("ambik").keyword is Keyword.AMBIL, "one letter from AMBIL and from AMBIAK, which mean the same"
    assert parse("starat").keyword is None, "one letter from SYARAT and from START"
    assert parse("bayo").keyword is None, "one letter from BIAYO and from BASO"
    assert parse("baiya").keyword is None, "one letter from BIAYA and from BAYIA"


def test_the_words_agree_with_each_other() -> None:
    assert {ALIASES[word] for word in FORGIVEN}.isdisjoint(BINDING)
    assert OTHER_WORDS.isdisjoint(KEYWORDS)
    assert all(word == word.upper() for word in KEYWORDS | OTHER_WORDS)
    assert set(ALIASES.values()) == set(Keyword)
    assert all(parse(word).keyword is ALIASES[word] for word in KEYWORDS)
    assert all(parse(claim).paid and parse(claim.replace(" ", "")).paid for claim in CLAIMS)
    assert all(parse(word).keyword is None for word in OTHER_WORDS)
