// Reads each text of the standard input back out of its QR code: a JSON list of what was read.

import { readFileSync } from "node:fs";
import jsQR from "jsqr";
import { qrCode } from "./qr.js";

const SCALE = 4; // px of a cell
const QUIET = 4; // cells around the code

/** @param {string} text */
function read(text) {
  const cells = qrCode(text);
  if (!cells) return null;
  const side = SCALE * (cells.length + 2 * QUIET);
  const picture = new Uint8ClampedArray(4 * side * side).fill(255);
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++)
      if (cells[Math.floor(y / SCALE) - QUIET]?.[Math.floor(x / SCALE) - QUIET]) picture.fill(0, 4 * (y * side + x), 4 * (y * side + x) + 3);
  return jsQR(picture, side, side)?.data ?? "unreadable";
}

console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(read)));
