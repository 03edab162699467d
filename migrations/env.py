"""How Alembic reaches our tables; run by `gateway.migrate` with an open connection."""

from alembic import context

import immigration.tables
from immigration.database import Base

assert immigration.tables
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
