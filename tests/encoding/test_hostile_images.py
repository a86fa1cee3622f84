"""A folder of hostile images: each is embedded as what it shows, or skipped and named, in bounded time and memory."""

from __future__ import annotations

import io
import json
import os
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from encoders import Watched, command, values_of
from PIL import Image

from repdiff.inputs import read_embeddings
from repdiff.inputs.encoded import manifest_path

RED, GREEN, BLUE, WHITE, GREY = (1, 0, 0), (0, 0.5, 0), (0, 0, 1), (1, 1, 1), (0.5, 0.5, 0.5)
NOT_UTF8 = b"caf\xe9.png"


def encoded(image: Image.Image, suffix: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, suffix, **options)
    return file.getvalue()


def plain(mode: str = "RGB", size: tuple[int, int] = (40, 30), colour: Any = "red") -> Image.Image:
    return Image.new(mode, size, colour)


def halves(left: Any, right: Any) -> Image.Image:
    """40 x 20 pixels of two colours side by side."""
    image = plain(size=(40, 20), colour=left)
    image.paste(right, (20, 0, 40, 20))
    return image


def noise(side: int = 100) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8))


def png(width: int, height: int, *, data: bytes, more: bytes = b"", bits: int = 8, colours: int = 2) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, bits, colours, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + more + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")
    )


def exif(orientation: int) -> Image.Exif:
    found = Image.Exif()
    found[0x0112] = orientation
    return found


def palette_with_transparency() -> bytes:
    image = plain("P", colour=1)
    image.putpalette([0, 0, 255, 255, 0, 0])
    return encoded(image, "PNG", transparency=1)


def animated() -> bytes:
    frames = [plain(colour=colour) for colour in ("blue", "red", "green")]
    return encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])


@dataclass(frozen=True)
class Shown:
    """The file, and the mean colours of its left and right half."""

    data: bytes | Callable[[], bytes]
    left: tuple[float, float, float]
    right: tuple[float, float, float] | None = None


EMBEDDED = {
    "animated.gif": Shown(animated, BLUE),
    "grey-16-bits.png": Shown(lambda: encoded(Image.fromarray(np.full((9, 9), 32768, np.uint16)), "PNG"), GREY),
    "grey-16-bits.tiff": Shown(lambda: encoded(Image.fromarray(np.full((9, 9), 32768, np.uint16)), "TIFF"), GREY),
    "float.tiff": Shown(lambda: encoded(Image.fromarray(np.full((9, 9), 0.5, np.float32)), "TIFF"), GREY),
    "one-bit.png": Shown(lambda: encoded(plain("1", colour=1), "PNG"), WHITE),
    "cmyk.jpg": Shown(lambda: encoded(plain("CMYK", colour=(0, 255, 255, 0)), "JPEG", quality=95), RED),
    "lab.tiff": Shown(lambda: encoded(plain("LAB", colour=(255, 128, 128)), "TIFF"), WHITE),
    "palette.png": Shown(palette_with_transparency, WHITE),
    "alpha.png": Shown(lambda: encoded(plain("RGBA", colour=(255, 0, 0, 0)), "PNG"), WHITE),
    "alpha.webp": Shown(lambda: encoded(plain("RGBA", colour=(0, 0, 0, 0)), "WEBP", lossless=True), WHITE),
    "rotated.jpg": Shown(lambda: encoded(halves("red", "blue"), "JPEG", quality=95, exif=exif(3)), BLUE, RED),
    "rotated.png": Shown(
        lambda: encoded(halves("red", "blue").rotate(90, expand=True), "PNG", exif=exif(6)), RED, BLUE
    ),
    "broken-exif.jpg": Shown(lambda: encoded(plain(), "JPEG", quality=95, exif=b"Exif\0\0II*\0\xff\xff\xff\xff"), RED),
    "one-pixel.bmp": Shown(lambda: encoded(plain(size=(1, 1)), "BMP"), RED),
    "line-across.png": Shown(lambda: encoded(plain(size=(10_000, 1)), "PNG"), RED),
    "line-down.png": Shown(lambda: encoded(plain(size=(1, 10_000)), "PNG"), RED),
    # One after the other, so that several processes come upon them at the same time.
    "49-megapixels-1.png": Shown(lambda: encoded(plain("L", (7000, 7000), 255), "PNG", compress_level=1), WHITE),
    "49-megapixels-2.png": Shown(lambda: encoded(plain("LA", (7000, 7000), (0, 0)), "PNG", compress_level=1), WHITE),
    "49-megapixels-3.png": Shown(lambda: encoded(plain("RGB", (7000, 7000)), "PNG", compress_level=1), RED),
    "49-megapixels-4.png": Shown(lambda: encoded(plain("LA", (7000, 7000), (0, 0)), "PNG", compress_level=1), WHITE),
    "a jpeg.png": Shown(lambda: encoded(plain(), "JPEG", quality=95), RED),
    "two\nlines.png": Shown(lambda: encoded(plain(), "PNG"), RED),
    "-o.png": Shown(lambda: encoded(plain(), "PNG"), RED),
    "<b>&'\"%s{0}.png": Shown(lambda: encoded(plain(), "PNG"), RED),
    "\u202eright to left \U0001f600.PNG": Shown(lambda: encoded(plain(), "PNG"), RED),
    "data after the end.png": Shown(lambda: encoded(plain(), "PNG") + b"<script>" * 99, RED),
}

