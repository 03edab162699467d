"""The command line's root: which command lives in which module.

Commands are imported only when called, so that `python -m gateway dial` does not pay for the server's imports.
"""

from importlib import import_module

import click

COMMANDS: dict[str, str] = {
    "api-keys": "gateway.cli.api_keys:api_keys",
    "audit": "gateway.cli.audit:audit",
    "channels": "gateway.cli.channels:channels",
    "clock": "gateway.cli.clock:clock",
    "closures": "gateway.cli.closures:closures",
    "db": "gateway.cli.db:db",
    "demo": "gateway.cli.demo:demo",
    "dial": "gateway.cli.dial:dial",
    "doctor": "gateway.cli.doctor:doctor",
    "funnel": "gateway.cli.funnel:funnel",
    "import": "gateway.cli.imports:import_",
    "inbox": "gateway.cli.inbox:inbox",
    "keys": "gateway.cli.keys:keys",
    "limits": "gateway.cli.limits:limits",
    "menus": "gateway.cli.menus:menus",
    "messages": "gateway.cli.messages:messages",
    "optout": "gateway.cli.optout:optout",
    "payments": "gateway.cli.payments:payments",
    "privacy": "gateway.cli.privacy:privacy",
    "record-test": "gateway.cli.record_test:record_test",
    "reminders": "gateway.cli.reminders:reminders",
    "report": "gateway.cli.report:report",
    "slots": "gateway.cli.slots:slots",
    "sms": "gateway.cli.sms:sms",
    "tasks": "gateway.cli.tasks:tasks",
    "texts": "gateway.cli.texts:texts",
    "tickets": "gateway.cli.tickets:tickets",
    "up": "gateway.cli.up:up",
    "visits": "gateway.cli.visits:visits",
    "web": "gateway.cli.processes:web",
    "worker": "gateway.cli.processes:worker",
}


class LazyGroup(click.Group):
    """A Click group that imports a command's module when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        target = COMMANDS.get(cmd_name)
        if target is None:
            return None
        module, attribute = target.split(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """The immigration office's USSD and SMS gateway."""
