"""Every clause on training can fail: for each there are faulty tapes that it rejects."""

import importlib.util
import inspect
import itertools
import types

import numpy as np
import pytest

import tapecheck.tapes.numpy as tf
from tapecheck import Broken, NotApplicable
from tapecheck.clause import clause_of
from tapecheck.measuring import Measured
from tapecheck.modes import EAGER
from tapecheck.standard import chapters, folder_of
from tapecheck.training import mnist, oracle
from tests import zoo
from tests.zoo import answers, functions, life, watching


class HardlyOff(zoo.Tape):
    """Gives gradients that are too large by 2^-40."""

    def gradient(self, *arguments, **options):
        answer = super().gradient(*arguments, **options)
        return zoo.each(lambda one: one + 2.0**-40, answer)


class LittleOff(zoo.Tape):
    """Gives gradients that are too large by one in a thousand."""

    def gradient(self, *arguments, **options):
        answer = super().gradient(*arguments, **options)
        return zoo.each(lambda one: one * (1 + 2.0**-10), answer)


class PauseForgets(zoo.Tape):
    """Forgets at the end of a pause what it recorded before."""

    def stop_recording(self):
        tape, pause = self, super().stop_recording()

        class Pause:
            __enter__ = staticmethod(pause.__enter__)

            @staticmethod
            def __exit__(*exception):
                pause.__exit__(*exception)
                tape.reset()

        return Pause()


class FirstAnswerAgain(zoo.Tape):
    """Gives its first answer to every question of as many sources."""

    def gradient(self, target, sources, *arguments, **options):
        answer = super().gradient(target, sources, *arguments, **options)
        kept = getattr(self, "_kept", answer)
        self._kept = kept
        return kept if len(kept) == len(answer) else answer


class WatchesInputsWithVariables(zoo.Tape):
    """Gives a source that was watched by hand and is a variable its gradient twice."""

    def gradient(self, target, sources, *arguments, **options):
        answer = super().gradient(target, sources, *arguments, **options)
        by_hand = not self._watch_accessed and isinstance(sources, tf.Variable)
        return answer + answer if by_hand else answer


class LastOfTheLoop(zoo.Tape):
    """A loop is recorded as its last turn alone."""

    @staticmethod
    def _while_loop(cond, body, loop_vars, **options):
        result = tuple(loop_vars)
        while bool(cond(*result)):
            before = tuple(tf.stop_gradient(one) for one in result)
            result = tuple(body(*before))
        return result

    names = {"while_loop": _while_loop.__func__}


class OnceLessInTheLoop(zoo.Tape):
    """A loop leaves out its first turn but for the counter."""

    @staticmethod
    def _while_loop(cond, body, loop_vars, **options):
        count, *rest = loop_vars
        return tf.while_loop(cond, body, (count + 1, *rest), **options)

    names = {"while_loop": _while_loop.__func__}


class ClipsEachByItself(zoo.Tape):
    """clip_by_global_norm scales each gradient by its own norm."""

    @staticmethod
    def _clip(gradients, norm):
        clipped = [tf.clip_by_norm(one, norm) for one in gradients]
        return clipped, tf.clip_by_global_norm(gradients, norm)[1]

    names = {"clip_by_global_norm": _clip.__func__}


class UnevenVariable(tf.Variable):
    """A variable whose assign leaves out its first element."""

    def assign(self, value, *arguments, **options):
        kept = self.numpy().ravel()
        super().assign(value, *arguments, **options)
        if kept.size > 1:
            changed = self.numpy()
            changed.ravel()[0] = kept[0]
            super().assign(changed)
        return self


class AssignsUnevenly(zoo.Tape):
    """Variables keep their first element when they are assigned to."""

    names = {"Variable": UnevenVariable}


class TrainsAll(zoo.Tape):
    """Moves every variable that it watched when it is asked for a gradient."""

    def gradient(self, target, sources, *arguments, **options):
        variables = self.watched_variables()
        answer = super().gradient(target, sources, *arguments, **options)
        for variable in variables:
            variable.assign_add(variable * 2.0**-50)
        return answer


