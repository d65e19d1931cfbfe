"""The device that computes, its precision, and why an NVIDIA GPU of the machine may be unused."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import translator.runtime  # noqa: F401  (before TensorFlow)
from translator.resources import num_cores
from translator.wording import counted

# isort: split
import tensorflow as tf

_CPU_INFO = Path("/proc/cpuinfo")
_BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16"}
_DRIVER = Path("/proc/driver/nvidia")
_OLDEST_DRIVER = 525  # the oldest that runs CUDA 12 (NVIDIA, CUDA Compatibility, table 1)
_REMEDY = "pip install 'tensorflow[and-cuda]>=2.21,<2.22'"


@dataclass(frozen=True)
class Device:
    """The device that TensorFlow computes on.

    Attributes:
        name: for messages.
        is_gpu: whether it is a GPU.
        has_bfloat16: whether it multiplies bfloat16 faster than float32; on a GPU, also whether cuDNN has an
            LSTM for it.
    """

    name: str
    is_gpu: bool
    has_bfloat16: bool

    @property
    def kind(self) -> str:
        """``CPU`` or ``GPU``."""
        return "GPU" if self.is_gpu else "CPU"

    def precision(self, mixed: bool) -> str:
        """The Keras dtype policy for training, with or without mixed precision."""
        return "mixed_bfloat16" if mixed and self.has_bfloat16 else "float32"


def device() -> Device:
    """The device that TensorFlow computes on: the first GPU that it can use, or else the CPU."""
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        name = f"CPU with {counted(num_cores(), 'core')}"
        return Device(name, is_gpu=False, has_bfloat16=_cpu_has_bfloat16())
    details = tf.config.experimental.get_device_details(gpus[0])
    # From Ampere on (compute capability 8.0).
    has_bfloat16 = details.get("compute_capability", (0, 0)) >= (8, 0)
    return Device(f"GPU ({details.get('device_name', 'unnamed')})", True, has_bfloat16)


def _cpu_has_bfloat16() -> bool:
    """Whether the CPU has instructions for bfloat16 products and TensorFlow's kernels use them.

    Known on Linux only. Without such instructions, or without oneDNN's kernels, products in bfloat16 are
    slower than in float32.
    """
    if os.environ.get("TF_ENABLE_ONEDNN_OPTS") == "0":
        return False
    flags = re.search(r"^flags\s*:(.*)$", _read(_CPU_INFO), re.MULTILINE)
    return flags is not None and not _BFLOAT16_FLAGS.isdisjoint(flags[1].split())


def unused_gpu_message() -> str:
    """Says in one sentence why TensorFlow does not use an NVIDIA GPU of this machine, and what to do.

    Empty if there is no such GPU, if TensorFlow uses it, or if CUDA_VISIBLE_DEVICES hides it.
    """
    if tf.config.list_physical_devices("GPU") or _is_hidden():
        return ""
    names = _nvidia_gpu_names()
    if not names:
        return ""
    unused = f"{' and '.join(sorted(set(names)))}: this GPU is not used, because"
    if not tf.test.is_built_with_cuda():
        return f"{unused} this TensorFlow was built without CUDA; on Linux or WSL2 run: {_REMEDY}"
    if importlib.util.find_spec("nvidia") is None:
        return f"{unused} TensorFlow finds no CUDA libraries; run: {_REMEDY}"
    driver = _driver_version()
    major = driver.partition(".")[0]
    if major.isdecimal() and int(major) < _OLDEST_DRIVER:
        return f"{unused} its driver {driver} is older than {_OLDEST_DRIVER}; install a newer driver"
    return (
        f"{unused} TensorFlow cannot load its CUDA libraries or the driver; try: {_REMEDY} "
        "--force-reinstall, and check that nvidia-smi works"
    )


def _is_hidden() -> bool:
    """Whether the user has hidden all GPUs."""
    return os.environ.get("CUDA_VISIBLE_DEVICES", "0").strip() in {"", "-1", "none", "NoDevFiles"}


def _nvidia_gpu_names() -> list[str]:
    """The names of the NVIDIA GPUs of this machine, whether TensorFlow can use them or not."""
    names = []
    for path in sorted(_DRIVER.glob("gpus/*/information")):
        if model := re.search(r"^Model:\s*(.+?)\s*$", _read(path), re.MULTILINE):
            names.append(model[1])
    return names or _query_nvidia_smi("name")


def _driver_version() -> str:
    """The version of the NVIDIA driver, such as 550.54.15; empty if unknown."""
    if module := re.search(r"Kernel Module.*?\s(\d+\.[\d.]+)", _read(_DRIVER / "version")):
        return module[1]
    return next(iter(_query_nvidia_smi("driver_version")), "")


def _read(path: Path) -> str:
    """The content of a file; empty if it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _query_nvidia_smi(field: str) -> list[str]:
    """A field of each GPU from nvidia-smi, which also works under WSL2; empty if it is missing or fails."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    try:
        answer = subprocess.run(
            [tool, f"--query-gpu={field}", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return [line.strip() for line in answer.stdout.splitlines() if line.strip()]
