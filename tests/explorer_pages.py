"""The explorer in a browser: a server over a run, and what a reader does with its page."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from browser import errors, get, requests, wait, wear
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys


@contextmanager
def served(run: Path, *options: str, environment: Mapping[str, str] | None = None) -> Iterator[str]:
    """The address of a server over the run; it ends with Ctrl-C at once, as it is meant to."""
    command = [sys.executable, "-m", "repdiff", "explore", str(run), "--no-browser", *options]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as server:  # fmt: skip
        try:
            assert server.stdout is not None
            yield server.stdout.readline().strip()
            began = time.monotonic()
            server.send_signal(signal.SIGINT)
            out, told = server.communicate(timeout=20)
            assert (server.returncode, out, told) == (0, "", "")
            assert time.monotonic() - began < 10
        finally:
            server.kill()


@contextmanager
def opened(chrome: webdriver.Chrome, address: str) -> Iterator[webdriver.Chrome]:
    """The page, freshly opened; nothing may be complained of, and nobody else be asked, until the end."""
    size = {"width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    wear(chrome, dark=False)
    chrome.get("about:blank")
    for kind in ("browser", "performance"):
        chrome.get_log(kind)
    visit(chrome, address)
    yield chrome
    assert errors(chrome) == []
    home = address.partition("?")[0]
    assert [one for one in requests(chrome) if not one.startswith((home, "about:"))] == []
    assert get(chrome, "document.querySelectorAll('script:not([src]):not([type])').length") == 0  # nothing of the run


def visit(browser: webdriver.Chrome, address: str) -> None:
    browser.get(address)
    wait(browser, "'ready' in document.documentElement.dataset")


def press(browser: webdriver.Chrome, *keys: str) -> None:
    ActionChains(browser).send_keys(*keys).perform()


def click(browser: webdriver.Chrome, selector: str) -> None:
    """Wait for an element, and click it."""
    wait(browser, f"document.querySelector({json.dumps(selector)}) !== null")
    element = browser.find_element(By.CSS_SELECTOR, selector)
    browser.execute_script("arguments[0].scrollIntoView({ block: 'center', behavior: 'instant' })", element)
    element.click()


def write(browser: webdriver.Chrome, selector: str, text: str) -> None:
    click(browser, selector)
    field = browser.find_element(By.CSS_SELECTOR, selector)
    field.clear()
    field.send_keys(text)
    press(browser, Keys.TAB)


def text(browser: webdriver.Chrome, selector: str) -> str:
    return str(get(browser, "document.querySelector(arguments[0])?.textContent ?? ''", selector))


def shows(browser: webdriver.Chrome, selector: str, words: str, *, seconds: int = 10) -> None:
    """Wait until an element's text holds these words."""
    found = "(document.querySelector(arguments[0])?.textContent ?? '').includes(arguments[1])"
    for _ in range(20 * seconds):
        if get(browser, found, selector, words):
            return
        time.sleep(0.05)
    raise AssertionError(f"{selector} says {text(browser, selector)!r}, not {words!r}")


def choose(browser: webdriver.Chrome, selector: str, value: str) -> None:
    """Choose an entry of a list by keys, as a reader does."""
    entry = browser.find_element(By.CSS_SELECTOR, f"{selector} option[value='{value}']")
    entry.click()


def draw_round(browser: webdriver.Chrome, points: list[tuple[float, float]]) -> None:
    chain = ActionChains(browser, duration=30)
    pointer = chain.w3c_actions.pointer_action
    pointer.move_to_location(round(points[0][0]), round(points[0][1])).pointer_down()
    for left, top in [*points[1:], points[0]]:
        pointer.move_to_location(round(left), round(top))
    pointer.pointer_up()
    chain.perform()
