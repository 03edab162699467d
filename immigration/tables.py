"""Every table of the product, so that migrations see them all."""

import immigration.api_keys
import immigration.applications.tables
import immigration.appointments.tables
import immigration.audit
import immigration.calls
import immigration.contacts
import immigration.identity
import immigration.inbox.tables
import immigration.keys
import immigration.messages.tables
import immigration.offices.tables
import immigration.people
import immigration.reminders.tables
import immigration.tasks

__all__ = ["immigration"]
