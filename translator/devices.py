"""Which device computes, in which precision, and why a GPU that is there may stand idle."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import translator.runtime  # noqa: F401  (before TensorFlow)

# isort: split
import tensorflow as tf

_PROCESSORS = Path("/proc/cpuinfo")
_BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16"}
_DRIVER = Path("/proc/driver/nvidia")
_OLDEST_DRIVER = 525  # that runs CUDA 12 (NVIDIA, CUDA Compatibility, table 1)
_REMEDY = "pip install 'tensorflow[and-cuda]>=2.21,<2.22'"


@dataclass(frozen=True)
class Device:
    """What computes.

    Attributes:
        name: for people.
        is_gpu: whether it is a GPU.
        has_bfloat16: whether it multiplies bfloat16 faster than float32; on a GPU, whether cuDNN has an LSTM
            for it as well.
    """

    name: str
    is_gpu: bool
    has_bfloat16: bool

    def precision(self, mixed: bool) -> str:
        """The Keras policy to train in where mixed precision is wanted, or not."""
        return "mixed_bfloat16" if mixed and self.has_bfloat16 else "float32"


def device() -> Device:
    """The device that TensorFlow computes on: the first GPU that it can use, else the processor."""
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        number = num_cores()
        name = f"CPU with {number} core{'s' if number > 1 else ''}"
        return Device(name, is_gpu=False, has_bfloat16=_processor_has_bfloat16())
    details = tf.config.experimental.get_device_details(gpus[0])
    # From Ampere on (compute capability 8.0).
    has_bfloat16 = details.get("compute_capability", (0, 0)) >= (8, 0)
    return Device(f"GPU ({details.get('device_name', 'unnamed')})", True, has_bfloat16)


def _processor_has_bfloat16() -> bool:
    """Whether the processor has instructions for products of bfloat16, and TensorFlow's kernels use them.

    Known on Linux alone. Without such instructions, or without oneDNN's kernels, these products are slower
    than those of float32.
    """
    if os.environ.get("TF_ENABLE_ONEDNN_OPTS") == "0":
        return False
    flags = re.search(r"^flags\s*:(.*)$", _content(_PROCESSORS), re.MULTILINE)
    return flags is not None and not _BFLOAT16_FLAGS.isdisjoint(flags[1].split())


def num_cores() -> int:
    """How many cores this process may use."""
    # Not every system can say which.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2


def unused_gpu_message() -> str:
    """Why TensorFlow does not use a GPU of NVIDIA that is in this machine, and what to do, in a sentence.

    Empty where there is none, where TensorFlow uses it, and where it was hidden by CUDA_VISIBLE_DEVICES.
    """
    if tf.config.list_physical_devices("GPU") or _is_hidden():
        return ""
    names = _gpus_of_the_machine()
    if not names:
        return ""
    here = f"{' and '.join(sorted(set(names)))}: this GPU is not used, since"
    if not tf.test.is_built_with_cuda():
        return f"{here} this TensorFlow was built without CUDA; on Linux or WSL2 run: {_REMEDY}"
    if importlib.util.find_spec("nvidia") is None:
        return f"{here} TensorFlow finds no CUDA libraries; run: {_REMEDY}"
    driver = _driver_version()
    major = driver.partition(".")[0]
    if major.isdecimal() and int(major) < _OLDEST_DRIVER:
        return f"{here} its driver {driver} is older than {_OLDEST_DRIVER}; install a newer driver"
    return (
        f"{here} TensorFlow cannot load its CUDA libraries or the driver; try: {_REMEDY} --force-reinstall, "
        "and see whether nvidia-smi works"
    )


def _is_hidden() -> bool:
    """Whether somebody has asked for no GPU."""
    return os.environ.get("CUDA_VISIBLE_DEVICES", "0").strip() in {"", "-1", "none", "NoDevFiles"}


def _gpus_of_the_machine() -> list[str]:
    """The names of the GPUs of NVIDIA, whether TensorFlow can use them or not."""
    found = []
    for path in sorted(_DRIVER.glob("gpus/*/information")):
        if model := re.search(r"^Model:\s*(.+?)\s*$", _content(path), re.MULTILINE):
            found.append(model[1])
    return found or _ask_nvidia_smi("name")


def _driver_version() -> str:
    """Of NVIDIA's driver, as 550.54.15; empty if unknown."""
    if module := re.search(r"Kernel Module.*?\s(\d+\.[\d.]+)", _content(_DRIVER / "version")):
        return module[1]
    return next(iter(_ask_nvidia_smi("driver_version")), "")


def _content(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _ask_nvidia_smi(field: str) -> list[str]:
    """A field of each GPU, where NVIDIA's tool is there and answers, as under WSL2."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    try:
        asked = subprocess.run(
            [tool, f"--query-gpu={field}", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return [line.strip() for line in asked.stdout.splitlines() if line.strip()]
