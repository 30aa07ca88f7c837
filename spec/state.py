"""State: assignments, datasets, queues, tables and random numbers."""

import math

import numpy as np

from tapecheck import (
    MUST,
    SHOULD,
    assert_close,
    assert_none,
    assert_structure,
    clause,
)


@clause(MUST, covers="STA-01", needs="variables state")
def test_an_assignment_blocks_the_gradient(tf, run):
    """What is added to a variable by assign_add has no gradient: the tape sees only the state."""
    x0 = tf.Variable(3.0)
    x1 = tf.Variable(4.0)

    def program():
        with tf.GradientTape() as tape:
            x1.assign_add(x0)
            y = x1**2
        return y, tape.gradient(y, [x0, x1])

    y, gradients = run(program)
    assert_close(y, (4.0 + 3.0) ** 2)
    assert_structure(gradients, [None, 2 * (4.0 + 3.0)])


@clause(MUST, covers="STA-01", needs="variables state")
def test_each_kind_of_assignment_blocks_the_gradient(tf, run):
    """assign, assign_add and assign_sub of a watched tensor leave it without a gradient."""
    variables = [tf.Variable(value) for value in (1.0, 2.0, 3.0)]

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            variables[0].assign(x)
            variables[1].assign_add(x)
            variables[2].assign_sub(x)
            y = variables[0] ** 2 + 10.0 * variables[1] ** 2 + 100.0 * variables[2] ** 2
        return tape.gradient(y, [x, *variables])

    of_x, *of_variables = run(program, tf.constant(5.0))
    assert_none(of_x)
    assert_structure(of_variables, [2 * 5.0, 20 * (2.0 + 5.0), 200 * (3.0 - 5.0)])


@clause(MUST, covers="STA-02", needs="variables state")
def test_a_gradient_is_that_at_the_assigned_value(tf, run):
    """A variable that was assigned before it is read has the gradient at its new value."""
    variable = tf.Variable(3.0)

    def program():
        with tf.GradientTape() as tape:
            variable.assign(5.0)
            y = variable * variable
        return tape.gradient(y, variable)

    assert_close(run(program), 2 * 5.0)


@clause(MUST, covers="STA-02 STA-03", needs="variables state")
def test_an_assignment_after_the_read_changes_nothing(tf, run):
    """A variable that is assigned after it was read has the gradient at the value it had."""
    variable = tf.Variable(3.0)

    def program():
        with tf.GradientTape() as tape:
            y = variable * variable
            variable.assign(5.0)
        variable.assign(7.0)
        return tape.gradient(y, variable)

    assert_close(run(program), 2 * 3.0)
    assert_close(variable, 7.0)


@clause(MUST, covers="STA-03", needs="variables state")
def test_reads_before_and_after_an_assignment_add_up(tf, run):
    """Reads before and after an assignment contribute each at its own value, and are summed."""
    variable = tf.Variable(3.0)

    def program():
        with tf.GradientTape() as tape:
            before = variable * variable
            variable.assign(5.0)
            after = variable * variable * variable
            y = before + after
        return tape.gradient(y, variable)

    assert_close(run(program), 2 * 3.0 + 3 * 5.0**2)


@clause(MUST, covers="STA-04", needs="variables state")
def test_an_assigned_value_has_no_gradient(tf, run):
    """The source of an assigned value has the gradient None, even if assign's result is used."""
    variable = tf.Variable(1.0)

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = 10.0 * variable.assign(x * x) + x
        return y, tape.gradient(y, x)

    assert_structure(run(program, tf.constant(3.0)), (10 * 3.0**2 + 3.0, 1.0))


@clause(MUST, covers="STA-04", needs="variables state")
def test_the_result_of_an_assignment_leads_to_the_variable(tf, run):
    """What assign returns is read from the variable, whose gradient it has."""
    variable = tf.Variable(1.0)

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = 10.0 * variable.assign(x * x)
        return tape.gradient(y, [x, variable])

    assert_structure(run(program, tf.constant(3.0)), [None, 10.0])


@clause(MUST, covers="STA-05", needs="data", modes="eager")
def test_a_dataset_stops_the_gradient(tf, run):
    """What comes out of an iterator over a dataset is a constant to the tape."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            (square,) = tf.data.Dataset.from_tensors(x * x)
            y = square * x
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(3.0)), 3.0**2)


@clause(MUST, covers="STA-05", needs="arrays data", modes="eager")
def test_all_that_passes_a_dataset_has_no_gradient(tf, run):
    """A source whose every path leads through a dataset has the gradient None."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            dataset = tf.data.Dataset.from_tensor_slices(x * x)
            y = sum([3.0 * element for element in dataset])
        return y, tape.gradient(y, x)

    y, gradient = run(program, tf.constant([1.0, 2.0]))
    assert_close(y, 3 * (1.0 + 4.0))
    assert_none(gradient)


