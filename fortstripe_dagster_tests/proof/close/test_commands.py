"""`fortstripe close` and `fortstripe attach` as a person types them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from fortstripe_dagster import cli
from fortstripe_dagster_tests.operations.environment import configure
from fortstripe_dagster_tests.proof.close.conftest import Closed
from fortstripe_dagster_tests.proof.company import Company


def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout, stderr."""
    monkeypatch.setattr(sys, "argv", ["fortstripe", *arguments])
    with pytest.raises(SystemExit) as left:
        cli.main()
    out, err = capsys.readouterr()
    return int(left.value.code or 0), out, err


def test_attach_and_close(
    clean: Company, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(clean.settings, tmp_path, monkeypatch)
    paper = tmp_path / "invoice.pdf"
    paper.write_bytes(b"another invoice")
    filing = ("attach", str(paper), "--kind", "stripe_tax_invoice", "--month", "2026-03", "--amount")
    code, out, _ = typed(monkeypatch, capsys, *filing, "0,50")
    assert (code, out.startswith("invoice.pdf is filed with 2026-03 as stripe_tax_invoice, sha256 ")) == (0, True)
    code, out, err = typed(monkeypatch, capsys, "close", "2026-03", "--lang", "sv", "--json")
    found = json.loads(out)
    assert code == 1 and found["outcome"] == "alarm" and found["days"] == ["2026-03-01", "2026-03-31"]
    assert {each["name"] for each in found["checks"] if each["outcome"] == "alarm"} == {"tax_invoice"}
    assert [Path(each).name for each in found["archives"]] == ["close-2026-03-sv.zip"]
    assert "Traceback" not in err and "close-2026-03-sv.zip" in err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("close", "2026-13"), 2, "is no month"),
        (("close", "2026-04", "--as-proven"), 1, "has not been proven"),
        (("attach", "none.pdf", "--kind", "other", "--month", "2026-03"), 2, "does not exist"),
        (("attach", ".", "--kind", "other", "--month", "2026-03"), 2, "is a directory"),
        (("attach", __file__, "--kind", "poem", "--month", "2026-03"), 2, "choose one of stripe_tax_invoice, "),
        (("close", "2020-03"), 1, "before the books begin"),
    ],
)
def test_what_was_typed_wrong_is_one_line(
    clean_month: Closed,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    code: int,
    said: str,
) -> None:
    configure(clean_month.company.settings, tmp_path, monkeypatch)
    left, _, err = typed(monkeypatch, capsys, *arguments)
    assert (left, said in err) == (code, True), err
