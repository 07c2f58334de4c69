"""Says once what does nothing here."""

import warnings

_said: set[str] = set()


def once(name: str, text: str) -> None:
    """A warning that `name` does nothing in the browser, the first time that it is used."""
    if name not in _said:
        _said.add(name)
        warnings.warn(f"{name}: {text}", stacklevel=3)
