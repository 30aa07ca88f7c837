"""The vocabulary of scripts."""

from __future__ import annotations

WORDS = {
    "arrays": "tensors with axes",
    "batch_jacobian": "batch jacobians",
    "captured": "constants that the program finds, instead of being given",
    "elementary": "sines and cosines",
    "exceptions": "blocks that exceptions leave, operations that fail",
    "inside": "questions inside the block of the tape that is asked",
    "jacobian": "jacobians",
    "late": "watching what recorded operations have used before",
    "looped": "jacobians that are computed row by row",
    "memory": "deletion of tensors and tapes, and what is released then",
    "misuse": "what is refused, beside answers, pauses and resets of a used tape",
    "nested": "several tapes at once",
    "observed": "what nobody promises: used tapes that are entered again, answers "
    "of other than persistent tapes in a pause, tensors of other threads",
    "output_gradients": "cotangents given by the caller",
    "overlap": "blocks and pauses that do not end in the reverse order of their beginning",
    "persistent": "persistent tapes",
    "reset": "reset",
    "stop_recording": "pauses",
    "struct": "sources in dicts",
    "threads": "tapes in several threads that take turns",
    "unconnected_zero": "zeros instead of None",
    "variables": "variables",
}
"""What scripts may be made of."""