class CastsOnce(zoo.Tape):
    """A cast to float16 is that to float32, so that nothing is lost."""

    names = {"float16": tf.float32}


class IsAlwaysFinite(zoo.Tape):
    """is_finite takes everything for finite."""

    math = types.SimpleNamespace(**vars(tf.math))
    math.is_finite = lambda x: tf.ones_like(x) > 0.0
    names = {"math": math}


class Single(zoo.Tape):
    """The gradient of a cast has the dtype of its result: float16 for float32."""

    def gradient(self, target, sources, *arguments, **options):
        answer = super().gradient(target, sources, *arguments, **options)
        return zoo.each(lambda one: tf.cast(one, tf.float16), answer)


class SignIsTheNumber(zoo.Tape):
    """sign gives the number itself."""

    names = {"sign": tf.identity}


def _optimizer(update, unscaled=False):
    """An optimizer as Keras has them, that follows an oracle's formula."""

    class Optimizer:
        def __init__(self, *arguments, **options):
            self._update = update(*arguments, **options)

        def apply_gradients(self, pairs):
            gradients, variables = zip(*pairs)
            found = self._update(
                [one.numpy() for one in variables], [one.numpy() for one in gradients]
            )
            for variable, value in zip(variables, found):
                variable.assign(value)

    return Optimizer


class Scaled:
    """A loss scale as Keras has it."""

    def __init__(self, inner, initial_scale):
        self._inner, self._scale = inner, initial_scale

    def build(self, variables):
        pass

    def scale_loss(self, loss):
        return loss * self._scale

    def apply_gradients(self, pairs):
        pairs = list(pairs)
        if all(np.isfinite(one.numpy()).all() for one, _ in pairs):
            self._inner.apply_gradients([(one / self._scale, other) for one, other in pairs])
        else:
            self._scale *= 0.5


class Checkpoint:
    """A checkpoint of variables and of an optimizer whose state is its formula."""

    written = {}

    def __init__(self, optimizer, **variables):
        self._optimizer, self._variables = optimizer, variables

    def write(self, path):
        state = {
            name: value if isinstance(value, (int, float, tuple)) else list(value)
            for name, value in vars(self._optimizer._update).items()
        }
        values = {name: one.numpy() for name, one in self._variables.items()}
        Checkpoint.written[path] = state, values
        return path

    def read(self, path):
        state, values = Checkpoint.written[path]
        vars(self._optimizer._update).update(state)
        for name, value in values.items():
            self._variables[name].assign(value)


class ForgetsTheOptimizer(Checkpoint):
    """A checkpoint of variables alone."""

    def read(self, path):
        _, values = Checkpoint.written[path]
        for name, value in values.items():
            self._variables[name].assign(value)


def _modules():
    for chapter in chapters("training"):
        path = folder_of("training") / (chapter + ".py")
        specification = importlib.util.spec_from_file_location("training_" + chapter, path)
        module = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(module)
        yield chapter, module


MODULES = dict(_modules())
CLAUSES = {
    clause_of(one).id: one
    for module in MODULES.values()
    for one in vars(module).values()
    if clause_of(one) is not None
}


def _sgd(rate, momentum=0.0, nesterov=False):
    if nesterov:
        return MODULES["keras_optimizers"].Nesterov(rate, momentum)
    return oracle.Momentum(rate, momentum) if momentum else oracle.Descent(rate)


def _squares(start, forget):
    def make(rate, rho=None, epsilon=None, initial_accumulator_value=start):
        squares = MODULES["keras_optimizers"].Squares
        return squares(rate, initial_accumulator_value, rho or forget, 1 - rho if rho else 1.0)

    return make


def keras(**changed):
    """What of Keras the clauses use, by honest formulas but for what is changed."""
    optimizers = {
        "SGD": _optimizer(_sgd),
        "Adam": _optimizer(oracle.Adam),
        "RMSprop": _optimizer(_squares(0.0, 1.0)),
        "Adagrad": _optimizer(_squares(0.25, 1.0)),
    }
    optimizers.update(changed)
    scaling = types.SimpleNamespace(LossScaleOptimizer=optimizers.pop("Scaled", Scaled))
    return types.SimpleNamespace(
        optimizers=types.SimpleNamespace(**optimizers), mixed_precision=scaling
    )


