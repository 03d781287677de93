"""Reads the imports of a source file and judges them by the rules of the house."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ORDER = (
    "languages",
    "botapi",
    "accounts",
    "channels_app",
    "deliveries",
    "alerts",
    "chatops",
    "miniapp",
)
"""A package imports only packages before it."""

STANDALONE: dict[str, tuple[str, ...]] = {"sandbox": ("botapi",), "bench": ("alerts",)}
"""Packages beside the order, and what they may import; nobody imports them."""

WIRING = "config"
"""Imports everything; no package imports it."""

PACKAGES = (*ORDER, *STANDALONE, WIRING)

ENTRY_POINTS = frozenset({"webhooks", "views", "api", "admin", "tasks", "management"})
"""Modules that the outside calls: only URLs and Celery's wiring import them."""
MAY_IMPORT_ENTRY_POINTS = frozenset({"urls", "celery"})

IMPORTERS = frozenset({"import_module", "__import__", "import_string"})
"""Functions that import by name; the name has to be written out, and not to be one of ours."""

PURE = (
    "languages",
    "botapi",
    "sandbox",
    "config.supervisor",
    "config.backups",
    "alerts.alertmanager_api.config_text",
    "alerts.alertmanager_api.errors",
    "alerts.alertmanager_api.posted",
    "alerts.alertmanager_api.queries",
    "alerts.alertmanager_api.shapes",
    "alerts.durations",
    "alerts.fingerprints",
    "alerts.flapping",
    "alerts.grouping",
    "alerts.importing.go_template",
    "alerts.matchers",
    "alerts.muting.inhibit_cycles",
    "alerts.muting.decisions",
    "alerts.rendering.actions",
    "alerts.rendering.commands",
    "alerts.rendering.details",
    "alerts.rendering.digest",
    "alerts.rendering.document",
    "alerts.rendering.headline",
    "alerts.rendering.keyboard",
    "alerts.rendering.kinds",
    "alerts.rendering.lines",
    "alerts.rendering.message",
    "alerts.rendering.pages",
    "alerts.rendering.rows",
    "alerts.rendering.times",
    "alerts.rendering.view_model",
    "alerts.rendering.words",
    "alerts.routing",
    "alerts.severity",
    "alerts.muting.silencing",
    "alerts.sources",
    "alerts.templating",
    "chatops.actions.endings",
    "chatops.actions.listing",
    "chatops.actions.reports",
    "chatops.actions.rules",
    "chatops.actions.words",
    "chatops.approvals.rules",
    "chatops.approvals.showing",
    "chatops.responding.cards",
    "chatops.conversations.questions",
    "chatops.conversations.state",
    "chatops.handled",
    "chatops.incoming",
    "chatops.responding.pages",
    "chatops.reminders.text",
    "chatops.reports.document",
    "chatops.reports.period_words",
    "chatops.reports.periods",
    "chatops.reports.summary",
    "chatops.responding.silence_words",
    "chatops.receiving.storable",
    "chatops.responding.told",
    "chatops.when",
)
"""Packages and modules that import no Django, and of ours only what is pure as well."""


@dataclass(frozen=True, slots=True)
class Imported:
    """One imported name, absolute: `from a.b import c` is `a.b.c`."""

    name: str
    line: int
    function: str
    """The name of the innermost function around it; "" at the top of the module."""

    @property
    def package(self) -> str:
        return self.name.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Module:
    """A source file under its dotted name."""

    name: str
    source: str
    is_package: bool = False

    @property
    def package(self) -> str:
        return self.name.partition(".")[0]

    def tree(self) -> ast.Module:
        return ast.parse(self.source)

    def imports(self) -> list[Imported]:
        return list(_imports(self.tree(), self))


def modules_of(root: Path) -> list[Module]:
    """Every module of the packages under `root`, migrations left out."""
    found = []
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            if "migrations" in parts:
                continue
            is_package = parts[-1] == "__init__"
            name = ".".join(parts[:-1] if is_package else parts)
            found.append(Module(name, path.read_text(encoding="utf-8"), is_package))
    return found


def violations(module: Module) -> list[str]:
    """What in the module breaks a rule, as `module:line: what`; [] when nothing does."""
    found = []
    for imported in module.imports():
        found += [f"{module.name}:{imported.line}: {what}" for what in _judge(module, imported)]
    found += [f"{module.name}:{line}: {what}" for line, what in _calls(module.tree())]
    return found


