"""Training: small models that gradients fit to data, by hand and by an optimizer."""

import numpy as np

from tapecheck import (
    MUST,
    SHOULD,
    assert_close,
    assert_equal,
    assert_structure,
    clause,
)


def descend(tf, variables, loss, rates):
    """One step down the gradient for each rate, by hand; the values of the loss before them."""
    values = []
    for rate in rates:
        with tf.GradientTape() as tape:
            value = loss()
        for variable, gradient in zip(variables, tape.gradient(value, variables)):
            variable.assign_sub(rate * gradient)
        values.append(value)
    return values


@clause(MUST, covers="TRN-01", needs="arrays elementary variables state")
def test_a_line_is_fitted(tf, run):
    """Descent from (0, 0) on the mean square error halves the distance to 10 x + 5 at each step.

    At the points -1 and 1 the gradient is twice the error of a and b, so that a rate of one
    quarter takes half of it away, exactly in binary arithmetic.
    """
    a, b = tf.Variable(0.0), tf.Variable(0.0)
    x = np.array([-1.0, 1.0], np.float32)

    def loss():
        return tf.reduce_mean(tf.square(a * x + b - (10.0 * x + 5.0)))

    def program():
        losses = descend(tf, [a, b], loss, [0.25] * 6)
        return losses, a + 0.0, b + 0.0

    losses, found_a, found_b = run(program)
    assert_close(found_a, 10 * (1 - 2.0**-6))
    assert_close(found_b, 5 * (1 - 2.0**-6))
    assert_structure(losses, [125.0 * 4.0**-step for step in range(6)])


@clause(SHOULD, covers="TRN-02", needs="arrays elementary variables state", modes="eager")
def test_a_line_is_fitted_by_absolute_errors(tf, run):
    """Eager descent on the mean absolute error follows the signs of the errors to 10 x + 5.

    The gradient by a is the mean of sign times x, that by b the mean of the signs. The rates
    shrink, since the gradient does not.
    """
    x = np.array([-1.0, 0.5, 2.0, 3.0])
    rates = [4.0] * 4 + [1.0] * 8 + [0.25] * 8 + [0.0625] * 8
    a, b = tf.Variable(0.0), tf.Variable(0.0)
    points = x.astype(np.float32)

    def loss():
        return tf.reduce_mean(tf.abs(a * points + b - (10.0 * points + 5.0)))

    run(lambda: descend(tf, [a, b], loss, rates))
    line = np.zeros(2)
    for rate in rates:
        signs = np.sign(line[0] * x + line[1] - (10 * x + 5))
        assert_equal(bool(signs.all()), True)
        line -= rate * np.array([(signs * x).mean(), signs.mean()])
    assert_close(a.numpy(), line[0])
    assert_close(b.numpy(), line[1])
    assert_equal([round(float(value)) for value in (a.numpy(), b.numpy())], [10, 5])


@clause(MUST, covers="TRN-03", needs="arrays elementary variables state")
def test_a_polynomial_is_fitted(tf, run):
    """Descent on the mean square error finds the three coefficients of 6 x^2 + 8 x + 2.

    With the columns X = (x^2, x, 1) the error after n steps is (1 - rate 2 X^T X / 8)^n times
    the first one.
    """
    x = np.array([-1.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.5])
    columns, rate, steps = np.stack([x**2, x, np.ones(8)], 1), 0.4375, 6
    coefficients = [tf.Variable(0.0), tf.Variable(0.0), tf.Variable(0.0)]
    points, truth = x.astype(np.float32), np.array([6.0, 8.0, 2.0])
    y = (columns @ truth).astype(np.float32)

    def loss():
        a, b, c = coefficients
        return tf.reduce_mean(tf.square(a * points * points + b * points + c - y))

    run(lambda: descend(tf, coefficients, loss, [rate] * steps))
    shrinking = np.eye(3) - rate * 2 * columns.T @ columns / 8
    expected = truth - np.linalg.matrix_power(shrinking, steps) @ truth
    found = np.array([float(coefficient.numpy()) for coefficient in coefficients])
    assert_close(found.astype(np.float32), expected, magnitude=100.0)
    assert_equal(bool(np.all(np.abs(found - truth) < 0.6)), True)


