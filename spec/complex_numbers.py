"""Complex numbers: which gradients they have, and by which convention."""

import cmath

import numpy as np

from tapecheck import (
    MUST,
    OBSERVED,
    SHOULD,
    assert_close,
    assert_equal,
    assert_none,
    assert_structure,
    clause,
    raises,
)


@clause(MUST, covers="CPX-01 DTY-17", needs="complex")
def test_a_complex_tensor_is_differentiable(tf, run):
    """The gradient of z * z is 2 * z or its conjugate, in the dtype of z.

    Which of the two is a convention that no documentation settles; hence only the real part and
    the size of the imaginary part are asked for.
    """

    def program(z):
        with tf.GradientTape() as tape:
            tape.watch(z)
            w = z * z
        return tape.gradient(w, z)

    gradient = run(program, tf.constant(3.0 + 5.0j, tf.complex64))
    assert_close(np.real(gradient), 2 * 3.0, dtype="float32")
    assert_close(np.abs(np.imag(gradient)), 2 * 5.0)


@clause(MUST, covers="CPX-01", needs="complex variables")
def test_a_complex_variable_is_differentiable(tf, run):
    """A trainable complex variable is watched when it is read, and has a complex gradient."""
    variable = tf.Variable(3.0 + 5.0j, dtype=tf.complex64)

    def program():
        with tf.GradientTape() as tape:
            w = variable * variable
        assert_equal(len(tape.watched_variables()), 1)
        return tape.gradient(w, variable)

    gradient = run(program)
    assert_close(np.real(gradient), 2 * 3.0, dtype="float32")
    assert_close(np.abs(np.imag(gradient)), 2 * 5.0)


@clause(MUST, covers="CPX-01", needs="complex")
def test_a_complex_tensor_must_be_watched(tf, run):
    """A complex tensor that is not watched has the gradient None."""

    def program(z, c):
        with tf.GradientTape() as tape:
            tape.watch(z)
            w = z * c
        return tape.gradient(w, [z, c])

    of_z, of_c = run(program, tf.constant(3.0 + 5.0j), tf.constant(2.0 + 0.0j))
    assert_close(of_z, 2.0 + 0.0j)
    assert_none(of_c)


@clause(MUST, covers="CPX-01", needs="complex graph", modes="eager")
def test_a_compiled_function_of_complex_numbers_is_differentiable(tf, run):
    """Through a compiled function, complex64 and complex128 have gradients of their own dtype."""

    @tf.function
    def triple(z, w):
        return 3.0 * z, 5.0 * w

    def program(z, w):
        with tf.GradientTape() as tape:
            tape.watch([z, w])
            results = triple(z, w)
        return tape.gradient(results, [z, w])

    sources = tf.constant(3.0 + 5.0j, tf.complex64), tf.constant(2.0j, tf.complex128)
    of_z, of_w = run(program, *sources)
    assert_close(of_z, 3.0 + 0.0j, dtype="complex64")
    assert_close(of_w, 5.0 + 0.0j, dtype="complex128")


@clause(OBSERVED, covers="CPX-02", needs="exp complex persistent")
def test_a_holomorphic_function_has_the_conjugate_of_its_derivative(tf, run):
    """Of z * z, exp(z) and 1 / z the gradient is the conjugate of the derivative."""

    def program(z):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(z)
            targets = [z * z, tf.exp(z), 1.0 / z]
        return [tape.gradient(target, z) for target in targets]

    z = 1.0 + 2.0j
    square, exponential, inverse = run(program, tf.constant(z, tf.complex128))
    assert_close(square, np.conj(2 * z))
    assert_close(exponential, np.conj(cmath.exp(z)))
    assert_close(inverse, np.conj(-1 / z**2))


@clause(OBSERVED, covers="CPX-03", needs="elementary complex persistent")
def test_a_real_function_has_the_direction_of_steepest_ascent(tf, run):
    """A real function of z = x + iy has the gradient dL/dx + i dL/dy."""

    def program(z):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(z)
            size = tf.abs(z)
            targets = [tf.math.real(z), tf.math.imag(z), size, size * size, tf.math.angle(z)]
        return [tape.gradient(target, z) for target in targets]

    z = 3.0 + 4.0j
    expected = [1.0, 1.0j, z / abs(z), 2 * z, 1.0j * z / abs(z) ** 2]
    assert_structure(run(program, tf.constant(z, tf.complex128)), expected)


