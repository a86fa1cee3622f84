from __future__ import annotations

import io
import os
import re
import struct
import threading
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import repdiff.inputs.pixels as pixels_module
from repdiff.core.errors import InputError
from repdiff.inputs.images import make_thumbnails, open_image
from repdiff.inputs.items import Items

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def items_of(paths: list[object], root: Path) -> Items:
    frame = pd.DataFrame({"id": [f"i{row}" for row in range(len(paths))], "image": pd.Series(paths, dtype=object)})
    return Items(frame, image="image", image_root=root)


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8))


def pixels_of(webp: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(webp), formats=["WEBP"]) as image:
        return np.asarray(image.convert("RGB"))


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds next to nothing."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


# --- pictures of any kind come out upright, in RGB, on white ---------------------------------------------------------


def half_red_half_blue() -> Image.Image:
    image = Image.new("RGB", (40, 20), RED)
    image.paste(BLUE, (20, 0, 40, 20))
    return image


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(tmp_path, suffix, orientation):
    upright = Image.new("RGB", (40, 20), RED)  # each quarter another colour, so that no turn looks like another
    for colour, corner in ((BLUE, (20, 0)), (GREEN, (0, 10)), (WHITE, (20, 10))):
        upright.paste(colour, (*corner, corner[0] + 20, corner[1] + 10))
    stored = {
        1: lambda i: i,
        2: lambda i: i.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        3: lambda i: i.transpose(Image.Transpose.ROTATE_180),
        4: lambda i: i.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
        5: lambda i: i.transpose(Image.Transpose.TRANSPOSE),
        6: lambda i: i.transpose(Image.Transpose.ROTATE_90),
        7: lambda i: i.transpose(Image.Transpose.TRANSVERSE),
        8: lambda i: i.transpose(Image.Transpose.ROTATE_270),
    }[orientation](upright)
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / f"a{suffix}", exif=exif, **({"quality": 95} if suffix != ".tif" else {}))
    image = open_image(tmp_path / f"a{suffix}")
    assert image.size == (40, 20)
    for middle in ((5, 4), (34, 4), (5, 15), (34, 15)):
        difference = np.subtract(image.getpixel(middle), upright.getpixel(middle))
        assert np.abs(difference).max() < 40


def test_a_broken_exif_block_does_not_hide_the_image(tmp_path):
    half_red_half_blue().save(tmp_path / "a.jpg", exif=b"Exif\0\0II*\0\xff\xff\xff\x7fgarbage")
    assert open_image(tmp_path / "a.jpg").size == (40, 20)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_alpha_is_laid_on_white(tmp_path, mode):
    image = Image.new(mode, (30, 30), 0)  # black, and fully transparent
    image.paste(Image.new(mode, (15, 30), (0, 0, 0, 255) if mode == "RGBA" else (0, 255)), (0, 0))
    image.save(tmp_path / "a.png")
    opened = open_image(tmp_path / "a.png")
    assert opened.mode == "RGB"
    assert opened.getpixel((5, 5)) == (0, 0, 0)
    assert opened.getpixel((25, 5)) == WHITE


def test_transparent_pixels_do_not_bleed_when_shrunk(tmp_path):
    stripes = np.zeros((400, 400, 4), np.uint8)
    stripes[:, ::2] = (255, 0, 0, 255)  # red beside transparent black: pink, never dark
    Image.fromarray(stripes).save(tmp_path / "a.png")
    small = np.asarray(open_image(tmp_path / "a.png", longest_side=50), int)
    assert np.abs(small - (255, 127, 127)).max() < 12


@pytest.mark.parametrize("transparency", [1, b"\xff\x00"], ids=["one colour", "bytes per colour"])
def test_transparent_palette_is_laid_on_white(tmp_path, transparency):
    image = Image.new("P", (20, 10), 0)
    image.putpalette([*RED, *BLUE])
    image.paste(1, (10, 0, 20, 10))
    image.save(tmp_path / "a.png", transparency=transparency)
    opened = open_image(tmp_path / "a.png")
    assert (opened.getpixel((2, 2)), opened.getpixel((15, 2))) == (RED, WHITE)


