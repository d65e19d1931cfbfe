"""Warm-up requests, which TensorFlow Serving sends to a model before it accepts the first real request.

TensorFlow Serving reads them as ``PredictionLog`` messages. The package with their definitions depends on all
of gRPC, so the messages that are needed are described here, with the field numbers of TensorFlow Serving's
``prediction_log.proto``, ``predict.proto`` and ``model.proto``. A message inside a message is written as its
bytes, which gives the same encoding.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import tensorflow as tf
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_SIGNATURES = ("serving_default", "batched", "align")
_SENTENCES = ("A", "A short sentence.", "A sentence that is somewhat longer than the others, with a comma.")


def write_requests(path: Path) -> None:
    """Writes requests for each signature that takes text alone, with one sentence and with several."""
    messages = _message_classes()
    with tf.io.TFRecordWriter(str(path)) as writer:
        for signature, texts in product(_SIGNATURES, (_SENTENCES[:1], _SENTENCES[1:2], _SENTENCES)):
            request = messages["PredictRequest"]()
            request.model_spec = messages["ModelSpec"](signature_name=signature).SerializeToString()
            request.inputs.add(
                key="text", value=tf.make_tensor_proto(list(texts), tf.string).SerializeToString()
            )
            predict_log = messages["PredictLog"](request=request.SerializeToString())
            log = messages["PredictionLog"](predict_log=predict_log.SerializeToString())
            writer.write(log.SerializeToString())


def _message_classes() -> dict[str, Any]:
    """Returns the message classes by name, with only the fields that are written here."""
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="warmup.proto", package="warmup", syntax="proto3")

    def message(parent: Any, name: str, **numbers: int) -> Any:
        descriptor = parent.add(name=name)
        for field_name, number in numbers.items():
            descriptor.field.add(
                name=field_name, number=number, type=field.TYPE_BYTES, label=field.LABEL_OPTIONAL
            )
        return descriptor

    spec = message(file.message_type, "ModelSpec", signature_name=3)
    spec.field[0].type = field.TYPE_STRING
    request = message(file.message_type, "PredictRequest", model_spec=1)
    entry = message(request.nested_type, "InputsEntry", key=1, value=2)  # the entries of a map
    entry.field[0].type = field.TYPE_STRING
    request.field.add(
        name="inputs",
        number=2,
        type=field.TYPE_MESSAGE,
        type_name=".warmup.PredictRequest.InputsEntry",
        label=field.LABEL_REPEATED,
    )
    message(file.message_type, "PredictLog", request=1)
    message(file.message_type, "PredictionLog", predict_log=6)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        descriptor.name: message_factory.GetMessageClass(
            pool.FindMessageTypeByName(f"warmup.{descriptor.name}")
        )
        for descriptor in file.message_type
    }
