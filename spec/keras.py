"""Layers, models and optimizers: what they do with the gradients of a tape."""

import math
import warnings

import numpy as np

from tapecheck import (
    MUST,
    OBSERVED,
    SHOULD,
    assert_close,
    assert_equal,
    assert_none,
    assert_same,
    assert_structure,
    clause,
    raises,
)

KERNEL = np.array([[2.0, -1.0], [3.0, 5.0], [0.5, 4.0]])
BIAS = np.array([1.0, -2.0])
INPUTS = np.array([[1.0, 2.0, 4.0], [3.0, -1.0, 0.5]])
WEIGHTS = np.array([[2.0, 3.0], [5.0, 7.0]])


def dense(tf, kernel, bias=None, **options):
    """A dense layer with these weights: it gives x kernel + bias."""
    layer = tf.keras.layers.Dense(len(kernel[0]), use_bias=bias is not None, **options)
    layer.build([None, len(kernel)])
    weights = [kernel] if bias is None else [kernel, bias]
    layer.set_weights([np.array(weight) for weight in weights])
    return layer


@clause(MUST, covers="KER-01", needs="arrays keras")
def test_each_weight_of_a_layer_has_its_gradient(tf, run):
    """The trainable variables of a layer as sources give one gradient for each, of its shape."""
    layer = dense(tf, KERNEL, BIAS)

    def program(x):
        with tf.GradientTape() as tape:
            y = layer(x) * tf.constant(WEIGHTS, tf.float32)
        return tape.gradient(y, layer.trainable_variables)

    gradients = run(program, tf.constant(INPUTS, tf.float32))
    assert_structure(gradients, [INPUTS.T @ WEIGHTS, WEIGHTS.sum(0)])