def compiled_by(compiler):
    """function(program) and function(jit_compile=True)(program)."""
    return lambda program=None, **options: compiler(program) if program else compiler


def honest(**changed):
    """The NumPy tape with the parts of TensorFlow that the clauses use."""
    names = {
        "keras": keras(),
        "train": types.SimpleNamespace(Checkpoint=Checkpoint),
        "function": compiled_by(lambda program: program),
    }
    return zoo.namespace_with(**{**names, **changed})


def of(animal):
    return honest(GradientTape=animal, **getattr(animal, "names", {}))


class Run:
    """Runs programs as they are, or as a compiler makes them."""

    def __init__(self, compiler=lambda program: program):
        self.mode = EAGER
        self.compiled = compiler

    def __call__(self, program, *arguments):
        return self.compiled(program)(*arguments)


def rows(clause):
    """The arguments of each row of a clause that is parametrised."""
    found = [{}]
    for mark in getattr(CLAUSES[clause], "pytestmark", []):
        names, values = mark.args
        names = [names] if isinstance(names, str) else list(names)
        tuples = [value if len(names) > 1 else (value,) for value in values]
        found = [
            dict(one, **dict(zip(names, values)))
            for one, values in itertools.product(found, tuples)
        ]
    return found


def ask(clause, namespace, tmp_path, run=None, measured=None, **row):
    """Call a clause as pytest would."""
    fixtures = {
        "tf": namespace,
        "run": run or Run(),
        "seed": 7,
        "measured": Measured() if measured is None else measured,
        "tmp_path": tmp_path,
        "patience": None,
        "digits": toy_digits(),
        **row,
    }
    wanted = inspect.signature(CLAUSES[clause]).parameters
    CLAUSES[clause](**{name: fixtures[name] for name in wanted})


def toy_digits(count=10 * 32):
    """Ten patterns with a little noise, that a network tells apart after a few steps."""
    generator = np.random.RandomState(0)
    patterns = generator.randint(0, 2, (10, 7, 7)).repeat(4, 1).repeat(4, 2) * 200
    labels = np.arange(count) % 10
    noise = generator.randint(0, 56, (count, 28, 28))
    images = (patterns[labels] + noise).astype(np.uint8)
    labels = labels.astype(np.uint8)
    return mnist.Digits("toy", "a formula", images, labels, images[:100], labels[:100])


