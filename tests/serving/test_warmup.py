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
        assert request.model_spec.signature_name == "serving_default"
        assert list(request.inputs) == ["text"]
        texts = tf.make_ndarray(request.inputs["text"])
        assert all(text.decode().startswith("A") for text in texts)
        batches.append(texts.shape)
    assert batches == [(1,), (1,), (3,)]
    assert np.dtype(object) == texts.dtype