@clause(MUST, covers="KER-01", needs="arrays keras")
def test_each_weight_of_a_model_has_its_gradient(tf, run):
    """The trainable variables of a model as sources give the gradients of all its layers."""
    model = tf.keras.Sequential([dense(tf, KERNEL, BIAS), dense(tf, [[3.0], [-7.0]])])

    def program(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(model(x) ** 2)
        return tape.gradient(loss, model.trainable_variables)

    hidden, last = INPUTS @ KERNEL + BIAS, np.array([[3.0], [-7.0]])
    error = 2 * (hidden @ last) / 2
    expected = [INPUTS.T @ error @ last.T, (error @ last.T).sum(0), hidden.T @ error]
    assert_structure(run(program, tf.constant(INPUTS, tf.float32)), expected)


@clause(MUST, covers="KER-02", needs="arrays optimizer variables")
def test_an_optimizer_applies_gradients(tf, run):
    """apply_gradients takes each variable down its gradient, times the rate, and counts that."""
    v, w = tf.Variable([3.0, 5.0]), tf.Variable(7.0)
    optimizer = tf.keras.optimizers.SGD(0.25)

    def program():
        for _ in range(2):
            with tf.GradientTape() as tape:
                y = v * v + 2.0 * w
            gradients = tape.gradient(y, [v, w])
            optimizer.apply_gradients(zip(gradients, [v, w]))

    run(program)
    assert_close(v.numpy(), np.array([3.0, 5.0]) * (1 - 2 * 0.25) ** 2)
    assert_close(w.numpy(), 7.0 - 2 * 0.25 * 4.0)
    assert_equal(int(optimizer.iterations.numpy()), 2)


@clause(OBSERVED, covers="KER-03", needs="optimizer variables", since="2.16")
def test_an_optimizer_applies_gradients_in_the_order_of_the_variables(tf, run):
    """apply takes the gradients and the variables as two lists."""
    v, w = tf.Variable(3.0), tf.Variable(7.0)
    optimizer = tf.keras.optimizers.SGD(0.25)

    def program():
        with tf.GradientTape() as tape:
            y = v * v + 2.0 * w
        optimizer.apply(tape.gradient(y, [v, w]), [v, w])

    run(program)
    assert_close(v.numpy(), 3.0 - 0.25 * 6.0)
    assert_close(w.numpy(), 7.0 - 0.25 * 2.0)


@clause(SHOULD, covers="KER-04", needs="optimizer variables")
def test_an_optimizer_skips_none(tf, run):
    """apply_gradients leaves a variable with the gradient None as it is, and updates the others."""
    v, unused = tf.Variable(3.0), tf.Variable(7.0)
    optimizer = tf.keras.optimizers.SGD(0.25)

    def program():
        with tf.GradientTape() as tape:
            y = v * v
        gradients = tape.gradient(y, [unused, v])
        assert_none(gradients[0])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            optimizer.apply_gradients(zip(gradients, [unused, v]))

    run(program)
    assert_close(v.numpy(), 3.0 - 0.25 * 6.0)
    assert_close(unused.numpy(), 7.0)


@clause(OBSERVED, covers="KER-04", needs="optimizer variables", since="2.16", modes="eager")
def test_an_optimizer_warns_of_none(tf, run):
    """apply_gradients warns of the variables whose gradient is None."""
    v, unused = tf.Variable(3.0), tf.Variable(7.0, name="forgotten")
    optimizer = tf.keras.optimizers.SGD(0.25)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        optimizer.apply_gradients([(None, unused), (tf.constant(1.0), v)])
    messages = [str(one.message) for one in caught if "forgotten" in str(one.message)]
    assert_equal(len(messages), 1)


@clause(SHOULD, covers="KER-04", needs="optimizer variables")
def test_an_optimizer_refuses_nothing_but_none(tf, run):
    """apply_gradients raises ValueError where every gradient is None."""
    v, w = tf.Variable(3.0), tf.Variable(7.0)
    optimizer = tf.keras.optimizers.SGD(0.25)

    def program(x):
        with tf.GradientTape() as tape:
            y = x * x
        gradients = tape.gradient(y, [v, w])
        with raises(ValueError, "no gradients provided for any variable"):
            optimizer.apply_gradients(zip(gradients, [v, w]))

    run(program, tf.constant(3.0))
    assert_close(v.numpy(), 3.0)


@clause(SHOULD, covers="KER-05", needs="arrays keras")
def test_a_regularisation_is_differentiated_with_the_loss(tf, run):
    """The regularisation terms in model.losses, added to the loss in the block, add their gradient.

    That of half the sum of the squares of the kernel is the kernel.
    """
    layer = dense(tf, KERNEL, kernel_regularizer=tf.keras.regularizers.l2(0.5))

    def program(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer(x) * tf.constant(WEIGHTS, tf.float32))
            regularised = loss + tf.add_n(layer.losses)
        return tape.gradient(regularised, layer.trainable_variables)

    gradients = run(program, tf.constant(INPUTS, tf.float32))
    assert_structure(gradients, [INPUTS.T @ WEIGHTS + KERNEL])


@clause(SHOULD, covers="KER-05", needs="arrays keras")
def test_a_loss_that_a_layer_adds_is_differentiated(tf, run):
    """What a layer hands to add_loss stands in its losses, and has a gradient by the input."""

    class Penalty(tf.keras.layers.Layer):
        def call(self, inputs):
            self.add_loss(tf.reduce_sum(inputs * inputs * inputs))
            return 5.0 * inputs

    layer = Penalty()

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(layer(x)) + tf.add_n(layer.losses)
        return tape.gradient(loss, x)

    assert_close(run(program, tf.constant([2.0, -3.0])), [5 + 3 * 2.0**2, 5 + 3 * 3.0**2])


@clause(MUST, covers="KER-07", needs="arrays keras variables")
def test_the_variables_of_a_layer_are_watched(tf, run):
    """watch takes the variables of a layer, where the tape watches none by itself."""
    watched, other = dense(tf, KERNEL, BIAS), dense(tf, [[3.0], [-7.0]])

    def program(x):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(watched.trainable_variables)
            y = other(watched(x))
        return tape.gradient(y, watched.trainable_variables + other.trainable_variables)

    by_kernel, by_bias, by_other = run(program, tf.constant(INPUTS, tf.float32))
    assert_close(by_kernel, INPUTS.sum(0)[:, None] * [3.0, -7.0])
    assert_close(by_bias, [2 * 3.0, 2 * -7.0])
    assert_none(by_other)


@clause(OBSERVED, covers="KER-06", needs="arrays keras variables", since="2.16")
def test_the_variable_of_a_layer_wraps_the_one_that_is_watched(tf, run):
    """The kernel of a layer is a source, but what the tape watches is its value, with one gradient.

    watched_variables gives the wrapped variable, not the wrapper.
    """
    layer = dense(tf, KERNEL)

    def program(x):
        with tf.GradientTape() as tape:
            y = layer(x) * tf.constant(WEIGHTS, tf.float32)
        (watched,) = tape.watched_variables()
        assert_same(watched, layer.kernel.value)
        assert_equal(isinstance(layer.kernel, tf.Variable), False)
        return tape.gradient(y, [layer.kernel, layer.kernel.value])

    gradients = run(program, tf.constant(INPUTS, tf.float32))
    assert_structure(gradients, [INPUTS.T @ WEIGHTS, INPUTS.T @ WEIGHTS])


@clause(OBSERVED, covers="KER-07", needs="arrays keras variables", since="2.16")
def test_the_values_of_the_variables_of_a_layer_are_watched(tf, run):
    """watch takes the values that the variables of a layer wrap."""
    layer = dense(tf, KERNEL, BIAS)

    def program(x):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([variable.value for variable in layer.trainable_variables])
            y = layer(x) * tf.constant(WEIGHTS, tf.float32)
        return tape.gradient(y, layer.trainable_variables)

    gradients = run(program, tf.constant(INPUTS, tf.float32))
    assert_structure(gradients, [INPUTS.T @ WEIGHTS, WEIGHTS.sum(0)])


@clause(SHOULD, covers="KER-08", needs="arrays keras")
def test_a_frozen_layer_has_no_trainable_variables(tf, run):
    """A layer with trainable=False has no trainable variables, and its model only the others."""
    frozen, free = dense(tf, KERNEL), dense(tf, [[3.0], [-7.0]])
    frozen.trainable = False
    model = tf.keras.Sequential([frozen, free])

    def program(x):
        with tf.GradientTape() as tape:
            y = model(x)
        assert_equal(len(frozen.trainable_variables), 0)
        return tape.gradient(y, model.trainable_variables)

    gradients = run(program, tf.constant(INPUTS, tf.float32))
    assert_structure(gradients, [(INPUTS @ KERNEL).sum(0)[:, None]])


@clause(SHOULD, covers="KER-08", needs="arrays keras")
def test_the_weights_of_a_frozen_layer_are_not_watched(tf, run):
    """A tape does not watch the weights of a layer that was set to trainable=False."""
    frozen = dense(tf, KERNEL)
    frozen.trainable = False

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = frozen(x)
        return tape.gradient(y, [frozen.variables[0], x])

    by_kernel, by_inputs = run(program, tf.constant(INPUTS, tf.float32))
    assert_close(by_inputs, np.ones([2, 2]) @ KERNEL.T)
    assert_none(by_kernel)


@clause(SHOULD, covers="KER-09", needs="arrays keras")
def test_a_batch_normalisation_couples_the_batch(tf, run):
    """In training the gradient of a batch normalisation takes in how mean and variance depend on x.

    With the deviation s and the normalised n it is (w - mean(w) - n mean(w n)) / s, that of the
    scale is the sum of w n, that of the offset the sum of w.
    """
    x, w = np.array([[0.0], [3.0], [9.0]]), np.array([[2.0], [3.0], [7.0]])
    layer = tf.keras.layers.BatchNormalization(momentum=0.5, epsilon=2.0)
    layer.build([None, 1])

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x, training=True) * tf.constant(w, tf.float32)
        return tape.gradient(y, [x, *layer.trainable_variables])

    gradients = run(program, tf.constant(x, tf.float32))
    n = (x - 4.0) / 4.0
    by_x = (w - w.mean() - n * (w * n).mean()) / 4.0
    for gradient, expected in zip(gradients, [by_x, (w * n).sum(0), w.sum(0)]):
        assert_close(gradient, expected, magnitude=7.0)
    assert_close(layer.moving_mean.numpy(), [0.5 * 4.0])


