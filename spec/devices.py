"""Devices: placement, copies between devices, and strategies that distribute a computation."""

from contextlib import contextmanager

import numpy as np

from tapecheck import (
    OBSERVED,
    SHOULD,
    assert_close,
    assert_equal,
    assert_structure,
    clause,
    raises,
)


def device_of(tensor):
    """The short name of the device on which a tensor lies, such as CPU:0."""
    return tensor.device.rpartition("device:")[2]


def mirrored(tf, devices):
    """A strategy that keeps a copy of each variable on each device."""
    return tf.distribute.MirroredStrategy(devices)


def by_replica(strategy, values):
    """The tensors of the replicas, as a list."""
    return list(strategy.experimental_local_results(values))


@contextmanager
def spread_over(tf, devices):
    """The library of tensors that are spread over a mesh, and a mesh of two devices.

    Packing such a tensor switches the whole process to another bridge to the compiler, which some
    releases have not finished; afterwards it is switched off, so that no other clause meets it.
    """
    dtensor = tf.experimental.dtensor
    try:
        yield dtensor, dtensor.create_mesh([("half", 2)], devices=devices)
    finally:
        tf.config.experimental.disable_mlir_bridge()


@clause(SHOULD, covers="DEV-01", needs="device")
def test_placement_changes_no_gradient(tf, run, devices):
    """Placing the operations of the block on a device does not change their gradient."""
    device = devices[0]

    def program(x, w):
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            with tf.device(device):
                y = x * x * w
        return tape.gradient(y, [x, w])

    gradients = run(program, tf.constant(3.0), tf.constant(5.0))
    assert_structure(gradients, [2 * 3.0 * 5.0, 9.0])


@clause(SHOULD, covers="DEV-01", needs="device variables", devices=2, modes="eager function")
def test_operations_on_several_devices_have_one_gradient(tf, run, devices):
    """Operations on several devices, and variables there, are differentiated together."""
    first, second = devices
    with tf.device(first):
        v = tf.Variable(3.0)
    with tf.device(second):
        w = tf.Variable(5.0)

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            with tf.device(first):
                y = x * v * w
            with tf.device(second):
                z = y * w + x
        return tape.gradient(z, [x, v, w])

    # z = x v w^2 + x
    gradients = run(program, tf.constant(2.0))
    assert_structure(gradients, [3.0 * 25.0 + 1.0, 2.0 * 25.0, 2.0 * 3.0 * 2 * 5.0])


@clause(SHOULD, covers="DEV-01", needs="device", devices=2, modes="eager")
def test_a_result_lies_on_the_device_of_its_operation(tf, run, devices):
    """In eager execution each result lies on the device on which its operation was placed."""

    def program(x):
        lies_on = []
        for device in devices:
            with tf.device(device):
                lies_on.append(device_of(x * x))
        assert_equal(lies_on, list(devices))

    run(program, tf.constant(3.0))


@clause(OBSERVED, covers="DEV-01", needs="device", devices=2, modes="eager")
def test_a_gradient_lies_where_it_is_asked_for(tf, run, devices):
    """In eager execution a gradient lies on the device of the scope in which it is asked for."""
    first, second = devices

    def program(x):
        lies_on = []
        for asked_on, recorded_on in [(first, second), (second, first)]:
            with tf.GradientTape() as tape, tf.device(recorded_on):
                tape.watch(x)
                y = x * x
            with tf.device(asked_on):
                gradient = tape.gradient(y, x)
            lies_on.append(device_of(gradient))
        assert_equal(lies_on, [first, second])
        return gradient

    assert_close(run(program, tf.constant(3.0)), 6.0)


@clause(SHOULD, covers="DEV-02", needs="device", devices=2, modes="eager function")
def test_copies_between_devices_are_differentiable(tf, run, devices):
    """A copy to another device, and back, hands its gradient on."""
    first, second = devices

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
            with tf.device(second):
                there = tf.identity(y) * 3.0
            with tf.device(first):
                back = tf.identity(there)
                z = back * x
        return tape.gradient(z, [x, y, there])

    # z = 3 x^3; by y it is 3 x, by the copy x
    gradients = run(program, tf.constant(2.0))
    assert_structure(gradients, [9 * 2.0**2, 3 * 2.0, 2.0])


