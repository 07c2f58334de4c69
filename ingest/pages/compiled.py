"""Templates' code, which takes longer to make than to run, kept by whoever renders."""

from collections.abc import MutableMapping

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket


class Compiled(BytecodeCache):
    """Code of templates by their names; of one whose text is another by now, or of another Python's, it has none.

    Args:
        code: What is known, and where what is new goes; from nowhere but memory that is signed, as it is run.
    """

    def __init__(self, code: MutableMapping[str, bytes]) -> None:
        self._code = code

    def load_bytecode(self, bucket: Bucket) -> None:
        """As Jinja asks for it."""
        bucket.bytecode_from_string(self._code.get(bucket.key, b""))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """As Jinja asks for it."""
        self._code[bucket.key] = bucket.bytecode_to_string()