@clause(SHOULD, covers="KER-09", needs="arrays keras")
def test_the_moving_statistics_of_a_batch_normalisation_have_no_gradient(tf, run):
    """A batch normalisation has gradients for scale and offset alone, also where it infers."""
    layer = tf.keras.layers.BatchNormalization(epsilon=3.0)
    layer.build([None, 1])

    def program(x):
        with tf.GradientTape() as tape:
            y = 4.0 * layer(x, training=False)
        assert_equal(len(layer.trainable_variables), 2)
        assert_equal(len(tape.watched_variables()), 2)
        return tape.gradient(y, layer.trainable_variables)

    # The variance is one at the start, and 1 + 3 has the root 2.
    gradients = run(program, tf.constant([[1.0], [5.0]]))
    assert_structure(gradients, [np.array([4 * (1.0 + 5.0) / 2]), np.array([4 * 2.0])])


@clause(SHOULD, covers="KER-22", needs="arrays keras")
def test_all_variables_of_a_layer_are_sources(tf, run):
    """All variables of a layer as sources give None for those that are not trainable."""
    layer = tf.keras.layers.BatchNormalization(epsilon=3.0)
    layer.build([None, 1])

    def program(x):
        with tf.GradientTape() as tape:
            y = 4.0 * layer(x, training=False)
        return tape.gradient(y, layer.variables)

    gradients = run(program, tf.constant([[1.0], [5.0]]))
    assert_structure(gradients, [np.array([12.0]), np.array([8.0]), None, None])


