"""Is the officers' guide true? Every call, SMS and command in it, carried out in order on the demonstration.

`python -m tests.support.guide` carries the guide out and writes the pictures anew. What is carried out stands in the
page itself, in comments that no reader sees, each above the block that it is about:

    <!-- jam 2026-11-24 10:00 -->                          the clock stands there, and what was due by then has happened
    <!-- telepon 0812 0000 0003 *384*1303#: 3, 1 -->       a call: the picture of its screens
    <!-- sms 0812 0000 0003 -->                            the picture of what was written to this phone since
    <!-- tulis 0812 0000 0003: SUDAH BAYAR -->             an SMS to the office, with the picture of its answer
    <!-- berkas bank.csv -->                               the block is a file of this name
    python -m gateway tasks list  # what waits             a line of its own: a command, which must end well

Dates are the office's own. The clock stands still between two times, and visits get the same codes each time, so all of
it is exact.
"""

import pkgutil
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from itertools import count
from pathlib import Path
from random import Random
from typing import Final

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from sqlalchemy import select

import gateway.cli
from gateway import demo, valkey
from gateway.app import create_app
from gateway.cli.handset import prefilled
from gateway.migrate import upgrade
from gateway.settings import load_settings
from gateway.wiring import Wiring, assemble, connect_redis
from immigration.appointments import codes
from immigration.clock import utc_now
from immigration.database import Database
from immigration.keys import load_vault
from immigration.messages.outbox import body_of
from immigration.messages.tables import Message
from immigration.phones import parse_phone
from immigration.vault import KeyRing
from tests.conftest import DATA_KEY
from tests.support.clock import MovedClock
from tests.support.phone_pictures import Screen, call_picture, sms_picture
from workers import reminders, visits

GUIDE: Final = Path(__file__).parents[2] / "docs" / "panduan-petugas.md"

_STEP: Final = re.compile(
    r"^<!-- jam (?P<jam>.+) -->"
    r"|^<!-- (?P<kind>telepon|sms|tulis|berkas) (?P<told>.+) -->(?P<fence>\n+```\w+\n)(?P<block>(?:(?!```).*\n)*)"
    r"|^python -m gateway (?P<command>.+)",
    re.MULTILINE,
)
# The outbox writes it before the first message to a phone, whatever that is.
_PRIVACY: Final = "R_PRIVASI"


@dataclass
class Told:
    """What came of carrying out the guide: its text with the pictures as they are, and what went wrong."""

    text: str = ""
    calls: list[tuple[str, ...]] = field(default_factory=list)
    commands: list[tuple[str, ...]] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


