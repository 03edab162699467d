"""Which screen leads where? The menus as a Mermaid graph, from what the screens declare."""

from menus.build import screens_declared
from menus.topics import SCREENS


def mermaid() -> str:
    """The graph, a line per way."""
    screens_declared()
    lines = ["flowchart LR"]
    for name, screen in sorted(SCREENS.by_name.items()):
        shape = (
            f"{name}[/{name}/]" if screen.answer else f"{name}([{name}])" if not screen.leads_to else f"{name}[{name}]"
        )
        lines.append(f"    {shape}")
    for name, screen in sorted(SCREENS.by_name.items()):
        lines += [f"    {name} --> {to}" for to in screen.leads_to]
    return "\n".join(lines)