@clause(SHOULD, covers="KER-10", needs="arrays keras random")
def test_a_dropout_layer_drops_the_gradient_of_what_it_dropped(tf, run):
    """A dropout layer in training uses the mask of the forward pass for the gradient."""
    layer = tf.keras.layers.Dropout(0.5, seed=5)
    x = np.arange(1.0, 65.0)[None]

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            kept = layer(x, training=True)
            y = 3.0 * kept
        return kept, tape.gradient(y, x)

    kept, gradient = run(program, tf.constant(x, tf.float32))
    assert_close(gradient, 3.0 * np.asarray(kept) / x)
    assert_equal(set(np.asarray(gradient).ravel().tolist()), {0.0, 6.0})


@clause(
    SHOULD, covers="KER-11", needs="arrays elementary keras optimizer", since="2.2", modes="eager"
)
def test_fit_trains_by_a_step_with_a_tape(tf, run):
    """fit calls a train_step of the model, in which a tape gives the gradients.

    At the points 1 and 2 of the line 3 x a rate of 0.1 halves the error of the slope. fit traces
    the step by itself.
    """

    class Line(tf.keras.Model):
        def train_step(self, data):
            x, y = data
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(self(x, training=True) - y))
            gradients = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
            return {"error": loss}

    x = np.array([[1.0], [2.0]], np.float32)
    layer, inputs = dense(tf, [[0.0]]), tf.keras.Input([1])
    model = Line(inputs, layer(inputs))
    model.compile(optimizer=tf.keras.optimizers.SGD(0.1))
    history = model.fit(x, 3.0 * x, batch_size=2, epochs=3, verbose=0)
    assert_close(layer.get_weights()[0], [[3.0 * (1 - 1 / 8)]])
    losses = np.array(history.history["error"], np.float32)
    assert_close(losses, 22.5 / 4.0 ** np.arange(3))


def thrice(tf, first, last):
    """Two layers in a row as a sequence, as a function of an input, and as a class."""

    class Subclass(tf.keras.Model):
        def call(self, inputs):
            return last(first(inputs))

    inputs = tf.keras.Input([3])
    functional = tf.keras.Model(inputs, last(first(inputs)))
    return [tf.keras.Sequential([first, last]), functional, Subclass()]


@clause(SHOULD, covers="KER-12", needs="arrays keras")
def test_the_way_a_model_is_written_does_not_matter(tf, run):
    """A model written as a sequence, as a function or as a class has the same gradients."""
    first, last = dense(tf, KERNEL, activation="relu"), dense(tf, [[3.0], [-7.0]])
    models = thrice(tf, first, last)

    def program(x):
        gradients = []
        for model in models:
            with tf.GradientTape() as tape:
                y = model(x)
            gradients.append(tape.gradient(y, [first.kernel, last.kernel]))
        return gradients

    positive = INPUTS @ KERNEL > 0
    expected = [INPUTS.T @ (positive * [3.0, -7.0]), (positive * (INPUTS @ KERNEL)).sum(0)[:, None]]
    for gradients in run(program, tf.constant(INPUTS, tf.float32)):
        assert_structure(gradients, expected)


@clause(SHOULD, covers="KER-13", needs="arrays elementary keras")
def test_the_input_of_a_model_has_a_gradient(tf, run):
    """A watched input of a model has the gradient of the loss, whose sign tells where it grows."""
    layer = dense(tf, KERNEL)
    target = np.array([[0.0, 50.0]])

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(tf.square(layer(x) - tf.constant(target, tf.float32)))
        gradient = tape.gradient(loss, x)
        return gradient, tf.sign(gradient)

    x = INPUTS[:1]
    gradient, sign = run(program, tf.constant(x, tf.float32))
    expected = 2 * (x @ KERNEL - target) @ KERNEL.T
    assert_close(gradient, expected, magnitude=200.0)
    assert_close(sign, np.sign(expected))


@clause(SHOULD, covers="KER-14", needs="keras optimizer variables", since="2.4")
def test_a_scaled_loss_has_scaled_gradients_that_are_unscaled(tf, run):
    """get_scaled_loss scales a loss, and get_unscaled_gradients undoes that in its gradients."""
    v = tf.Variable(3.0)
    inner = tf.keras.optimizers.SGD(0.25)
    optimizer = tf.keras.mixed_precision.LossScaleOptimizer(inner, initial_scale=1024)

    def program():
        with tf.GradientTape() as tape:
            scaled_loss = optimizer.get_scaled_loss(v * v)
        scaled = tape.gradient(scaled_loss, [v])
        unscaled = optimizer.get_unscaled_gradients(scaled)
        optimizer.apply_gradients(zip(unscaled, [v]))
        return scaled, unscaled

    assert_structure(run(program), ([1024 * 6.0], [6.0]))
    assert_close(v.numpy(), 3.0 - 0.25 * 6.0)


