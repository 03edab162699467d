"""Which ways do messages take here, out and in? Channels and webhooks, from the settings."""

from collections.abc import Mapping
from datetime import timedelta

from redis import Redis

from gateway.aggregators.africastalking_sms import AfricasTalkingSms, AfricasTalkingWebhooks
from gateway.aggregators.eight_by_eight import EightByEight, EightByEightWebhooks
from gateway.aggregators.sms import Outcome, Sms, SmsChannel, SmsWebhooks
from gateway.settings import Settings
from immigration.clock import Clock
from immigration.database import Database
from immigration.messages.outbox import Outbox
from immigration.messages.spending import Caps
from immigration.vault import Vault
from workers.pace import Pace
from workers.routes import Routes
from workers.sending import Effort, Sender

WEBHOOKS: Mapping[str, SmsWebhooks] = {
    one.name: one for one in (AfricasTalkingWebhooks(), AfricasTalkingWebhooks("simulated"), EightByEightWebhooks())
}
"""Who may tell us of messages, by the name in the path."""


class NoAggregator:
    """Where production was told of no aggregator: nothing is sent and nothing is burnt, and everybody is told."""

    name = "simulated"

    def send(self, sms: Sms) -> Outcome:
        """Pauses the channel."""
        return Outcome("channel", "no aggregator is set up")

    def balance(self) -> str | None:
        """None."""
        return None


def build_sender(
    settings: Settings, database: Database, vault: Vault, outbox: Outbox, redis: Redis | None, clock: Clock
) -> Sender:
    """What sends, with its threads. Without Redis it keeps to the pace of one worker among several."""
    channels: dict[str, SmsChannel] = {name: _channel(name, settings, vault, redis) for name in settings.sms_channels}
    return Sender(
        database,
        outbox,
        Routes(channels, settings.sms_channels, _by_office(outbox, channels)),
        Pace(redis, settings.sms_rate_per_second),
        clock,
        Caps(settings.sms_per_phone_and_day, settings.sms_spend_per_day, settings.sms_price),
        Effort(settings.sms_threads, timedelta(seconds=settings.sms_lease_seconds)),
    )


def _by_office(outbox: Outbox, channels: Mapping[str, SmsChannel]) -> dict[str, tuple[str, ...]]:
    """The offices that choose for themselves, as far as this deployment has what they choose."""
    chosen = {
        office.code: tuple(name for name in office.sms_channels if name in channels)
        for office in outbox.catalogue().offices.values()
    }
    return {office: names for office, names in chosen.items() if names}


def _channel(name: str, settings: Settings, vault: Vault, redis: Redis | None) -> SmsChannel:
    if name == "8x8":
        return EightByEight(
            settings.sms8x8_subaccount, settings.sms8x8_api_key, settings.sms8x8_sender_id, settings.sms8x8_base_url
        )
    if name == "simulated" and settings.gateway_env == "production":
        return NoAggregator()
    if name == "simulated":
        from gateway.simulator.standin import stand_in

        url = stand_in(settings, vault, redis).url
        return AfricasTalkingSms("simulated", "simulated", "IMIGRASI", url, name="simulated")
    return AfricasTalkingSms(
        settings.africastalking_username,
        settings.africastalking_api_key,
        settings.africastalking_sender_id,
        settings.africastalking_base_url,
    )
