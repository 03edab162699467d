"""Which words mean which keyword? In Indonesian, Minangkabau and English; and which only look as if they did.

Everything is in upper case.
"""

from enum import StrEnum
from typing import Final

from immigration.people import Language


class Keyword(StrEnum):
    """What can be asked for by SMS (domain.md 9.6)."""

    STATUS = "STATUS"
    INFO = "INFO"
    BIAYA = "BIAYA"
    SYARAT = "SYARAT"
    JAM = "JAM"
    BAHASA = "BAHASA"
    AMBIL = "AMBIL"
    STOP = "STOP"
    MULAI = "MULAI"
    HAPUS = "HAPUS"
    DATA = "DATA"
    ULANG = "ULANG"
    SALAH = "SALAH"
    YA = "YA"
    TIDAK = "TIDAK"
    JADWAL = "JADWAL"
    DAFTAR = "DAFTAR"
    UBAH = "UBAH"
    BATAL = "BATAL"
    BAYAR = "BAYAR"
    INGAT = "INGAT"


def _words(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


_ALIASES: Final = {
    Keyword.STATUS: "STATUS STATUSNYA CEK CALIAK S CHECK",
    Keyword.INFO: "INFO BANTUAN BANTU TOLONG HELP",
    Keyword.BIAYA: "BIAYA BIAYANYA BIAYO BIAYONYO FEE FEES HARGA HARGANYA",
    Keyword.SYARAT: "SYARAT SYARATNYA SYARAIK SYARAIKNYO SARAT REQ REQUIREMENTS",
    Keyword.JAM: "JAM HOURS BUKA BUKAK",
    Keyword.BAHASA: "BAHASA BASO BAHASO LANG LANGUAGE",
    Keyword.AMBIL: "AMBIL AMBIAK COLLECT",
    Keyword.STOP: "STOP SETOP BARANTI BERHENTI UNSUB UNSUBSCRIBE",
    Keyword.MULAI: "MULAI START",
    Keyword.HAPUS: "HAPUS HAPUIH DELETE",
    Keyword.DATA: "DATA",
    Keyword.ULANG: "ULANG ULANGI RESEND",
    Keyword.SALAH: "SALAH",
    Keyword.YA: "YA YO YES IYA Y OK OKE SETUJU SATUJU",
    Keyword.TIDAK: "TIDAK INDAK NO T TDK NDAK GAK",
    Keyword.JADWAL: "JADWAL JADWALNYA SLOT SLOTS",
    # Without a date it shows the free ones, as JADWAL does.
    Keyword.DAFTAR: "DAFTAR DAPTAR PESAN PASAN BOOK BOOKING REGISTER",
    Keyword.UBAH: "UBAH CHANGE RESCHEDULE",
    Keyword.BATAL: "BATAL BATALKAN BATALAN CANCEL",
    Keyword.BAYAR: "BAYAR BAYARAN BAYIA BAIA PAY PAYMENT TAGIHAN",
    Keyword.INGAT: "INGAT INGATKAN INGEK KUOTA QUOTA ALERT",
}
ALIASES: Final = {word: keyword for keyword, words in _ALIASES.items() for word in words.split()}
# Every word that a text of ours may tell people to send.
KEYWORDS: Final = frozenset(ALIASES)

_WHO: Final = ("", "SAYA ", "AMBO ", "DEN ", "AKU ")
_DONE: Final = ("SUDAH", "SDH", "UDAH", "UDH", "TELAH", "ALAH")
_PAID_MINANG: Final = ("BAYIA", "BAIA", "DIBAYIA", "MAMBAYIA")
_PAID: Final = ("BAYAR", "DIBAYAR", "MEMBAYAR", "LUNAS", *_PAID_MINANG)
# Whoever begins with one of these says that it is paid.
CLAIMS: Final = frozenset(
    {f"{who}{done} {paid}" for who in _WHO for done in _DONE for paid in _PAID}
    # In Indonesian "lah" only adds weight: "lah bayar saja".
    | {f"{who}LAH {paid}" for who in _WHO for paid in _PAID_MINANG}
    | {f"{who}{paid}" for who in ("", "I ") for paid in ("PAID", "HAVE PAID", "ALREADY PAID", "HAVE ALREADY PAID")}
)
# The same behind the keyword: "bayar sudah", "payment done".
PAID_ALREADY: Final = _words("SUDAH SDH UDAH UDH TELAH ALAH DONE MADE")
# "but the status has not changed": without what follows it, "not yet" may be the opposite.
NOT_YET: Final = _words("BELUM BLM ALUN NOT")
RECORDED: Final = _words("BERUBAH BARUBAH MASUK MASUAK TERCATAT TACATAT CHANGED UPDATED RECORDED")
# The shortest of each language, which our texts tell people to send.
CLAIM_WORDS: Final = _words("SUDAH BAYAR ALAH BAYIA PAID")

# Beginnings of several words; they count written in one word too.
PHRASES: Final = {
    tuple(phrase.split()): keyword
    for keyword, phrases in {
        Keyword.STATUS: ("CEK STATUS", "CALIAK STATUS", "CHECK STATUS"),
        Keyword.STOP: ("MOHON STOP", "PLEASE STOP", "PLS STOP"),
        Keyword.MULAI: ("MULAI LAGI",),
        Keyword.DATA: ("MY DATA",),
        Keyword.ULANG: ("KIRIM ULANG",),
        Keyword.SALAH: (
            *("BUKAN SAYA", "BUKAN AMBO", "BUKAN AKU", "BUKAN DEN", "INI BUKAN SAYA", "IKO BUKAN AMBO"),
            *("NOT ME", "THIS IS NOT ME", "WRONG NUMBER", "WRONG PERSON"),
        ),
        Keyword.JADWAL: ("CEK JADWAL", "CALIAK JADWAL", "CHECK SLOT"),
        Keyword.UBAH: ("PINDAH JADWAL", "GANTI JADWAL", "PINDAH TANGGAL", "GANTI TANGGAL"),
        Keyword.BAYAR: CLAIMS,
    }.items()
    for phrase in phrases
}
LONGEST_PHRASE: Final = max(map(len, PHRASES))

# These answer a question and change nothing: a whole sentence may follow. Not behind one of `CLAIMS`.
HARMLESS: Final = frozenset(
    {
        *(Keyword.STATUS, Keyword.BIAYA, Keyword.SYARAT, Keyword.JAM, Keyword.INFO, Keyword.AMBIL, Keyword.JADWAL),
        Keyword.BAYAR,
    }
)
# "info biaya", "tolong cek status": the word that follows says more exactly what is wanted.
LEADERS: Final = _words("TOLONG BANTU INFO CEK CALIAK CHECK")
# Nobody asks for something that takes a firm will with these alone.
POLITE_LEADERS: Final = _words("TOLONG")
ASKED_POLITELY: Final = frozenset({Keyword.STOP, Keyword.HAPUS, Keyword.DAFTAR, Keyword.UBAH, Keyword.BATAL})

_PEOPLE: Final = _words("PAK BAPAK BPK BU BUK IBU BANG DA UDA NI UNI KAK MAS MBAK MIN ADMIN SIR MADAM")
_THANKS: Final = _words("TERIMA KASIH TERIMAKASIH MAKASIH TRIMS TARIMO TARIMOKASIH THANK THANKS YOU")
POLITE: Final = _PEOPLE | _THANKS | _words("YA YO TOLONG MOHON PLEASE PLS DONG LAH SAJA")

MINE: Final = _words("SAYA AMBO DEN AKU MY")
_VISIT: Final = _words(
    "KUNJUNGAN KUNJUANGAN JADWAL ANTRI ANTRIAN ANTREAN SLOT TEMPAT TAMPEK VISIT APPOINTMENT DATE TIME A AN THE",
    "HARI TANGGAL TGL TG JAM PUKUL PKL SESI PAGI SIANG SORE MORNING AFTERNOON AT ON FOR TO UNTUK UNTUAK DI KE KA",
)
YES: Final = _words("YA YO YES IYA Y")
NO: Final = _words("TIDAK INDAK NO TDK NDAK GAK STOP")
WAITING: Final = _words("TUNGGU NUNGGU WAIT WAITING WAITLIST")
# Codes of services that are booked and hold no figure.
CODES: Final = _words("PANAK PGANTI PHILANG PRUSAK")
SERVICE_WORDS: Final = CODES | _words("PASPOR PASSPORT BARU ANAK CHILD GANTI HILANG RUSAK TAHUN TAUN TH YEARS")

# What may stand beside a keyword that takes a firm will; any other word makes the text a person's own.
COMPANIONS: Final = {
    Keyword.STOP: POLITE
    | _words(
        "SMS PESAN PASAN PENGINGAT PAINGEK NOTIF NOTIFIKASI PEMBERITAHUAN PROMO INFO LANGGANAN BERLANGGANAN",
        "KIRIM KIRIMI MENGIRIM MANGIRIM DARI INI IKO LAGI SEMUA SADONYO ALL MESSAGE MESSAGES TEXT TEXTS",
        "TEXTING REMINDER REMINDERS SENDING SEND ME",
    ),
    Keyword.MULAI: POLITE | _words("LAGI BALIAK KEMBALI AGAIN SMS PESAN PASAN PENGINGAT REMINDER REMINDERS"),
    Keyword.HAPUS: POLITE
    | _words("DATA NOMOR NOMER NUMBER HP SAYA AMBO DEN AKU SEMUA SADONYO MY ALL ME YES IYA Y OK OKE"),
    Keyword.DATA: POLITE | _words("SAYA AMBO DEN AKU"),
    Keyword.ULANG: POLITE | _words("LAGI KIRIM SMS PESAN PASAN AGAIN"),
    Keyword.SALAH: POLITE | _words("NO NOMOR NOMER NUMBER ORANG URANG SAMBUNG KIRIM"),
    # "ok terima kasih" is a receipt, no consent.
    Keyword.YA: _PEOPLE | _words("PLEASE"),
    Keyword.TIDAK: _PEOPLE | _words("SETUJU SATUJU USAH PERLU PARALU MAU THANKS"),
    Keyword.BAHASA: POLITE,
    Keyword.DAFTAR: POLITE | _VISIT | WAITING | SERVICE_WORDS | _words("LIST"),
    Keyword.UBAH: POLITE | _VISIT | MINE | _words("MENJADI JADI MANJADI PINDAH GANTI"),
    Keyword.BATAL: POLITE | _VISIT | MINE | WAITING | YES | _words("DAFTAR LIST"),
    Keyword.BAYAR: POLITE
    | MINE
    | _words(
        "STRUK RESI NTPN NTB BUKTI KWITANSI RECEIPT BILLING TAGIHAN PASPOR PASSPORT PERMOHONAN PAMOHONAN APPLICATION",
        "NO NOMOR NOMER NUMBER ANGKA ANGKO HURUF AKHIR TERAKHIR TARAKHIR LAST DIGITS DAN JO AND ALREADY",
        "DI VIA LEWAT LEWAIK AT BY THE BANK ATM BRI BNI BSI BCA MANDIRI NAGARI POS KANTOR KANTUA INDOMARET ALFAMART",
        "TADI KEMARIN KAPATANG PAGI SIANG SORE MALAM JAM PUKUL TANGGAL TGL TODAY YESTERDAY",
        "TAPI TP TETAPI BUT STATUS STATUSNYA STATUSNYO MASIH STILL",
    )
    | RECORDED,
    Keyword.INGAT: POLITE | MINE | YES | NO | _words("JADWAL KUOTA BARU ME"),
}

# "hapus data saya ya" is only a polite wish to have it done, so YA confirms nowhere else. Of a deletion or a visit.
CONFIRMATIONS: Final = frozenset(
    f"{what} {yes}".strip()
    for what in ("", "DATA", "MY DATA", "KUNJUNGAN", "KUNJUANGAN", "JADWAL", "VISIT", "MY VISIT")
    for yes in YES
)

LANGUAGE_WORDS: Final[dict[str, Language]] = {
    "ID": "id",
    "INDO": "id",
    "INDONESIA": "id",
    "MIN": "min",
    "MINANG": "min",
    "MINANGKABAU": "min",
    "PADANG": "min",
    "EN": "en",
    "ENG": "en",
    "ENGLISH": "en",
    "INGGRIS": "en",
}

# Long and rare enough that a slip of the finger can be forgiven. Not here: what stops, deletes or answers a
# question, and words with dozens of neighbours ("lang" and "yang", "data" and "kata").
FORGIVEN: Final = _words(
    "STATUS CALIAK CHECK INFO BANTUAN TOLONG BIAYA BIAYO SYARAT SYARAIK REQUIREMENTS BAHASA BAHASO",
    "LANGUAGE AMBIL AMBIAK COLLECT MULAI RESEND JADWAL",
)
# Words of the three languages that lie beside one of these and mean something else.
OTHER_WORDS: Final = _words(
    # STATUS, CHECK, INFO
    "STATES STATUE STATUES STATIS STATUTE STRATUS CHECKS CHICK CHUCK CHEEK CHEEKY HECK INTO INDO",
    # BANTUAN
    "BANGUNAN BANDUAN BATUAN BANTAHAN BANTALAN BANTARAN BANTULAH BANTUL BASTIAN BENTUKAN BENTUAN BENTURAN PANDUAN",
    "PANTUAN BERTUAN BANCIAN BUATAN BALUTAN BANGGAN BENDUAN BANTUN",
    # TOLONG
    "BOLONG KOLONG COLONG GOLONG POLONG LOLONG JOLONG TODONG TOBONG TOKONG TOMONG TOPONG",
    # BIAYA, BIAYO
    "BIASA BUAYA BIARA BAYA BIAYAI BIASO BUAYO BIAYAKAN",
    # SYARAT, SYARAIK
    "ISYARAT ISYARAIK SYARIAT SYARIAH SYARIK SYARIKAT SYARAF SYARAK SYARA SYARAH SYARAB SYARBAT SIARAT",
    # BAHASA, BAHASO
    "BAHAWA BAHAYA BAHAYO BAHAS BAHASAN BAHAMA BAHANA BAHALA BAHARA BAHASI",
    # AMBIL, AMBIAK
    "SAMBIL AMIL AMRIL AMBAL AMBIN AMBI AMBUL AMBAK",
    # MULAI
    "MULA MULIA MULIAH MULYA MULAN MULAS MULAT MULTI MURAI MALAI MUAI KULAI GULAI PULAI JULAI BULAI LULAI",
    # COLLECT, RESEND
    "COLLEGE COLLECTED COLLECTOR COLLECTS CORRECT CONNECT COLBERT COOLEST RESENT",
)
