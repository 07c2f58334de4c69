"""`torch.utils`: nothing yet but the place, so that what is missing in it says its full name."""

from typing import Any


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(name)
    raise NotImplementedError(
        f"torch.utils.{name} is not in the browser's torch; print(dir(torch)) lists what there is"
    )
