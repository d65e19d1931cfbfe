"""The command that sets a dev and a test set aside, as the guide and README show it."""

import sys

import pytest
from references.guides import README, ROOT, code_blocks

from translator.cli.main import main

GUIDE = ROOT / "translator" / "guides" / "prepare-text.md"
PAGES = pytest.mark.parametrize("page", [README, GUIDE], ids=lambda page: page.stem)


@pytest.fixture
def translator(capsys, monkeypatch):
    """Runs the command line in this process; returns exit status and standard error."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["translator", *map(str, arguments)])
        with pytest.raises(SystemExit) as ending:
            main()
        return ending.value.code, capsys.readouterr().err

    return run


def lines_of(path):
    return path.read_bytes().decode().split("\n")[:-1]


@PAGES
def test_the_recipe_for_a_test_set_keeps_lines_with_tabs_and_their_translations_together(
    page, translator, tmp_path, monkeypatch
):
    commands = [line for block in code_blocks(page, "sh") for line in block.splitlines()]
    recipe = next(line for line in commands if line.startswith("translator split "))
    numbers = range(100)
    (tmp_path / "all.en").write_text("".join(f"A dog\t{i} .\n" for i in numbers), encoding="utf-8")
    (tmp_path / "all.de").write_text("".join(f"Ein\tHund {i}\t.\n" for i in numbers), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    status, err = translator(*recipe.split()[1:])
    folder = recipe.split()[-1]
    assert (status, err) == (
        0,
        f"train: 90 pairs\ndev: 5 pairs\ntest: 5 pairs\nwritten to {folder}\n",
    )
    found = []
    for part in ("train", "dev", "test"):
        sources, targets = (lines_of(tmp_path / folder / f"{part}.{side}") for side in ("en", "de"))
        for source, target in zip(sources, targets, strict=True):
            found.append(int(source.removeprefix("A dog\t").removesuffix(" .")))
            assert target == f"Ein\tHund {found[-1]}\t."
    assert sorted(found) == list(numbers)


def test_a_file_of_both_sides_is_split_too(translator, tmp_path):
    both = tmp_path / "all.tsv"
    both.write_text("".join(f"s {i}\tt {i}\n" for i in range(50)), encoding="utf-8")
    status, err = translator("split", "--pairs", both, "--output", tmp_path / "text", "--dev-pairs", 0)
    assert (status, err) == (0, f"train: 48 pairs\ntest: 2 pairs\nwritten to {tmp_path / 'text'}\n")
    assert {path.name for path in (tmp_path / "text").iterdir()} == {
        f"{part}.{side}" for part in ("train", "test") for side in ("source", "target")
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--source", "a"], "give --source and --target, or --pairs"),
        (["--pairs", "-"], "save standard input to a file"),
        (["--pairs", "a", "--test-pairs", "-1"], "-1 is not in the range"),
    ],
)
def test_wrong_usage_is_reported(translator, arguments, message):
    status, err = translator("split", *arguments, "--output", "text")
    assert status == 2
    assert message in err