@clause(MUST, covers="TRN-06", needs="stop_recording persistent")
def test_gradients_midway_are_those_of_the_end(tf, run):
    """A gradient taken midway, while recording is paused, is the one that the end gives.

    Taking it does not disturb what is recorded afterwards.
    """

    def program(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * x
            with tape.stop_recording():
                early = tape.gradient(y, x)
            z = y * x
            with tape.stop_recording():
                later = tape.gradient(z, x)
        return early, later, tape.gradient(y, x), tape.gradient(z, x)

    early, later, y_at_end, z_at_end = run(program, tf.constant(5.0))
    for of_y in (early, y_at_end):
        assert_close(of_y, 2 * 5.0)
    for of_z in (later, z_at_end):
        assert_close(of_z, 3 * 5.0**2)


@clause(MUST, covers="TRN-07", needs="arrays variables state")
def test_a_part_of_the_variables_is_trained(tf, run):
    """Gradients asked for some of the variables update those, and the others stay."""
    trained, other, fixed = tf.Variable([2.0, 3.0]), tf.Variable(5.0), tf.Variable(7.0)

    def loss():
        return trained * trained * fixed + other

    def program():
        descend(tf, [trained, other], loss, [0.25])
        return trained + 0.0, other + 0.0, fixed + 0.0

    found = run(program)
    expected = np.array([2.0, 3.0]) * (1 - 0.25 * 2 * 7.0), 5.0 - 0.25 * 2, 7.0
    assert_structure(found, expected)


@clause(MUST, covers="TRN-08", needs="arrays elementary")
def test_a_network_of_two_layers_has_the_gradients_derived_by_hand(tf, run):
    """A network tanh(x w + b) v + c with a mean square error has the gradients of its layers.

    With the error e of n results, the result has r = 2 e / n and the hidden layer
    s = r v^T (1 - h^2).
    """
    x, t = np.array([[1.0, -2.0], [0.5, 1.0], [-1.0, 0.25]]), np.array([[1.0], [-2.0], [0.5]])
    w, b = np.array([[0.5, -0.25, 1.0], [0.75, 0.5, -1.0]]), np.array([0.25, -0.5, 0.125])
    v, c = np.array([[1.5], [-2.0], [0.5]]), np.array([0.75])

    def program(*layers):
        with tf.GradientTape() as tape:
            tape.watch(layers)
            w, b, v, c = layers
            hidden = tf.tanh(tf.matmul(tf.constant(x, tf.float32), w) + b)
            result = tf.matmul(hidden, v) + c
            loss = tf.reduce_mean(tf.square(result - tf.constant(t, tf.float32)))
        return tape.gradient(loss, layers)

    gradients = run(program, *[tf.constant(layer, tf.float32) for layer in (w, b, v, c)])
    h = np.tanh(x @ w + b)
    r = 2 * (h @ v + c - t) / 3
    s = r @ v.T * (1 - h**2)
    for gradient, expected in zip(gradients, [x.T @ s, s.sum(0), h.T @ r, r.sum(0)]):
        assert_close(gradient, expected, magnitude=4.0)


@clause(MUST, covers="TRN-05", needs="arrays elementary optimizer variables")
def test_an_optimizer_takes_the_gradients_as_they_come(tf, run):
    """apply_gradients takes zip(gradients, variables) at each step, and the loss goes down.

    The error of v goes with 1 - 2 rate, that of w with 1 - 8 rate.
    """
    v, w, rate = tf.Variable([3.0, -5.0]), tf.Variable(2.0), 0.0625
    optimizer = tf.keras.optimizers.SGD(rate)

    def program():
        losses = []
        for _ in range(4):
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(tf.square(v)) + tf.square(2.0 * w)
            gradients = tape.gradient(loss, [v, w])
            optimizer.apply_gradients(zip(gradients, [v, w]))
            losses.append(loss)
        return losses

    expected = [34.0 * (7 / 8) ** (2 * n) + 16.0 * (1 / 2) ** (2 * n) for n in range(4)]
    assert_structure(run(program), expected)


def lines():
    """Images (8, 4, 4, 1) of one vertical or one horizontal line each, and their labels 0 or 1."""
    rows = [np.eye(4, dtype=np.float32)[:, [line] * 4] for line in range(4)]
    images = np.array([row.T for row in rows] + rows)
    return images.reshape([8, 4, 4, 1]), np.repeat([0, 1], 4)


def convolutional_network(tf):
    """A small network that at first cannot tell an image from its transpose.

    All weights of a kernel are equal, and the greatest result of each is all that the last layer
    sees, so that the kernels must learn.
    """
    layers = [
        tf.keras.layers.Conv2D(4, 3, activation="relu"),
        tf.keras.layers.GlobalMaxPooling2D(),
        tf.keras.layers.Dense(2),
    ]
    model = tf.keras.Sequential(layers)
    model.build([None, 4, 4, 1])
    kernel, bias, last, offset = model.get_weights()
    sines = np.sin(1.0 + np.arange(last.size)).reshape(last.shape)
    model.set_weights([np.full(kernel.shape, 0.25), bias, sines, offset])
    return model


@clause(MUST, covers="TRN-04", needs="arrays comparison keras optimizer control_flow variables nn")
def test_a_convolutional_classifier_learns(tf, run):
    """A small convolutional network, trained by apply_gradients, comes to know lines by direction.

    That such a network also learns handwritten digits is a matter of data and time, and is not
    asked here.
    """
    images, labels = lines()
    model, optimizer = convolutional_network(tf), tf.keras.optimizers.SGD(0.5)

    def step(count):
        with tf.GradientTape() as tape:
            logits = model(images)
            loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits) / len(labels)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        return (count + 1,)

    def program():
        before = tf.argmax(model(images), 1)
        tf.while_loop(lambda count: count < 20, step, [tf.constant(0)])
        return before, tf.argmax(model(images), 1)

    before, after = run(program)
    assert_equal(np.asarray(before).tolist() == labels.tolist(), False)
    assert_equal(np.asarray(after).tolist(), labels.tolist())
