"""Training that runs out of memory ends with a one-line error that names the settings to lower."""

import os
import resource
import subprocess

import pytest
from kills import command

LIMIT = 5 << 30  # bytes of address space; TensorFlow reserves more than half of it when it starts


@pytest.mark.parametrize(
    ("settings", "when"),
    [
        pytest.param(
            ["data.batch_tokens=1_000_000", "model.units=512"],
            "at step 1 or after it",
            marks=pytest.mark.skipif(
                "TRANSLATOR_SMALL_MEMORY" not in os.environ,
                reason="TensorFlow itself may crash when memory runs out: run with TRANSLATOR_SMALL_MEMORY=1",
            ),
        ),
        (["model.units=8192"], "before the first step"),
    ],
)
def test_too_little_memory_is_reported_with_the_settings_to_lower(tmp_path, settings, when):
    words = [
        *command(tmp_path / "model", 10_000, tmp_path),
        *(word for setting in settings for word in ("--set", setting)),
    ]
    done = subprocess.run(
        words,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (LIMIT, LIMIT)),
    )
    last = done.stderr.splitlines()[-1]
    assert last.startswith(
        f"translator: {tmp_path / 'model'}: out of memory {when}; give another --output and"
    )
    assert "a smaller data.batch_tokens (it was " in last
    assert "Traceback" not in done.stderr
    assert done.returncode == 1