@clause(MUST, covers="STA-06", needs="queue", modes="eager function")
def test_a_queue_stops_the_gradient(tf, run):
    """What comes out of a queue is a constant to the tape."""
    queue = tf.queue.FIFOQueue(2, [tf.float32], shapes=[()])

    def program(x, w):
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            queue.enqueue(x * w)
            y = queue.dequeue() * w
        return tape.gradient(y, [x, w])

    assert_structure(run(program, tf.constant(3.0), tf.constant(5.0)), [None, 3.0 * 5.0])


@clause(SHOULD, covers="STA-07", needs="arrays")
def test_a_scatter_of_tensors_is_differentiable(tf, run):
    """tensor_scatter_nd_update and _add have gradients of the tensor and of the updates.

    An update replaces, so that the tensor has no part in what is updated; an addition leaves it.
    """

    def program(x, updates, weights):
        with tf.GradientTape() as tape:
            tape.watch([x, updates])
            replaced = tf.tensor_scatter_nd_update(x * x, [[1]], updates)
            added = tf.tensor_scatter_nd_add(x * x, [[0]], updates)
            y = replaced * weights + 1000.0 * added * weights
        return tape.gradient(y, [x, updates])

    x, weights = tf.constant([1.0, 2.0, 3.0]), tf.constant([1.0, 10.0, 100.0])
    of_x, of_updates = run(program, x, tf.constant([7.0]), weights)
    assert_close(of_x, [1001 * 2.0, 1000 * 40.0, 1001 * 600.0])
    assert_close(of_updates, [10.0 + 1000.0])


@clause(SHOULD, covers="STA-07", needs="arrays variables state")
def test_a_scatter_into_a_variable_blocks_the_gradient(tf, run):
    """What is scattered into a variable has the gradient None, the variable has its own."""
    variable = tf.Variable([1.0, 2.0, 3.0])

    def program(updates):
        with tf.GradientTape() as tape:
            tape.watch(updates)
            variable.scatter_nd_update([[1]], updates)
            y = variable * variable
        return tape.gradient(y, [updates, variable])

    of_updates, of_variable = run(program, tf.constant([7.0]))
    assert_none(of_updates)
    assert_close(of_variable, [2 * 1.0, 2 * 7.0, 2 * 3.0])


@clause(SHOULD, covers="STA-08", needs="arrays variables state")
def test_an_assignment_to_a_slice_blocks_the_gradient(tf, run):
    """What is assigned to a slice of a variable has the gradient None, the variable has its own."""
    variable = tf.Variable([1.0, 2.0, 3.0])

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            variable[1].assign(x * x)
            y = variable * variable
        return tape.gradient(y, [x, variable])

    of_x, of_variable = run(program, tf.constant(4.0))
    assert_none(of_x)
    assert_close(of_variable, [2 * 1.0, 2 * 16.0, 2 * 3.0])


@clause(SHOULD, covers="STA-09", needs="arrays random")
def test_a_sample_has_the_gradient_of_its_parameters(tf, run):
    """A sample mean + deviation * noise has the gradient 1 of the mean, noise of the deviation."""

    def program(mean, deviation):
        with tf.GradientTape() as tape:
            tape.watch([mean, deviation])
            noise = tf.random.normal([3])
            sample = mean + deviation * noise
        return noise, tape.gradient(sample, [mean, deviation])

    mean, deviation = tf.constant([1.0, 2.0, 3.0]), tf.constant([0.5, 1.5, 2.5])
    noise, (of_mean, of_deviation) = run(program, mean, deviation)
    assert_close(of_mean, [1.0, 1.0, 1.0])
    assert_close(of_deviation, noise)


@clause(SHOULD, covers="STA-10", needs="arrays random")
def test_a_normal_distribution_has_the_gradient_of_its_parameters(tf, run):
    """random.normal has gradients of its mean and of its standard deviation.

    The noise of a sample is (sample - mean) / deviation; that of two samples is summed.
    """

    def program(mean, deviation):
        with tf.GradientTape() as tape:
            tape.watch([mean, deviation])
            sample = tf.random.normal([2], mean=mean, stddev=deviation)
        return sample, tape.gradient(sample, [mean, deviation])

    sample, (of_mean, of_deviation) = run(program, tf.constant(0.5), tf.constant(4.0))
    assert_close(of_mean, 2.0)
    assert_close(of_deviation, np.sum((np.asarray(sample) - 0.5) / 4.0), magnitude=10.0)


