"""How does this deployment word its messages? The outbox, from the settings."""

from gateway.settings import Settings
from immigration.messages.outbox import Outbox
from immigration.messages.quiet import QuietHours
from immigration.messages.texts import texts
from immigration.offices.snapshot import CatalogueSnapshot
from immigration.vault import Vault


def build_outbox(settings: Settings, vault: Vault, catalogue: CatalogueSnapshot) -> Outbox:
    """The outbox as this deployment words its messages. Raises `BadTemplate`."""
    return Outbox(
        vault,
        texts(),
        catalogue,
        can_reply=bool(settings.sms_reply_number),
        ussd_code=settings.ussd_code,
        quiet=QuietHours.parse(settings.quiet_hours),
    )
