"""Are settings read as the contract says, is every fault named at once, and does a demonstration need none?"""

import stat
import subprocess
import sys
from base64 import b64encode
from ipaddress import ip_network
from pathlib import Path

import pytest

from gateway.settings import Settings, SettingsError, load_settings

KEY, OTHER_KEY = (b64encode(bytes(range(start, start + 32))).decode() for start in (0, 32))
PRODUCTION = {
    "GATEWAY_ENV": "production",
    "WEBHOOK_SECRET": "n5Zr8-uYq2LkX0aB",
    "DATA_KEYS": KEY,
    "DATABASE_URL": "postgresql://gateway@db/gateway",
    "REDIS_URL": "rediss://cache:6379/0",
    "SECRET_KEY": "kQ9-vW3xPz7_LmTrA",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "var"


def load(folder: Path, **environ: str) -> Settings:
    return load_settings({"VAR_DIR": str(folder)} | environ)


def faults(folder: Path, **environ: str) -> list[str]:
    with pytest.raises(SettingsError) as refused:
        load(folder, **environ)
    return refused.value.faults


def test_a_demonstration_needs_no_setting(folder: Path) -> None:
    settings = load(folder)
    assert settings.gateway_env == "demo"
    assert (settings.port, settings.web_processes) == (8000, 2)
    assert settings.database_url == f"sqlite:///{folder / 'gateway.db'}"
    assert settings.redis_url is None
    assert settings.webhook_secrets == ("demo",)
    assert settings.sms_channel == "simulated"
    assert settings.ussd_code == "*384*1303#"
    assert settings.api_rate_per_minute == 6000
    assert settings.quiet_hours == "20:00-07:00"
    assert settings.log_level == "INFO"
    assert settings.warnings == []


def test_secrets_of_a_demonstration_are_made_once_and_are_the_owners_alone(folder: Path) -> None:
    first, second = load(folder), load(folder)
    assert (first.data_keys, first.secret_key) == (second.data_keys, second.secret_key)
    assert len(first.data_keys) == 1
    for name in ("data-keys", "secret-key"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    assert sorted(file.name for file in folder.iterdir()) == ["data-keys", "secret-key"]


def test_processes_that_start_at_once_agree_on_the_secrets(folder: Path) -> None:
    script = "import sys\nfrom gateway.settings import load_settings\nprint(flush=True)\nsys.stdin.readline()\n"
    script += "s = load_settings({'VAR_DIR': sys.argv[1]})\nprint(s.data_keys, s.secret_key)"
    command = [sys.executable, "-c", script, str(folder)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen(command, **pipes) for _ in range(8)]
    for process in processes:
        process.stdout.readline()
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    said = {process.communicate(timeout=60)[0] for process in processes}
    assert len(said) == 1
    settings = load(folder)
    assert said == {f"{settings.data_keys} {settings.secret_key}\n"}
    assert sorted(file.name for file in folder.iterdir()) == ["data-keys", "secret-key"]


def test_a_folder_that_cannot_be_used_is_a_fault_of_its_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (fault,) = faults(tmp_path / "file")
    assert fault == f"VAR_DIR: {tmp_path / 'file'} cannot be used (File exists)"


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"PORT": "http"}, "PORT: Input should be a valid integer"),
        ({"PORT": "0"}, "PORT: Input should be greater than or equal to 1"),
        ({"PORT": "65536"}, "PORT: Input should be less than or equal to 65535"),
        ({"WEB_PROCESSES": "0"}, "WEB_PROCESSES: Input should be greater"),
        ({"TRUSTED_PROXIES": "-1"}, "TRUSTED_PROXIES: Input should be greater"),
        ({"GATEWAY_ENV": "staging"}, "GATEWAY_ENV: Input should be 'demo' or 'production'"),
        ({"LOG_LEVEL": "verbose"}, "LOG_LEVEL: Input should be 'DEBUG'"),
        ({"DATABASE_URL": "mysql://db"}, "DATABASE_URL: write postgresql://… or sqlite:///FILE"),
        ({"REDIS_URL": "http://cache"}, "REDIS_URL: write redis://, rediss:// or redis+sentinel://"),
        ({"WEBHOOK_SECRET": "a,b,c"}, "WEBHOOK_SECRET: give one secret, or two while rotating"),
        ({"WEBHOOK_SECRET": "a/b"}, "WEBHOOK_SECRET: a secret is a part of a path and cannot hold a slash"),
        ({"WEBHOOK_SOURCES": "10.0.0.0/33"}, "WEBHOOK_SOURCES: write networks such as 203.0.113.0/24"),
        ({"SMS_AGGREGATOR": "twilio"}, "SMS_AGGREGATOR: Input should be 'simulated'"),
        ({"AFRICASTALKING_BASE_URL": "ftp://x"}, "AFRICASTALKING_BASE_URL: write a URL such as"),
        ({"USSD_CODE": "1303"}, "USSD_CODE: String should match pattern"),
        ({"API_RATE_PER_MINUTE": "0"}, "API_RATE_PER_MINUTE: Input should be greater"),
        ({"DATA_KEYS": "x!"}, "DATA_KEYS: key 1 is not base64"),
        ({"DATA_KEYS": f"{KEY},{b64encode(b'short').decode()}"}, "DATA_KEYS: key 2 has 5 bytes, 32 are needed"),
        ({"DATA_KEYS": b64encode(bytes(32)).decode()}, "DATA_KEYS: key 1 is no random key"),
        ({"DATA_KEYS": f"{KEY},{KEY}"}, "DATA_KEYS: the same key stands twice"),
        ({"QUIET_HOURS": "8pm-7am"}, "QUIET_HOURS: String should match pattern"),
        ({"QUIET_HOURS": "24:00-07:00"}, "QUIET_HOURS: String should match pattern"),
        ({"USSD_SCREEN_SEPTETS": "20"}, "USSD_SCREEN_SEPTETS: Input should be greater"),
        ({"USSD_SCREEN_SEPTETS_BY_NETWORK": "63903"}, "USSD_SCREEN_SEPTETS_BY_NETWORK: write NETWORK:SEPTETS pairs"),
        ({"USSD_SCREEN_SEPTETS_BY_NETWORK": "63903:900"}, "USSD_SCREEN_SEPTETS_BY_NETWORK: a screen has 100 to 184"),
        ({"USSD_RESUME_SECONDS": "1"}, "USSD_RESUME_SECONDS: Input should be greater"),
        ({"AFRICASTALKING_API_KEY": "k", "AFRICASTALKING_USERNAME": "office"}, "SMS_AGGREGATOR: in demo Africa's"),
        ({"SMS_AGGREGATOR": "8x8"}, "SMS_AGGREGATOR: in demo 8x8 needs a base URL on this machine"),
        ({"SMS_AGGREGATOR": "8x8", "SMS8X8_BASE_URL": "https://sms.8x8.com"}, "SMS_AGGREGATOR: in demo 8x8 needs"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_with_what_to_write(
    folder: Path, environ: dict[str, str], words: str
) -> None:
    (fault,) = faults(folder, **environ)
    assert fault.startswith(words)


def test_all_faults_are_named_together(folder: Path) -> None:
    found = faults(folder, PORT="x", REDIS_URL="http://x", DATA_KEYS="x!", QUIET_HOURS="never")
    assert [fault.partition(":")[0] for fault in found] == ["DATA_KEYS", "PORT", "QUIET_HOURS", "REDIS_URL"]
    assert not folder.exists()


def test_no_fault_shows_a_secret(folder: Path) -> None:
    secret = "hush!hush!hush"
    for name in ("DATA_KEYS", "WEBHOOK_SECRET", "DATABASE_URL", "REDIS_URL", "SECRET_KEY"):
        found = faults(folder, **PRODUCTION | {name: f"{secret}/"} | {"PORT": "x"})
        assert all(secret not in fault for fault in found)


def test_production_names_everything_that_is_missing_in_one_message(folder: Path) -> None:
    assert faults(folder, GATEWAY_ENV="production") == [
        f"{name}: production needs it"
        for name in ("DATABASE_URL", "DATA_KEYS", "REDIS_URL", "SECRET_KEY", "WEBHOOK_SECRET")
    ]
    assert not folder.exists()


@pytest.mark.parametrize("name", sorted(set(PRODUCTION) - {"GATEWAY_ENV"}))
def test_production_refuses_an_empty_setting_as_a_missing_one(folder: Path, name: str) -> None:
    assert faults(folder, **PRODUCTION | {name: ""}) == [f"{name}: production needs it"]


@pytest.mark.parametrize("name", ["WEBHOOK_SECRET", "SECRET_KEY"])
@pytest.mark.parametrize("weak", ["demo", "fifteen-chars-x", "aaaaaaaaaaaaaaaaaaaaaaaa"])
def test_production_refuses_a_weak_secret(folder: Path, name: str, weak: str) -> None:
    assert faults(folder, **PRODUCTION | {name: weak}) == [f"{name}: is too weak: take 16 or more random characters"]


def test_production_refuses_one_weak_secret_of_two(folder: Path) -> None:
    rotating = f"{PRODUCTION['WEBHOOK_SECRET']},demo"
    (fault,) = faults(folder, **PRODUCTION | {"WEBHOOK_SECRET": rotating})
    assert fault.startswith("WEBHOOK_SECRET: is too weak")


def test_production_with_everything_is_accepted_and_makes_no_file(folder: Path) -> None:
    settings = load(folder, **PRODUCTION)
    assert settings.database_url == "postgresql+psycopg://gateway@db/gateway"
    assert settings.warnings == ["SMS_AGGREGATOR: none is set up, so messages wait and nobody gets one"]
    assert not folder.exists()


def test_production_allows_sqlite_and_plain_http_and_warns(folder: Path) -> None:
    plain = {"DATABASE_URL": "sqlite:////srv/gateway.db", "AFRICASTALKING_BASE_URL": "http://proxy.local"}
    warned = [words.partition(":")[0] for words in load(folder, **PRODUCTION | plain).warnings]
    assert warned == ["DATABASE_URL", "AFRICASTALKING_BASE_URL", "SMS_AGGREGATOR"]


def test_an_empty_setting_is_the_default_but_for_quiet_hours(folder: Path) -> None:
    settings = load(folder, PORT="", REDIS_URL="", QUIET_HOURS="")
    assert (settings.port, settings.redis_url, settings.quiet_hours) == (8000, None, "")
    assert load(folder, QUIET_HOURS="21:30-06:00").quiet_hours == "21:30-06:00"


def test_lists_are_split_and_trimmed(folder: Path) -> None:
    settings = load(
        folder,
        WEBHOOK_SECRET="old, new ,",
        DATA_KEYS=f"{KEY}, {OTHER_KEY}",
        WEBHOOK_SOURCES="203.0.113.7, 2001:db8::/32",
    )
    assert settings.webhook_secrets == ("old", "new")
    assert settings.data_keys == (KEY, OTHER_KEY)
    assert settings.webhook_sources == (ip_network("203.0.113.7/32"), ip_network("2001:db8::/32"))


def test_a_screen_has_the_room_of_its_network(folder: Path) -> None:
    settings = load(folder, USSD_SCREEN_SEPTETS="150", USSD_SCREEN_SEPTETS_BY_NETWORK="63903:182,63902:140")
    assert [settings.screen_septets(network) for network in ("63903", "63902", "51010")] == [182, 140, 150]


@pytest.mark.parametrize(
    ("environ", "channel"),
    [
        ({}, "simulated"),
        ({"AFRICASTALKING_API_KEY": "k", "AFRICASTALKING_USERNAME": "sandbox"}, "africastalking"),
        (
            {
                "AFRICASTALKING_API_KEY": "k",
                "AFRICASTALKING_USERNAME": "office",
                "AFRICASTALKING_BASE_URL": "http://127.0.0.1:9000",
            },
            "africastalking",
        ),
        ({"AFRICASTALKING_API_KEY": "k", "SMS_AGGREGATOR": "simulated"}, "simulated"),
        ({"SMS_AGGREGATOR": "8x8", "SMS8X8_BASE_URL": "http://localhost:9000/"}, "8x8"),
    ],
)
def test_a_demonstration_reaches_a_real_aggregator_only_in_its_sandbox_or_on_this_machine(
    folder: Path, environ: dict[str, str], channel: str
) -> None:
    assert load(folder, **environ).sms_channel == channel
