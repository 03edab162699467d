"""Which settings are there? The single place that reads the environment (contract: "Environment").

Beyond the contract's table: `VAR_DIR` (`var`), `WEB_THREADS` (4), `OFFICE_DEFAULT` (`SJJ`),
`USSD_RESUME_SECONDS` (300), `USSD_SCREEN_SEPTETS` (160) and
`USSD_SCREEN_SEPTETS_BY_NETWORK` (such as `63903:184,63902:160`); for messages `SMS_THREADS` (32 a worker),
`SMS_LEASE_SECONDS` (30), `SMS_RATE_PER_SECOND` (300), `SMS_PER_PHONE_AND_DAY` (100), `SMS_SPEND_PER_DAY` (rupiah an
office, 50 000 000), `SMS_PRICE` (rupiah a segment, 350) and `SMS_LOW_CREDIT` (`IDR 100000`, in the account's currency).
"""

import base64
import os
import secrets
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Final, Literal, cast
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

_SECRET_LENGTH: Final = 16
_KEY_BYTES: Final = 32
_REDIS_SCHEMES: Final = ("redis", "rediss", "redis+sentinel", "unix")
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
Listed = Annotated[tuple[str, ...], NoDecode]


class SettingsError(Exception):
    """Settings that cannot be read or are refused: every fault, a line each. No value of a secret is in them."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class Settings(BaseSettings):
    """All settings. Made by `load_settings`, handed to whoever needs them."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, env_ignore_empty=True)

    gateway_env: Literal["demo", "production"] = "demo"
    port: int = Field(8000, ge=1, le=65535)
    web_processes: int = Field(2, ge=1, le=64)
    web_threads: int = Field(4, ge=1, le=128)
    var_dir: Path = Path("var")
    database_url: str = ""
    redis_url: str | None = None
    webhook_secret: Listed = ()
    webhook_sources: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = ()
    trusted_proxies: int = Field(0, ge=0, le=10)
    sms_aggregator: Literal["simulated", "africastalking", "8x8"] | None = None
    africastalking_username: str = ""
    africastalking_api_key: str = ""
    africastalking_sender_id: str = ""
    africastalking_base_url: str = ""
    sms8x8_subaccount: str = ""
    sms8x8_api_key: str = ""
    sms8x8_sender_id: str = ""
    sms8x8_base_url: str = ""
    sms_reply_number: str = Field("", pattern=r"^\+?[0-9]{3,15}$|^$")
    sms_threads: int = Field(32, ge=1, le=256)
    sms_lease_seconds: int = Field(30, ge=1, le=300)
    sms_rate_per_second: int = Field(300, ge=1, le=10_000)
    sms_per_phone_and_day: int = Field(100, ge=1)
    sms_spend_per_day: int = Field(50_000_000, ge=1)
    sms_price: int = Field(350, ge=1)
    sms_low_credit: str = Field("IDR 100000", pattern=r"^[A-Z]{3} [0-9]{1,12}$")
    ussd_code: str = Field("*384*1303#", pattern=r"^\*[0-9*]+#$")
    ussd_resume_seconds: int = Field(300, ge=10, le=3600)
    ussd_screen_septets: int = Field(160, ge=100, le=182)
    ussd_screen_septets_by_network: Annotated[dict[str, int], NoDecode] = {}
    office_default: str = "SJJ"
    api_rate_per_minute: int = Field(6000, ge=1)
    data_keys: Listed = ()
    secret_key: str = ""
    quiet_hours: str = Field("20:00-07:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$|^$")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @property
    def listening_address(self) -> str:
        """A demonstration has a secret that everyone knows, so only this machine reaches it."""
        return "127.0.0.1" if self.gateway_env == "demo" else "0.0.0.0"

    @property
    def webhook_secrets(self) -> tuple[str, ...]:
        """The path secrets that are valid: two while rotating."""
        return self.webhook_secret

    @property
    def sms_channel(self) -> Literal["simulated", "africastalking", "8x8"]:
        """The SMS aggregator in use."""
        return self.sms_aggregator or ("africastalking" if self.africastalking_api_key else "simulated")

    @property
    def sms_channels(self) -> tuple[Literal["simulated", "africastalking", "8x8"], ...]:
        """Every way out, the first choice first: a second aggregator with credentials takes what the first refused."""
        first = self.sms_channel
        second: tuple[Literal["africastalking", "8x8"], ...] = ()
        if first == "8x8" and self.africastalking_api_key:
            second = ("africastalking",)
        if first == "africastalking" and self.sms8x8_api_key:
            second = ("8x8",)
        return (first, *second)

    @property
    def warnings(self) -> list[str]:
        """What is allowed in production and still worth a line in the log."""
        if self.gateway_env != "production":
            return []
        found = []
        if self.database_url.startswith("sqlite"):
            found.append("DATABASE_URL: SQLite serves one machine; PostgreSQL is what a busy office wants")
        for name, url in (
            ("AFRICASTALKING_BASE_URL", self.africastalking_base_url),
            ("SMS8X8_BASE_URL", self.sms8x8_base_url),
        ):
            if url.startswith("http://"):
                found.append(f"{name}: plain http shows messages to the network")
        if self.sms_channel == "simulated":
            found.append("SMS_AGGREGATOR: none is set up, so messages wait and nobody gets one")
        return found

    def screen_septets(self, network: str) -> int:
        """The room of a screen on this network, after the prefix."""
        return self.ussd_screen_septets_by_network.get(network, self.ussd_screen_septets)

    @field_validator("webhook_secret", "data_keys", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return tuple(filter(None, (part.strip() for part in value.split(",")))) if isinstance(value, str) else value

    @field_validator("webhook_sources", mode="before")
    @classmethod
    def _networks(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return tuple(ip_network(part.strip(), strict=False) for part in value.split(",") if part.strip())
        except ValueError:
            raise ValueError("write networks such as 203.0.113.0/24, separated by commas") from None

    @field_validator("ussd_screen_septets_by_network", mode="before")
    @classmethod
    def _budgets(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            budgets = {name.strip(): int(size) for name, size in (part.split(":") for part in value.split(",") if part)}
        except ValueError:
            raise ValueError("write NETWORK:SEPTETS pairs such as 63903:184, separated by commas") from None
        if any(not 100 <= size <= 184 for size in budgets.values()):
            raise ValueError("a screen has 100 to 184 septets")
        return budgets

    @field_validator("database_url", mode="after")
    @classmethod
    def _database(cls, value: str) -> str:
        for prefix in ("postgres://", "postgresql://"):
            if value.startswith(prefix):
                value = "postgresql+psycopg://" + value.removeprefix(prefix)
        if value and not value.startswith(("postgresql+psycopg://", "sqlite:///")):
            raise ValueError("write postgresql://… or sqlite:///FILE")
        return value

    @field_validator("redis_url", mode="after")
    @classmethod
    def _redis(cls, value: str | None) -> str | None:
        if value is not None and urlsplit(value).scheme not in _REDIS_SCHEMES:
            raise ValueError("write redis://, rediss:// or redis+sentinel://")
        return value

    @field_validator("africastalking_base_url", "sms8x8_base_url", mode="after")
    @classmethod
    def _base_url(cls, value: str) -> str:
        if value and (urlsplit(value).scheme not in ("http", "https") or not urlsplit(value).hostname):
            raise ValueError("write a URL such as https://api.example.org")
        return value.rstrip("/")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of this environment. Raises `SettingsError` naming every fault at once."""
    env = os.environ if environ is None else environ
    given = {name: env[name.upper()] for name in Settings.model_fields if env.get(name.upper(), "") != ""}
    # The contract's default, so that an empty value can mean "no quiet hours".
    if env.get("QUIET_HOURS") == "":
        given["quiet_hours"] = ""
    faults: list[str] = []
    try:
        settings = Settings(**cast(Any, given))
    except ValidationError as error:
        faults = [_fault(dict(detail)) for detail in error.errors(include_input=False, include_url=False)]
        valid = {name: value for name, value in given.items() if name.upper() not in {f.split(":")[0] for f in faults}}
        settings = Settings(**cast(Any, valid))
    faults += _refused(settings, env)
    if faults:
        raise SettingsError(sorted(faults))
    return _completed(settings)


def _fault(detail: dict[str, Any]) -> str:
    name = str(detail["loc"][0]).upper()
    return f"{name}: {str(detail['msg']).removeprefix('Value error, ')}"


def _refused(settings: Settings, env: Mapping[str, str]) -> list[str]:
    faults = [*_key_faults(settings.data_keys)]
    if len(settings.webhook_secret) > 2:
        faults.append("WEBHOOK_SECRET: give one secret, or two while rotating")
    if any("/" in secret for secret in settings.webhook_secret):
        faults.append("WEBHOOK_SECRET: a secret is a part of a path and cannot hold a slash")
    if settings.gateway_env == "production":
        faults += _production_faults(settings, env)
    elif (fault := _demo_fault(settings)) is not None:
        faults.append(fault)
    return faults


def _key_faults(keys: tuple[str, ...]) -> list[str]:
    faults = []
    for place, key in enumerate(keys, start=1):
        try:
            raw = base64.b64decode(key, validate=True)
        except ValueError:
            faults.append(f"DATA_KEYS: key {place} is not base64")
            continue
        if len(raw) != _KEY_BYTES:
            faults.append(f"DATA_KEYS: key {place} has {len(raw)} bytes, {_KEY_BYTES} are needed")
        elif len(set(raw)) == 1:
            faults.append(f"DATA_KEYS: key {place} is no random key")
    if len(set(keys)) != len(keys):
        faults.append("DATA_KEYS: the same key stands twice")
    return faults


def _production_faults(settings: Settings, env: Mapping[str, str]) -> list[str]:
    needed = ("WEBHOOK_SECRET", "DATA_KEYS", "DATABASE_URL", "REDIS_URL", "SECRET_KEY")
    faults = [f"{name}: production needs it" for name in needed if not env.get(name)]
    if settings.sms_channel == "africastalking" and not settings.africastalking_username:
        faults.append("AFRICASTALKING_USERNAME: Africa's Talking needs it beside its key")
    if settings.sms_channel == "africastalking" and not settings.africastalking_api_key:
        faults.append("AFRICASTALKING_API_KEY: SMS_AGGREGATOR=africastalking needs it")
    if settings.sms_channel == "8x8":
        faults += [
            f"{name}: SMS_AGGREGATOR=8x8 needs it"
            for name, value in (
                ("SMS8X8_SUBACCOUNT", settings.sms8x8_subaccount),
                ("SMS8X8_API_KEY", settings.sms8x8_api_key),
            )
            if not value
        ]
    weak = f"is too weak: take {_SECRET_LENGTH} or more random characters"
    if any(len(secret) < _SECRET_LENGTH or len(set(secret)) < 5 for secret in settings.webhook_secret):
        faults.append(f"WEBHOOK_SECRET: {weak}")
    if settings.secret_key and (len(settings.secret_key) < _SECRET_LENGTH or len(set(settings.secret_key)) < 5):
        faults.append(f"SECRET_KEY: {weak}")
    return faults


def _demo_fault(settings: Settings) -> str | None:
    """A demonstration texts nobody: a real aggregator only in its sandbox or on this machine."""
    if "africastalking" in settings.sms_channels:
        sandbox = settings.africastalking_username == "sandbox"
        if not sandbox and urlsplit(settings.africastalking_base_url).hostname not in _LOOPBACK:
            return (
                "SMS_AGGREGATOR: in demo Africa's Talking needs AFRICASTALKING_USERNAME=sandbox or a loopback base URL"
            )
    if "8x8" in settings.sms_channels and urlsplit(settings.sms8x8_base_url).hostname not in _LOOPBACK:
        return "SMS_AGGREGATOR: in demo 8x8 needs a base URL on this machine"
    return None


def _completed(settings: Settings) -> Settings:
    """What a demonstration need not be told: secrets of its own under its folder, made once."""
    filled: dict[str, Any] = {}
    if not settings.database_url:
        filled["database_url"] = f"sqlite:///{settings.var_dir / 'gateway.db'}"
    if not settings.webhook_secret:
        filled["webhook_secret"] = ("demo",)
    if not settings.data_keys:
        key = base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()
        filled["data_keys"] = tuple(_made_once(settings.var_dir / "data-keys", key).split(","))
    if not settings.secret_key:
        filled["secret_key"] = _made_once(settings.var_dir / "secret-key", secrets.token_urlsafe(32))
    return settings.model_copy(update=filled)


def _made_once(file: Path, content: str) -> str:
    """The file's content, made by whichever process comes first; readable by its owner alone."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            new = file.with_name(f".{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
            handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as made:
                made.write(content)
            try:
                # A link appears whole or not at all, and never replaces another process's.
                os.link(new, file)
            except FileExistsError:
                pass
            finally:
                new.unlink()
        return file.read_text(encoding="ascii").strip()
    except OSError as error:
        raise SettingsError([f"VAR_DIR: {file.parent} cannot be used ({error.strerror})"]) from error
