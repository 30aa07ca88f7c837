"""Saved models: what a tape knows of functions that were saved and loaded."""

import tempfile

import numpy as np

from tapecheck import (
    OBSERVED,
    SHOULD,
    assert_close,
    assert_equal,
    assert_structure,
    clause,
)


def save_and_load(tf, module, **options):
    """A module as it comes back from the saved model that it was written to."""
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, **options)
        return tf.saved_model.load(folder)


def reloaded(tf, function, **variables):
    """A module of a function and its variables as it comes back from a saved model."""
    module = tf.Module()
    module.function = function
    for name, variable in variables.items():
        setattr(module, name, variable)
    return save_and_load(tf, module)


def scalar_function(tf, function):
    """The function, compiled for one scalar."""
    signature = [tf.TensorSpec([], tf.float32)]
    return tf.function(function, autograph=False, input_signature=signature)


@clause(SHOULD, covers="FUN-23", needs="arrays savedmodel graph", modes="eager")
def test_a_loaded_function_is_differentiable(tf, run):
    """A function from a saved model is differentiated by its arguments, of any allowed shape."""
    signature = [tf.TensorSpec([None], tf.float32), tf.TensorSpec([], tf.float32)]
    function = tf.function(lambda x, w: x * x * x * w, autograph=False, input_signature=signature)
    loaded = reloaded(tf, function)

    def program(x, w):
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            y = loaded.function(x, w)
        return tape.gradient(y, [x, w])

    gradients = run(program, tf.constant([2.0, 3.0]), tf.constant(5.0))
    assert_structure(gradients, [np.array([12.0, 27.0]) * 5.0, 8.0 + 27.0])


@clause(SHOULD, covers="FUN-23", needs="savedmodel graph variables", modes="eager")
def test_the_variables_of_a_loaded_function_are_watched(tf, run):
    """A tape watches the trainable variables of a loaded function, and them alone."""
    trained, frozen = tf.Variable(3.0), tf.Variable(7.0, trainable=False)
    function = scalar_function(tf, lambda x: x * trained * trained * frozen)
    loaded = reloaded(tf, function, trained=trained, frozen=frozen)

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = loaded.function(x)
        watched = [id(variable) for variable in tape.watched_variables()]
        assert_equal(watched, [id(loaded.trained)])
        return tape.gradient(y, [x, loaded.trained, loaded.frozen, trained])

    gradients = run(program, tf.constant(5.0))
    assert_structure(gradients, [9.0 * 7.0, 5.0 * 2 * 3.0 * 7.0, None, None])


@clause(SHOULD, covers="FUN-23", needs="savedmodel graph variables state", modes="eager")
def test_a_loaded_function_can_be_trained(tf, run):
    """The gradient of a loaded function sees the value that its variable has by then."""
    variable = tf.Variable(3.0)
    function = scalar_function(tf, lambda x: x * variable * variable)
    loaded = reloaded(tf, function, variable=variable)

    def program(x):
        with tf.GradientTape() as tape:
            y = loaded.function(x)
        gradient = tape.gradient(y, loaded.variable)
        loaded.variable.assign_sub(0.1 * gradient)
        return gradient

    assert_close(run(program, tf.constant(5.0)), 5.0 * 2 * 3.0)
    assert_close(run(program, tf.constant(5.0)), 5.0 * 2 * (3.0 - 0.1 * 30.0))


@clause(SHOULD, covers="FUN-23", needs="savedmodel graph nested", modes="eager")
def test_a_loaded_function_has_second_derivatives(tf, run):
    """Nested tapes give the second derivative of a loaded function."""
    loaded = reloaded(tf, scalar_function(tf, lambda x: x * x * x))

    def program(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = loaded.function(x)
            first = inner.gradient(y, x)
        return first, outer.gradient(first, x)

    assert_structure(run(program, tf.constant(2.0)), (12.0, 12.0))


@clause(SHOULD, covers="FUN-23", needs="savedmodel graph variables", modes="eager")
def test_a_signature_of_a_saved_model_is_differentiable(tf, run):
    """A signature of a saved model, which takes and gives tensors by name, is differentiable."""
    module = tf.Module()
    module.variable = tf.Variable(3.0)
    module.function = scalar_function(tf, lambda x: {"y": x * x * module.variable})
    loaded = save_and_load(tf, module, signatures=module.function)

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = loaded.signatures["serving_default"](x=x)["y"]
        return tape.gradient(y, [x, *tape.watched_variables()])

    assert_structure(run(program, tf.constant(5.0)), [2 * 5.0 * 3.0, 25.0])


@clause(OBSERVED, covers="FUN-24", needs="savedmodel graph variables", modes="eager")
def test_a_function_that_holds_a_tape_is_saved(tf, run):
    """A function that holds a tape is saved and loaded with the gradients that it computes."""
    variable = tf.Variable(3.0)

    def gradients(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x * variable
        return tape.gradient(y, [x, variable])

    loaded = reloaded(tf, scalar_function(tf, gradients), variable=variable)
    assert_structure(run(loaded.function, tf.constant(5.0)), [2 * 5.0 * 3.0, 25.0])


@clause(OBSERVED, covers="FUN-24", needs="savedmodel graph nested", modes="eager")
def test_a_saved_gradient_is_differentiable(tf, run):
    """The gradient that a loaded function computes is differentiated by a tape around it."""

    def gradient(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x * x
        return tape.gradient(y, x)

    loaded = reloaded(tf, scalar_function(tf, gradient))

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            first = loaded.function(x)
        return first, tape.gradient(first, x)

    assert_structure(run(program, tf.constant(5.0)), (75.0, 30.0))