@clause(OBSERVED, covers="KER-14", needs="keras optimizer variables", since="2.16")
def test_an_optimizer_unscales_the_gradients_that_it_applies(tf, run):
    """scale_loss scales a loss, and apply_gradients undoes that in the update."""
    v = tf.Variable(3.0)
    inner = tf.keras.optimizers.SGD(0.25)
    optimizer = tf.keras.mixed_precision.LossScaleOptimizer(inner, initial_scale=1024)
    optimizer.build([v])

    def program():
        with tf.GradientTape() as tape:
            scaled_loss = optimizer.scale_loss(v * v)
        gradients = tape.gradient(scaled_loss, [v])
        optimizer.apply_gradients(zip(gradients, [v]))
        return gradients

    assert_structure(run(program), [1024 * 6.0])
    assert_close(v.numpy(), 3.0 - 0.25 * 6.0)


@clause(OBSERVED, covers="KER-15", needs="arrays keras", since="2.16")
def test_the_operations_of_the_layers_are_recorded(tf, run):
    """The functions of keras.ops are differentiated like any others."""

    def program(x):
        ops = tf.keras.ops
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = ops.sum(ops.square(x)) * ops.prod(x)
        return tape.gradient(y, x)

    # y = (a^2 + b^2) a b
    assert_close(run(program, tf.constant([2.0, 3.0])), [3 * 4 * 3.0 + 27.0, 8.0 + 3 * 9 * 2.0])


@clause(OBSERVED, covers="KER-16", needs="optimizer", since="2.16", modes="eager")
def test_an_optimizer_does_not_minimise_by_itself(tf, run):
    """An optimizer has no method minimize that takes a loss and a tape."""
    assert_equal(hasattr(tf.keras.optimizers.SGD(0.25), "minimize"), False)


@clause(SHOULD, covers="KER-17", needs="keras variables")
def test_a_metric_in_the_block_does_not_disturb(tf, run):
    """A metric that is updated in the block changes no gradient, and is not watched."""
    v, metric = tf.Variable(3.0), tf.keras.metrics.Mean()

    def program():
        with tf.GradientTape() as tape:
            loss = v * v
            metric.update_state(loss)
        (watched,) = tape.watched_variables()
        assert_same(watched, v)
        return tape.gradient(loss, v)

    assert_close(run(program), 2 * 3.0)
    assert_close(np.asarray(metric.result()), 9.0)


def first_step(tf, run, optimizer):
    """Where one step on 2 x^2 + y^2 leads from (3, -5), with the gradient (12, -10)."""
    v = tf.Variable([3.0, -5.0])

    def program():
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(v * v * tf.constant([2.0, 1.0]))
        optimizer.apply_gradients([(tape.gradient(loss, v), v)])

    run(program)
    return v.numpy()


@clause(SHOULD, covers="KER-18", needs="arrays optimizer variables")
def test_adam_takes_a_first_step_of_the_rate(tf, run):
    """The first step of Adam is the rate times the sign of the gradient that the tape gives."""
    optimizer = tf.keras.optimizers.Adam(0.5, beta_1=0.5, beta_2=0.75)
    assert_close(first_step(tf, run, optimizer), [3.0 - 0.5, -5.0 + 0.5])


@clause(SHOULD, covers="KER-18", needs="arrays optimizer variables")
def test_rmsprop_takes_a_first_step_of_a_multiple_of_the_rate(tf, run):
    """The first step of RMSprop is the rate over the root of 1 - rho, against the gradient."""
    optimizer = tf.keras.optimizers.RMSprop(0.25, rho=0.75)
    assert_close(first_step(tf, run, optimizer), [3.0 - 0.5, -5.0 + 0.5])


@clause(SHOULD, covers="KER-18", needs="arrays optimizer variables")
def test_adagrad_divides_by_the_root_of_the_squares(tf, run):
    """The first step of Adagrad is the rate times g / sqrt(start + g^2) for a gradient g."""
    optimizer = tf.keras.optimizers.Adagrad(0.5, initial_accumulator_value=25.0)
    expected = [3.0 - 0.5 * 12 / 13, -5.0 + 0.5 * 10 / math.sqrt(125)]
    assert_close(first_step(tf, run, optimizer), expected)


@clause(SHOULD, covers="KER-18", needs="optimizer variables")
def test_momentum_carries_earlier_gradients_on(tf, run):
    """The second step of descent with momentum adds the first one, times the momentum."""
    v = tf.Variable(3.0)
    optimizer = tf.keras.optimizers.SGD(0.25, momentum=0.5)

    def program():
        for _ in range(2):
            with tf.GradientTape() as tape:
                loss = v * v
            optimizer.apply_gradients([(tape.gradient(loss, v), v)])

    run(program)
    # 3 - 0.25 * 6 = 1.5, and then a step of 0.5 * 1.5 + 0.25 * 3
    assert_close(v.numpy(), 1.5 - (0.5 * 1.5 + 0.25 * 3.0))


