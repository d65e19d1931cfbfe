"""How many cores and how much memory a process may use, on pretended machines with control groups."""

import os
import resource

import pytest

import translator.resources as module
from translator.resources import memory_limit, num_cores

GIB = 1 << 30
UNLIMITED = 9_223_372_036_854_771_712  # how version 1 says that there is no limit


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """Makes a machine with eight cores and 64 GiB: the control groups of the process, and their files."""
    monkeypatch.setattr(module, "_MEMBERSHIP", tmp_path / "membership")
    monkeypatch.setattr(module, "_ROOT", tmp_path / "root")
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)), raising=False)
    monkeypatch.setattr(os, "sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 64 * GIB // 4096}.__getitem__)
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (resource.RLIM_INFINITY,) * 2)

    def make(membership, files):
        (tmp_path / "membership").write_text("".join(f"{line}\n" for line in membership), encoding="utf-8")
        for name, content in files.items():
            path = tmp_path / "root" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{content}\n", encoding="utf-8")

    return make


def test_without_control_groups_all_cores_and_the_whole_memory_may_be_used(machine):
    assert (num_cores(), memory_limit()) == (8, 64 * GIB)


@pytest.mark.parametrize(
    ("membership", "files", "cores", "memory"),
    [
        pytest.param(["0::/"], {"cpu.max": "max 100000", "memory.max": "max"}, 8, 64 * GIB, id="unlimited"),
        pytest.param(
            ["0::/"], {"cpu.max": "300000 100000", "memory.max": 2 * GIB}, 3, 2 * GIB, id="container"
        ),
        pytest.param(["0::/"], {"cpu.max": "20000 100000"}, 1, 64 * GIB, id="a fifth of a core"),
        pytest.param(["0::/"], {"cpu.max": "250000 100000"}, 3, 64 * GIB, id="two cores and a half"),
        pytest.param(["0::/"], {"cpu.max": "6400000 100000"}, 8, 64 * GIB, id="more than there are"),
        pytest.param(
            ["0::/jobs/42/step"],
            {"jobs/42/cpu.max": "200000 100000", "jobs/memory.max": GIB, "jobs/42/step/memory.max": "max"},
            2,
            GIB,
            id="limits of the groups around it",
        ),
        pytest.param(["0::/../../outside"], {"cpu.max": "200000 100000"}, 2, 64 * GIB, id="outer path"),
        pytest.param(
            ["5:memory:/docker/7", "3:cpu,cpuacct:/docker/7", "1:name=systemd:/", "0::/"],
            {
                "memory/docker/7/memory.limit_in_bytes": 3 * GIB,
                "memory/memory.limit_in_bytes": UNLIMITED,
                "cpu,cpuacct/docker/7/cpu.cfs_quota_us": 400_000,
                "cpu,cpuacct/docker/7/cpu.cfs_period_us": 100_000,
                "cpu,cpuacct/cpu.cfs_quota_us": -1,
                "cpu,cpuacct/cpu.cfs_period_us": 100_000,
            },
            4,
            3 * GIB,
            id="version 1",
        ),
        pytest.param(
            ["5:memory:/docker/7", "3:cpu:/docker/7"],
            {
                "memory/memory.limit_in_bytes": 3 * GIB,
                "cpu/cpu.cfs_quota_us": 150_000,
                "cpu/cpu.cfs_period_us": 50_000,
            },
            3,
            3 * GIB,
            id="version 1 inside a container",
        ),
        pytest.param(
            ["5:memory:/", "0::/job"],
            {"unified/job/cpu.max": "100000 100000"},
            1,
            64 * GIB,
            id="both",
        ),
    ],
)
def test_the_limits_of_control_groups_are_kept(machine, membership, files, cores, memory):
    machine(membership, files)
    assert (num_cores(), memory_limit()) == (cores, memory)


def test_the_affinity_and_the_limit_of_the_address_space_are_kept(machine, monkeypatch):
    machine(["0::/"], {"cpu.max": "300000 100000", "memory.max": 2 * GIB})
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {5})
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (GIB, GIB))
    assert (num_cores(), memory_limit()) == (1, GIB)
