"""What stands in for downloads, under the Python at hand: texts, pictures, and how code comes by them."""

import importlib
import sys
import urllib.error
import urllib.request

import pytest

from browser.python import cell_extras
from browser.python.run_cell import Cells
from publish.runtime import pack, packages

# Readers leave files open.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")

ON_IMPORT = set(pack.ON_IMPORT["classics"])  # the modules that bring them
SHAKESPEARE = "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt"


@pytest.fixture
def classics(monkeypatch, tmp_path):
    """The archive as it lies in a page, without the real `requests`."""
    monkeypatch.chdir(tmp_path)
    for name in [
        name for name in sys.modules if name.partition(".")[0] in {"IPython", "classics", "requests", "torchvision"}
    ]:
        monkeypatch.delitem(sys.modules, name)
    for place, content in packages.classics().items():
        path = tmp_path / "site-packages" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    monkeypatch.syspath_prepend(str(tmp_path / "site-packages"))
    for name in ("urlopen", "urlretrieve"):
        monkeypatch.setattr(urllib.request, name, getattr(urllib.request, name))
    yield importlib.import_module("classics")
    for name in [
        name for name in sys.modules if name.partition(".")[0] in {"IPython", "classics", "requests", "torchvision"}
    ]:
        monkeypatch.delitem(sys.modules, name)


def test_texts_have_the_letters_of_what_they_stand_in_for_and_say_what_they_are(classics, capsys):
    play = classics.content(SHAKESPEARE).decode()
    marks = "\n !$&',-.3:;?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    assert "".join(sorted(set(play))) == marks and len(marks) == 65
    assert "no Shakespeare" in play[:100] and "not Shakespeare" in capsys.readouterr().err
    classics.content(SHAKESPEARE)
    assert capsys.readouterr().err == ""  # once is enough
    names = classics.texts.names().split()
    assert len(names) == len(set(names)) == 4000
    assert set("".join(names)) == set("abcdefghijklmnopqrstuvwxyz") and max(map(len, names)) <= 15


def test_requests_answers_the_classics_and_nothing_else(classics):
    requests = importlib.import_module("requests")
    answer = requests.get(SHAKESPEARE)
    answer.raise_for_status()
    assert (answer.status_code, answer.text[:8], len(answer.content)) == (200, "A VOICE:", len(answer.text))
    with pytest.raises(requests.exceptions.RequestException, match="no network"):
        requests.get("https://example.org/data.csv")


def test_urllib_answers_the_classics_and_nothing_else(classics, tmp_path):
    classics.install()
    urllib.request.urlretrieve("https://example.org/makemore/names.txt", "names.txt")
    with urllib.request.urlopen("https://example.org/makemore/names.txt") as answer:
        assert answer.read() == (tmp_path / "names.txt").read_bytes()
    with pytest.raises(urllib.error.URLError, match="no network"):
        urllib.request.urlopen("https://example.org/data.csv")


def run(code):
    cells, told = Cells(), []
    groups = cells.imports(code)
    if not ON_IMPORT.isdisjoint(groups):
        cells.came("classics")
    answer = cells.run("p", "1", code, "", lambda event, fields: told.append(fields.get("text", "")))
    return groups, answer, "".join(told)


@pytest.mark.parametrize(
    "code",
    [
        f"!wget {SHAKESPEARE}\nprint(open('input.txt').read()[:8])",
        f"!curl -L {SHAKESPEARE} -o mine.txt\nprint(open('mine.txt').read()[:8])",
        f"    \nif True:\n    !wget -O mine.txt {SHAKESPEARE}\n    print(open('mine.txt').read()[:8])",
        "print(open('input.txt', 'r', encoding='utf-8').read()[:8])",
        "with open('input.txt') as f:\n    text = f.read()\nprint(text[:8])",
        f"import requests\nprint(requests.get('{SHAKESPEARE}').text[:8])",
        f"import urllib.request\nprint(urllib.request.urlopen('{SHAKESPEARE}').read().decode()[:8])",
    ],
)
def test_tutorials_come_by_their_text(classics, monkeypatch, code):
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    groups, answer, told = run(code)
    assert not ON_IMPORT.isdisjoint(groups)
    assert "error" not in answer and "A VOICE:\n" in told