REJECTED = {
    "compiled_steps.a_part_is_compiled_by_itself": [
        HardlyOff,
        honest(function=compiled_by(lambda p: lambda *a: tf.stop_gradient(p(*a)))),
    ],
    "compiled_steps.a_tape_around_a_compiled_loss_trains": [
        HardlyOff,
        watching.WatchesNoVariables,
    ],
    "compiled_steps.batches_differ_in_length": [HardlyOff, answers.Doubled],
    "compiled_steps.compiled_gradients_are_applied_outside": [HardlyOff, answers.ReversedSources],
    "compiled_steps.the_whole_training_runs_in_a_loop": [HardlyOff, OnceLessInTheLoop],
    "fitting.a_line_is_found": [answers.Negated, answers.ReversedSources],
    "fitting.a_parabola_is_found": [answers.Negated, answers.ReversedSources],
    "fitting.a_polynomial_of_any_degree_is_found": [answers.Negated, answers.ReversedSources],
    "inputs.a_linear_classifier_is_deceived_by_the_sign_of_its_gradient": [
        answers.Negated,
        answers.Imprecise,
        SignIsTheNumber,
    ],
    "inputs.a_network_learns_a_differential_equation": [HardlyOff, life.NeverRecordsGradients],
    "inputs.a_trained_network_is_deceived": [HardlyOff, WatchesInputsWithVariables],
    "keras_optimizers.an_optimizer_goes_the_way_of_its_formula": [
        HardlyOff,
        answers.Negated,
    ],
    "meta_learning.a_start_is_learned_from_which_tasks_are_learned": [
        HardlyOff,
        life.NeverRecordsGradients,
    ],
    "meta_learning.inner_gradients_may_be_taken_as_they_are": [HardlyOff, functions.StopsNothing],
    "meta_learning.the_rate_of_inner_steps_is_learned": [HardlyOff, life.NeverRecordsGradients],
    "mixed_precision.a_line_is_fitted_in_mixed_precision": [answers.Negated, Single],
    "mixed_precision.a_scale_that_is_too_large_is_halved": [answers.Doubled, IsAlwaysFinite],
    "mixed_precision.an_optimizer_of_keras_scales_the_loss": [
        answers.Doubled,
        honest(keras=keras(Scaled=lambda inner, initial_scale: Scaled(inner, 2.0**-9))),
    ],
    "mixed_precision.scaling_saves_what_half_precision_would_lose": [LittleOff, CastsOnce],
    "several_models.adversaries_take_turns": [HardlyOff, answers.ReversedSources],
    "several_models.adversaries_train_each_other": [HardlyOff, answers.LastPathOnly],
    "several_models.an_encoder_and_its_decoder_have_losses_of_their_own": [
        HardlyOff,
        FirstAnswerAgain,
        life.OnceOnly,
    ],
    "through_time.a_recurrent_network_in_a_loop_is_trained_through_its_moments": [
        HardlyOff,
        LastOfTheLoop,
    ],
    "through_time.a_recurrent_network_is_trained_through_its_moments": [
        HardlyOff,
        watching.FirstReadOnly,
    ],
    "through_time.the_past_may_be_cut_off": [HardlyOff, functions.StopsNothing],
    "through_time.what_was_long_ago_counts_by_powers_of_the_weight": [answers.Imprecise],
    "trajectories.a_checkpoint_goes_on_as_the_one_that_was_written": [
        HardlyOff,
        honest(train=types.SimpleNamespace(Checkpoint=ForgetsTheOptimizer)),
    ],
    "trajectories.a_part_of_the_layers_is_trained": [HardlyOff, TrainsAll],
    "trajectories.a_restored_state_goes_on_as_the_one_that_was_kept": [
        HardlyOff,
        AssignsUnevenly,
    ],
    "trajectories.adam_goes_the_exact_way": [HardlyOff, AssignsUnevenly],
    "trajectories.descent_goes_the_exact_way": [HardlyOff, answers.SinglePrecision],
    "trajectories.descent_in_single_precision_goes_the_exact_way": [LittleOff],
    "trajectories.gradients_are_clipped_by_their_global_norm": [HardlyOff, ClipsEachByItself],
    "trajectories.gradients_midway_train_as_those_of_the_end": [HardlyOff, PauseForgets],
    "trajectories.gradients_of_parts_of_a_batch_add_up": [HardlyOff, answers.Negated],
    "trajectories.momentum_goes_the_exact_way": [HardlyOff, AssignsUnevenly],
}
"""For each clause that is asked step by step, faulty tapes or namespaces that it must reject."""

DIGITS = sorted(name for name in CLAUSES if name.startswith("handwritten_digits."))
STEP_BY_STEP = sorted(
    name for name, one in CLAUSES.items() if EAGER in clause_of(one).modes and name not in DIGITS
)


def test_every_clause_has_faulty_tapes():
    assert sorted(REJECTED) == STEP_BY_STEP


@pytest.mark.parametrize("clause", STEP_BY_STEP)
def test_an_honest_tape_keeps_every_clause(clause, tmp_path):
    measured = Measured()
    for row in rows(clause):
        measured = Measured()
        ask(clause, honest(), tmp_path, measured=measured, **row)
    named = inspect.signature(CLAUSES[clause]).parameters
    assert bool(measured.record()) == ("measured" in named)


