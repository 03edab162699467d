"""Can an officer see what was sent, send it again, answer, open a channel and close a task; and is each look noted?"""

import json
from pathlib import Path

import pytest
from redis import Redis

from immigration.database import Database
from immigration.inbox.tables import Inbound
from immigration.messages import channels
from immigration.messages.resending import AGAIN
from immigration.messages.states import State
from immigration.messages.tables import Message
from immigration.people import choose_language
from immigration.vault import KeyRing
from tests.support.office_desk import OfficeDesk
from tests.support.sms import number, phone_of
from workers.queues import queue

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])


@pytest.fixture
def desk(database: Database, key_ring: KeyRing, tmp_path: Path) -> OfficeDesk:
    return OfficeDesk.over(database, key_ring, tmp_path)


def test_messages_are_listed_by_phone_number_and_state_without_texts_and_the_look_is_noted(desk: OfficeDesk) -> None:
    lost, failed = desk.sent(1, State.UNKNOWN, "no answer"), desk.sent(2, State.FAILED, "invalid number")
    everything = desk.run("messages", "list").stdout
    assert everything.index(f" {failed} ") < everything.index(f" {lost} ")
    assert "invalid number" in everything
    assert "..0001" in everything
    assert number(1) not in everything
    assert "IMIGRASI" not in everything
    wanted = {
        ("--phone", "0812 0000 0001"): [lost],
        ("--application", number(2)): [failed],
        ("--application", number(2), "--phone", phone_of(1)): [],
        ("--state", "unknown"): [lost],
        ("--limit", "1"): [failed],
    }
    for options, expected in wanted.items():
        told = json.loads(desk.run("messages", "list", "--json", *options).stdout)
        assert [one["id"] for one in told] == expected, options
    assert desk.audited() == [
        ("listed", False, None),
        ("listed", True, None),
        ("listed", True, "0002"),
        ("listed", True, "0002"),
        ("listed", False, None),
        ("listed", False, None),
    ]


def test_a_message_is_shown_with_its_text_what_was_heard_of_it_and_what_helps(desk: OfficeDesk) -> None:
    failed = desk.sent(1, State.FAILED, "invalid number")
    shown = desk.run("messages", "show", failed).stdout
    assert desk.text_of(desk.sms.messages()[0]) in shown
    assert "ask the applicant for another number" in shown
    assert f"messages resend {failed}" in shown
    assert "aggregator" in shown.splitlines()[-2]
    assert phone_of(1) not in shown
    assert "WIB" in shown
    [event] = json.loads(desk.run("messages", "show", failed, "--json").stdout)["events"]
    assert (event["source"], event["status"], event["fault"]) == ("answer", "failed", "invalid number")
    assert desk.audited() == [("read", True, "0001")] * 2


@pytest.mark.parametrize("state", sorted(AGAIN))
def test_what_did_not_arrive_is_sent_again_once_with_who_did_it_and_its_task_closed(
    desk: OfficeDesk, state: State
) -> None:
    first = desk.sent(1, state, "no answer")
    assert len(desk.sms.open_tasks()) == 1
    done = desk.run("messages", "resend", first)
    assert done.exit_code == 0, done.output
    old, new = desk.sms.messages()
    assert f"again as message {new.id}" in done.stdout
    assert (old.state, new.state, new.occasion) == (state, State.QUEUED, f"resend:{first}:1")
    assert desk.text_of(new) == desk.text_of(old)
    [event] = [event for event in desk.sms.events(first) if event.source == "officer"]
    assert event.word.startswith(f"sent again as {new.id} by cli")
    assert desk.sms.open_tasks() == []
    assert desk.audited() == [("changed", True, "0001")]
    refused = desk.run("messages", "resend", first)
    assert (refused.exit_code, f"as message {new.id}, which waits to be sent" in refused.stderr) == (1, True)
    with desk.sms.database.writing() as session:
        session.get_one(Message, new.id).state = State.FAILED
    assert desk.run("messages", "resend", first).exit_code == 0
    assert desk.sms.messages()[-1].occasion == f"resend:{first}:2"


