"""Translates its arguments with an exported model: python app.py FOLDER "A sentence." "Another one."."""

import sys

import tensorflow as tf
import tensorflow_text  # noqa: F401  (the tokenizer inside the model)

folder, *sentences = sys.argv[1:]
translate = tf.saved_model.load(folder).signatures["serving_default"]
for translation in translate(text=tf.constant(sentences))["translation"].numpy():
    print(translation.decode())