@clause(SHOULD, covers="CPX-04", needs="complex variables state")
def test_descent_along_the_gradient_reaches_the_minimum(tf, run):
    """A step against the gradient, as for a real source, brings a real loss to its minimum.

    The loss |z - c|^2 has the steepest ascent 2 * (z - c), so that a step of 0.5 reaches c.
    """
    z = tf.Variable(3.0 + 5.0j, dtype=tf.complex64)

    def program(centre):
        with tf.GradientTape() as tape:
            distance = z - centre
            loss = tf.math.real(distance) ** 2 + tf.math.imag(distance) ** 2
        z.assign_sub(0.5 * tape.gradient(loss, z))
        return z + 0.0

    assert_close(run(program, tf.constant(1.0 - 2.0j, tf.complex64)), 1.0 - 2.0j, magnitude=10.0)


@clause(OBSERVED, covers="CPX-05", needs="complex")
def test_a_complex_target_is_seeded_with_one(tf, run):
    """The gradient of a complex tensor by itself is 1, of its double 2, without an error."""

    def program(z):
        with tf.GradientTape() as tape:
            tape.watch(z)
            w = 2.0 * z
        return tape.gradient([z, w], z)

    assert_close(run(program, tf.constant(3.0 + 5.0j, tf.complex64)), 1.0 + 2.0 + 0.0j)


@clause(OBSERVED, covers="CPX-05", needs="complex graph", modes="function jit")
def test_symbolic_gradients_refuse_a_complex_target(tf, run):
    """tf.gradients of a complex tensor raises TypeError, unless grad_ys is given."""

    def program(z):
        w = 3.0 * z
        with raises(TypeError, "complex", "grad_ys"):
            tf.gradients(w, z)
        (gradient,) = tf.gradients(w, z, grad_ys=tf.constant(2.0j, tf.complex64))
        return gradient

    assert_close(run(program, tf.constant(3.0 + 5.0j, tf.complex64)), 3.0 * 2.0j)


@clause(MUST, covers="CPX-06", needs="complex")
def test_a_real_source_has_a_real_gradient(tf, run):
    """A real source has a real gradient, even if its path leads through complex tensors.

    With z = x + 2ix, z * z is (-3 + 4i) * x^2, and its parts are real functions of x.
    """

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            z = tf.complex(x, 2.0 * x)
            w = z * z
            y = tf.math.real(w) + 10.0 * tf.math.imag(w)
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(3.0)), 2 * (-3 + 10 * 4) * 3.0, dtype="float32")


@clause(MUST, covers="CPX-06", needs="complex")
def test_a_real_source_that_is_cast_has_a_real_gradient(tf, run):
    """A real source that is cast to complex has the real gradient of the real result.

    |x * c|^2 is x^2 * |c|^2, and |3 + 4i| is 5.
    """

    def program(x, c):
        with tf.GradientTape() as tape:
            tape.watch(x)
            w = tf.cast(x, tf.complex64) * c
            y = tf.math.real(w) ** 2 + tf.math.imag(w) ** 2
        return tape.gradient(y, x)

    gradient = run(program, tf.constant(7.0), tf.constant(3.0 + 4.0j, tf.complex64))
    assert_close(gradient, 2 * 7.0 * 5.0**2, dtype="float32")


@clause(OBSERVED, covers="CPX-07", needs="complex output_gradients")
def test_the_gradient_of_conj_is_conjugated(tf, run):
    """conj passes the conjugate of the upstream gradient on."""

    def program(z, upstream):
        with tf.GradientTape() as tape:
            tape.watch(z)
            w = tf.math.conj(z)
        return tape.gradient(w, z, output_gradients=upstream)

    gradient = run(program, tf.constant(1.0 + 5.0j), tf.constant(2.0 + 3.0j))
    assert_close(gradient, 2.0 - 3.0j)


@clause(SHOULD, covers="CPX-08", needs="arrays complex dtype-complex128")
def test_a_source_of_complex128_keeps_its_precision(tf, run):
    """The gradient with respect to a source of complex128 has its dtype and its precision."""

    def program(z):
        with tf.GradientTape() as tape:
            tape.watch(z)
            w = z * tf.constant(1 / 3, tf.complex128)
        return tape.gradient(w, z)

    gradient = run(program, tf.constant([1.0 + 2.0j, 3.0j], tf.complex128))
    assert_close(gradient, [1 / 3 + 0.0j, 1 / 3], dtype="complex128")


@clause(SHOULD, covers="CPX-09", needs="arrays complex fft")
def test_a_fourier_transform_is_differentiable(tf, run):
    """The gradient passes through a Fourier transform.

    By Parseval's theorem the transform of n numbers has n times their sum of squares.
    """

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            w = tf.signal.fft(tf.cast(x, tf.complex64))
            y = tf.reduce_sum(tf.math.real(w) ** 2 + tf.math.imag(w) ** 2)
        return tape.gradient(y, x)

    gradient = run(program, tf.constant([1.0, 2.0, 3.0, 5.0]))
    assert_close(gradient, 2 * 4 * np.array([1.0, 2.0, 3.0, 5.0]), magnitude=100.0)