@pytest.mark.parametrize("state", sorted(set(State) - AGAIN))
def test_what_may_still_arrive_or_has_arrived_or_is_unwanted_is_not_sent_again(desk: OfficeDesk, state: State) -> None:
    message = desk.sent(1, state)
    refused = desk.run("messages", "resend", message)
    assert (refused.exit_code, f"not sent again: message {message} " in refused.stderr) == (1, True)
    assert len(desk.sms.messages()) == 1
    assert desk.audited() == []


def test_what_is_not_there_or_no_longer_kept_is_said_in_a_line(desk: OfficeDesk) -> None:
    message = desk.sent(1, State.FAILED, "invalid number")
    with desk.sms.database.writing() as session:
        row = session.get_one(Message, message)
        row.body_sealed = row.phone_hash = None
    assert "no longer kept" in desk.run("messages", "resend", message).stderr
    assert "no longer kept" in desk.run("messages", "show", message).stdout
    for words, status, told in (
        (("messages", "show", 99), 1, "no message 99"),
        (("messages", "resend", 99), 1, "no message 99"),
        (("messages", "resend", "x"), 2, "ID"),
        (("messages", "list", "--phone", "12"), 2, "--phone"),
        (("messages", "list", "--application", "12"), 2, "16 digits"),
        (("messages", "list", "--application", number(9)), 1, "no application"),
        (("messages", "list", "--state", "lost"), 2, "--state"),
        (("channels", "resume", "pigeon"), 1, "simulated"),
        (("tasks", "show", 99), 1, "no task 99"),
        (("tasks", "done", 99), 1, "no task 99"),
        (("inbox", "answer", 99, "Halo"), 1, "no message 99"),
        (("optout", "stop"), 2, "--phone"),
    ):
        ended = desk.run(*words)
        assert (ended.exit_code, told in ended.stderr) == (status, True), ended.output


def test_the_workers_are_told_of_what_an_officer_sends(desk: OfficeDesk, redis_url: str, redis_client: Redis) -> None:
    message = desk.sent(1, State.FAILED, "absent")
    desk.env["REDIS_URL"] = redis_url
    assert desk.run("messages", "resend", message).exit_code == 0
    assert queue(redis_client).count == 1
    desk.env["REDIS_URL"] = "redis://127.0.0.1:1"
    assert desk.run("inbox", "answer", desk.wrote(1, "Boleh diwakilkan?"), "Boleh").exit_code == 0


def test_a_paused_channel_says_why_and_sends_again_when_an_officer_says_so(desk: OfficeDesk) -> None:
    assert "simulated" in desk.run("channels", "list").stdout
    with desk.sms.database.writing() as session:
        channels.pause(session, "simulated", "no credit", desk.sms.clock())
    shown = desk.run("channels", "list").stdout
    assert "top up" in shown
    assert "WIB" in shown
    assert json.loads(desk.run("channels", "list", "--json").stdout)[0]["fault"] == "no credit"
    assert desk.run("channels", "resume", "simulated").stdout == "simulated sends again.\n"
    assert "not paused" in desk.run("channels", "resume", "simulated").stdout
    assert desk.sms.open_tasks() == []


def test_a_task_is_listed_shown_and_done_once(desk: OfficeDesk) -> None:
    message = desk.sent(1, State.UNKNOWN, "no answer")
    [task] = json.loads(desk.run("tasks", "list", "--json").stdout)
    assert (task["kind"], task["message_id"]) == ("unknown_result", message)
    assert "unknown result" in desk.run("tasks", "list").stdout
    shown = desk.run("tasks", "show", task["id"]).stdout
    assert f"messages show {message}" in shown
    assert f"tasks done {task['id']}" in shown
    assert desk.run("tasks", "done", task["id"]).stdout == f"task {task['id']} is done.\n"
    assert "nothing changed" in desk.run("tasks", "done", task["id"]).stdout
    assert desk.run("tasks", "list", "--json").stdout == "[]\n"
    assert "by cli" in desk.run("tasks", "show", task["id"]).stdout
    assert json.loads(desk.run("tasks", "list", "--done", "--json").stdout)[0]["done_by"].startswith("cli")


