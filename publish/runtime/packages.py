"""Python as Pyodide loads it: wheels and the lock that names them, and what is our own beside them."""

import hashlib
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from hatchling.builders.wheel import WheelBuilder
from pyodide_lock import InfoSpec, PackageSpec, PyodideLockSpec
from pyodide_lock.utils import add_wheels_to_spec

from publish.runtime.assets import Asset, Lock
from publish.runtime.compile import compiled, unzipped, zipped
from publish.runtime.fonts import subset
from publish.runtime.pack import BROWSER, ROOT, archive, read

MODELS = ("__init__.py", "blank.py", "blank.json", "tokenizers.py", "tokenizers.json")  # of widgets/models/


def shipped(asset: Asset, content: bytes, group: Iterable[tuple[Asset, bytes]], cache: Path) -> tuple[Asset, bytes]:
    """A file as it is shipped: where our lock asks for it, archives of Python as bytecode, fonts cut down.

    Args:
        asset: What it is.
        content: As it was fetched.
        group: All that was fetched of its group: fontTools is there for fonts.
        cache: Folder for what is made.

    Raises:
        AssetError: It holds what is no valid Python, or cannot be cut down.
    """
    if asset.subset:
        tools = next((found for other, found in group if other.name == "fonttools"), b"")
        return asset, subset(content, tools, cache)
    if asset.optimize is None:
        return asset, content
    folder, _, name = asset.to.rpartition("/")
    name, content = compiled(name, content, asset.optimize, cache)
    return replace(asset, to=f"{folder}/{name}", sha256=hashlib.sha256(content).hexdigest()), content


def own(lock: Lock, assets: Iterable[Asset], cache: Path) -> dict[str, bytes]:
    """What we add to the core group, by path: Pyodide's lock, our torch where the runtime has it, the cell's archive.

    Args:
        lock: For the runtime in use.
        assets: The files that are there, as they are shipped.
        cache: Folder for what was compiled.
    """
    runtime = lock.runtimes[lock.runtime]
    spec = locked(lock, assets)
    files = dict([archive("wiki", cell(cache))])
    if runtime.shim:
        spec, content = with_torch(spec, cache)
        files[f"{runtime.index}{spec.packages['torch'].file_name}"] = content
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "pyodide-lock.json")
        spec.to_json(path, indent=1)
        return files | {f"{runtime.index}{path.name}": path.read_bytes()}


def locked(lock: Lock, assets: Iterable[Asset]) -> PyodideLockSpec:
    """What `pyodide-lock.json` is to say: only the wheels that are there."""
    packages = {
        asset.name: PackageSpec(
            name=asset.name,
            version=asset.version,
            file_name=asset.to.rpartition("/")[2],
            install_dir="site",
            sha256=asset.sha256,
            imports=asset.package["imports"],
            depends=asset.package["depends"],
        )
        for asset in assets
        if asset.package is not None
    }
    told = lock.pyodide
    info = InfoSpec(
        platform=told["platform"], python=told["python"], version=told["version"], abi_version=told["abi_version"]
    )
    return PyodideLockSpec(info=info, packages=packages)


def torch_wheel(folder: Path) -> Path:
    """The browser's torch as a wheel of source in a folder."""
    return Path(next(WheelBuilder(str(BROWSER / "torch")).build(directory=str(folder))))


def with_torch(spec: PyodideLockSpec, cache: Path) -> tuple[PyodideLockSpec, bytes]:
    """A lock with our torch in it, and torch's wheel. Its file is named by its content: the version says too little."""
    with tempfile.TemporaryDirectory() as folder:
        wheel = torch_wheel(Path(folder))
        spec = add_wheels_to_spec(spec, [wheel])
        name, content = compiled(wheel.name, wheel.read_bytes(), 0, cache)
    package = spec.packages["torch"]
    package.sha256 = hashlib.sha256(content).hexdigest()
    package.file_name = "-".join(["torch", package.sha256[:12], *name.split("-")[2:]])
    return spec, content


def classics() -> dict[str, bytes]:
    """What stands in for downloads: each of its modules under the name by which code imports it."""
    root = BROWSER / "classics"
    places = {path.relative_to(root).as_posix(): read(path) for path in sorted(root.rglob("*.py"))}
    outer = ("IPython/", "requests.py", "torchvision/")
    return {place if place.startswith(outer) else f"classics/{place}": content for place, content in places.items()}


def cell(cache: Path) -> dict[str, bytes]:
    """What is unpacked into site-packages beside the wheels: the snippets, and what runs a page's blocks.

    That goes as bytecode where it can be had, since every start imports it.
    """
    files = {f"snippets/{path.name}": read(path) for path in (ROOT / "snippets").glob("*.py")}
    files |= {f"browser/{name}": read(BROWSER / name) for name in ("__init__.py", "plot.py", "charts.py")}
    files |= {"widgets/__init__.py": read(ROOT / "widgets" / "__init__.py")}
    models = ROOT / "widgets" / "models"
    files |= {f"widgets/models/{name}": read(models / name) for name in MODELS}
    source = zipped({path.name: read(path) for path in (BROWSER / "python").glob("*.py")})
    return files | unzipped(compiled("run_cell.zip", source, 0, cache)[1])