@clause(SHOULD, covers="KER-18", needs="arrays optimizer variables", modes="eager function")
def test_optimizers_bring_a_loss_down(tf, run):
    """Steps of Adam, RMSprop, Adagrad and descent with momentum bring a quadratic loss down."""
    optimizers = [
        tf.keras.optimizers.Adam(0.25),
        tf.keras.optimizers.RMSprop(0.25),
        tf.keras.optimizers.Adagrad(0.25),
        tf.keras.optimizers.SGD(0.0625, momentum=0.5),
    ]
    variables = [tf.Variable([3.0, -5.0]) for _ in optimizers]

    def program():
        losses = []
        for optimizer, v in zip(optimizers, variables):
            for _ in range(3):
                with tf.GradientTape() as tape:
                    loss = tf.reduce_sum(v * v)
                optimizer.apply_gradients([(tape.gradient(loss, v), v)])
                losses.append(loss)
        return losses

    losses = np.reshape([float(loss) for loss in run(program)], [4, 3])
    assert_close(losses[:, 0].astype(np.float32), np.full(4, 34.0))
    assert_equal(bool(np.all(np.diff(losses, axis=1) < 0.0)), True)


@clause(SHOULD, covers="KER-19", needs="arrays optimizer variables")
def test_an_optimizer_clips_and_a_tape_does_not(tf, run):
    """With clipnorm the optimizer shortens each gradient; the tape has given it whole."""
    v, w = tf.Variable([3.0, 4.0]), tf.Variable(6.0)
    optimizer = tf.keras.optimizers.SGD(0.5, clipnorm=1.0)

    def program():
        with tf.GradientTape() as tape:
            y = v * v + w
        gradients = tape.gradient(y, [v, w])
        optimizer.apply_gradients(zip(gradients, [v, w]))
        return gradients

    assert_structure(run(program), [np.array([6.0, 8.0]), 2.0])
    assert_close(v.numpy(), [3.0 - 0.5 * 0.6, 4.0 - 0.5 * 0.8])
    assert_close(w.numpy(), 6.0 - 0.5)


@clause(SHOULD, covers="KER-19", needs="optimizer variables", since="2.4")
def test_an_optimizer_clips_all_gradients_together(tf, run):
    """With global_clipnorm the optimizer shortens all gradients by one factor."""
    v, w = tf.Variable(3.0), tf.Variable(4.0)
    optimizer = tf.keras.optimizers.SGD(0.5, global_clipnorm=1.0)

    def program():
        with tf.GradientTape() as tape:
            y = v * v + w * w
        gradients = tape.gradient(y, [v, w])
        optimizer.apply_gradients(zip(gradients, [v, w]))
        return gradients

    assert_structure(run(program), [6.0, 8.0])
    assert_close([v.numpy(), w.numpy()], [3.0 - 0.5 * 0.6, 4.0 - 0.5 * 0.8])


@clause(SHOULD, covers="KER-20", needs="arrays keras")
def test_unused_weights_have_none(tf, run):
    """The gradients of a model are a list as long as its weights, with None for the unused ones."""
    used, unused = dense(tf, KERNEL, BIAS), dense(tf, [[3.0], [-7.0]], [1.0])
    model = tf.keras.Sequential([used, unused])
    model.build((None, len(KERNEL)))

    def program(x):
        with tf.GradientTape() as tape:
            y = used(x)
        assert_equal(type(model.trainable_variables), list)
        return tape.gradient(y, model.trainable_variables)

    gradients = run(program, tf.constant(INPUTS, tf.float32))
    expected = [INPUTS.T @ np.ones([2, 2]), np.array([2.0, 2.0]), None, None]
    assert_structure(gradients, expected)


@clause(SHOULD, covers="GRA-18 KER-20", needs="arrays keras unconnected_zero")
def test_zero_for_unused_weights_has_their_shape(tf, run):
    """With unconnected_gradients="zero" the unused weights of a model have zeros."""
    used, unused = dense(tf, KERNEL, BIAS), dense(tf, [[3.0], [-7.0]], [1.0])

    def program(x):
        with tf.GradientTape() as tape:
            y = used(x)
        variables = used.trainable_variables + unused.trainable_variables
        return tape.gradient(y, variables, unconnected_gradients="zero")

    gradients = run(program, tf.constant(INPUTS, tf.float32))
    expected = [INPUTS.T @ np.ones([2, 2]), np.array([2.0, 2.0]), np.zeros([2, 1]), np.zeros(1)]
    assert_structure(gradients, expected)