def test_a_file_of_the_readers_own_is_left_as_it_is(classics, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    (tmp_path / "input.txt").write_text("mine")
    assert run("print(open('input.txt').read())")[2] == "mine\n"


def test_code_without_them_asks_for_nothing(classics):
    assert Cells().imports("import math\nopen('other.txt')") == ["math"]


def test_bars_of_notebooks_are_the_plain_ones():
    tqdm = pytest.importorskip("tqdm")
    before = tqdm.tqdm.monitor_interval
    try:
        cell_extras.came("tqdm")
        notebook = importlib.import_module("tqdm.notebook")
        assert notebook.tqdm is tqdm.tqdm and notebook.trange is tqdm.trange
        assert list(notebook.trange(3, disable=True)) == [0, 1, 2] and tqdm.tqdm.monitor_interval == 0
    finally:
        tqdm.tqdm.monitor_interval = before
        sys.modules.pop("tqdm.notebook", None)
        del tqdm.notebook


def test_digits_and_clothes_are_pictures_that_can_be_learned(classics):
    np = pytest.importorskip("numpy")
    digits = importlib.import_module("classics.digits")
    for kind in ("digits", "clothes"):
        grey, shown = digits.pictures(kind, True)
        again, _ = digits.pictures.__wrapped__(kind, True)
        assert (grey.shape, grey.dtype, grey.max()) == ((3000, 28, 28), np.uint8, 255) and (again == grey).all()
        assert (np.bincount(shown) == 300).all()
        test, truth = digits.pictures(kind, False)
        assert not (test[:, None] == grey[None, :50]).all((2, 3)).any()
        means = np.stack([grey[shown == label].mean(0) for label in range(10)]).reshape(10, -1)
        means /= np.linalg.norm(means, axis=1, keepdims=True)
        assert ((test.reshape(600, -1) @ means.T).argmax(1) == truth).mean() > 0.7


def test_torchvision_gives_what_a_first_lesson_asks_of_it(classics, capsys):
    torch = pytest.importorskip("torch")
    torchvision = importlib.import_module("torchvision")
    from torch.utils.data import DataLoader

    transforms = torchvision.transforms
    chain = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
    train = torchvision.datasets.MNIST("./data", train=True, download=True, transform=chain)
    assert "drawn by this site" in capsys.readouterr().err
    assert repr(train).splitlines() == [
        "Dataset MNIST",
        "    Number of datapoints: 3000",
        "    Root location: ./data",
        "    Split: Train",
        "    StandardTransform",
        "Transform: Compose(",
        "               ToTensor()",
        "               Normalize(mean=(0.1307,), std=(0.3081,))",
        "           )",
    ]
    images, labels = next(iter(DataLoader(train, batch_size=64, shuffle=True)))
    assert images.shape == (64, 1, 28, 28) and images.dtype == torch.float32 and labels.dtype == torch.int64
    bare, _ = torchvision.datasets.FashionMNIST("data", train=False)[0]
    assert (bare.size, bare.mode, repr(bare)) == ((28, 28), "L", "<PIL.Image.Image image mode=L size=28x28>")
    assert torch.equal(transforms.ToTensor()(bare) * 255, torch.from_numpy(bare.values).float()[None])
    assert transforms.Compose([transforms.Resize(32), transforms.ToTensor()])(bare).shape == (1, 32, 32)
    for size in (14, 20, 47):
        expected = torch.nn.functional.interpolate(images, size=size, mode="bilinear", antialias=True)
        assert torch.allclose(transforms.Resize(size)(images), expected, atol=1e-5)
    assert transforms.Pad(2)(images).shape[-2:] == (32, 32)
    assert torchvision.utils.make_grid(images[:10], nrow=5).shape == (3, 62, 152)
    for holder, name in ((torchvision, "models"), (torchvision.datasets, "CIFAR10"), (transforms, "ColorJitter")):
        with pytest.raises(AttributeError, match="not in the page"):
            getattr(holder, name)
