"""A corpus as piece ids on disk: written once, checked, and read back anywhere, however large it is.

    00000.pieces.npy       the pieces of each source and target in turn, one after the other
    00000.lengths.npy      [pairs, 2]; pieces of the source and of the target of each pair
    00000.alignments.npy   the source position of each target piece, where it was asked for
    00001.pieces.npy ...
    index.json             what there is, with a checksum of every file; written last

The arrays are mapped into memory rather than read, so that any pair of any file can be reached at once and an
epoch can be shuffled across all of them.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from translator.corpus.caching_tokenizer import CachingTokenizer
from translator.corpus.filters import PairBlock
from translator.corpus.ragged import start_offsets
from translator.corpus.tokenizer import Tokenizer
from translator.corpus.word_alignment import WordAligner
from translator.errors import DataError, ModelError
from translator.files import atomic_write

_VERSION = 2
_BLOCKS_A_SHARD = 100

Ids = npt.NDArray[Any]


class TokenizedPair(NamedTuple):
    """A pair as piece ids, without the end of the sentences.

    Attributes:
        source: uint16 or uint32 [source pieces].
        target: uint16 or uint32 [target pieces].
        alignment: int16 [target pieces]; the source position of each, negative where none is known. None
            if no alignment was asked for.
    """

    source: Ids
    target: Ids
    alignment: Ids | None


def write_token_files(
    folder: Path,
    parts: Iterable[Iterable[PairBlock]],
    tokenizer: Tokenizer,
    max_tokens: int,
    aligner: WordAligner | None,
    fingerprint: str,
    weights: Sequence[float | None],
    facts: Callable[[int], Mapping[str, Any]] = lambda num_long: {},
) -> None:
    """Cuts a corpus into pieces and writes it; what was in the folder before is removed.

    Args:
        folder: where the files go.
        parts: the pairs, in parts that training takes in different measure.
        tokenizer: cuts them.
        max_tokens: pairs with a longer side are left out.
        aligner: finds the alignments; None: none are written.
        fingerprint: says which text it is; see there.
        weights: how often an epoch takes each pair of a part; None where settings decide on it.
        facts: what else the index is to say, given how many pairs were left out.

    Raises:
        ModelError: if the files cannot be written.
    """
    shutil.rmtree(folder, ignore_errors=True)
    table = CachingTokenizer(tokenizer)
    shards: list[dict[str, Any]] = []
    sizes: list[int] = []
    num_read = 0

    def counted(part: Iterable[PairBlock]) -> Iterator[PairBlock]:
        nonlocal num_read
        for block in part:
            num_read += len(block.sources)
            yield block

    for part in parts:
        rows = _tokenized(counted(part), table, max_tokens, aligner)
        sizes.append(0)
        while calls := list(islice(rows, _BLOCKS_A_SHARD)):
            arrays = {kind: np.concatenate([call[kind] for call in calls]) for kind in calls[0]}
            num_pairs = len(arrays["lengths"])
            if not num_pairs:
                continue
            names = {kind: f"{len(shards):05d}.{kind}.npy" for kind in arrays}
            checksums = {names[kind]: _write(folder / names[kind], arrays[kind]) for kind in arrays}
            shards.append({"pairs": num_pairs, "files": checksums})
            sizes[-1] += num_pairs
    index = {"version": _VERSION, "fingerprint": fingerprint, "parts": sizes, "shards": shards}
    index["weights"] = list(weights)
    index |= {"aligned": aligner is not None, **facts(num_read - sum(sizes))}
    with atomic_write(folder / "index.json") as path:
        path.write_text(
            json.dumps({"checksum": _checksum_of(index), "index": index}, indent=1), encoding="utf-8"
        )


def _tokenized(
    blocks: Iterable[PairBlock], table: CachingTokenizer, max_tokens: int, aligner: WordAligner | None
) -> Iterator[dict[str, Ids]]:
    """Yields the arrays of each block, cut into pieces on every core while others are read."""
    cores = os.cpu_count() or 1
    waiting: deque[Future[dict[str, Ids]]] = deque()
    with ThreadPoolExecutor(cores) as pool:
        for block in blocks:
            waiting.append(pool.submit(_arrays_of, block, table, max_tokens, aligner))
            if len(waiting) > 2 * cores:  # bounds the memory
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _arrays_of(
    block: PairBlock, table: CachingTokenizer, max_tokens: int, aligner: WordAligner | None
) -> dict[str, Ids]:
    """The pieces, lengths and alignments of some thousand pairs."""
    rows = table.encode(list(chain.from_iterable(zip(*block, strict=True))))  # source and target in turn
    longest = rows.lengths.reshape(-1, 2).max(axis=1)
    if longest.max(initial=0) > max_tokens:
        rows = rows.select(np.flatnonzero(np.repeat(longest <= max_tokens, 2)))
    arrays = {"pieces": rows.values, "lengths": rows.lengths.reshape(-1, 2).astype(np.uint16)}
    if aligner is not None:
        sides = rows.to_lists()
        alignments = aligner.align(sides[::2], sides[1::2])
        arrays["alignments"] = np.concatenate([np.zeros(0, np.int32), *alignments]).astype(np.int16)
    return arrays


def _write(path: Path, array: Ids) -> str:
    """Writes an array; returns the checksum of its file."""
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        np.save(file, array)
    return _checksum(path)


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _checksum_of(index: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(index).encode()).hexdigest()


def read_index(folder: Path) -> dict[str, Any] | None:
    """What the index says; None where there is none, or one that is damaged or not of this version."""
    try:
        file = json.loads((folder / "index.json").read_bytes())
        index: dict[str, Any] = file["index"]
        whole = file["checksum"] == _checksum_of(index) and index["version"] == _VERSION
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return index if whole else None


class TokenFiles:
    """The files of a corpus, opened.

    Attributes:
        parts: number of pairs in each part; they stand one part after the other.
        weights: how often an epoch takes each pair of a part; None where settings decide on it.
        lengths: uint16 [pairs, 2]; pieces of source and target of each pair.
        has_alignments: whether there are alignments.
        fingerprint: says which text it is.

    Args:
        folder: where the files are.

    Raises:
        ModelError: if a file is missing, damaged or not what the index says.
    """

    def __init__(self, folder: Path) -> None:
        self._arrays: list[dict[str, Ids]] = []
        try:
            index = read_index(folder)
            if index is None:
                raise ValueError("index.json is missing, damaged or of another version")
            self.parts, self.has_alignments = [int(size) for size in index["parts"]], bool(index["aligned"])
            self.weights: list[float | None] = index["weights"]
            self.fingerprint = str(index["fingerprint"])
            for shard in index["shards"]:
                self._arrays.append(_opened(folder, shard["files"]))
            lengths = [shard["lengths"] for shard in self._arrays]
            self.lengths: Ids = np.concatenate([np.zeros([0, 2], np.uint16), *lengths])
            self._check()
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelError(
                f"{folder}: the prepared text is damaged ({error}); remove this folder to prepare it again"
            ) from None
        self._first = np.cumsum([0, *(len(one) for one in lengths)])
        self._starts = [start_offsets(one.sum(axis=1, dtype=np.int64)) for one in lengths]
        self._target_starts = [start_offsets(one[:, 1]) for one in lengths] if self.has_alignments else []

    def _check(self) -> None:
        """Raises ValueError if the arrays do not belong together."""
        kinds = {"pieces", "lengths"} | ({"alignments"} if self.has_alignments else set())
        if len(self.weights) != len(self.parts):
            raise ValueError("its weights do not belong to its parts")
        if len(self.lengths) != sum(self.parts) or any(set(shard) != kinds for shard in self._arrays):
            raise ValueError("its files do not belong together")

    def __getitem__(self, number: int) -> TokenizedPair:
        """The pair with this number, from 0."""
        shard = int(np.searchsorted(self._first, number, side="right")) - 1
        arrays, row = self._arrays[shard], number - self._first[shard]
        start = self._starts[shard][row]
        middle = start + arrays["lengths"][row, 0]
        end = middle + arrays["lengths"][row, 1]
        alignment = None
        if self.has_alignments:
            first = self._target_starts[shard][row]
            alignment = arrays["alignments"][first : first + end - middle]
        return TokenizedPair(arrays["pieces"][start:middle], arrays["pieces"][middle:end], alignment)


def _opened(folder: Path, checksums: dict[str, str]) -> dict[str, Ids]:
    """The arrays of a shard by kind, mapped into memory once their checksums are found right."""
    arrays = {}
    for name, checksum in checksums.items():
        if Path(name).name != name:
            raise ValueError(f"{name} is no name of a file")
        if _checksum(folder / name) != checksum:
            raise ValueError(f"{name} is not as it was written")
        arrays[name.split(".")[1]] = np.load(folder / name, mmap_mode="r", allow_pickle=False)
    return arrays


def fingerprint(files: Iterable[Path | None], *more: object) -> str:
    """A short hash of the bytes of files, and of anything else that decides what a training learns from.

    Raises:
        DataError: if a file cannot be read.
    """
    digest = hashlib.sha256(repr(more).encode())
    for path in files:
        try:
            digest.update(b"-" if path is None else _checksum(path).encode())
        except OSError as error:
            raise DataError(f"{path}: cannot be read ({error.strerror}); check the path") from None
    return digest.hexdigest()[:16]
