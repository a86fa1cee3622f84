"""A headless Chromium, and what a reader does with a map in it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.actions.wheel_input import ScrollOrigin
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

_ARGUMENTS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
)  # fmt: skip


# What the maps show, as JavaScript.
LAYERS = "Bokeh.documents[0].roots().map((root) => root.renderers.find((r) => r.name === 'loud'))"
SELECTED = f"{LAYERS}.map((layer) => Array.from(layer.data_source.selected.indices))"
COLOURED = f"{LAYERS}.map((layer) => Array.from(layer.view.filter.indices))"
CLUSTERS = f"Array.from({LAYERS}[0].data_source.data.cluster)"
PALETTE = f"{LAYERS}[0].glyph.fill_color.transform.palette"


@contextmanager
def chromium(folder: Path) -> Iterator[webdriver.Chrome]:
    """A browser with a profile of its own; downloads go into ``folder``."""
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if binary is None or driver is None:
        if os.environ.get("REPDIFF_REQUIRE_BROWSER"):
            pytest.fail("chromium and chromedriver are required, but not on the path")
        pytest.skip("needs chromium and chromedriver")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for argument in (*_ARGUMENTS, f"--user-data-dir={folder / 'profile'}"):
        options.add_argument(argument)
    options.add_experimental_option("prefs", {"download.default_directory": str(folder)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = webdriver.Chrome(options=options, service=Service(driver))
    try:
        yield browser
    finally:
        browser.quit()


def visit(browser: webdriver.Chrome, page: Path, *, width: int = 1280, dark: bool = False) -> None:
    """Open a report and wait until its maps are drawn."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    wear(browser, dark=dark)
    for kind in ("browser", "performance"):
        browser.get_log(kind)
    browser.get(page.as_uri())
    wait(browser, "'ready' in document.documentElement.dataset")


def wear(browser: webdriver.Chrome, *, dark: bool) -> None:
    """Light or dark, as the system would ask; without motion, so that what is scrolled to stays where it is."""
    features = {"prefers-color-scheme": "dark" if dark else "light", "prefers-reduced-motion": "reduce"}
    asked = [{"name": name, "value": value} for name, value in features.items()]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": asked})


def scroll_to(browser: webdriver.Chrome, selector: str) -> Any:
    """An element, in the middle of the window, after the page has taken note of the scrolling."""
    element = browser.find_element(By.CSS_SELECTOR, selector)
    browser.execute_async_script(
        "arguments[0].scrollIntoView({ block: 'center' });"
        "requestAnimationFrame(() => requestAnimationFrame(() => arguments[1]()));",
        element,
    )
    return element


def click(browser: webdriver.Chrome, selector: str) -> None:
    """Scroll an element into sight and click it."""
    scroll_to(browser, selector).click()


def wait(browser: webdriver.Chrome, condition: str) -> None:
    """Wait until a JavaScript expression holds."""
    WebDriverWait(browser, 20, 0.05).until(lambda _: browser.execute_script(f"return {condition}"), condition)


def get(browser: webdriver.Chrome, expression: str, *arguments: Any) -> Any:
    """The value of a JavaScript expression."""
    return browser.execute_script(f"return {expression}", *arguments)


def errors(browser: webdriver.Chrome) -> list[str]:
    """What the console complained of."""
    return [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]


def requests(browser: webdriver.Chrome) -> list[str]:
    """Addresses that the page asked for, data in itself apart."""
    events = (json.loads(entry["message"])["message"] for entry in browser.get_log("performance"))
    asked = (event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent")
    return [address for address in asked if not address.startswith(("data:", "blob:"))]


_PLACES = """
const figure = Bokeh.documents[0].roots().find((root) => root.name === arguments[0]);
document.getElementById(figure.name).scrollIntoView({ block: "center" });
const { el, frame } = Bokeh.index.get(figure);
const canvas = el.getBoundingClientRect();
const share = (value, range) => (value - range.start) / (range.end - range.start);
return arguments[1].map(([x, y]) => [
  canvas.left + frame.bbox.left + share(x, figure.x_range) * frame.bbox.width,
  canvas.top + frame.bbox.top + (1 - share(y, figure.y_range)) * frame.bbox.height,
]);
"""


def screen(browser: webdriver.Chrome, side: str, points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Where points of a map, in its own coordinates, are on the screen; the map is scrolled into sight."""
    return [(x, y) for x, y in browser.execute_script(_PLACES, f"map-{side}", points)]


def draw(browser: webdriver.Chrome, side: str, points: list[tuple[float, float]]) -> None:
    """Press the mouse at the first point of a map, drag it over the others, and let go."""
    first, *others = screen(browser, side, points)
    chain = ActionChains(browser, duration=30)
    pointer = chain.w3c_actions.pointer_action
    pointer.move_to_location(round(first[0]), round(first[1])).pointer_down()
    for x, y in others:
        pointer.move_to_location(round(x), round(y))
    pointer.pointer_up()
    chain.perform()


def point_at(browser: webdriver.Chrome, side: str, point: tuple[float, float]) -> None:
    """Move the mouse to a point of a map."""
    [(x, y)] = screen(browser, side, [point])
    chain = ActionChains(browser, duration=20)
    chain.w3c_actions.pointer_action.move_to_location(round(x) - 2, round(y)).move_to_location(round(x), round(y))
    chain.perform()


def turn_wheel(browser: webdriver.Chrome, side: str, point: tuple[float, float]) -> None:
    """Turn the mouse wheel up over a point of a map."""
    [(x, y)] = screen(browser, side, [point])
    ActionChains(browser).scroll_from_origin(ScrollOrigin.from_viewport(round(x), round(y)), 0, -240).perform()
