"""Every table of the product, so that migrations see them all."""

import immigration.api_keys
import immigration.applications.tables
import immigration.audit
import immigration.calls
import immigration.identity
import immigration.keys
import immigration.offices.tables
import immigration.people

__all__ = ["immigration"]