@pytest.mark.parametrize(
    ("clause", "faulty"),
    [(clause, faulty) for clause in STEP_BY_STEP for faulty in REJECTED[clause]],
    ids=lambda one: getattr(one, "__name__", one) if not isinstance(one, str) else one,
)
def test_a_faulty_tape_is_rejected(clause, faulty, tmp_path):
    namespace = of(faulty) if isinstance(faulty, type) else faulty
    accepted = []
    for row in rows(clause):
        try:
            ask(clause, namespace, tmp_path, **row)
        except Exception:
            continue
        accepted.append(row)
    # Of the rows of a table, all but such as do not do what the fault is about.
    assert len(accepted) <= len(rows(clause)) // 2
    if faulty in (HardlyOff, LittleOff):
        assert accepted == []


def test_a_step_that_is_traced_at_every_call_is_rejected(tmp_path):
    with pytest.raises(Broken, match="expected: 1\n"):
        ask("compiled_steps.a_step_is_traced_once", honest(), tmp_path)


def test_a_step_that_trains_at_its_first_call_alone_is_rejected(tmp_path):
    def compiler(program):
        kept = []

        def compiled(*arguments):
            if not kept:
                kept.append(program(*arguments))
            return kept[0]

        return compiled

    with pytest.raises(Broken, match="after step 2"):
        ask("compiled_steps.a_step_is_traced_once", honest(), tmp_path, Run(compiler))


@pytest.fixture
def toy(monkeypatch):
    """A set of toy digits has a goal, too."""
    digits = MODULES["handwritten_digits"]
    monkeypatch.setattr(digits, "GOALS", dict(digits.GOALS, toy=(2, 0.95)))
    monkeypatch.setattr(digits, "BATCH", 32)
    return digits


READS = "handwritten_digits.a_network_reads_handwritten_digits"


def test_a_network_reads_toy_digits_and_tells_how(toy, tmp_path):
    measured = Measured()
    ask(READS, honest(), tmp_path, measured=measured)
    record = measured.record()
    assert record["values"]["test accuracy"]["value"] >= 0.95
    assert record["values"]["time"]["unit"] == "s"
    assert record["series"]["test accuracy"]["x"] == [10.0, 20.0]
    assert len(record["series"]["training loss"]["x"]) == 2


@pytest.mark.parametrize("animal", [answers.Negated, answers.ReversedSources, answers.Silent])
def test_a_network_that_learns_nothing_reads_nothing(toy, tmp_path, animal):
    with pytest.raises((Broken, TypeError, ValueError)):
        ask(READS, of(animal), tmp_path)


def test_what_was_learned_before_a_failure_is_told(toy, tmp_path):
    measured = Measured()
    with pytest.raises(Broken, match=r"at least 0\.9500 of the digits"):
        ask(READS, of(answers.Negated), tmp_path, measured=measured)
    assert measured.record()["values"]["test accuracy"]["value"] < 0.95


@pytest.mark.parametrize(("read", "enough"), [(0.9899, False), (0.99, True), (0.9912, True)])
def test_ninety_nine_of_a_hundred_are_asked(toy, read, enough):
    def learn(tf, run, course, generator, times):
        course.losses.extend([2.0, 1.0] * 10)
        course.read.append((20, read))

    digits = toy_digits()._replace(name="mnist")
    measured = Measured()
    if enough:
        toy.learn_all(learn, tf, Run(), digits, 0, measured)
    else:
        with pytest.raises(Broken, match=r"at least 0\.9900"):
            toy.learn_all(learn, tf, Run(), digits, 0, measured)
    assert measured.record()["values"]["test accuracy"]["value"] == read


def test_a_beginning_that_leads_nowhere_is_rejected(monkeypatch, tmp_path):
    monkeypatch.setattr(MODULES["handwritten_digits"], "BEGINNING", 5)
    with pytest.raises(Broken, match=r"at least 0\.8"):
        ask(
            "handwritten_digits.a_network_begins_to_read_handwritten_digits",
            honest(GradientTape=answers.Negated),
            tmp_path,
        )


class FakeRequest:
    """What a fixture knows of the case that asks for it."""

    def __init__(self, param):
        self.param = param
        self.config = types.SimpleNamespace(getoption=lambda name: None)


