"""Cells in a real Firefox, where one is installed: driven through the WebDriver BiDi that it has built in."""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import websocket

pytestmark = pytest.mark.browser

NAMES = ("firefox", "firefox-esr")
SECONDS = 240  # for anything that is waited for, on a busy machine
KEYS = {"Control": "\ue009", "Enter": "\ue007", "Backspace": "\ue003"}
PREFERENCES = {
    "services.settings.server": "",
    "browser.shell.checkDefaultBrowser": False,
    "intl.locale.requested": "zh-CN",
}
VIOLATIONS = """() => document.addEventListener("securitypolicyviolation", (event) => {
  (window.blocked ??= []).push(event.blockedURI);
})"""


class Firefox:
    """A tab."""

    def __init__(self, address: str) -> None:
        self.socket = websocket.create_connection(address, suppress_origin=True, timeout=SECONDS)
        self.ids = count(1)
        self.send("session.new", capabilities={})
        self.tab = self.send("browsingContext.getTree")["contexts"][0]["context"]
        self.send("script.addPreloadScript", functionDeclaration=VIOLATIONS)

    def send(self, method: str, **params: Any) -> Any:
        """Ask for something; the answer."""
        number = next(self.ids)
        self.socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while (answer := json.loads(self.socket.recv())).get("id") != number:
            pass
        assert answer["type"] == "success", answer
        return answer["result"]

    def goto(self, address: str) -> None:
        self.send("browsingContext.navigate", context=self.tab, url=address, wait="complete")

    def evaluate(self, expression: str) -> Any:
        """Value of a JavaScript expression, which may be a promise."""
        text = f"Promise.resolve({expression}).then((value) => JSON.stringify(value ?? null))"
        answer = self.send("script.evaluate", expression=text, target={"context": self.tab}, awaitPromise=True)
        assert answer["type"] == "success", answer["exceptionDetails"]["text"]
        return json.loads(answer["result"]["value"])

    def wait(self, expression: str) -> None:
        """Wait for an expression to hold."""
        end = time.monotonic() + SECONDS
        while not self.evaluate(f"Boolean({expression})"):
            assert time.monotonic() < end, expression
            time.sleep(0.05)

    def click(self, selector: str) -> None:
        """Click in the middle of an element, which is scrolled into sight."""
        place = """async (element) => {
          for (let before; ; ) {  // until what loads above it moves it no more
            element.scrollIntoView({ block: "center", behavior: "instant" });
            await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 100)));
            const { x, y, width, height } = element.getBoundingClientRect();
            if (before === y) return [Math.round(x + width / 2), Math.round(y + height / 2)];
            before = y;
          }
        }"""
        self.wait(f"document.querySelector({selector!r})")
        x, y = self.evaluate(f"({place})(document.querySelector({selector!r}))")
        actions = [{"type": "pointerMove", "x": x, "y": y}, {"type": "pointerDown", "button": 0}]
        actions.append({"type": "pointerUp", "button": 0})
        self.send(
            "input.performActions", context=self.tab, actions=[{"type": "pointer", "id": "m", "actions": actions}]
        )

    def press(self, *keys: str) -> None:
        """Hold these keys down together."""
        values = [KEYS.get(key, key) for key in keys]
        actions = [{"type": "keyDown", "value": key} for key in values]
        actions += [{"type": "keyUp", "value": key} for key in reversed(values)]
        self.send("input.performActions", context=self.tab, actions=[{"type": "key", "id": "keys", "actions": actions}])

    def type(self, text: str) -> None:
        for letter in text:
            self.press("Enter" if letter == "\n" else letter)


@pytest.fixture(scope="module")
def firefox(tmp_path_factory: pytest.TempPathFactory, site_url: str, runtime: None) -> Iterator[Firefox]:
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip(f"no Firefox: none of {', '.join(NAMES)} is on PATH")
    profile: Path = tmp_path_factory.mktemp("firefox")
    lines = (f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in PREFERENCES.items())
    (profile / "user.js").write_text("".join(lines))
    command = [path, "--headless", "--no-remote", "--profile", str(profile), "--remote-debugging-port=0"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    server = profile / "WebDriverBiDiServer.json"
    try:
        end = time.monotonic() + SECONDS
        while not server.is_file() or not server.read_text():
            assert process.poll() is None and time.monotonic() < end, "Firefox does not start"
            time.sleep(0.1)
        made = Firefox(f"ws://127.0.0.1:{json.loads(server.read_text())['ws_port']}/session")
        yield made
        made.socket.close()
    finally:
        process.terminate()
        process.wait(SECONDS)


def open_page(firefox: Firefox, site_url: str) -> None:
    firefox.goto(f"{site_url}topics/lora/")
    firefox.evaluate("localStorage.clear()")  # the code that another test has written
    firefox.goto(f"{site_url}topics/lora/")
    firefox.wait("document.querySelector('.wiki-cell__run')")


def shown(firefox: Firefox, selector: str) -> str:
    return firefox.evaluate(f"document.querySelector({selector!r})?.textContent.trim()")


def test_firefox_gives_the_verified_output_from_this_site_alone(firefox: Firefox, site_url: str) -> None:
    open_page(firefox, site_url)
    firefox.click(".wiki-cell__run")
    firefox.wait("document.querySelector('.wiki-cell').dataset.state === 'done'")
    assert shown(firefox, ".wiki-cell__same") == "与核对过的输出相同"
    addresses = firefox.evaluate("performance.getEntriesByType('resource').map(({ name }) => name)")
    assert [address for address in addresses if not address.startswith(site_url)] == []
    assert firefox.evaluate("window.blocked") is None


def test_firefox_edits_runs_and_stops(firefox: Firefox, site_url: str) -> None:
    open_page(firefox, site_url)
    firefox.click(".wiki-cell > pre")
    firefox.wait("document.activeElement.matches('.cm-content')")
    firefox.press("Control", "a")
    firefox.press("Backspace")
    firefox.type("from browser.plot import lines\nlines([1, 2])\nprint(6 * 7)\nwhile 1: pass")
    firefox.press("Control", "Enter")
    printed = "[...document.querySelectorAll('.wiki-cell__output code')].map((code) => code.textContent.trim())"
    firefox.wait(f"{printed}.includes('42')")  # below the figure, in its order
    firefox.wait("document.querySelector('.wiki-cell__figure svg[role=img] path')")
    firefox.click(".wiki-cell__stop")
    firefox.wait("document.querySelector('.wiki-cell').dataset.state === 'failed'")
    assert shown(firefox, ".wiki-cell__status").startswith("已停止")
    assert shown(firefox, ".cm-content").endswith("while 1: pass")
