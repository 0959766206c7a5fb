"""The folder is usable on its own: it imports nothing else of the package, nothing of Stripe or Dagster."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from fortstripe_dagster import fortnox

FOLDER = Path(fortnox.__file__).parent
ALLOWED = {"filelock", "pydantic", "requests", "simplejson", "urllib3"}


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.py")), ids=lambda file: file.name)
def test_a_module_imports_only_its_folder_and_the_allowed_libraries(file: Path) -> None:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module or ""]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 1, f"line {node.lineno} leaves the folder"
            continue
        else:
            continue
        for name in names:
            top = name.split(".")[0]
            assert top in ALLOWED or top in sys.stdlib_module_names, f"line {node.lineno} imports {name}"
