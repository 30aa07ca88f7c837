"""Linearity: a gradient is linear in what it is weighted with, and sums over targets."""

from tapecheck import MUST, clause
from tapecheck.programs import CORE, Trial, agree, for_programs


def each(answers, others, exact):
    for answer, other, one in zip(answers, others, exact):
        agree(answer, other, one)


@clause(MUST, needs=CORE + " output_gradients persistent", modes="eager")
@for_programs(CORE, examples=25, deep=1500)
def test_gradients_are_linear_in_their_cotangents(tf, run, program):
    """The gradient with twice one cotangent less another one is twice the one less the other."""
    trial = Trial(tf, run, program)

    def three(trial, sources):
        tape, targets = trial.record(sources, persistent=True)
        first, second = trial.weights(0), trial.weights(4)
        both = [2.0 * a - b for a, b in zip(first, second)]
        return [
            tape.gradient(targets, sources, output_gradients=weights)
            for weights in (first, second, both)
        ]

    first, second, both = trial.ask(three)
    for position, exact in enumerate(trial.exact.gradients(cotangents=trial.weight_arrays(3))):
        parts = (first[position], second[position])
        combined = None if parts[0] is None else 2.0 * parts[0] - parts[1]
        agree(both[position], combined, exact._replace(error=4.0 * exact.error))


@clause(MUST, needs=CORE + " persistent", modes="eager")
@for_programs(CORE, targets=3, examples=25, deep=1500)
def test_the_gradient_of_a_list_is_the_sum(tf, run, program):
    """The gradient of several targets is the sum of the gradients of each."""
    trial = Trial(tf, run, program)

    def together_and_alone(trial, sources):
        tape, targets = trial.record(sources, persistent=True)
        return tape.gradient(targets, sources), [tape.gradient(one, sources) for one in targets]

    together, alone = trial.ask(together_and_alone)
    for position, exact in enumerate(trial.exact.gradients()):
        parts = [one[position] for one in alone if one[position] is not None]
        agree(together[position], sum(parts[1:], parts[0]) if parts else None, exact)


@clause(MUST, needs=CORE + " persistent", modes="eager")
@for_programs(CORE, examples=25, deep=1500)
def test_one_question_for_many_sources_equals_many_questions(tf, run, program):
    """The gradient by one source does not depend on what other sources are asked for."""
    trial = Trial(tf, run, program)

    def together_and_alone(trial, sources):
        tape, targets = trial.record(sources, persistent=True)
        together = tape.gradient(targets, sources)
        return together, [tape.gradient(targets, one) for one in sources]

    together, alone = trial.ask(together_and_alone)
    each(together, alone, trial.exact.gradients())


@clause(MUST, needs=CORE + " output_gradients persistent", modes="eager")
@for_programs(CORE, examples=20, deep=1500)
def test_a_gradient_continues_from_values_in_between(tf, run, program):
    """The gradient by the sources follows from the gradients by all first results, weighted."""
    trial = Trial(tf, run, program)

    def through_the_middle(trial, sources):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(sources)
            middle = [2.0 * one for one in sources]
            tape.watch(middle)
            targets = trial.compute(middle)
        first = tape.gradient(targets, middle)
        paths = [(one, grad) for one, grad in zip(middle, first) if grad is not None]
        onwards = None
        if paths:
            onwards = tape.gradient(
                [one for one, _ in paths],
                sources,
                output_gradients=[tf.convert_to_tensor(grad) for _, grad in paths],
            )
        return tape.gradient(targets, sources), onwards or [None for _ in sources]

    scaled = program._replace(
        sources=tuple(
            one._replace(elements=tuple(0.5 * number for number in one.elements))
            for one in program.sources
        )
    )
    at_once, continued = Trial(tf, run, scaled).ask(through_the_middle)
    doubled = [one._replace(error=2.0 * one.error) for one in trial.exact.gradients()]
    each(at_once, continued, doubled)
