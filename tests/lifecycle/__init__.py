"""The clauses of the suite on the life of tapes, to be run on any namespace in this process."""

from __future__ import annotations

import importlib.util
from typing import Any, Callable, Dict, Optional

from tapecheck.clause import clause_of
from tapecheck.sampling import seed_of, set_up_hypothesis, sow
from tapecheck.standard import folder_of


def clauses() -> Dict[str, Callable[..., None]]:
    """The clauses that are asked in eager mode; their failures are not shrunk."""
    from hypothesis import Phase, settings

    set_up_hypothesis()
    settings.register_profile(
        "without shrinking",
        settings.get_profile("tapecheck"),
        phases=[Phase.explicit, Phase.generate],
    )
    settings.load_profile("without shrinking")
    found = {}
    for file in sorted(folder_of("lifecycle").glob("*.py")):
        specification = importlib.util.spec_from_file_location("lifecycle_" + file.stem, file)
        module = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(module)
        for function in vars(module).values():
            clause = clause_of(function)
            if clause is not None and "eager" in clause.modes:
                found[clause.id] = function
    settings.load_profile("default")
    return found


def failure(
    clause: str, function: Callable[..., None], namespace: Any, seed: int = 0
) -> Optional[BaseException]:
    """What a clause raises on a namespace; None where it holds."""
    sow(function, seed_of(seed, clause))
    try:
        function(tf=namespace, run=lambda program, *inputs: program(*inputs), devices=["CPU:0"])
    except BaseException as error:
        return error
    return None