def test_the_set_that_is_there_makes_the_row_of_its_name(toy, monkeypatch):
    monkeypatch.setattr(mnist, "find", lambda path: toy_digits())
    fixture = inspect.unwrap(getattr(toy.digits, "_get_wrapped_function", lambda: toy.digits)())
    assert fixture(FakeRequest("toy")).name == "toy"
    with pytest.raises(NotApplicable, match="at hand are the set 'toy'"):
        fixture(FakeRequest("mnist"))


def test_minutes_are_not_spent_unless_asked_for(toy):
    patience = inspect.unwrap(
        getattr(toy.patience, "_get_wrapped_function", lambda: toy.patience)()
    )
    with pytest.raises(NotApplicable, match="--profile deep"):
        patience(Run())
    run = Run()
    run.mode = "function"
    assert patience(run) is None


def test_a_keras_model_that_learns_nothing_reads_nothing(toy, tmp_path):
    tensorflow = pytest.importorskip("tensorflow")
    name = "handwritten_digits.a_model_of_keras_reads_handwritten_digits"
    compiled = Run(tensorflow.function)
    ask(name, tensorflow, tmp_path, compiled)

    class Negated(tensorflow.GradientTape):
        def gradient(self, *arguments, **options):
            return [-one for one in super().gradient(*arguments, **options)]

    namespace = types.SimpleNamespace(**{**vars(tensorflow), "GradientTape": Negated})
    namespace.keras = tensorflow.keras
    with pytest.raises(Broken, match="at least"):
        ask(name, namespace, tmp_path, compiled)


LAYERS = MODULES["trajectories"].LAYERS


def test_the_complex_step_agrees_with_derivatives_by_hand():
    meta = MODULES["meta_learning"]
    x = meta.SHOWN
    by_hand = meta.exact_gradient(meta.START, x, np.sin(x))
    by_step = oracle.gradient(lambda at: meta.exact_loss(at, x, np.sin(x)), meta.START)
    for one, other in zip(by_hand, by_step):
        np.testing.assert_allclose(one, other, rtol=1e-13)


def test_the_complex_step_agrees_with_differences():
    exact = MODULES["trajectories"].exact_network
    start = [np.asarray(one, float) for one in LAYERS]
    for index, slopes in enumerate(oracle.gradient(exact, start)):
        for place in np.ndindex(*slopes.shape):
            ahead, behind = ([one.copy() for one in start] for _ in range(2))
            ahead[index][place] += 1e-6
            behind[index][place] -= 1e-6
            difference = (exact(ahead) - exact(behind)) / 2e-6
            assert abs(difference - slopes[place]) < 1e-8


def test_the_formulas_of_the_oracle_are_those_of_their_papers():
    """Two steps of each by hand, with the gradients 2 and then -1."""
    steps = [[np.array(2.0)], [np.array(-1.0)]]

    def end(update):
        parameters = [np.array(1.0)]
        for gradients in steps:
            parameters = update(parameters, gradients)
        return float(parameters[0])

    assert end(oracle.Descent(0.25)) == 1 - 0.25 * 2 + 0.25
    assert end(oracle.Momentum(0.25, 0.5)) == 1 - 0.5 + (-0.25 + 0.25)
    # Where both decays are one half, the first moment of 2 and -1 is zero.
    assert end(oracle.Adam(0.25, 0.5, 0.5, 0.0)) == pytest.approx(1 - 0.25 * 2 / 2, rel=1e-15)
    lasting = 0.25 * (0.5 * 0.75 - 0.25) / (1 - 0.75**2) / np.sqrt((2 * 0.5 + 0.5) / 0.75)
    found = end(oracle.Adam(0.25, 0.75, 0.5, 0.0))
    assert found == pytest.approx(1 - 0.25 - lasting, rel=1e-15)


def test_a_path_of_other_length_or_value_is_refused_by_its_step():
    exact = [[np.array(1.0)], [np.array(2.0)]]
    oracle.assert_path([[1.0], [2.0]], exact)
    with pytest.raises(Broken, match="expected: 2 steps"):
        oracle.assert_path([[1.0]], exact)
    with pytest.raises(Broken, match="after step 2 parameter 0"):
        oracle.assert_path([[1.0], [2.0 + 1e-12]], exact)
