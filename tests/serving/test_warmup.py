"""TensorFlow Serving reads the warm-up requests: checked with its own message definitions."""

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from translator.serving.warmup import write_requests


def test_warmup_requests_are_valid_messages_of_tensorflow_serving(tmp_path):
    write_requests(tmp_path / "requests")
    batches = []
    for record in tf.data.TFRecordDataset(str(tmp_path / "requests")):
        log = prediction_log_pb2.PredictionLog.FromString(record.numpy())
        assert log.WhichOneof("log_type") == "predict_log"
        request = log.predict_log.request
        assert list(request.inputs) == ["text"]
        texts = tf.make_ndarray(request.inputs["text"])
        assert all(text.decode().startswith("A") for text in texts)
        batches.append((request.model_spec.signature_name, len(texts)))
    signatures = ("serving_default", "batched", "align")
    assert batches == [(name, num_texts) for name in signatures for num_texts in (1, 1, 3)]
    assert np.dtype(object) == texts.dtype