@clause(SHOULD, covers="STA-10", needs="arrays random dtype-int")
def test_a_draw_from_categories_has_no_gradient(tf, run):
    """What random.categorical draws is an integer: its logits have the gradient None.

    The greater logit is beyond chance, so that category 1 is drawn each time.
    """

    def program(logits, w):
        with tf.GradientTape() as tape:
            tape.watch([logits, w])
            draws = tf.random.categorical(logits * 1.0, 3)
            y = tf.cast(draws, tf.float32) * w
        return tape.gradient(y, [logits, w])

    logits = tf.constant([[0.0, 1000.0]])
    assert_structure(run(program, logits, tf.constant(5.0)), [None, 3.0])


def _gamma_cdf(shape, x):
    """The regularised lower incomplete gamma function, by its power series (NIST DLMF 8.7.1)."""
    terms = [x**k / math.gamma(shape + k + 1) for k in range(100)]
    return x**shape * math.exp(-x) * math.fsum(terms)


def _gamma_cdf_by_shape(shape, x, step=5e-3):
    """The derivative of `_gamma_cdf` by the shape, from central differences of fourth order."""
    near = _gamma_cdf(shape + step, x) - _gamma_cdf(shape - step, x)
    far = _gamma_cdf(shape + 2 * step, x) - _gamma_cdf(shape - 2 * step, x)
    return (8 * near - far) / (12 * step)


@clause(SHOULD, covers="STA-11", needs="random", modes="eager function")
def test_a_gamma_distribution_has_the_gradient_of_its_parameters(tf, run):
    """random.gamma has gradients of alpha and beta, by implicit reparameterisation.

    Along x = F^-1(u; alpha) / beta with u fixed, where F is the distribution for beta = 1, the
    derivatives are dx/dbeta = -x / beta and dx/dalpha = -(dF/dalpha) / (dF/dz) / beta at
    z = beta * x.
    """

    def program(alpha, beta):
        with tf.GradientTape() as tape:
            tape.watch([alpha, beta])
            sample = tf.random.gamma([], alpha, beta)
        return sample, tape.gradient(sample, [alpha, beta])

    alpha, beta = 3.0, 2.0
    sample, (of_alpha, of_beta) = run(program, tf.constant(alpha), tf.constant(beta))
    x = float(sample)
    assert_close(of_beta, -x / beta)
    z = beta * x
    density = z ** (alpha - 1) * math.exp(-z) / math.gamma(alpha)
    assert_close(of_alpha, -_gamma_cdf_by_shape(alpha, z) / density / beta)


@clause(MUST, covers="STA-12", needs="variables state")
def test_an_update_leaves_gradients_and_counts_next_time(tf, run):
    """A step after the block changes no gradient that was answered, and the next one sees it.

    For w^2 a step of a quarter of the gradient halves w.
    """
    w = tf.Variable(4.0)

    def program():
        gradients = []
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = w * w
            gradients.append(tape.gradient(loss, w))
            w.assign_sub(0.25 * gradients[-1])
        return gradients

    assert_structure(run(program), [2 * 4.0, 2 * 2.0, 2 * 1.0])
    assert_close(w, 0.5)


@clause(SHOULD, covers="STA-13", needs="arrays keras state variables")
def test_moving_statistics_have_no_gradient(tf, run):
    """Batch normalisation gives its scale and offset gradients, its moving statistics None.

    The normalised batch is [-1, 1], up to what keeps the division from zero.
    """
    layer = tf.keras.layers.BatchNormalization(momentum=0.75, epsilon=1e-12)
    layer.build((2, 1))

    def program(x, weights):
        with tf.GradientTape() as tape:
            y = layer(x, training=True) * weights
        return tape.gradient(y, layer.variables)

    x, weights = tf.constant([[3.0], [5.0]]), tf.constant([[1.0], [10.0]])
    of_scale, of_offset, of_mean, of_variance = run(program, x, weights)
    assert_close(of_scale, [10.0 - 1.0])
    assert_close(of_offset, [10.0 + 1.0])
    assert_structure([of_mean, of_variance], [None, None])
    assert_close(layer.moving_mean, [0.25 * 4.0])


@clause(SHOULD, covers="STA-14", needs="arrays lookup_table", modes="eager")
def test_a_table_stops_the_gradient(tf, run):
    """What is looked up in a table is a constant to the tape."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            values = tf.lookup.KeyValueTensorInitializer(tf.constant([1, 2]), [x, x * x])
            table = tf.lookup.StaticHashTable(values, default_value=-1.0)
            y = table.lookup(tf.constant(2)) * x
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(3.0)), 3.0**2)