@clause(SHOULD, covers="CPX-09", needs="arrays complex fft")
def test_an_inverse_fourier_transform_is_differentiable(tf, run):
    """The gradient passes through an inverse Fourier transform.

    By Parseval's theorem the inverse transform of n numbers has their sum of squares, by n.
    """

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            w = tf.signal.ifft(tf.cast(x, tf.complex64))
            y = tf.reduce_sum(tf.math.real(w) ** 2 + tf.math.imag(w) ** 2)
        return tape.gradient(y, x)

    gradient = run(program, tf.constant([1.0, 2.0, 3.0, 5.0]))
    assert_close(gradient, 2 * np.array([1.0, 2.0, 3.0, 5.0]) / 4, magnitude=10.0)


@clause(SHOULD, covers="CPX-09", needs="arrays complex fft")
def test_a_real_fourier_transform_and_its_inverse_are_differentiable(tf, run):
    """The gradient passes through a real Fourier transform and back."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            same = tf.signal.irfft(tf.signal.rfft(x))
            y = tf.reduce_sum(same * same * tf.constant([1.0, 10.0, 100.0, 1000.0]))
        return tape.gradient(y, x)

    gradient = run(program, tf.constant([1.0, 2.0, 3.0, 5.0]))
    assert_close(gradient, [2.0, 40.0, 600.0, 10000.0], magnitude=20000.0)


@clause(OBSERVED, covers="CPX-10", needs="elementary complex persistent")
def test_the_modulus_is_flat_at_zero(tf, run):
    """At 0, |z| has the gradient 0 and the angle of z has one that is not finite."""

    def program(z):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(z)
            size, angle = tf.abs(z), tf.math.angle(z)
        return tape.gradient(size, z), tape.gradient(angle, z)

    of_size, of_angle = run(program, tf.constant(0.0 + 0.0j, tf.complex64))
    assert_close(of_size, 0.0j)
    assert_equal(bool(np.isfinite(of_angle)), False)


@clause(OBSERVED, covers="CPX-11", needs="arrays complex")
def test_a_complex_product_of_matrices_has_the_adjoints(tf, run):
    """Of a @ b, the gradient is upstream times the adjoint of b, and the adjoint of a times it."""

    def program(a, b):
        with tf.GradientTape() as tape:
            tape.watch([a, b])
            y = tf.matmul(a, b)
        return tape.gradient(y, [a, b])

    a, b = np.array([[1 + 2j, 3 - 1j]]), np.array([[2 - 1j, 5j], [4 + 4j, 1 - 3j]])
    ones = np.ones((1, 2))
    expected = [ones @ b.conj().T, a.conj().T @ ones]
    assert_structure(run(program, tf.constant(a), tf.constant(b)), expected)


@clause(OBSERVED, covers="CPX-12", needs="complex")
def test_a_cast_to_real_takes_the_real_part(tf, run):
    """Casting complex to float is differentiated as the real part: upstream, without imaginary."""

    def program(z):
        with tf.GradientTape() as tape:
            tape.watch(z)
            x = tf.cast(z, tf.float32)
            y = x * x
        return tape.gradient(y, z)

    gradient = run(program, tf.constant(3.0 + 5.0j, tf.complex64))
    assert_close(gradient, 2 * 3.0 + 0.0j, dtype="complex64")


@clause(SHOULD, covers="CPX-13", needs="complex")
def test_real_and_complex_sources_keep_their_dtypes(tf, run):
    """Asked for together, a real source has a real gradient and a complex one a complex one.

    The result is x^2 * |z|^2, whose steepest ascent in z is 2 * x^2 * |z| by size.
    """

    def program(x, z):
        with tf.GradientTape() as tape:
            tape.watch([x, z])
            w = tf.cast(x, tf.complex64) * z
            y = tf.math.real(w) ** 2 + tf.math.imag(w) ** 2
        return tape.gradient(y, [x, z])

    of_x, of_z = run(program, tf.constant(2.0), tf.constant(3.0 + 4.0j, tf.complex64))
    assert_close(of_x, 2 * 2.0 * 5.0**2, dtype="float32")
    assert_equal(np.asarray(of_z).dtype.name, "complex64")
    assert_close(np.abs(of_z), 2 * 2.0**2 * 5.0)