SKIPPED: dict[str, tuple[bytes | Callable[[], bytes], str]] = {
    "nothing.png": (b"", "is empty"),
    "text.png": (b"This is no image.\n", "is not an image in a known format"),
    "zeros.jpg": (bytes(5000), "is not an image in a known format"),
    "truncated.png": (lambda: encoded(noise(), "PNG")[:9000], "cannot be decoded"),
    "truncated.jpg": (lambda: encoded(noise(), "JPEG")[:3000], "cannot be decoded"),
    "truncated.webp": (lambda: encoded(noise(), "WEBP")[:3000], "cannot be decoded"),
    "header-only.png": (lambda: encoded(noise(), "PNG")[:33], "is not an image in a known format"),
    "flipped-bytes.png": (lambda: encoded(noise(), "PNG").replace(b"IDAT", b"IDAX"), "is not an image in a known"),
    "400-megapixels.png": (
        lambda: png(20_000, 20_000, data=bytes(20_000 * 2501), bits=1, colours=0), "more than 50 megapixels"
    ),
    "endless.png": (lambda: png(2**31 - 1, 2**31 - 1, data=b""), "50 megapixels"),
    "no-pixels.png": (lambda: png(0, 0, data=b""), "is not an image in a known format"),
    "postscript.jpg": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n", "is not an image in a known"),
    "drawing.png": (b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>", "is not an image in a known"),
}  # fmt: skip

SPECIAL = {
    "pipe.png": "is not a regular file",
    "dangling.png": "is a broken link",
    "loop.png": "cannot be read",
    "device.png": "is not a regular file",
    "caf\\xe9.png": "has a name that is not UTF-8",
}


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("hostile")
    folder = root / "images"
    folder.mkdir()
    for name, data in [*((name, shown.data) for name, shown in EMBEDDED.items()), *_bad()]:
        (folder / name).write_bytes(data() if callable(data) else data)
    os.mkfifo(folder / "pipe.png")
    (folder / "dangling.png").symlink_to("nowhere.png")
    (folder / "loop.png").symlink_to("loop.png")
    (folder / "device.png").symlink_to("/dev/zero")
    plain(colour="green").save(root / "outside.png")
    (folder / "link-out.png").symlink_to(root / "outside.png")
    Path(os.fsdecode(os.fsencode(folder) + b"/" + NOT_UTF8)).write_bytes(encoded(plain(), "PNG"))
    (folder / ".hidden.png").write_bytes(b"")
    (folder / "notes.txt").write_text("no image")
    (folder / "again").symlink_to(folder)  # a folder within itself
    return folder


def _bad() -> list[tuple[str, Any]]:
    return [(name, data) for name, (data, _) in SKIPPED.items()]


@pytest.fixture(scope="module")
def job(hostile: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Watched, Path]:
    """The command, run to its end by a process of its own."""
    path = tmp_path_factory.mktemp("job") / "x.npz"
    arguments = ("encode", "--model", "pixels?size=2", "--items", hostile, "-o", path, "--batch", 8, "--workers", 4)
    return Watched(command(*arguments), timeout=120), path


def test_there_are_more_than_thirty():
    assert len(EMBEDDED) + len(SKIPPED) + len(SPECIAL) > 40


def test_the_job_ends_well_within_a_gigabyte(job):
    watched, _ = job
    assert watched.code == 0, watched.err
    assert 50e6 < watched.peak < 1e9


def test_each_is_embedded_as_what_it_shows(job):
    found = read_embeddings(job[1])
    by_name = dict(zip(found.ids.tolist(), values_of(job[1]).reshape(-1, 2, 2, 3), strict=True))
    assert set(by_name) == {*EMBEDDED, "link-out.png"}
    for name, shown in {**EMBEDDED, "link-out.png": Shown(b"", GREEN)}.items():
        left, right = by_name[name].mean(axis=0)
        np.testing.assert_allclose(left, shown.left, atol=0.2 if "rotated" in name else 0.02, err_msg=name)
        expected = shown.left if shown.right is None else shown.right
        np.testing.assert_allclose(right, expected, atol=0.2 if "rotated" in name else 0.02, err_msg=name)


def test_each_that_is_skipped_is_named_with_the_reason(job):
    manifest = json.loads(manifest_path(job[1]).read_text(encoding="utf-8"))
    reasons = {entry["id"]: entry["reason"] for entry in manifest["skipped"]}
    expected = {**{name: reason for name, (_, reason) in SKIPPED.items()}, **SPECIAL}
    assert set(reasons) == set(expected)
    for name, reason in expected.items():
        assert reason in reasons[name]
        assert reasons[name].startswith(name)
        assert reasons[name].isprintable()
    assert manifest["items"]["passed_over"] == {"hidden": 1, "not images": 1, "folders met twice": 1}
    assert manifest["items"]["n_listed"] == len(EMBEDDED) + 1 + len(expected)


def test_what_is_told_is_printable(job):
    watched, _ = job
    n = len(SKIPPED) + len(SPECIAL)
    assert f"{len(EMBEDDED) + 1}, {n} skipped; 1 ignored (hidden); 1 ignored (not images)" in watched.out
    assert f"... and {n - 5} more, named in" in watched.out
    assert watched.out.replace("\n", "").isprintable()


def test_a_table_may_name_them_too(hostile, tmp_path):
    names = [*EMBEDDED, *SKIPPED, *SPECIAL]
    table = tmp_path / "t.csv"
    pd.DataFrame({"image": [*names, "../outside.png", "again", "x" * 5000, "/dev/zero"]}).to_csv(table, index=False)
    arguments = (
        "encode",
        "-m",
        "pixels?size=2",
        "--items",
        table,
        "--images",
        hostile,
        "-o",
        tmp_path / "x.npz",
        "--workers",
        2,
    )
    watched = Watched(command(*arguments), timeout=120)
    assert watched.code == 0, watched.err
    assert watched.peak < 1e9
    manifest = json.loads(manifest_path(tmp_path / "x.npz").read_text(encoding="utf-8"))
    assert manifest["embeddings"]["shape"] == [len(EMBEDDED), 12]
    assert len(manifest["skipped"]) == len(SKIPPED) + len(SPECIAL) + 4
