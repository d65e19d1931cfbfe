"""The LSTM: the same results and gradients as Keras's layer and as the equations in NumPy."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import example, given, settings
from hypothesis import strategies as st
from references.lstm import lstm_backward, lstm_forward, lstm_gates

from translator.nn.lstm import LSTM, lstm_recurrence

NAMES = ["inputs", "kernel", "recurrent kernel", "bias", "initial output", "initial cell"]
sizes = st.integers(1, 6)


def random_case(seed, batch, steps, features, units):
    """Arguments of an LSTM, and gradients for its outputs, last output and last cell state."""
    random = np.random.default_rng(seed)
    arguments = [
        random.normal(size=shape)
        for shape in [
            (batch, steps, features),
            (features, 4 * units),
            (units, 4 * units),
            (4 * units,),
            (batch, units),
            (batch, units),
        ]
    ]
    d_results = [
        random.normal(size=shape) for shape in [(batch, steps, units), (batch, units), (batch, units)]
    ]
    return arguments, d_results


def run_layer(layer, arguments, d_results):
    """Results and gradients of a Keras layer, in the order of the reference."""
    inputs, kernel, recurrent_kernel, bias, hidden, cell = arguments
    inputs, hidden, cell = (tf.constant(value, tf.float32) for value in (inputs, hidden, cell))
    layer.build(inputs.shape)
    layer.set_weights([weight for weight in (kernel, recurrent_kernel, bias) if weight is not None])
    with tf.GradientTape() as tape:
        tape.watch([inputs, hidden, cell])
        results = layer(inputs, initial_state=[hidden, cell])
        total = sum(
            tf.reduce_sum(result * d_result) for result, d_result in zip(results, d_results, strict=True)
        )
    variables = [variable.value for variable in layer.trainable_variables]
    return results, tape.gradient(total, [inputs, *variables, hidden, cell])


def assert_close(actual, expected, tolerance, message):
    """Differences are small compared with the largest element."""
    scale = max(1e-6, float(np.abs(expected).max()))
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance * scale, err_msg=message)


@settings(max_examples=25, deadline=None, derandomize=True, database=None)
@given(seed=st.integers(0, 2**32 - 1), batch=sizes, steps=sizes, features=sizes, units=sizes)
@example(seed=1, batch=1, steps=1, features=3, units=4)
@example(seed=2, batch=1, steps=6, features=3, units=4)
@example(seed=3, batch=6, steps=1, features=3, units=4)
@example(seed=4, batch=3, steps=30, features=5, units=8)
def test_outputs_and_all_gradients_equal_keras_and_numpy(seed, batch, steps, features, units):
    arguments, d_results = random_case(seed, batch, steps, features, units)
    options = {"return_sequences": True, "return_state": True}
    results, gradients = run_layer(LSTM(units, **options), arguments, d_results)
    keras_results, keras_gradients = run_layer(keras.layers.LSTM(units, **options), arguments, d_results)
    for result, of_keras, of_numpy in zip(results, keras_results, lstm_forward(*arguments), strict=True):
        np.testing.assert_allclose(result, of_keras, atol=1e-5)
        np.testing.assert_allclose(result, of_numpy, atol=1e-5)
    numpy_gradients = lstm_backward(*arguments, *d_results)
    for name, gradient, of_keras, of_numpy in zip(
        NAMES, gradients, keras_gradients, numpy_gradients, strict=True
    ):
        assert_close(gradient, of_keras, 1e-4, f"gradient of {name} beside Keras")
        assert_close(gradient, of_numpy, 1e-4, f"gradient of {name} beside NumPy")


@pytest.mark.parametrize("only", [0, 1, 2], ids=["outputs", "last output", "last cell state"])
def test_the_gradient_of_each_result_alone(only):
    arguments, d_results = random_case(7, batch=2, steps=4, features=3, units=3)
    d_results = [value if i == only else np.zeros_like(value) for i, value in enumerate(d_results)]
    layer = LSTM(3, return_sequences=True, return_state=True)
    _, gradients = run_layer(layer, arguments, d_results)
    for name, gradient, expected in zip(NAMES, gradients, lstm_backward(*arguments, *d_results), strict=True):
        assert_close(gradient, expected, 1e-4, name)


@pytest.mark.parametrize(("steps", "batch", "units"), [(1, 1, 1), (3, 2, 2)])
def test_the_gradient_of_the_recurrence_equals_finite_differences(steps, batch, units):
    random = np.random.default_rng(5)
    shapes = [*[(steps, batch, units)] * 4, (units, 4 * units), (batch, units), (batch, units)]
    arguments = [tf.constant(random.normal(size=shape), tf.float64) for shape in shapes]

    @tf.function
    def concatenated_results(*arguments):
        results = lstm_recurrence(arguments[:4], *arguments[4:])
        return tf.concat([tf.reshape(result, [-1]) for result in results], axis=0)

    by_hand, by_differences = tf.test.compute_gradient(concatenated_results, arguments, delta=1e-5)
    for jacobian, expected in zip(by_hand, by_differences, strict=True):
        np.testing.assert_allclose(jacobian, expected, atol=1e-9)


def test_config_round_trip():
    layer = LSTM(5, return_sequences=True, return_state=True, use_bias=False, name="some_lstm")
    copy = LSTM.from_config(layer.get_config())
    assert copy.get_config() == layer.get_config()
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert type(again) is LSTM
    assert again.get_config() == layer.get_config()


@pytest.mark.parametrize(("saved", "loaded"), [(keras.layers.LSTM, LSTM), (LSTM, keras.layers.LSTM)])
def test_saved_weights_load_into_the_layer_of_keras_and_back(saved, loaded, tmp_path):
    def model_of(layer_type):
        return keras.Sequential([keras.Input([None, 3]), layer_type(4, return_sequences=True)])

    before, after = model_of(saved), model_of(loaded)
    inputs = np.random.default_rng(1).normal(size=[2, 5, 3])
    before.save_weights(tmp_path / "some.weights.h5")
    after.load_weights(tmp_path / "some.weights.h5")
    np.testing.assert_allclose(before(inputs), after(inputs), atol=1e-6)


def test_a_tape_outside_a_traced_layer_gets_the_same_gradients():
    arguments, d_results = random_case(4, batch=3, steps=5, features=4, units=6)
    layer = LSTM(6, return_sequences=True, return_state=True)
    _, expected = run_layer(layer, arguments, d_results)
    traced = tf.function(lambda inputs, hidden, cell: layer(inputs, initial_state=[hidden, cell]))
    inputs, *_, hidden, cell = (tf.constant(value, tf.float32) for value in arguments)
    with tf.GradientTape() as tape:
        tape.watch([inputs, hidden, cell])
        results = traced(inputs, hidden, cell)
        total = sum(tf.reduce_sum(result * d) for result, d in zip(results, d_results, strict=True))
    weights = [variable.value for variable in layer.trainable_variables]
    for gradient, of_eager in zip(
        tape.gradient(total, [inputs, *weights, hidden, cell]), expected, strict=True
    ):
        np.testing.assert_allclose(gradient, of_eager, atol=1e-5)


def test_with_a_mask_states_and_gradients_of_each_sequence_are_those_of_it_alone():
    arguments, _ = random_case(8, batch=3, steps=6, features=4, units=5)
    inputs, *weights, hidden, cell = arguments
    lengths = [6, 1, 4]
    of_outputs, of_hidden, of_cell = random_case(9, batch=3, steps=6, features=4, units=5)[1]
    of_outputs *= tf.sequence_mask(lengths, dtype=tf.float64).numpy()[:, :, None]
    layer = LSTM(5, return_sequences=True, return_state=True)
    layer.build(inputs.shape)
    layer.set_weights(weights)
    x, h, c = (tf.constant(value, tf.float32) for value in (inputs, hidden, cell))
    with tf.GradientTape() as tape:
        tape.watch([x, h, c])
        results = layer(x, initial_state=[h, c], mask=tf.sequence_mask(lengths))
        total = sum(
            tf.reduce_sum(result * d)
            for result, d in zip(results, [of_outputs, of_hidden, of_cell], strict=True)
        )
    d_x, d_h, d_c = tape.gradient(total, [x, h, c])
    for i, length in enumerate(lengths):
        alone = inputs[i : i + 1, :length], *weights, hidden[i : i + 1], cell[i : i + 1]
        _, last_hidden, last_cell = lstm_forward(*alone)
        np.testing.assert_allclose(results[1][i], last_hidden[0], atol=1e-5)
        np.testing.assert_allclose(results[2][i], last_cell[0], atol=1e-5)
        expected = lstm_backward(
            *alone, of_outputs[i : i + 1, :length], of_hidden[i : i + 1], of_cell[i : i + 1]
        )
        assert_close(d_x[i, :length], expected[0][0], 1e-4, "inputs")
        assert not d_x[i, length:].numpy().any()
        assert_close(d_h[i], expected[4][0], 1e-4, "initial output")
        assert_close(d_c[i], expected[5][0], 1e-4, "initial cell")


@pytest.mark.parametrize("with_state", [False, True])
def test_gates_equal_the_equations_and_the_results_of_the_layer(with_state):
    (inputs, *weights, hidden, cell), _ = random_case(6, batch=3, steps=5, features=4, units=6)
    if not with_state:
        hidden, cell = np.zeros_like(hidden), np.zeros_like(cell)
    state = [tf.constant(value, tf.float32) for value in (hidden, cell)] if with_state else None
    layer = LSTM(6, return_sequences=True, return_state=True)
    layer.build(inputs.shape)
    layer.set_weights(weights)
    gates = layer.gates(inputs, state)
    for name, expected in lstm_gates(inputs, *weights, hidden, cell).items():
        np.testing.assert_allclose(getattr(gates, name), expected, atol=1e-5, err_msg=name)
    outputs, last_hidden, last_cell = layer(inputs, initial_state=state)
    np.testing.assert_array_equal(gates.output, outputs)
    np.testing.assert_array_equal(gates.output[:, -1], last_hidden)
    np.testing.assert_array_equal(gates.cell[:, -1], last_cell)
    np.testing.assert_allclose(gates.output_gate * tf.tanh(gates.cell), outputs, atol=1e-6)


def test_a_layer_that_is_not_a_standard_lstm_has_no_gates():
    layer = LSTM(4, activation="relu", name="other")
    layer.build((None, None, 3))
    with pytest.raises(ValueError, match="other: not a standard LSTM"):
        layer.gates(np.zeros([1, 2, 3]))
    with pytest.raises(ValueError, match="other: not a standard LSTM"):
        layer.step_function()


@pytest.mark.parametrize("use_bias", [True, False])
def test_one_step_at_a_time_equals_the_whole_sequence(use_bias):
    arguments, _ = random_case(3, batch=3, steps=5, features=4, units=6)
    arguments = arguments if use_bias else (*arguments[:3], None, *arguments[4:])
    layer = LSTM(6, use_bias=use_bias, return_sequences=True, return_state=True)
    (outputs, *last_states), _ = run_layer(layer, arguments, [0.0, 0.0, 0.0])
    inputs, hidden, cell = (tf.constant(arguments[i], tf.float32) for i in (0, 4, 5))
    step = layer.step_function()
    for t in range(5):
        gates = step(inputs[:, t], hidden, cell)
        hidden, cell = gates.output, gates.cell
        np.testing.assert_allclose(hidden, outputs[:, t], atol=1e-6)
    np.testing.assert_allclose(hidden, last_states[0], atol=1e-6)
    np.testing.assert_allclose(cell, last_states[1], atol=1e-6)


def test_one_trace_serves_every_batch_and_length():
    layer = LSTM(4, return_sequences=True, return_state=True)
    layer.build((None, None, 3))

    @tf.function(input_signature=[tf.TensorSpec([None, None, 3])])
    def run(inputs):
        with tf.GradientTape() as tape:
            outputs, _, cell = layer(inputs)
            total = tf.reduce_sum(outputs) + tf.reduce_sum(cell)
        return outputs, tape.gradient(total, layer.trainable_variables)

    kernel, recurrent_kernel, bias = (weight.numpy() for weight in layer.trainable_variables)
    for batch, steps in [(1, 1), (2, 7), (5, 1), (3, 4)]:
        inputs = np.random.default_rng(batch).normal(size=[batch, steps, 3])
        outputs, gradients = run(tf.constant(inputs, tf.float32))
        zero, one = np.zeros([batch, 4]), np.ones([batch, 4])
        arguments = inputs, kernel, recurrent_kernel, bias, zero, zero
        np.testing.assert_allclose(outputs, lstm_forward(*arguments)[0], atol=1e-5)
        expected = lstm_backward(*arguments, np.ones([batch, steps, 4]), zero, one)[1:4]
        for gradient, of_numpy in zip(gradients, expected, strict=True):
            assert_close(gradient, of_numpy, 1e-4, f"batch {batch}, {steps} steps")
    assert run.experimental_get_tracing_count() == 1


@pytest.mark.parametrize(
    "options",
    [
        {"use_bias": False},
        {"activation": "relu"},
        {"recurrent_activation": "hard_sigmoid"},
        {"go_backwards": True},
        {"unroll": True},
        {"return_sequences": False},
    ],
    ids=lambda options: next(iter(options)),
)
def test_options_of_keras_mean_the_same(options):
    inputs = np.random.default_rng(1).normal(size=[2, 5, 3])  # [batch, time, features]
    of_keras = keras.layers.LSTM(4, **{"return_sequences": True, **options})
    ours = LSTM.from_config(of_keras.get_config())
    expected = of_keras(inputs)
    ours.build(inputs.shape)
    ours.set_weights(of_keras.get_weights())
    np.testing.assert_allclose(ours(inputs), expected, atol=1e-5)


def test_a_mask_means_the_same_as_in_keras():
    inputs = np.random.default_rng(1).normal(size=[2, 5, 3])  # [batch, time, features]
    mask = np.array([[True, True, False, True, False], [False, True, True, True, True]])
    of_keras, ours = (layer(4, return_sequences=True) for layer in (keras.layers.LSTM, LSTM))
    expected = of_keras(inputs, mask=mask)
    ours.build(inputs.shape)
    ours.set_weights(of_keras.get_weights())
    np.testing.assert_allclose(ours(inputs, mask=mask), expected, atol=1e-5)


def test_mixed_precision_computes_in_bfloat16_and_keeps_float32_weights():
    inputs = np.random.default_rng(1).normal(size=[2, 5, 3])  # [batch, time, features]
    exact, rough = LSTM(4, return_sequences=True), LSTM(4, return_sequences=True, dtype="mixed_bfloat16")
    expected = exact(inputs)
    rough.build(inputs.shape)
    rough.set_weights(exact.get_weights())
    with tf.GradientTape() as tape:
        outputs = rough(inputs)
        total = tf.reduce_sum(outputs)
    assert outputs.dtype == tf.bfloat16
    np.testing.assert_allclose(tf.cast(outputs, tf.float32), expected, atol=0.03)
    gradients = tape.gradient(total, [variable.value for variable in rough.trainable_variables])
    assert [gradient.dtype for gradient in gradients] == [tf.float32] * 3
