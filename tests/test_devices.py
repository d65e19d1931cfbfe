"""The device that is reported, and the message about an unused GPU."""

import stat

import pytest
import tensorflow as tf

import translator.devices as module
from translator.devices import device, unused_gpu_message

OPEN_DRIVER = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  {}  Release Build\nGCC version: 12\n"
OLD_DRIVER = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  470.57.02  Tue Jul 13 16:14:05 UTC 2021\n"


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """Makes a pretended machine: its GPU, its driver, what TensorFlow sees and what is installed."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "programs"))
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
    monkeypatch.setattr(module, "_DRIVER", tmp_path / "nvidia")
    monkeypatch.setattr(module, "_CPU_INFO", tmp_path / "cpuinfo")

    def make(*, names=(), driver="", seen=(), cuda=True, libraries=True, details=None, flags=None):
        if flags is not None:
            two_cores = "".join(f"processor\t: {i}\nflags\t\t: {flags}\nbogomips\t: 1\n\n" for i in range(2))
            (tmp_path / "cpuinfo").write_text(two_cores, encoding="utf-8")
        for number, name in enumerate(names):
            folder = tmp_path / "nvidia" / "gpus" / f"0000:0{number}:00.0"
            folder.mkdir(parents=True)
            (folder / "information").write_text(f"Model: \t\t {name}\nIRQ:   \t\t 16\n", encoding="utf-8")
        if driver:
            (tmp_path / "nvidia" / "version").write_text(driver, encoding="utf-8")
        monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: list(seen))
        monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda gpu: details or {})
        monkeypatch.setattr(tf.test, "is_built_with_cuda", lambda: cuda)
        monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: object() if libraries else None)

    return make


@pytest.mark.parametrize(
    ("flags", "policy"),
    [
        ("fpu avx512f avx512_bf16 avx512_vnni", "mixed_bfloat16"),
        ("fpu amx_bf16 amx_tile", "mixed_bfloat16"),
        ("fpu avx2 avx512f avx512_vnni", "float32"),
        (None, "float32"),
    ],
)
def test_a_cpu_is_named_and_computes_in_bfloat16_if_it_can(machine, flags, policy):
    machine(flags=flags)
    cpu = device()
    assert cpu.name.startswith("CPU with ")
    assert (cpu.is_gpu, cpu.precision(mixed=True)) == (False, policy)
    assert cpu.precision(mixed=False) == "float32"


@pytest.mark.parametrize(("wanted", "policy"), [("0", "float32"), ("1", "mixed_bfloat16")])
def test_without_onednn_a_cpu_computes_in_float32(machine, monkeypatch, wanted, policy):
    machine(flags="avx512_bf16")
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", wanted)
    assert device().precision(mixed=True) == policy


@pytest.mark.parametrize(
    ("capability", "policy"), [((9, 0), "mixed_bfloat16"), ((8, 0), "mixed_bfloat16"), ((7, 5), "float32")]
)
def test_a_gpu_is_named_and_computes_in_bfloat16_if_it_can(machine, capability, policy):
    machine(seen=["gpu"], details={"device_name": "NVIDIA X1", "compute_capability": capability})
    gpu = device()
    assert gpu.name == "GPU (NVIDIA X1)"
    assert gpu.precision(mixed=True) == policy
    assert gpu.precision(mixed=False) == "float32"


def test_an_unknown_gpu_computes_in_float32(machine):
    machine(seen=["gpu"])
    assert device().precision(mixed=True) == "float32"


def test_there_is_no_message_without_a_gpu_or_with_one_that_is_used(machine):
    machine()
    assert unused_gpu_message() == ""
    machine(names=["NVIDIA X1"], seen=["gpu"])
    assert unused_gpu_message() == ""


@pytest.mark.parametrize("hidden", ["", "-1", " -1"])
def test_there_is_no_message_about_a_hidden_gpu(machine, monkeypatch, hidden):
    machine(names=["NVIDIA X1"])
    assert unused_gpu_message() != ""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
    assert unused_gpu_message() == ""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cuda": False}, "was built without CUDA; on Linux or WSL2 run: pip install 'tensorflow"),
        ({"libraries": False}, "finds no CUDA libraries; run: pip install 'tensorflow[and-cuda]"),
        ({"driver": OLD_DRIVER}, "its driver 470.57.02 is older than 525; install a newer driver"),
        ({"driver": OPEN_DRIVER.format("515.65.01")}, "its driver 515.65.01 is older than 525"),
        (
            {"driver": OPEN_DRIVER.format("560.35.03")},
            "cannot load its CUDA libraries or the driver; try: pip install",
        ),
        ({}, "cannot load its CUDA libraries or the driver"),
    ],
)
def test_the_message_about_an_unused_gpu_has_reason_and_remedy(machine, options, message):
    machine(names=["NVIDIA X1", "NVIDIA X1"], **options)
    assert unused_gpu_message().startswith("NVIDIA X1: this GPU is not used, because ")
    assert message in unused_gpu_message()


def test_without_the_files_of_the_driver_nvidia_smi_is_asked(machine, tmp_path):
    machine()
    tool = tmp_path / "programs" / "nvidia-smi"
    tool.parent.mkdir()
    answer = 'case "$1" in --query-gpu=name) echo "NVIDIA X2";; *) echo 510.1;; esac'
    tool.write_text(f"#!/bin/sh\n{answer}\n", encoding="utf-8")
    tool.chmod(stat.S_IRWXU)
    assert "NVIDIA X2: this GPU is not used, because its driver 510.1 is older" in unused_gpu_message()
    unknown = answer.replace("510.1", "[N/A]")
    tool.write_text(f"#!/bin/sh\n{unknown}\n", encoding="utf-8")
    assert "cannot load its CUDA libraries or the driver" in unused_gpu_message()
    tool.write_text("#!/bin/sh\necho broken >&2; exit 9\n", encoding="utf-8")
    assert unused_gpu_message() == ""
