"""Does every room import only what it may know, without a circle, and does one place alone read the environment?"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("immigration", "menus", "workers", "gateway.aggregators", "gateway")
# architecture.md, "Rooms, and what each may know": our own packages, then libraries that are none of its business.
MAY_IMPORT = {
    "immigration": {"immigration"},
    "menus": {"menus", "immigration"},
    "workers": {"workers", "immigration", "gateway.aggregators"},
    "gateway.aggregators": {"gateway.aggregators"},
    "gateway": {"gateway", "gateway.aggregators", "workers", "menus", "immigration"},
}
MUST_NOT_KNOW = {
    "immigration": {"flask", "werkzeug", "redis", "rq", "click", "requests", "africastalking"},
    "menus": {"flask", "werkzeug", "rq", "click", "requests", "africastalking"},
    "workers": {"flask", "werkzeug", "click"},
    "gateway.aggregators": {"sqlalchemy", "redis", "rq", "click"},
    "gateway": set(),
}


def module_name(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> str | None:
    """The room that a module of ours lies in; none for a library."""
    named = (room for room in ("gateway.aggregators", *ROOMS) if module == room or module.startswith(f"{room}."))
    return next(named, None)


FILES = {module_name(file): file for room in ROOMS for file in sorted((ROOT / room.split(".")[0]).rglob("*.py"))}


@cache
def trees() -> dict[str, ast.Module]:
    """Every module of ours, parsed. Only the process that runs these tests pays for it."""
    return {name: ast.parse(file.read_text(encoding="utf-8")) for name, file in FILES.items()}


def imported(nodes: Iterator[ast.AST]) -> Iterator[str]:
    """The dotted names that import statements name; `from a import b` names a.b where that is a module."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            assert node.module is not None
            for alias in node.names:
                yield f"{node.module}.{alias.name}" if f"{node.module}.{alias.name}" in FILES else node.module


def at_import(node: ast.AST) -> Iterator[ast.AST]:
    """What runs when the module is imported: everything outside functions and type checking."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            continue
        yield child
        yield from at_import(child)


def test_every_room_is_there() -> None:
    assert {room_of(name) for name in FILES} == set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_the_rooms_below_it(room: str) -> None:
    wrong = [
        f"{name} imports {other}"
        for name, tree in trees().items()
        if room_of(name) == room
        for other in imported(ast.walk(tree))
        if (other_room := room_of(other)) is not None and other_room not in MAY_IMPORT[room]
    ]
    assert wrong == []


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_does_not_know_the_libraries_of_others(room: str) -> None:
    wrong = [
        f"{name} imports {other}"
        for name, tree in trees().items()
        if room_of(name) == room
        for other in imported(ast.walk(tree))
        if other.partition(".")[0] in MUST_NOT_KNOW[room]
    ]
    assert wrong == []


def test_the_product_never_imports_its_tests_or_benchmarks() -> None:
    for name, tree in trees().items():
        assert not {one.split(".")[0] for one in imported(ast.walk(tree))} & {"tests", "benchmarks"}, name


def test_no_module_imports_itself_by_way_of_others() -> None:
    needs = {name: sorted(set(imported(at_import(tree))) & set(FILES)) for name, tree in trees().items()}
    done: set[str] = set()

    def follow(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, " > ".join((*way[way.index(name) :], name))
        if name not in done:
            for other in needs[name]:
                follow(other, (*way, name))
            done.add(name)

    for name in needs:
        follow(name, ())


def test_one_place_reads_the_environment() -> None:
    """Two others touch it: `up` hands all of it on to its children, `serve` adds to it for a library and its forks."""
    touching: dict[str, set[str]] = {}
    for name, tree in trees().items():
        for node in ast.walk(tree):
            attribute = node.attr if isinstance(node, ast.Attribute) else None
            if attribute in ("environ", "environb", "getenv", "putenv"):
                touching.setdefault(name, set()).add(ast.unparse(parents(tree)[node]))
            elif isinstance(node, ast.ImportFrom) and node.module == "os":
                assert not {alias.name for alias in node.names} & {"environ", "getenv"}, name
    assert touching.pop("gateway.settings")
    assert touching == {
        "gateway.cli.up": {"dict(os.environ)"},
        "gateway.serve": {"os.environ['PROMETHEUS_MULTIPROC_DIR']"},
    }


def parents(tree: ast.AST) -> dict[ast.AST, ast.AST]:
    return {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}


def test_time_comes_from_one_clock() -> None:
    asking = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today"}
    wrong = [
        name
        for name, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in asking
    ]
    # The hours ask a zone for its abbreviation, whatever the time.
    assert sorted(set(wrong) - {"immigration.offices.hours"}) == ["immigration.clock"]


def test_every_public_name_says_what_it_is_for() -> None:
    silent = [name for name, tree in trees().items() if not ast.get_docstring(tree)]
    for name, tree in trees().items():
        silent += [f"{name}.{missing}" for missing in undocumented(tree)]
    assert silent == []


def undocumented(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        named = isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if named and not node.name.startswith("_") and not ast.get_docstring(node):
            yield node.name