@pytest.mark.parametrize(("mode", "values"), [("RGB", (0, 0, 255)), ("L", 0), ("1", 0)])
def test_a_transparent_colour_is_laid_on_white(tmp_path, mode, values):
    image = Image.new(mode, (20, 10), values)
    image.save(tmp_path / "a.png", transparency=values)
    assert open_image(tmp_path / "a.png").getpixel((3, 3)) == WHITE


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_greyscale_of_16_bits_is_scaled_not_clipped(tmp_path, suffix):
    ramp = np.tile(np.array([0, 257, 32896, 65535], np.uint16), (4, 1))
    Image.fromarray(ramp).save(tmp_path / f"a{suffix}")
    np.testing.assert_array_equal(np.asarray(open_image(tmp_path / f"a{suffix}"))[0, :, 0], [0, 1, 128, 255])


@pytest.mark.parametrize(
    ("values", "levels"),
    [
        (np.array([0, 0.5, 1], np.float32), [0, 128, 255]),
        (np.array([-10, 0, 10], np.float32), [0, 128, 255]),
        (np.array([-7, -7, -7], np.float32), [0, 0, 0]),
        (np.array([0, np.nan, 1], np.float32), [0, 0, 255]),
        (np.array([-100_000, 0, 100_000], np.int32), [0, 128, 255]),
    ],
)
def test_wider_greyscale_is_scaled(tmp_path, values, levels):
    Image.fromarray(np.tile(values, (2, 1))).save(tmp_path / "a.tif")
    np.testing.assert_array_equal(np.asarray(open_image(tmp_path / "a.tif"))[0, :, 1], levels)


def test_cmyk_becomes_rgb(tmp_path):
    Image.new("CMYK", (16, 16), (0, 255, 255, 0)).save(tmp_path / "a.jpg", quality=95)
    red, green, blue = open_image(tmp_path / "a.jpg").getpixel((8, 8))
    assert red > 200
    assert max(green, blue) < 60


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png", ".tif"])
def test_an_animation_shows_its_first_frame(tmp_path, suffix):
    frames = [Image.new("RGB", (20, 20), colour) for colour in (RED, BLUE)]
    options = {"lossless": True} if suffix == ".webp" else {}
    frames[0].save(tmp_path / f"a{suffix}", save_all=True, append_images=frames[1:], **options)
    assert open_image(tmp_path / f"a{suffix}").getpixel((4, 4)) == RED


def test_the_image_outlives_its_file(tmp_path):
    half_red_half_blue().save(tmp_path / "a.png")
    image = open_image(str(tmp_path / "a.png"))
    (tmp_path / "a.png").unlink()
    assert np.asarray(image).tolist() == np.asarray(half_red_half_blue()).tolist()


# --- what cannot be opened is refused in one line ---------------------------------------------------------------------


def write_bad_file(kind: str, path: Path) -> None:
    whole = io.BytesIO()
    noise(64, 64).save(whole, "PNG")
    contents = {
        "truncated": whole.getvalue()[:2000],
        "empty": b"",
        "text": b"this is not an image\n" * 20,
        "above the limit": png_header(8000, 7000),
        "far above the limit": png_header(30_000, 30_000),
        "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n",
        "corrupt": whole.getvalue()[:60] + b"\xff" * 500,
    }
    if kind in contents:
        path.write_bytes(contents[kind])
    elif kind == "named pipe":
        os.mkfifo(path)
    elif kind == "dangling link":
        path.symlink_to(path.parent / "nowhere.png")
    elif kind == "link to itself":
        path.symlink_to(path)
    elif kind == "directory":
        path.mkdir()


