"""matplotlib's backend in the cells: draws as Agg does, and `plt.show()` puts the figures among what was printed."""

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from matplotlib import font_manager, rcParams
from matplotlib.backend_bases import FigureManagerBase
from matplotlib.backends.backend_agg import FigureCanvasAgg

# The names under which people ask for a Chinese font; what answers is the one that is there.
ASKED = ("SimHei", "SimSun", "Microsoft YaHei", "PingFang SC", "Heiti TC", "Noto Sans CJK SC", "Source Han Sans SC")
ASKED += ("WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "Arial Unicode MS", "STHeiti", "KaiTi", "FangSong")
FONT = Path(__file__).with_name("wiki_cjk.ttf")


class FigureManager(FigureManagerBase):
    """A figure that no window shows."""

    @classmethod
    def pyplot_show(cls, *, block: bool | None = None) -> None:
        """`plt.show()`."""
        import_module("run_cell").show_figures()


class FigureCanvas(FigureCanvasAgg):
    """Agg's, with that manager."""

    manager_class = FigureManager  # type: ignore[assignment]


def add_font(path: Path, manager: Any, params: Any) -> None:
    """Let labels be Chinese, also under the names of fonts that other systems have."""
    manager.addfont(path)
    ours = manager.ttflist[-1]
    manager.ttflist.extend(replace(ours, name=name) for name in ASKED)
    params["font.sans-serif"] = [*params["font.sans-serif"][:1], ours.name]
    params["axes.unicode_minus"] = True


if FONT.is_file():
    add_font(FONT, font_manager.fontManager, rcParams)
