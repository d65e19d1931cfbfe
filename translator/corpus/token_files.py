"""Stores a tokenized corpus on disk, with checksums, and gives random access to its pairs.

    00000.pieces.npy       token ids: the source and the target of each pair, one after the other
    00000.lengths.npy      [pairs, 2]; the number of source and target tokens of each pair
    00000.alignments.npy   the source position of each target token, if alignments were requested
    00001.pieces.npy ...
    index.json             what the files contain and their checksums; written last

The arrays are memory-mapped rather than read, so that a corpus may be larger than memory and an epoch can
still be shuffled across all of it. TFRecord files, the usual choice with tf.data, can only be read in order.
"""

from __future__ import annotations

import hashlib
import json
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
from translator.resources import num_cores

_VERSION = 2
_BLOCKS_PER_SHARD = 100
_MAX_THREADS = 16  # each takes its own memory, and Python's lock lets no more of them gain time

Ids = npt.NDArray[Any]


class TokenizedPair(NamedTuple):
    """A pair as token ids, without end ids.

    Attributes:
        source: uint16 or uint32 [source_length].
        target: uint16 or uint32 [target_length].
        alignment: int16 [target_length]; the source position of each target token, negative where it is
            unknown. None if the corpus has no alignments.
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
    extra_entries: Callable[[int], Mapping[str, Any]] = lambda num_too_long: {},
) -> None:
    """Tokenizes a corpus and writes it; the previous content of the folder is removed.

    Args:
        folder: where the files go.
        parts: the pairs, in parts that an epoch may take in different proportions.
        tokenizer: makes the token ids.
        max_tokens: pairs with more tokens on either side are left out.
        aligner: makes the alignments; None: no alignments are written.
        fingerprint: identifies the text; see ``fingerprint``.
        weights: how often an epoch takes each pair of a part; None where the settings decide.
        extra_entries: returns more entries for the index, given the number of pairs that were left out.

    Raises:
        ModelError: if the files cannot be written.
    """
    shutil.rmtree(folder, ignore_errors=True)
    caching_tokenizer = CachingTokenizer(tokenizer)
    shards: list[dict[str, Any]] = []
    part_sizes: list[int] = []
    num_read = 0

    def counted(part: Iterable[PairBlock]) -> Iterator[PairBlock]:
        nonlocal num_read
        for block in part:
            num_read += len(block.sources)
            yield block

    for part in parts:
        blocks = _tokenize(counted(part), caching_tokenizer, max_tokens, aligner)
        part_sizes.append(_write_part(folder, blocks, shards))
    index = {"version": _VERSION, "fingerprint": fingerprint, "parts": part_sizes, "shards": shards}
    index["weights"] = list(weights)
    index |= {"aligned": aligner is not None, **extra_entries(num_read - sum(part_sizes))}
    with atomic_write(folder / "index.json") as path:
        path.write_text(
            json.dumps({"checksum": _checksum_of(index), "index": index}, indent=1), encoding="utf-8"
        )


def _tokenize(
    blocks: Iterable[PairBlock], tokenizer: CachingTokenizer, max_tokens: int, aligner: WordAligner | None
) -> Iterator[dict[str, Ids]]:
    """Yields the arrays of each block; several threads tokenize while the next blocks are read."""
    num_threads = min(num_cores(), _MAX_THREADS)
    pending: deque[Future[dict[str, Ids]]] = deque()
    with ThreadPoolExecutor(num_threads) as pool:
        for block in blocks:
            pending.append(pool.submit(_arrays_of, block, tokenizer, max_tokens, aligner))
            if len(pending) > 2 * num_threads:  # bounds the memory
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


def _arrays_of(
    block: PairBlock, tokenizer: CachingTokenizer, max_tokens: int, aligner: WordAligner | None
) -> dict[str, Ids]:
    """Returns the token ids, lengths and alignments of the pairs of a block that are not too long."""
    # Sources and targets alternate.
    sentences = tokenizer.encode(list(chain.from_iterable(zip(*block, strict=True))))
    longer_sides = sentences.lengths.reshape(-1, 2).max(axis=1)
    if longer_sides.max(initial=0) > max_tokens:
        sentences = sentences.select(np.flatnonzero(np.repeat(longer_sides <= max_tokens, 2)))
    arrays = {"pieces": sentences.values, "lengths": sentences.lengths.reshape(-1, 2).astype(np.uint16)}
    if aligner is not None:
        ids = sentences.to_lists()
        alignments = aligner.align(ids[::2], ids[1::2])
        arrays["alignments"] = np.concatenate([np.zeros(0, np.int32), *alignments]).astype(np.int16)
    return arrays


def _write_part(folder: Path, blocks: Iterator[dict[str, Ids]], shards: list[dict[str, Any]]) -> int:
    """Writes a part of the corpus in shards and adds them to the list; returns the number of pairs."""
    part_size = 0
    while shard_blocks := list(islice(blocks, _BLOCKS_PER_SHARD)):
        arrays = {kind: np.concatenate([block[kind] for block in shard_blocks]) for kind in shard_blocks[0]}
        num_pairs = len(arrays["lengths"])
        if not num_pairs:
            continue
        names = {kind: f"{len(shards):05d}.{kind}.npy" for kind in arrays}
        checksums = {names[kind]: _write(folder / names[kind], arrays[kind]) for kind in arrays}
        shards.append({"pairs": num_pairs, "files": checksums})
        part_size += num_pairs
    return part_size


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
    """Returns the index of a folder; None if it is missing, damaged or of another version."""
    try:
        file = json.loads((folder / "index.json").read_bytes())
        index: dict[str, Any] = file["index"]
        is_valid = file["checksum"] == _checksum_of(index) and index["version"] == _VERSION
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return index if is_valid else None


class TokenFiles:
    """A tokenized corpus on disk; ``corpus[index]`` returns a pair.

    Attributes:
        parts: the number of pairs in each part; the pairs of the first part come first, and so on.
        weights: how often an epoch takes each pair of a part; None where the settings decide.
        lengths: uint16 [pairs, 2]; the number of source and target tokens of each pair.
        has_alignments: whether the pairs have alignments.
        fingerprint: identifies the text.

    Args:
        folder: where the files are.

    Raises:
        ModelError: if a file is missing, damaged, or does not match the index.
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
                self._arrays.append(_open_shard(folder, shard["files"]))
            lengths = [shard["lengths"] for shard in self._arrays]
            self.lengths: Ids = np.concatenate([np.zeros([0, 2], np.uint16), *lengths])
            self._check()
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelError(
                f"{folder}: the prepared text is damaged ({error}); remove this folder to prepare it again"
            ) from None
        # The first pair of each shard, and in each shard the offsets of the pairs' tokens and alignments.
        self._first_pairs = np.cumsum([0, *map(len, lengths)])
        self._starts = [start_offsets(shard.sum(axis=1, dtype=np.int64)) for shard in lengths]
        self._alignment_starts = (
            [start_offsets(shard[:, 1]) for shard in lengths] if self.has_alignments else []
        )

    def _check(self) -> None:
        """Raises ValueError if the files and the index do not match."""
        kinds = {"pieces", "lengths"} | ({"alignments"} if self.has_alignments else set())
        if len(self.weights) != len(self.parts):
            raise ValueError("its weights do not match its parts")
        if len(self.lengths) != sum(self.parts) or any(set(shard) != kinds for shard in self._arrays):
            raise ValueError("its files do not match its index")

    def __getitem__(self, index: int) -> TokenizedPair:
        """Returns the pair with this index."""
        shard = int(np.searchsorted(self._first_pairs, index, side="right")) - 1
        arrays, row = self._arrays[shard], index - self._first_pairs[shard]
        start = self._starts[shard][row]
        middle = start + arrays["lengths"][row, 0]
        end = middle + arrays["lengths"][row, 1]
        alignment = None
        if self.has_alignments:
            alignment_start = self._alignment_starts[shard][row]
            alignment = arrays["alignments"][alignment_start : alignment_start + end - middle]
        return TokenizedPair(arrays["pieces"][start:middle], arrays["pieces"][middle:end], alignment)


def _open_shard(folder: Path, checksums: dict[str, str]) -> dict[str, Ids]:
    """Checks the files of a shard and returns their arrays by kind, memory-mapped."""
    arrays = {}
    for name, checksum in checksums.items():
        if Path(name).name != name:
            raise ValueError(f"{name} is not a file name")
        if _checksum(folder / name) != checksum:
            raise ValueError(f"{name} has changed since it was written")
        arrays[name.split(".")[1]] = np.load(folder / name, mmap_mode="r", allow_pickle=False)
    return arrays


def fingerprint(files: Iterable[Path | None], *more: object) -> str:
    """Returns a short hash of the contents of files and of anything else that determines the training data.

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