@clause(SHOULD, covers="DEV-02", needs="device nested", devices=2, modes="eager function")
def test_copies_between_devices_are_differentiable_twice(tf, run, devices):
    """Copies between devices hand second derivatives on, too."""
    second = devices[1]

    def program(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                with tf.device(second):
                    y = tf.identity(x) * x * x
            gradient = inner.gradient(y, x)
        return gradient, outer.gradient(gradient, x)

    assert_structure(run(program, tf.constant(2.0)), (12.0, 12.0))


@clause(SHOULD, covers="DEV-02", needs="device", devices=2, modes="eager")
def test_a_copy_lies_on_another_device(tf, run, devices):
    """A copy of a source lies on the other device, and has a gradient of its own."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            with tf.device(devices[1]):
                copy = tf.identity(x)
            y = copy * copy * x
        assert_equal([device_of(x), device_of(copy)], list(devices))
        return tape.gradient(y, [x, copy])

    gradients = run(program, tf.constant(3.0))
    assert_structure(gradients, [3 * 3.0**2, 2 * 3.0**2])


@clause(
    SHOULD,
    covers="DEV-03",
    needs="arrays distribute variables",
    since="2.2",
    devices=2,
    modes="eager",
)
def test_a_tape_lives_in_each_replica(tf, run, devices):
    """A tape in a function that a strategy runs gives each replica the gradient of its values."""
    strategy = mirrored(tf, devices)
    with strategy.scope():
        variable = tf.Variable(3.0)

    def replica(x):
        with tf.GradientTape() as tape:
            y = x * variable * variable
        return tape.gradient(y, variable)

    def program():
        factors = strategy.experimental_distribute_values_from_function(
            lambda context: tf.constant([2.0, 5.0][context.replica_id_in_sync_group])
        )
        return by_replica(strategy, strategy.run(replica, args=(factors,)))

    assert_structure(run(program), [2.0 * 6.0, 5.0 * 6.0])


@clause(
    SHOULD,
    covers="DEV-03",
    needs="distribute graph variables",
    since="2.2",
    devices=2,
    modes="eager",
)
def test_a_tape_lives_in_each_replica_of_a_compiled_function(tf, run, devices):
    """A compiled function may run a strategy whose replicas hold tapes."""
    strategy = mirrored(tf, devices)
    with strategy.scope():
        variable = tf.Variable(3.0)

    def replica(x):
        with tf.GradientTape() as tape:
            y = x * variable * variable
        return tape.gradient(y, variable)

    @tf.function(autograph=False)
    def compiled(x):
        return by_replica(strategy, strategy.run(replica, args=(x,)))

    assert_structure(run(compiled, tf.constant(7.0)), [7.0 * 6.0, 7.0 * 6.0])


@clause(
    SHOULD,
    covers="DEV-03",
    needs="state arrays distribute optimizer variables",
    since="2.3",
    devices=2,
    modes="eager",
)
def test_replicas_train_one_variable(tf, run, devices):
    """The gradients of all replicas, reduced, train the copies of a variable alike."""
    strategy = mirrored(tf, devices)
    with strategy.scope():
        variable = tf.Variable(3.0)

    def replica(x):
        with tf.GradientTape() as tape:
            y = x * variable * variable
        gradient = tape.gradient(y, variable)
        total = tf.distribute.get_replica_context().all_reduce("sum", gradient)
        variable.assign_sub(0.125 * total, read_value=False)

    def program():
        factors = strategy.experimental_distribute_values_from_function(
            lambda context: tf.constant([2.0, 4.0][context.replica_id_in_sync_group])
        )
        strategy.run(replica, args=(factors,))
        return by_replica(strategy, variable)

    trained = 3.0 - 0.125 * (2.0 + 4.0) * 6.0
    assert_structure([copy + 0.0 for copy in run(program)], [trained, trained])


@clause(OBSERVED, covers="DEV-04", needs="arrays gpu device", devices=3, modes="eager function")
def test_a_gpu_gives_the_gradient_of_a_cpu(tf, run, devices):
    """Operations on a GPU have the gradient that they have on a CPU.

    Two of the three devices are the logical halves of the processor, so that the third is a GPU.
    """
    gpu = next(device for device in devices if "CPU" not in device)

    def program(x, w):
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            with tf.device(gpu):
                y = tf.matmul(x, w)
            with tf.device("CPU:0"):
                z = y * y
        return tape.gradient(z, [x, w])

    x, w = np.array([[1.0, 2.0]]), np.array([[3.0], [5.0]])
    gradients = run(program, tf.constant(x, tf.float32), tf.constant(w, tf.float32))
    factor = 2 * (x @ w)
    assert_structure(gradients, [factor * w.T, factor * x.T])


@clause(OBSERVED, covers="DEV-05", needs="distribute variables", devices=2, modes="eager")
def test_a_mirrored_variable_is_no_source_across_replicas(tf, run, devices):
    """In the scope of a strategy, outside of run, a mirrored variable as source is refused."""
    strategy = mirrored(tf, devices)
    with strategy.scope():
        variable = tf.Variable(3.0)

    def program():
        with strategy.scope():
            with tf.GradientTape() as tape:
                y = variable * variable
            with raises(ValueError, "replica context"):
                tape.gradient(y, variable)

    run(program)


@clause(OBSERVED, covers="DEV-06", needs="distribute variables", devices=2, modes="eager function")
def test_a_mirrored_variable_is_a_variable_outside_its_strategy(tf, run, devices):
    """Outside any strategy a mirrored variable is watched, and a source, like any other."""
    with mirrored(tf, devices).scope():
        variable = tf.Variable(3.0)

    def program(x):
        with tf.GradientTape() as tape:
            y = x * variable * variable
        assert_equal(len(tape.watched_variables()), 1)
        return tape.gradient(y, variable)

    assert_close(run(program, tf.constant(5.0)), 5.0 * 6.0)


@clause(
    OBSERVED, covers="DEV-07", needs="distribute variables", since="2.2", devices=2, modes="eager"
)
def test_a_tape_around_replicas_does_not_record_them(tf, run, devices):
    """A tape around a strategy's run does not record the replicas: they have their own threads."""
    strategy = mirrored(tf, devices)
    with strategy.scope():
        variable = tf.Variable(3.0)

    def program():
        with tf.GradientTape() as tape:
            y = strategy.run(lambda: variable * variable)
        assert_equal(tape.watched_variables(), ())
        first = by_replica(strategy, y)[0]
        return first, tape.gradient(first, variable)

    assert_structure(run(program), (9.0, None))


@clause(SHOULD, covers="DEV-08", needs="arrays distribute", since="2.13", devices=2, modes="eager")
def test_tensors_spread_over_a_mesh_are_differentiable(tf, run, devices):
    """In the scope of a mesh a tape differentiates by a DTensor, and its gradient lies like it."""

    def program():
        with spread_over(tf, devices) as (dtensor, mesh), dtensor.default_mesh(mesh):
            parts = [tf.constant([1.0, 2.0]), tf.constant([3.0, 4.0])]
            x = dtensor.pack(parts, dtensor.Layout(["half"], mesh))
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = tf.reduce_sum(x * x)
            return dtensor.unpack(tape.gradient(y, x))

    assert_structure(run(program), [np.array([2.0, 4.0]), np.array([6.0, 8.0])])


@clause(
    SHOULD,
    covers="DEV-08",
    needs="arrays distribute graph variables",
    since="2.9",
    devices=2,
    modes="eager",
)
def test_variables_spread_over_a_mesh_are_differentiable(tf, run, devices):
    """In a compiled function a tape differentiates by a variable that is spread over a mesh."""

    def program():
        with spread_over(tf, devices) as (dtensor, mesh):
            parts = [tf.constant([1.0, 2.0]), tf.constant([3.0, 4.0])]
            spread = dtensor.pack(parts, dtensor.Layout(["half"], mesh))
            variable = dtensor.DVariable(spread)

            @tf.function(autograph=False)
            def compiled():
                with tf.GradientTape() as tape:
                    y = tf.reduce_sum(variable * variable)
                return tape.gradient(y, variable)

            return dtensor.unpack(compiled())

    assert_structure(run(program), [np.array([2.0, 4.0]), np.array([6.0, 8.0])])


@clause(
    OBSERVED, covers="DEV-08", needs="arrays distribute", since="2.11", devices=2, modes="eager"
)
def test_without_the_scope_of_its_mesh_a_spread_tensor_has_no_gradient(tf, run, devices):
    """In eager execution outside the scope of its mesh a DTensor is refused in the backward pass.

    The documentation says that the tape works with DTensors; the tensor of ones from which the
    gradient starts is not spread over the mesh.
    """

    def program():
        with spread_over(tf, devices) as (dtensor, mesh):
            parts = [tf.constant([1.0, 2.0]), tf.constant([3.0, 4.0])]
            x = dtensor.pack(parts, dtensor.Layout(["half"], mesh))
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = tf.reduce_sum(x * x)
            with raises(tf.errors.UnimplementedError, "expecting a DTensor"):
                tape.gradient(y, x)

    run(program)