class Office:
    """The demonstration's office: citizens' phones, an officer's terminal, and a clock."""

    def __init__(self, wiring: Wiring, clock: MovedClock, client: FlaskClient, env: dict[str, str]) -> None:
        self._wiring = wiring
        self._clock = clock
        self._client = client
        self._env = env
        self._zone = wiring.catalogue().office("SJJ").zone
        self._names = count(1)
        self._seen: set[int] = set()

    def carry_out(self, guide: str) -> Told:
        """Do all that the guide says, in its order."""
        told = Told()

        def step(found: re.Match[str]) -> str:
            if found["jam"] is not None:
                self._move_to(datetime.strptime(found["jam"], "%Y-%m-%d %H:%M").replace(tzinfo=self._zone))
                return found[0]
            if found["command"] is not None:
                self._command(shlex.split(found["command"], comments=True), told)
                return found[0]
            drawn = self._drawn(found["kind"], found["told"], found["block"], told)
            return f"<!-- {found['kind']} {found['told']} -->{found['fence']}{drawn}"

        told.text = _STEP.sub(step, guide)
        return told

    def _drawn(self, kind: str, words: str, block: str, told: Told) -> str:
        """The block as it should stand; a file stays as it is written."""
        phone, _, rest = words.partition(": ")
        match kind:
            case "telepon":
                phone, _, code = phone.rpartition(" ")
                ahead, typed = prefilled(code, self._wiring.settings.ussd_code), rest.split(", ")
                told.calls.append((*ahead, *typed))
                return call_picture(self._call(parse_phone(phone), code, ahead, typed))
            case "sms":
                return self._sms(phone, told)
            case "tulis":
                form = {"id": f"ATXid_{next(self._names)}", "from": parse_phone(phone), "text": rest, "to": "1303"}
                answer = self._client.post("/webhooks/demo/simulated/sms/inbound", data=form)
                assert answer.status_code == 200
                return sms_picture(f"SMS dari {phone}", rest) + self._sms(phone, told)
            case _:
                Path(words).write_text(block, encoding="utf-8")
                return block

    def _move_to(self, moment: datetime) -> None:
        now = self._clock.move_to(moment)
        visits.run(self._wiring.database, self._wiring.outbox, now)
        reminders.run(self._wiring.database, self._wiring.outbox, now)

    def _call(self, phone: str, code: str, ahead: list[str], typed: list[str]) -> list[Screen]:
        name = f"ATUid_{next(self._names):032x}"
        screens = []
        for hop, heading in enumerate([f"Hubungi {code}", *(f"Ketik {one}" for one in typed)]):
            form = {"sessionId": name, "phoneNumber": phone, "text": "*".join([*ahead, *typed[:hop]])}
            reply = self._client.post("/webhooks/demo/simulated/ussd", data=form).get_data(as_text=True)
            screens.append(Screen(heading, reply[4:], reply.startswith("END ")))
        return screens

    def _sms(self, phone: str, told: Told) -> str:
        """What was written to this phone and not pictured before, but for what introduces us to every new phone."""
        query = select(Message).where(
            Message.phone_hash == self._wiring.vault.lookup("phone", parse_phone(phone)),
            Message.id.not_in(self._seen),
            Message.state != "cancelled",
            Message.template != _PRIVACY,
        )
        with self._wiring.database.reading() as session:
            rows = session.scalars(query.order_by(Message.id)).all()
        if not rows:
            told.failed.append(f"nothing was written to {phone}")
        self._seen |= {row.id for row in rows}
        return "".join(sms_picture(f"SMS ke {phone}", body_of(self._wiring.vault, row) or "") for row in rows)

    def _command(self, words: list[str], told: Told) -> None:
        told.commands.append(tuple(words))
        done = CliRunner(env=self._env).invoke(gateway.cli.main, words)
        if done.exit_code != 0:
            told.failed.append(f"{shlex.join(words)}: {done.output}")


@contextmanager
def office_in(folder: Path, database: Database, redis_url: str) -> Iterator[Office]:
    """The demonstration over a migrated database and an empty Redis; commands run in `folder`.

    Commands and codes of visits look at this process's clock and chance, so nothing else may run here meanwhile.
    """
    ring = KeyRing.from_base64([DATA_KEY])
    env = {
        "DATABASE_URL": database.engine.url.render_as_string(hide_password=False),
        "REDIS_URL": redis_url,
        "VAR_DIR": str(folder / "var"),
        "DATA_KEYS": DATA_KEY,
    }
    clock = MovedClock()
    redis = connect_redis(redis_url, timeout_s=5)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        # A command puts its own in its place, which would hide a fault of ours.
        patch.setattr(sys, "excepthook", sys.excepthook)
        # One draw after another: the same codes in every run.
        patch.setattr(codes, "secrets", Random(1303))
        for found in pkgutil.iter_modules(gateway.cli.__path__, "gateway.cli."):
            module = import_module(found.name)
            if getattr(module, "utc_now", None) is utc_now:
                patch.setattr(module, "utc_now", clock)
        wiring = assemble(load_settings(env), database, load_vault(database, ring), redis, clock)
        with database.writing() as session:
            demo.load(session, wiring.outbox, clock())
        app = create_app(wiring)
        try:
            yield Office(wiring, clock, app.test_client(), env)
        finally:
            app.extensions["funnel"].stop()
            redis.close()


def main() -> None:
    """Carry the guide out and write its pictures anew."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = valkey.start(folder / "valkey")
        database = Database(f"sqlite:///{folder / 'gateway.db'}")
        try:
            upgrade(database, KeyRing.from_base64([DATA_KEY]))
            with office_in(folder, database, server.url) as office:
                told = office.carry_out(GUIDE.read_text(encoding="utf-8"))
        finally:
            database.close()
            server.stop()
    if told.failed:
        raise SystemExit("\n".join(told.failed))
    GUIDE.write_text(told.text, encoding="utf-8")


if __name__ == "__main__":
    main()