BAD_FILES = {
    "truncated": "cannot be decoded: ",
    "empty": "is empty (0 bytes)",
    "text": "is not an image in a known format (AVIF, BMP, GIF, JPEG, JPEG2000, PNG, PPM, TIFF, WEBP)",
    "above the limit": "has 8000 x 7000 pixels, more than 50 megapixels",
    "far above the limit": "has more than 50 megapixels",
    "postscript": "is not an image in a known format",
    "corrupt": "cannot be decoded: ",
    "named pipe": "is not a regular file",
    "dangling link": "is a broken link",
    "link to itself": "cannot be read: ",
    "directory": "is a directory",
    "missing": "does not exist",
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_a_bad_file_is_refused_in_one_line(tmp_path, kind):
    path = tmp_path / "a.png"
    write_bad_file(kind, path)
    with pytest.raises(InputError) as refusal:
        open_image(path)
    message = str(refusal.value)
    assert message.startswith(f"{path} {BAD_FILES[kind]}")
    assert message.isprintable()
    with pytest.raises(InputError, match=r"^that one "):
        open_image(path, name="that one")


def test_an_image_above_the_limit_is_not_decoded(tmp_path, monkeypatch):
    write_bad_file("above the limit", tmp_path / "a.png")
    monkeypatch.setattr(Image.core, "new", lambda *_: pytest.fail("memory for the pixels was taken"))
    monkeypatch.setattr(Image.core, "fill", lambda *_: pytest.fail("memory for the pixels was taken"))
    with pytest.raises(InputError, match="megapixels"):
        open_image(tmp_path / "a.png")


def test_a_file_above_the_limit_is_not_read(tmp_path):
    with (tmp_path / "a.webp").open("wb") as file:
        file.write(b"RIFF\x00\x00\x00\x00WEBPVP8 ")
        file.truncate(600 << 20)  # sparse: takes no room on the disk
    with pytest.raises(InputError, match="is larger than 512 MB"):
        open_image(tmp_path / "a.webp")


@pytest.mark.parametrize("path", ["a\0b.png", "\ud800.png"])
def test_an_impossible_path_is_refused(path):
    with pytest.raises(InputError, match="is not a possible path") as refusal:
        open_image(path)
    assert str(refusal.value).isprintable()


def test_an_unreadable_file_is_refused(tmp_path, monkeypatch):
    half_red_half_blue().save(tmp_path / "a.png")

    def refuse(*_, **__):  # what opening raises; the superuser of a test machine may read everything
        raise PermissionError(13, "Permission denied", str(tmp_path / "a.png"))

    monkeypatch.setattr(Image, "open", refuse)
    with pytest.raises(InputError, match=r"^a\.png cannot be read: Permission denied$"):
        open_image(tmp_path / "a.png", name="a.png")


@pytest.mark.parametrize("name", ["new\nline.png", "bell\a\x1b[31m.png", b"\xff\xfe.png", "b\u202egnp.png"])
def test_any_file_name_is_told_on_one_printable_line(tmp_path, name):
    name = os.fsdecode(name)
    images = make_thumbnails(items_of([name], tmp_path), np.array([0]))
    (line,) = images.skipped
    assert line.isprintable()
    assert line.endswith(".png does not exist")
    line.encode()
    half_red_half_blue().save(tmp_path / "plain.png")
    (tmp_path / "plain.png").rename(tmp_path / name)
    assert len(make_thumbnails(items_of([name], tmp_path), np.array([0])).images) == 1


def test_a_long_name_is_shortened_from_the_front(tmp_path):
    (line,) = make_thumbnails(items_of(["x" * 5000 + ".png"], tmp_path), np.array([0])).skipped
    assert line.startswith("item i0: ...xxx")
    assert len(line) < 300


# --- thumbnails -------------------------------------------------------------------------------------------------------


def test_items_without_images_have_no_thumbnails():
    items = Items(pd.DataFrame({"id": ["a", "b"]}))
    images = make_thumbnails(items, np.array([1, 0]))
    assert (len(images.rows), images.images, images.skipped) == (0, (), ())
    assert (images.rows.dtype, images.widths.dtype, images.heights.dtype) == (np.int64, np.int32, np.int32)


@pytest.mark.parametrize(
    ("size", "thumbnail"),
    [
        ((300, 100), (96, 32)),
        ((100, 300), (32, 96)),
        ((1000, 667), (96, 64)),
        ((2000, 3), (96, 1)),
        ((3, 2000), (1, 96)),
        ((96, 96), (96, 96)),
        ((97, 50), (96, 49)),
        ((20, 10), (20, 10)),
        ((1, 1), (1, 1)),
    ],
)
@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_aspect_ratio_is_kept_and_nothing_is_enlarged(tmp_path, suffix, size, thumbnail):
    Image.new("RGB", size, RED).save(tmp_path / f"a{suffix}")
    images = make_thumbnails(items_of([f"a{suffix}"], tmp_path), np.array([0]))
    assert (images.widths[0], images.heights[0]) == thumbnail
    pixels = pixels_of(images.images[0])
    assert pixels.shape == (thumbnail[1], thumbnail[0], 3)
    assert np.abs(pixels.astype(int) - RED).max() < 30


def test_a_large_jpeg_is_decoded_small(tmp_path, monkeypatch):
    Image.new("RGB", (6000, 4000), RED).save(tmp_path / "a.jpg")
    convert, sizes = pixels_module._with_8_bits, []
    monkeypatch.setattr(pixels_module, "_with_8_bits", lambda image: sizes.append(image.size) or convert(image))
    assert open_image(tmp_path / "a.jpg", longest_side=96).size == (96, 64)
    assert sizes == [(750, 500)]


def test_bad_images_are_skipped_and_named_and_the_others_shown(tmp_path):
    kinds = list(BAD_FILES)
    for kind in kinds:
        write_bad_file(kind, tmp_path / f"{kind}.png")
    half_red_half_blue().save(tmp_path / "good.png")
    nothing = [float("nan"), None, "", "  ", pd.NA]
    paths = [*(f"{kind}.png" for kind in kinds), "good.png", *nothing, str(tmp_path / "good.png")]
    images = make_thumbnails(items_of(paths, tmp_path), np.arange(len(paths))[::-1])
    assert images.rows.tolist() == [len(kinds), len(paths) - 1]
    told = dict(line.split(": ", 1) for line in images.skipped)
    assert list(told) == [f"item i{row}" for row in range(len(paths)) if row not in images.rows]
    for row, kind in enumerate(kinds):  # named as in the table, so that a shared run tells no folders
        assert told[f"item i{row}"].startswith(f"{kind}.png {BAD_FILES[kind]}")
    for row in range(len(kinds) + 1, len(paths) - 1):
        assert told[f"item i{row}"] == "no image is named"


def test_links_may_lead_out_of_the_image_folder_but_names_may_not(tmp_path):
    (tmp_path / "images").mkdir()
    half_red_half_blue().save(tmp_path / "elsewhere.png")
    (tmp_path / "images" / "link.png").symlink_to(tmp_path / "elsewhere.png")
    images = make_thumbnails(items_of(["link.png", "../elsewhere.png"], tmp_path / "images"), np.array([0, 1]))
    assert images.rows.tolist() == [0]
    assert re.search(r"elsewhere\.png leads out of .*images; name the folder", images.skipped[0])


@pytest.fixture(scope="module")
def noisy(tmp_path_factory) -> Items:
    folder = tmp_path_factory.mktemp("noisy")
    for row in range(40):
        noise(120, 60 + row, seed=row).save(folder / f"{row}.png", compress_level=1)
    return items_of([f"{row}.png" for row in range(40)], folder)


def test_the_most_important_images_get_the_space(noisy):
    order = np.random.default_rng(1).permutation(40)
    everything = make_thumbnails(noisy, order)
    sizes = {int(row): len(webp) for row, webp in zip(everything.rows, everything.images, strict=True)}
    fit = 11
    exactly = sum(sizes[row] for row in order[:fit].tolist())
    images = make_thumbnails(noisy, order, budget=exactly)
    assert images.rows.tolist() == sorted(order[:fit].tolist())
    assert sum(map(len, images.images)) == exactly
    fewer = make_thumbnails(noisy, order, budget=exactly - 1)
    assert fewer.rows.tolist() == sorted(order[: fit - 1].tolist())
    assert len(make_thumbnails(noisy, order, budget=0).rows) == 0


def test_a_row_that_comes_twice_counts_once(noisy):
    images = make_thumbnails(noisy, np.array([3, 1, 3, 3, 1, 0]))
    assert images.rows.tolist() == [0, 1, 3]


@pytest.mark.parametrize("threads", [1, 7])
def test_the_same_bytes_come_out_for_any_number_of_threads(noisy, monkeypatch, threads):
    order = np.arange(40)[::-1]
    expected = make_thumbnails(noisy, order, budget=40_000)
    monkeypatch.setattr("repdiff.inputs.images.resolve_n_jobs", lambda _: threads)
    images = make_thumbnails(noisy, order, budget=40_000)
    assert 0 < len(images.rows) < 40
    assert images.rows.tolist() == expected.rows.tolist()
    assert images.images == expected.images


def test_few_images_wait_in_memory(noisy, monkeypatch):
    begun, most_ahead = 0, 0
    lock = threading.Lock()
    draw = open_image

    def counted(*args, **options):
        nonlocal begun
        with lock:
            begun += 1
        return draw(*args, **options)

    def progress(stage: str, done: int, total: int) -> None:
        nonlocal most_ahead
        most_ahead = max(most_ahead, begun - done)

    monkeypatch.setattr("repdiff.inputs.images.open_image", counted)
    monkeypatch.setattr("repdiff.inputs.images.resolve_n_jobs", lambda _: 2)
    monkeypatch.setattr("repdiff.inputs.images._WAITING_PER_THREAD", 2)
    make_thumbnails(noisy, np.arange(40), progress=progress)
    assert begun == 40
    assert most_ahead <= 5


def test_progress_rises_to_the_total(noisy):
    told = []
    make_thumbnails(noisy, np.arange(10), budget=12_000, progress=lambda *now: told.append(now))
    assert {stage for stage, _, _ in told} == {"thumbnails"}
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)
    assert told[0][1:] == (0, 10)
    assert told[-1][1:] == (10, 10)


