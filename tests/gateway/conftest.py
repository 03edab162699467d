"""What do tests of the web application stand on? The application over real servers, in this process."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from gateway.app import create_app
from gateway.settings import Settings, load_settings
from gateway.wiring import Wiring, assemble, connect_redis
from immigration.database import Database
from immigration.keys import load_vault
from immigration.vault import KeyRing
from tests.support.clock import MovedClock
from tests.support.product import Product, running_product


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A demonstration's settings, whatever this machine's environment holds."""
    return load_settings({"VAR_DIR": str(tmp_path / "var"), "PATH": os.defpath})


@pytest.fixture
def wiring(
    settings: Settings, database: Database, key_ring: KeyRing, redis_url: str, clock: MovedClock
) -> Iterator[Wiring]:
    redis = connect_redis(redis_url, timeout_s=0.5)
    yield assemble(
        settings.model_copy(update={"redis_url": redis_url}), database, load_vault(database, key_ring), redis, clock
    )
    redis.close()


@pytest.fixture
def app(wiring: Wiring) -> Iterator[Flask]:
    app = create_app(wiring)
    yield app
    app.extensions["funnel"].stop()


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A running product, as a new one shows itself, for those who call it and leave it as it runs.

    Whoever uses it is marked `xdist_group("demonstration")`, so that one is enough.
    """
    with running_product(tmp_path_factory.mktemp("demonstration")) as product:
        yield product


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()
