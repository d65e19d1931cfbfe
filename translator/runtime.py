"""Imports TensorFlow without its start-up messages.

TensorFlow 2.21 writes several lines to standard error on import, whatever ``TF_CPP_MIN_LOG_LEVEL`` says.
Importing this module imports TensorFlow with standard error held back, and prints it only if the import
fails. Every package that needs TensorFlow imports this module first.
"""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")


@contextlib.contextmanager
def hold_back_standard_error() -> Iterator[None]:
    """Holds back what native code writes to standard error, and prints it only if the block fails."""
    if sys.stderr is not None:
        sys.stderr.flush()
    try:
        saved = os.dup(2)
    except OSError:  # no standard error at all, as in a windowed or detached process
        yield
        return
    with tempfile.TemporaryFile() as held_back:
        os.dup2(held_back.fileno(), 2)
        failed = True
        try:
            yield
            failed = False
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            if failed:
                held_back.seek(0)
                os.write(2, held_back.read())


with hold_back_standard_error():
    import tensorflow as tf

    tf.config.list_physical_devices("GPU")
    import keras

if keras.backend.backend() != "tensorflow":
    raise ImportError(
        f"translator needs Keras on TensorFlow, but KERAS_BACKEND is {keras.backend.backend()!r}; "
        "set KERAS_BACKEND=tensorflow"
    )


def set_threads_per_operation(threads: int = 1) -> None:
    """Limits the threads of each TensorFlow operation, if TensorFlow has not computed anything yet.

    Search consists of operations so small that splitting them costs more time than it saves; it is faster to
    translate whole batches side by side (see tests/benchmarks/decoding.py).

    Args:
        threads: threads per operation; 0: TensorFlow chooses.
    """
    with contextlib.suppress(RuntimeError):  # TensorFlow is running already: translation is slower, not wrong
        tf.config.threading.set_intra_op_parallelism_threads(threads)
