"""What is written to the log, and what never is? Structured lines on standard error, through one redacting processor.

No phone, name, birth date, application number or typed text gets out: our own events carry only fields of a list,
text is scrubbed of digits, a library's record keeps its template without the values, and an exception keeps its types
and places, never its message (which quotes values) or locals.
"""

import logging
import re
import sys
import threading
import traceback
from types import TracebackType
from typing import Any, Final, cast

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger

# What our own events may say besides their name. A new field is added here on purpose, or it is dropped.
FIELDS: Final = frozenset(
    {
        "aggregator",
        "back",
        "batch",
        "changed",
        "channel",
        "child",
        "component",
        "count",
        "created",
        "done",
        "duration_ms",
        "exit_code",
        "field",
        "fix",
        "hint",
        "http_status",
        "kind",
        "language",
        "level",
        "logger",
        "method",
        "network",
        "office",
        "outcome",
        "part",
        "pid",
        "port",
        "process",
        "queue",
        "reason",
        "rejected",
        "restarts",
        "returncode",
        "route",
        "screen",
        "seconds",
        "service",
        "signal",
        "status",
        "table",
        "took_ms",
        "total",
        "unchanged",
        "unknown",
        "version",
    }
)
_DIGITS: Final = re.compile(r"\d[\d\s\-./*]{2,}\d")
_FRAMES: Final = 12


def _scrubbed(text: str) -> str:
    """The text without anything that could be a number of a person or of a case."""
    return _DIGITS.sub("#", text)


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The one processor that everything passes before it is written."""
    record = event.pop("_record", None)
    told = event.pop("exc_info", None)
    own = event.pop("_from_structlog", True)
    kept: dict[str, Any] = {"event": _scrubbed(str(event.pop("event", "")))}
    if isinstance(record, logging.LogRecord) and not own:
        # A library's template says what happened; its arguments may be anybody's.
        kept["event"] = _scrubbed(str(record.msg)) if record.args else _untold(record)
        kept["logger"] = record.name
        told = told or record.exc_info
    dropped = []
    for name, value in event.items():
        if name in FIELDS:
            kept[name] = _scrubbed(value) if isinstance(value, str) else _plain(value)
        else:
            dropped.append(name)
    if dropped:
        kept["dropped"] = sorted(dropped)
    error = _error(told)
    if error is not None:
        kept["error"] = described(error)
    return kept


def _untold(record: logging.LogRecord) -> str:
    # A message formatted before it came here may quote values even without digits; its beginning tells what it is.
    return _scrubbed(str(record.msg)).split(":")[0].split("\n")[0][:120]


def _plain(value: object) -> object:
    return value if isinstance(value, int | float | bool | None) else type(value).__name__


def _error(told: object) -> BaseException | None:
    if isinstance(told, BaseException):
        return told
    if isinstance(told, tuple):
        return cast(BaseException | None, told[1])
    return sys.exc_info()[1] if told else None


def described(error: BaseException) -> list[dict[str, Any]]:
    """An exception and its causes by type and place: no message, no values."""
    chain: list[dict[str, Any]] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        frames = traceback.extract_tb(current.__traceback__)[-_FRAMES:]
        chain.append(
            {
                "type": type(current).__name__,
                "frames": [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames],
            }
        )
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return chain


def configure_logging(level: str, process: str) -> None:
    """Have this process log structured lines to standard error: JSON, or readable text on a terminal."""
    readable = sys.stderr.isatty()
    last: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if readable
        else structlog.processors.JSONRenderer()
    )
    before: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        redact,
        _naming(process),
        structlog.processors.TimeStamper(fmt="iso"),
    ]
    structlog.configure(
        processors=[*before, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level.lower()),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_log_level, _foreign, redact, _naming(process), _stamped],
        processors=[_without_meta, last],
        keep_exc_info=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # Chatty at INFO about single connections and jobs, with nothing an operator can act on.
    for name in ("urllib3", "alembic", "rq.worker", "sqlalchemy.engine"):
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    logging.captureWarnings(True)
    # A handler that fails would print the record with its arguments.
    logging.raiseExceptions = False
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread


_stamped = structlog.processors.TimeStamper(fmt="iso")


def _foreign(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    event["_from_structlog"] = False
    return event


def _without_meta(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    event.pop("_record", None)
    event.pop("_from_structlog", None)
    return event


def _naming(process: str) -> structlog.typing.Processor:
    def named(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["process"] = process
        return event

    return named


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    get_logger("process").critical("uncaught exception", exc_info=error)


def _uncaught_in_thread(told: threading.ExceptHookArgs) -> None:
    if told.exc_value is not None:
        get_logger("process").critical("uncaught exception in a thread", exc_info=told.exc_value)


def get_logger(name: str) -> FilteringBoundLogger:
    """A logger whose events name `name`."""
    return cast(FilteringBoundLogger, structlog.get_logger(component=name))
