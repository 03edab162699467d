"""How is the web application served? By granian: several processes, each with a few threads."""

import multiprocessing
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from flask import Flask
from granian.constants import Interfaces
from granian.server import Server

from gateway.children import end_with_parent
from gateway.logs import configure_logging
from gateway.settings import Settings, load_settings

GRACE_S = 8
"""A hop's own deadline: what is being answered when the end is asked for gets its answer."""
_METRICS = "metrics"


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Raises `SystemExit` where the processes end again and again."""
    with _shared_metrics(Path(settings.var_dir)):
        # Loaded once, before the processes fork: they start sooner and share the memory. Not at the top, for the
        # metrics' library decides as it is loaded whether there are several processes.
        import_module("gateway.app")
        Server(
            "gateway.serve:application",
            factory=True,
            address=settings.listening_address,
            port=settings.port,
            interface=Interfaces.WSGI,
            workers=settings.web_processes,
            blocking_threads=settings.web_threads,
            respawn_failed_workers=True,
            workers_kill_timeout=GRACE_S,
            websockets=False,
            # Its access log would hold whole paths, and so the webhooks' secret.
            log_access=False,
            log_dictconfig={"handlers": {}, "loggers": {"_granian": {"propagate": True}}},
        ).serve()


def application() -> Flask:
    """The application in one of granian's processes: its own connections, its own logging."""
    _end_with_granian()
    from gateway.app import create_app
    from gateway.wiring import build

    settings = load_settings()
    configure_logging(settings.log_level, "web")
    return create_app(build(settings))


def _end_with_granian() -> None:
    """Its parent killed outright, a process left over would go on serving beside those of the next start."""
    # Until granian sets its own, the parent's handler is still in place here, and would swallow the signal.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    parent = multiprocessing.parent_process()
    if parent is not None and parent.pid is not None:
        # Outright as well: asked to end without its parent, granian's process was seen to wait for ever.
        end_with_parent(parent.pid, signal.SIGKILL)


@contextmanager
def _shared_metrics(var_dir: Path) -> Iterator[None]:
    """A fresh folder in which the processes add up their numbers; folders of processes long gone are removed."""
    parent = var_dir / _METRICS
    parent.mkdir(parents=True, exist_ok=True)
    for old in parent.iterdir():
        pid = old.name.partition("-")[0]
        if not (pid.isdigit() and _alive(int(pid))):
            shutil.rmtree(old, ignore_errors=True)
    folder = tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=parent)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
