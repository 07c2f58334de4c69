"""`torch.jit.annotations`: the names of types that libraries take from there."""

from typing import Any, Dict, List, Optional, Tuple  # noqa: F401, UP035 - names of torch's