def test_what_people_wrote_waits_in_the_inbox_until_an_officer_answers_in_their_language(desk: OfficeDesk) -> None:
    letter = desk.wrote(1, "Anak saya [/red] sakit\x1b[2J, boleh diwakilkan?")
    desk.wrote(2, "JAM", "two")
    assert desk.sms.open_tasks() == ["free_text"]
    waiting = desk.run("inbox", "list").stdout
    assert "..0001" in waiting
    assert "Anak saya [/red] sakit [2J, boleh diwakilkan?" in waiting
    assert "JAM" not in waiting
    assert [one["state"] for one in json.loads(desk.run("inbox", "list", "--all", "--json").stdout)] == [
        "answered",
        "office",
    ]
    with desk.sms.database.writing() as session:
        choose_language(session, desk.sms.messages()[0].phone_hash or b"", "en", desk.sms.clock(), "sms")
    done = desk.run("inbox", "answer", letter, "Boleh,", "dengan surat kuasa.")
    assert done.exit_code == 0, done.output
    reply = desk.sms.messages()[-1]
    assert desk.text_of(reply).endswith("Officer's answer: Boleh, dengan surat kuasa.")
    assert (reply.category, reply.language, reply.occasion[-2:]) == ("reply", "en", ":1")
    assert desk.sms.open_tasks() == []
    assert json.loads(desk.run("inbox", "list", "--json").stdout) == []
    assert desk.run("inbox", "answer", letter, "Satu lagi: bawa KTP.").exit_code == 0
    assert desk.sms.messages()[-1].occasion == reply.occasion[:-1] + "2"
    # Each list names whose words were read.
    assert [one for one in desk.audited() if one[0] != "listed"] == [
        *[("read", True, None)] * 3,
        *[("changed", True, None)] * 2,
    ]


def test_an_answer_that_is_no_single_sms_is_refused_with_what_to_change(desk: OfficeDesk) -> None:
    letter = desk.wrote(1, "Boleh diwakilkan?")
    before = len(desk.sms.messages())
    longest = 160 - len("IMIGRASI SIJUNJUNG: Jawaban petugas: ")
    for text, told in (
        ("x" * (longest + 23), "23 characters too long"),
        ("[" * longest, f"{longest} characters too long"),
        ("Boleh \N{PARTY POPPER}", "no SMS can hold: \N{PARTY POPPER}"),
        ("  ", "is empty"),
    ):
        refused = desk.run("inbox", "answer", letter, text)
        assert (refused.exit_code, told in refused.stderr) == (1, True), refused.output
    assert len(desk.sms.messages()) == before
    assert desk.sms.open_tasks() == ["free_text"]
    assert desk.run("inbox", "answer", letter, "x" * longest).exit_code == 0
    assert desk.sms.messages()[-1].segments == 1


def test_who_cannot_be_answered_or_is_about_to_be_is_left(desk: OfficeDesk) -> None:
    robot = desk.sms.inbox.store("simulated", "r", "TELKOMSEL", "Menangkan hadiah")
    stored = desk.sms.inbox.store("simulated", "s", phone_of(3), "Halo pak")
    assert "no phone number" in desk.run("inbox", "answer", robot, "Tidak").stderr
    assert "by itself" in desk.run("inbox", "answer", stored, "Tidak").stderr
    with desk.sms.database.writing() as session:
        session.get_one(Inbound, stored).state = "stuck"
    assert "Halo pak" in desk.run("inbox", "list").stdout
    assert desk.run("inbox", "answer", stored, "Ada yang bisa dibantu?").exit_code == 0