# --- warnings ---------------------------------------------------------------------------------------------------------


def test_warnings_of_pillow_stay_inside(tmp_path):
    file = io.BytesIO()
    half_red_half_blue().save(file, "PNG")
    after_header = 8 + 25
    an_animation_of_no_frames = chunk(b"acTL", struct.pack(">II", 0, 0))
    data = file.getvalue()
    (tmp_path / "a.png").write_bytes(data[:after_header] + an_animation_of_no_frames + data[after_header:])
    with pytest.warns(UserWarning, match="Invalid APNG"), Image.open(tmp_path / "a.png"):
        pass  # those who ask Pillow are warned
    before = list(warnings.filters)
    with ThreadPoolExecutor(4) as pool:
        images = list(pool.map(open_image, [tmp_path / "a.png"] * 40))
    assert {image.size for image in images} == {(40, 20)}
    assert warnings.filters == before


def test_an_image_that_pillow_calls_a_bomb_is_refused_without_a_warning(tmp_path):
    (tmp_path / "a.png").write_bytes(png_header(10_000, 10_000))
    with pytest.warns(Image.DecompressionBombWarning), Image.open(tmp_path / "a.png"):
        pass
    images = make_thumbnails(items_of(["a.png"], tmp_path), np.array([0]))
    assert images.skipped == ("item i0: a.png has 10000 x 10000 pixels, more than 50 megapixels",)


def test_large_images_are_decoded_one_at_a_time(tmp_path, monkeypatch):
    Image.new("L", (3000, 2700)).save(tmp_path / "a.png", compress_level=1)
    under_way, most, lock = 0, 0, threading.Lock()
    convert = pixels_module._with_8_bits

    def counted(image):
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        try:
            return convert(image)
        finally:
            with lock:
                under_way -= 1

    monkeypatch.setattr(pixels_module, "_with_8_bits", counted)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: open_image(tmp_path / "a.png", longest_side=10), range(8)))
    assert most == 1
