"""How is the web application put together? One factory; nothing happens at import."""

from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial

from flask import Flask, Response
from werkzeug.middleware.proxy_fix import ProxyFix

from gateway.api import register_api
from gateway.echo import Echo
from gateway.funnel import FunnelBuffer
from gateway.health import health_blueprint
from gateway.metrics import metrics_blueprint
from gateway.simulator.inbox import SimulatorInbox
from gateway.simulator.page import simulator_blueprint
from gateway.sms_webhooks import sms_webhooks_blueprint
from gateway.webhooks import SafeWords, UssdDesk, webhooks_blueprint
from gateway.wiring import Wiring
from menus.build import build_turns, safe_words
from workers.jobs import ring


def create_app(wiring: Wiring) -> Flask:
    """The web application over these parts. Raises the database's errors where it cannot be reached."""
    settings = wiring.settings
    app = Flask("gateway", static_folder=None)
    # No key for signing: nothing here keeps a cookie, and with one Flask would look for it at every hop.
    if settings.trusted_proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=settings.trusted_proxies, x_proto=settings.trusted_proxies, x_host=0
        )
    funnel = FunnelBuffer(wiring.database)
    funnel.start()
    app.extensions["funnel"] = funnel
    turns = build_turns(
        database=wiring.database,
        vault=wiring.vault,
        redis=wiring.redis,
        clock=wiring.clock,
        office_code=settings.office_default,
        ussd_code=settings.ussd_code,
        resume_seconds=settings.ussd_resume_seconds,
        outbox=wiring.outbox,
        heard=partial(ring, wiring.redis),
    )
    words = SafeWords(*safe_words(settings.ussd_code))
    echo = Echo(wiring.vault.derived("echo"))
    desk = UssdDesk(turns, words, settings, wiring.database, echo, funnel, wiring.clock, _hop_workers(wiring))
    app.register_blueprint(webhooks_blueprint(settings, desk))
    app.register_blueprint(sms_webhooks_blueprint(wiring))
    app.register_blueprint(health_blueprint(wiring))
    app.register_blueprint(metrics_blueprint(wiring))
    if settings.gateway_env == "demo":
        phones = SimulatorInbox(wiring.redis, wiring.vault)
        secret, sms_number = settings.webhook_secrets[0], settings.sms_reply_number
        app.register_blueprint(simulator_blueprint(secret, settings.ussd_code, sms_number, phones))
    register_api(app, wiring)
    app.register_error_handler(404, _not_found)
    return app


def _hop_workers(wiring: Wiring) -> Executor | None:
    """Threads for hops where a database can hang: psycopg waits for a stopped server as long as it likes.

    SQLite's waits end by themselves, and Redis's too.
    """
    if wiring.database.dialect == "sqlite":
        return None
    return ThreadPoolExecutor(max_workers=8 * wiring.settings.web_threads, thread_name_prefix="hop")


def _not_found(_error: Exception) -> Response:
    return Response("Not found.", 404, content_type="text/plain; charset=utf-8")