@clause(SHOULD, covers="KER-21", needs="arrays keras nested")
def test_two_tapes_serve_two_models(tf, run):
    """In one step two tapes give each of two models the gradients of its own loss.

    A generator g z tries to raise the score d g z of what it makes, a discriminator to lower it
    and to raise that of real samples r.
    """
    generator, discriminator = dense(tf, [[2.0]]), dense(tf, [[3.0]])

    def program(noise, real):
        with tf.GradientTape() as of_generator, tf.GradientTape() as of_discriminator:
            score = discriminator(generator(noise))
            generator_loss = -tf.reduce_sum(score)
            discriminator_loss = tf.reduce_sum(score - discriminator(real))
        return (
            of_generator.gradient(generator_loss, generator.trainable_variables),
            of_discriminator.gradient(discriminator_loss, discriminator.trainable_variables),
        )

    gradients = run(program, tf.constant([[5.0]]), tf.constant([[7.0]]))
    assert_structure(gradients, ([np.array([[-3.0 * 5.0]])], [np.array([[2.0 * 5.0 - 7.0]])]))


@clause(SHOULD, covers="KER-23", needs="arrays keras jacobian")
def test_the_jacobian_by_a_kernel_has_both_shapes(tf, run):
    """The jacobian of a batch (7, 10) by a kernel (5, 10) has the shape (7, 10, 5, 10).

    Result j of example i depends on column j of the kernel alone, by the inputs of the example.
    """
    x, kernel = np.arange(35.0).reshape([7, 5]), np.ones([5, 10])
    layer = dense(tf, kernel)

    def program(x):
        with tf.GradientTape() as tape:
            y = layer(x)
        return tape.jacobian(y, layer.kernel)

    jacobian = run(program, tf.constant(x, tf.float32))
    assert_close(jacobian, np.einsum("ik,jl->ijkl", x, np.eye(10)))


@clause(SHOULD, covers="KER-24", needs="arrays elementary keras jacobian nested")
def test_the_hessian_by_a_kernel_has_its_shape_twice(tf, run):
    """The jacobian of the gradient by a kernel has the shape of the kernel twice, symmetrically.

    The sum of the squares of x K v has the Hessian 2 (x_i x_k) (v_j v_l).
    """
    first, last = dense(tf, KERNEL), dense(tf, [[3.0], [-7.0]])

    def program(x):
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                loss = tf.reduce_sum(tf.square(last(first(x))))
            gradient = inner.gradient(loss, first.kernel)
        return outer.jacobian(gradient, first.kernel)

    hessian = run(program, tf.constant(INPUTS, tf.float32))
    v = np.array([3.0, -7.0])
    assert_close(hessian, 2 * np.einsum("ni,nk,j,l->ijkl", INPUTS, INPUTS, v, v), magnitude=500.0)


@clause(SHOULD, covers="KER-25", needs="persistent arrays keras batch_jacobian")
def test_the_batch_jacobian_of_a_coupled_batch_is_a_sum(tf, run):
    """Where a layer couples the batch, batch_jacobian sums over the results of all examples.

    The results of a batch normalisation have the sum zero, whatever the inputs, and so has that
    of their derivatives; the derivative of each result by its own input is not zero.
    """
    layer = tf.keras.layers.BatchNormalization(epsilon=2.0)
    layer.build([None, 1])

    def program(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = layer(x, training=True)
            alone = y[2, 0]
        return tape.batch_jacobian(y, x), tape.gradient(alone, x)

    by_batch, alone = run(program, tf.constant([[0.0], [3.0], [9.0]]))
    n = np.array([[-4.0], [-1.0], [5.0]]) / 4.0
    assert_close(by_batch, np.zeros([3, 1, 1]), magnitude=1.0)
    own = np.array([[0.0], [0.0], [1.0]])
    assert_close(alone, (own - 1 / 3 - n * n[2] / 3) / 4.0, magnitude=1.0)


@clause(SHOULD, covers="OPS-13", needs="arrays keras")
def test_a_recurrent_layer_is_differentiated_through_its_steps(tf, run):
    """A simple recurrent layer has the gradients of h = u (w x1) + w x2 and of its reversal."""
    forward = tf.keras.layers.SimpleRNN(1, activation=None, use_bias=False)
    layer = tf.keras.layers.Bidirectional(forward)
    layer.build((None, 2, 1))
    layer.set_weights([np.array([[weight]]) for weight in (3.0, 0.5, 2.0, 0.25)])

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x) * tf.constant([1.0, 10.0])
        return tape.gradient(y, [x, *layer.trainable_variables])

    by_x, *by_weights = run(program, tf.constant([[[5.0], [7.0]]]))
    assert_close(by_x, [[[0.5 * 3.0 + 10 * 2.0], [3.0 + 10 * 0.25 * 2.0]]])
    expected = [0.5 * 5.0 + 7.0, 3.0 * 5.0, 10 * (0.25 * 7.0 + 5.0), 10 * 2.0 * 7.0]
    for gradient, value in zip(by_weights, expected):
        assert_close(gradient, [[value]])


