"""Does the linter of the SMS wording find each kind of fault when one is planted?"""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from immigration.inbox.keywords import KEYWORDS, parse
from immigration.inbox.words import CLAIM_WORDS
from immigration.messages.check import faults, unreviewed
from immigration.messages.texts import Texts, texts
from tests.support.sms_texts import copied_texts

Broken = Callable[[str, str], list[str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Texts to be broken."""
    return copied_texts(tmp_path / "templates_sms")


@pytest.fixture
def broken(folder: Path) -> Broken:
    """The faults that are found once a file reads so."""

    def break_it(file: str, content: str) -> list[str]:
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).write_bytes(content.encode())
        return faults(Texts.load(folder))

    return break_it


def test_the_texts_as_they_are_have_no_fault() -> None:
    assert faults(texts()) == []


@pytest.mark.parametrize("language", ["id", "min", "en"])
def test_a_language_that_lacks_a_text_is_found(folder: Path, language: str) -> None:
    (folder / language / "CETAK.txt").unlink()
    assert faults(Texts.load(folder)) == [f"{language}/CETAK.txt: missing"]


def test_other_placeholders_than_in_another_language_are_found(broken: Broken) -> None:
    assert broken("min/DISERAHKAN.txt", "No {no} Alah disarahan. Tarimo kasih.\n") == [
        "min/DISERAHKAN.txt: other placeholders than in another language"
    ]


def test_the_ussd_code_may_be_named_in_one_language_alone(broken: Broken) -> None:
    assert broken("min/A_SALAH_KOSONG.txt", "Indak ado pamohonan jo HP ko. Hubungi {ussd}.\n") == []


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("No {no} Paspor {nama}.\n", "the placeholder nama is not known"),
        ("No {no} Paspor’.\n", "'’' is not GSM-7"),
        ("No {no} Paspor ~.\n", "'~' takes two septets"),
        ("No {no} Kode paspor.\n", "the word kode"),
        ("No {no} [Pin|Paspor].\n", "the word pin"),
        ("No {no} Paspor, SELAMAT!\n", "the word selamat"),
        ("Imigrasi Sijunjung: No {no} Paspor.\n", "the brand, which every SMS begins with anyway"),
        ("No {no} [Paspor.\n", "a bracket or bar that belongs to no {name} and no [with|without]"),
        ("No {no} Paspor |.\n", "a bracket or bar that belongs to no {name} and no [with|without]"),
        ("No {no} Balas CALO.\n", "CALO is no keyword of this version"),
        ("No {no} Balas STATUS.\n", "the keyword STATUS where nobody can reply"),
        ("No {no} Balas PAID.\n", "the keyword PAID where nobody can reply"),
        ("No {no}\nPaspor.\n", "not one line, or a space at its begin or end"),
        ("No {no} Paspor.\n\n", "not one line, or a space at its begin or end"),
        ("No {no} Paspor.\r\n", "not one line, or a space at its begin or end"),
        ("No {no} Paspor. \n", "not one line, or a space at its begin or end"),
        ("{no}\n", "no words of its own"),
        ("", "no words of its own"),
        (f"No {{no}} {'a' * 131}\n", "161 septets, 160 fit, where people can reply"),
        (f"No {{no}} [a|{'a' * 131}]\n", "161 septets, 160 fit, where the sender is one-way"),
        (f"No {{no}} {{kurang}} {'a' * 120}\n", "no room for the longest kurang where people can reply"),
        (f"No {{no}} {{syarat}} {'a' * 70}\n", "no room for the longest syarat where people can reply"),
    ],
)
def test_a_fault_in_a_text_is_found_and_named_with_its_file(broken: Broken, content: str, fault: str) -> None:
    assert f"min/CETAK.txt: {fault}" in broken("min/CETAK.txt", content)


def test_what_a_text_tells_people_to_send_is_understood() -> None:
    told = {
        command
        for template in texts().templates.values()
        for command in re.findall(r"\b[A-Z]{2,}(?: [A-Z0-9]+(?:#[0-9]+)?)*", template.wording(can_reply=True))
        if command.split()[0] in KEYWORDS | CLAIM_WORDS
    }
    assert {"STATUS 9900000000000001#24111990", "STATUS 4821", "HAPUS YA", "BAHASA MIN", "BIAYO PANAK"} <= told
    wishes = {command: parse(command) for command in told}
    # A service without a digit may be an ordinary word, so the parser leaves it among the rest too.
    assert [one for one, wish in wishes.items() if not wish.keyword or wish.rest not in ("", wish.service)] == []
    assert {one for one, wish in wishes.items() if wish.paid} == {"SUDAH BAYAR", "ALAH BAYIA", "PAID"}


def test_a_keyword_is_not_mistaken_where_people_can_reply(broken: Broken) -> None:
    assert broken("min/CETAK.txt", "No {no} Paspor sadang dicetak. [Baleh STATUS.|Hubungi {ussd}.]\n") == []


@pytest.mark.parametrize("word", ["kodean", "{kode}"])
def test_a_part_of_a_word_and_a_placeholder_are_no_forbidden_word(broken: Broken, word: str) -> None:
    assert not any("the word" in fault for fault in broken("min/CETAK.txt", f"No {{no}} {word}.\n"))


def test_a_fault_of_the_brand_is_found(broken: Broken) -> None:
    found = broken("brand.txt", "KODE [IMIGRASI]: \n")
    assert {"brand.txt: the word kode", "brand.txt: '[' takes two septets"} <= set(found)


@pytest.mark.parametrize("file", ["notes.txt", "su/CETAK.txt", "id/CETAK.txt~", "id/old/CETAK.txt"])
def test_a_file_that_nobody_reads_is_found(broken: Broken, file: str) -> None:
    assert broken(file, "Paspor.\n") == [f"{file}: a file that nobody reads"]


def test_a_name_that_is_no_code_is_found(broken: Broken) -> None:
    assert "id/cetak.txt: a name that is no code" in broken("id/cetak.txt", "Paspor.\n")


def test_a_reviewed_text_that_is_not_there_is_found(broken: Broken) -> None:
    assert broken("reviewed.txt", "# Reviewed\nCETAK\nCETK\n") == ["reviewed.txt: there is no min/CETK.txt"]


def test_a_reviewed_text_waits_no_more(folder: Path) -> None:
    before = unreviewed(Texts.load(folder))
    with (folder / "reviewed.txt").open("a") as file:
        file.write("CETAK\n")
    assert set(before) - set(unreviewed(Texts.load(folder))) == {"CETAK"}


def test_the_list_of_reviewed_texts_is_asked_for(folder: Path) -> None:
    (folder / "reviewed.txt").unlink()
    assert faults(Texts.load(folder)) == ["reviewed.txt: missing"]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["texts", *map(str, arguments)])


def test_the_check_says_ok_of_the_texts_as_they_are() -> None:
    result = run("check")
    assert result.exit_code == 0
    assert result.output.splitlines()[-1].startswith("ok: ")


def test_the_check_prints_a_line_per_fault_and_fails(folder: Path) -> None:
    (folder / "min/CETAK.txt").unlink()
    (folder / "en/CETAK.txt").write_text("No {no} Paspor ~.\n")
    result = run("check", "--folder", folder, "--unreviewed")
    assert result.exit_code == 1
    assert result.output.splitlines()[:2] == ["en/CETAK.txt: '~' takes two septets", "min/CETAK.txt: missing"]
    assert "not reviewed: DISERAHKAN" in result.output
    assert "ok:" not in result.output


def test_the_check_fails_where_the_texts_cannot_be_read(folder: Path) -> None:
    (folder / "brand.txt").unlink()
    result = run("check", "--folder", folder)
    assert (result.exit_code, result.output) == (1, "brand.txt: cannot be read: FileNotFoundError\n")


def test_a_text_is_shown_in_each_language_and_variant_with_its_length() -> None:
    lines = run("show", "DIBATALKAN").output.splitlines()
    assert len(lines) == 12
    assert lines[2] == "id, one-way: 112 septets, 1 segment(s)"
    assert lines[3].endswith("Permohonan dibatalkan 24 Nov 2026. Jika bukan Anda yang minta, hubungi *384*1303#.")


def test_a_text_that_there_is_not_cannot_be_shown() -> None:
    result = run("show", "NOWHERE")
    assert result.exit_code == 1
    assert "NOWHERE.txt: there is no such text" in result.output
