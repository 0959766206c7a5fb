"""The house keeps its plan: data moves left to right, and each folder knows only what it may know."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "fortstripe_dagster"
FOUNDATION = set("__version__ business_day circuit engine failures money pages settings texts warehouse".split())
MAY_IMPORT = {
    "extract": FOUNDATION,
    "ledger": FOUNDATION,
    "delivery": FOUNDATION | {"fortnox"},
    "proof": FOUNDATION | {"fortnox", "delivery"},
    "alerts": FOUNDATION | {"extract"},
    "fortnox": set(),
    "sandbox": set(),
    "assets": FOUNDATION | {"extract", "ledger", "delivery", "proof", "alerts"},
}
KNOW_DAGSTER = {"assets", "operations"}
HOSTS_OF_THE_SANDBOX = {"operations/sandbox_host.py"}


def imports(path: Path) -> Iterator[tuple[str, str]]:
    """(top folder or module of the package, or the foreign package; the whole name) of each import."""
    for node in ast.walk(ast.parse(path.read_text())):
        modules = [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom) and node.module == "fortstripe_dagster":
            modules = [f"fortstripe_dagster.{alias.name}" for alias in node.names]
        for module in modules:
            parts = module.split(".")
            yield (parts[1] if parts[0] == "fortstripe_dagster" else parts[0]), module


@pytest.mark.parametrize("folder", sorted(MAY_IMPORT))
def test_a_folder_imports_only_what_stands_left_of_it(folder: str) -> None:
    for path in (PACKAGE / folder).rglob("*.py"):
        allowed = MAY_IMPORT[folder] | {folder}
        for top, module in imports(path):
            if module.startswith("fortstripe_dagster"):
                assert top in allowed, f"{path.relative_to(PACKAGE)} imports {module}"
            assert top != "dagster" or folder in KNOW_DAGSTER, f"{path.relative_to(PACKAGE)} knows Dagster"


def test_only_the_host_imports_the_sandbox() -> None:
    guests = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if "sandbox" not in path.relative_to(PACKAGE).parts[0]
        for top, _ in imports(path)
        if top == "sandbox"
    }
    assert guests == HOSTS_OF_THE_SANDBOX


def test_settings_alone_reads_the_environment() -> None:
    readers = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if "os.environ" in path.read_text() or "getenv" in path.read_text()
    }
    # Those that start another process or the sandbox hand the environment on.
    assert readers <= {"settings/__init__.py", "settings/companies.py", "operations/dev.py", "operations/demo.py"}


def test_no_file_grows_beyond_one_idea() -> None:
    long = {
        str(path.relative_to(PACKAGE)): lines
        for path in (*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.sql"))
        if (lines := len(path.read_text().splitlines())) > 400
    }
    assert long == {}
