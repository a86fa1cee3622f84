// Points into pixels, without a graphics card: discs are laid down one by one in a buffer of the canvas's size.

const channels = (colour) => [1, 3, 5].map((place) => parseInt(colour.slice(place, place + 2), 16));

// Offsets of a disc's pixels and how far each is covered, as flat lists.
function discOf(radius) {
  const reach = Math.ceil(radius);
  const disc = { dx: [], dy: [], cover: [], reach };
  for (let dy = -reach; dy <= reach; dy += 1) {
    for (let dx = -reach; dx <= reach; dx += 1) {
      const cover = Math.min(1, Math.max(0, radius + 0.5 - Math.hypot(dx, dy)));
      if (cover > 0.05) {
        disc.dx.push(dx);
        disc.dy.push(dy);
        disc.cover.push(cover);
      }
    }
  }
  return disc;
}

function clearPixels(pixels, colour) {
  const [red, green, blue] = channels(colour);
  new Uint32Array(pixels.data.buffer).fill((255 << 24) | (blue << 16) | (green << 8) | red);
}

// Lay discs of one colour and strength round these points; `at` gives their places in pixels, two for each.
function layDiscs(pixels, points, at, disc, colour, strength) {
  const { data, width, height } = pixels;
  const whole = new Uint32Array(data.buffer);
  const [red, green, blue] = channels(colour);
  const solid = (255 << 24) | (blue << 16) | (green << 8) | red;
  const { dx, dy, cover, reach } = disc;
  const count = cover.length;
  for (const point of points) {
    const left = Math.round(at[2 * point]);
    const top = Math.round(at[2 * point + 1]);
    if (left < reach || top < reach || left >= width - reach || top >= height - reach) continue;
    const start = top * width + left;
    for (let part = 0; part < count; part += 1) {
      const place = start + dy[part] * width + dx[part];
      const share = cover[part] * strength;
      if (share > 0.98) {
        whole[place] = solid;
        continue;
      }
      const byte = 4 * place;
      data[byte] += (red - data[byte]) * share;
      data[byte + 1] += (green - data[byte + 1]) * share;
      data[byte + 2] += (blue - data[byte + 2]) * share;
    }
  }
}
