"""The errors that operations raise, named as in ``tf.errors``."""


class OpError(Exception):
    """An operation could not be carried out."""

    @property
    def message(self) -> str:
        """What was wrong."""
        return str(self)


class InvalidArgumentError(OpError):
    """The values, shapes or dtypes given to an operation do not fit it."""


class UnimplementedError(OpError):
    """The operation exists, but not for these arguments."""