def gated(layer, candidate, gates):
    """A layer of one unit whose candidate has the weight two, and whose gates stand at one half."""
    layer.build((None, 2, 1))
    recurrent = np.zeros([1, gates])
    kernel = np.where(np.arange(gates) == candidate, 2.0, 0.0)[None]
    layer.set_weights([kernel, recurrent])
    return layer


@clause(SHOULD, covers="OPS-13", needs="arrays keras")
def test_an_lstm_layer_is_differentiated_through_its_steps(tf, run):
    """An LSTM layer has gradients by the kernels of its gates through all steps.

    With the candidates g1 and g2 the cell has c1 = g1 / 2 and then c = c1 / 2 + g2 / 2, and the
    result is tanh(c) / 2. The slope of a gate at one half is one quarter.
    """
    layer = gated(tf.keras.layers.LSTM(1, use_bias=False, unit_forget_bias=False), 2, 4)
    x1, x2 = 0.5, 0.25

    def program(x):
        with tf.GradientTape() as tape:
            y = layer(x)
        return tape.gradient(y, layer.trainable_variables[0])

    gradient = run(program, tf.constant([[[x1], [x2]]]))
    g1, g2 = math.tanh(2 * x1), math.tanh(2 * x2)
    result = math.tanh(g1 / 4 + g2 / 2)
    slope = (1 - result**2) / 2
    of_input = slope * (g2 * x2 / 4 + g1 * x1 / 8)
    of_forget = slope * g1 / 2 * x2 / 4
    of_candidate = slope * ((1 - g2**2) * x2 / 2 + (1 - g1**2) * x1 / 4)
    assert_close(gradient, [[of_input, of_forget, of_candidate, result * x2 / 4]], magnitude=0.5)


@clause(SHOULD, covers="OPS-13", needs="arrays keras")
def test_a_gru_layer_is_differentiated_through_its_steps(tf, run):
    """A GRU layer has gradients by the kernels of its gates through all steps.

    With the candidates g1 and g2 the state is h = g1 / 2 and then h / 2 + g2 / 2. The slope of
    the update gate at one half is one quarter, and the reset gate meets no recurrent weight.
    """
    layer = gated(tf.keras.layers.GRU(1, use_bias=False), 2, 3)
    x1, x2 = 0.5, 0.25

    def program(x):
        with tf.GradientTape() as tape:
            y = layer(x)
        return tape.gradient(y, layer.trainable_variables[0])

    gradient = run(program, tf.constant([[[x1], [x2]]]))
    g1, g2 = math.tanh(2 * x1), math.tanh(2 * x2)
    of_update = (g1 / 2 - g2) * x2 / 4 - g1 * x1 / 8
    of_candidate = (1 - g2**2) * x2 / 2 + (1 - g1**2) * x1 / 4
    assert_close(gradient, [[of_update, 0.0, of_candidate]], magnitude=0.5)


@clause(SHOULD, covers="OPS-13", needs="arrays keras", since="2.4")
def test_an_attention_layer_is_differentiated(tf, run):
    """A layer of multi-head attention has gradients by queries, values and weights.

    A query weight of zero makes all scores equal, and the result the mean of the values v, times
    two weights. That weight has the covariance of keys and results, times query and key weight.
    """
    layer = tf.keras.layers.MultiHeadAttention(1, 1, use_bias=False)
    query, value = tf.constant([[[1.0]]]), tf.constant([[[5.0], [9.0]]])
    layer(query, value)
    layer.set_weights([np.array([[[weight]]]) for weight in (0.0, 4.0, 3.0, 2.0)])

    def program(query, value):
        with tf.GradientTape() as tape:
            tape.watch([query, value])
            y = layer(query, value)
        return tape.gradient(y, [query, value, *layer.trainable_variables])

    by_query, by_value, *by_weights = run(program, query, value)
    assert_close(by_query, [[[0.0]]])
    assert_close(by_value, [[[3.0], [3.0]]])
    for gradient, expected in zip(by_weights, [4 * 6 * 4.0, 0.0, 2 * 7.0, 3 * 7.0]):
        assert_close(gradient, [[[expected]]])
