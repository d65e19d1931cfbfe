"""The demo trains a good translator, and a wheel contains the text that it trains on."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_demo_reaches_a_good_translator(run, tmp_path):
    done = run("demo", "--output", tmp_path / "demo")
    assert done.returncode == 0, done.stderr
    assert float(re.search(r"BLEU ([0-9.]+)", done.stdout)[1]) >= 80
    assert "translator train --source train.en" in done.stderr
    arrows = [line for line in done.stdout.splitlines() if line.startswith("  -> ")]
    assert len(arrows) == 5
    assert all(len(line) > 8 for line in arrows)


def test_a_wheel_contains_the_sample_and_the_guides(tmp_path):
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", tmp_path, ROOT],
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    for split in ("train", "dev", "test"):
        assert {f"translator/sample/{split}.en", f"translator/sample/{split}.de"} <= names
    guides = {path.name for path in (ROOT / "translator" / "guides").iterdir()}
    assert guides
    assert {f"translator/guides/{name}" for name in guides} <= names
    assert "translator/py.typed" in names
    assert not any(name.startswith(("tests/", "data/")) for name in names)