def cycles(modules: list[Module]) -> list[str]:
    """Import cycles among the modules, as `a → b → a`."""
    names = {module.name for module in modules}
    graph = {
        module.name: {
            target
            for imported in module.imports()
            if (target := _module_named(imported.name, names)) and target != module.name
        }
        for module in modules
    }
    done: set[str] = set()
    found: list[str] = []
    for start in sorted(graph):
        _walk(start, [], graph, done, found)
    return found


def is_pure(name: str) -> bool:
    """Whether the module is promised to import no Django."""
    return any(name == pure or name.startswith(f"{pure}.") for pure in PURE)


def _judge(module: Module, imported: Imported) -> Iterator[str]:
    is_ours = imported.package in PACKAGES
    if is_ours and imported.package != module.package:
        yield from _judge_order(module, imported)
    if is_ours and imported.function and not _is_ready_hook(module, imported):
        yield f"imports {imported.name} inside {imported.function}()"
    if is_ours and _is_entry_point(imported.name) and not _may_import_entry_point(module, imported):
        yield f"imports the entry point {imported.name}"
    if is_pure(module.name):
        if imported.package == "django":
            yield f"is pure and imports {imported.name}"
        if is_ours and not is_pure(imported.name):
            yield f"is pure and imports {imported.name}, which is not"
    if _is_django_signal(imported.name):
        yield f"uses Django's signals ({imported.name})"


def _judge_order(module: Module, imported: Imported) -> Iterator[str]:
    if module.package == WIRING:
        if imported.package in STANDALONE:
            yield f"imports {imported.name}, which nobody imports"
        return
    above = (
        STANDALONE[module.package]
        if module.package in STANDALONE
        else ORDER[: ORDER.index(module.package)]
    )
    if imported.package not in above:
        yield f"imports {imported.name}, which is not above {module.package}"


def _is_ready_hook(module: Module, imported: Imported) -> bool:
    """AppConfig.ready: what registers itself may be imported only once the models are loaded."""
    return module.name.endswith(".apps") and imported.function == "ready"


def _is_entry_point(name: str) -> bool:
    return bool(ENTRY_POINTS.intersection(name.split(".")[1:3]))


def _may_import_entry_point(module: Module, imported: Imported) -> bool:
    if module.name.rpartition(".")[2] in MAY_IMPORT_ENTRY_POINTS:
        return True
    if not _is_entry_point(module.name):
        return False
    own_folder = ".".join(module.name.split(".")[:2])
    # A package's pages and resources may extend those of a package above: deliveries adds the
    # test button to the channel's page.
    same_kind = imported.name.split(".")[1:2] == module.name.split(".")[1:2]
    return imported.name.startswith(f"{own_folder}.") or same_kind


def _is_django_signal(name: str) -> bool:
    parts = name.split(".")
    return parts[0] == "django" and ("signals" in parts or parts[:2] == ["django", "dispatch"])


def _calls(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Imports by a name that is only known when the program runs."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            function = node.func
            name = function.attr if isinstance(function, ast.Attribute) else ""
            name = function.id if isinstance(function, ast.Name) else name
            if name in IMPORTERS and not _names_a_library(node):
                yield node.lineno, f"imports by a built-up name ({name})"


def _names_a_library(call: ast.Call) -> bool:
    """`import_module("tdjson")`: an optional library, written out."""
    name = call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else None
    return isinstance(name, str) and name.partition(".")[0] not in PACKAGES


def _imports(node: ast.AST, module: Module, function: str = "") -> Iterator[Imported]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        function = node.name
    if isinstance(node, ast.Lambda):
        function = "lambda"
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield Imported(alias.name, node.lineno, function)
    if isinstance(node, ast.ImportFrom):
        base = _base(node, module)
        for alias in node.names:
            yield Imported(f"{base}.{alias.name}", node.lineno, function)
    for child in ast.iter_child_nodes(node):
        yield from _imports(child, module, function)


def _base(node: ast.ImportFrom, module: Module) -> str:
    if not node.level:
        return node.module or ""
    here = module.name.split(".")
    dropped = node.level - 1 if module.is_package else node.level
    parents = here[: len(here) - dropped]
    return ".".join([*parents, *([node.module] if node.module else [])])


def _module_named(imported: str, names: set[str]) -> str:
    """The module behind an imported name: itself, or the one it is an attribute of."""
    if imported in names:
        return imported
    parent = imported.rpartition(".")[0]
    return parent if parent in names else ""


def _walk(
    name: str, path: list[str], graph: Mapping[str, set[str]], done: set[str], found: list[str]
) -> None:
    if name in path:
        found.append(" → ".join([*path[path.index(name) :], name]))
        return
    if name in done:
        return
    for target in sorted(graph[name]):
        _walk(target, [*path, name], graph, done, found)
    done.add(name)
