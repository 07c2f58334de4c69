"""`torch.utils.tensorboard`: training scripts write there; a page has nobody who would read it."""

from typing import Any

from .._notice import once


class SummaryWriter:
    """Takes what it is given, and keeps none of it."""

    def __init__(self, log_dir: str | None = None, *args: Any, **kwargs: Any) -> None:
        once("torch.utils.tensorboard", "nothing is written in the browser; plot the numbers with matplotlib")
        self.log_dir = log_dir or "runs"

    def get_logdir(self) -> str:
        """Where it would have been written."""
        return self.log_dir

    def add_scalar(self, tag: str, *args: Any, **kwargs: Any) -> None:
        """Nothing."""

    add_scalars = add_histogram = add_image = add_images = add_figure = add_text = add_graph = add_scalar
    add_embedding = add_pr_curve = add_hparams = add_video = add_audio = add_mesh = add_custom_scalars = add_scalar

    def flush(self) -> None:
        """Nothing."""

    close = flush

    def __enter__(self) -> "SummaryWriter":
        return self

    def __exit__(self, *error: object) -> None:
        pass
