// A QR code (ISO/IEC 18004): bytes, error correction level M, versions 1 to 6, which hold up to 106 bytes.

/** Of each version: the check words of a block, and how many blocks there are. @type {[number, number][]} */
const BLOCKS = [[10, 1], [16, 1], [26, 1], [18, 2], [24, 2], [16, 4]];

/** Where each mask turns the cells around: where it gives 0. @type {((x: number, y: number) => number)[]} */
const MASKS = [
  (x, y) => (x + y) % 2,
  (_, y) => y % 2,
  (x) => x % 3,
  (x, y) => (x + y) % 3,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2,
  (x, y) => ((x * y) % 2) + ((x * y) % 3),
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2,
];

/** The cells, row by row; true is dark. @typedef {boolean[][]} Cells */

/**
 * The code of a text, or null if the text is too long for one.
 * @param {string} text
 * @returns {Cells | null}
 */
export function qrCode(text) {
  const bytes = [...new TextEncoder().encode(text)];
  for (const [index, [checks, blocks]] of BLOCKS.entries()) {
    const version = index + 1;
    const { cells, free } = emptyCode(version);
    const words = Math.floor(free.length / 8) - checks * blocks;
    if (bytes.length > words - 2) continue; // 12 bits say what it is and how long
    const bits = interleaved(padded(bytes, words), checks, blocks);
    free.forEach(([x, y], place) => paint(cells, x, y, bits[place] ?? 0));
    return bestMasked(cells, free);
  }
  return null;
}

/** The mode and the length before the bytes, and what fills the rest. @param {number[]} bytes @param {number} words */
function padded(bytes, words) {
  const halves = [4, bytes.length >> 4, bytes.length & 15, ...bytes.flatMap((byte) => [byte >> 4, byte & 15]), 0];
  const whole = Array.from({ length: halves.length / 2 }, (_, index) => ((halves[2 * index] ?? 0) << 4) | (halves[2 * index + 1] ?? 0));
  return [...whole, ...Array.from({ length: words - whole.length }, (_, index) => (index % 2 ? 0x11 : 0xec))];
}

/** The bits of all blocks and then of their check words, a word of each block in turn. @param {number[]} words @param {number} checks @param {number} count */
function interleaved(words, checks, count) {
  const length = words.length / count;
  const blocks = Array.from({ length: count }, (_, index) => words.slice(index * length, (index + 1) * length));
  const inTurn = (/** @type {number[][]} */ lists) => (lists[0] ?? []).flatMap((_, place) => lists.map((list) => list[place] ?? 0));
  const all = [...inTurn(blocks), ...inTurn(blocks.map((block) => checkWords(block, checks)))];
  return all.flatMap((word) => Array.from({ length: 8 }, (_, bit) => (word >> (7 - bit)) & 1));
}

/** Reed and Solomon's: the rest of a division by (x - 1)(x - 2)(x - 4)… @param {number[]} block @param {number} count */
function checkWords(block, count) {
  let divisor = [1];
  for (let index = 0, root = 1; index < count; index++, root = product(root, 2))
    divisor = [...divisor, 0].map((word, place) => word ^ product(divisor[place - 1] ?? 0, root));
  let rest = Array.from({ length: count }, () => 0);
  for (const word of block) {
    const factor = word ^ (rest[0] ?? 0);
    rest = rest.map((_, place) => (rest[place + 1] ?? 0) ^ product(divisor[place + 1] ?? 0, factor));
  }
  return rest;
}

/** In the field of 256 elements. @param {number} one @param {number} other */
function product(one, other) {
  let sum = 0;
  for (; other; other >>= 1) {
    if (other & 1) sum ^= one;
    one = (one << 1) ^ (one & 0x80 ? 0x11d : 0);
  }
  return sum;
}

/** @param {Cells} cells @param {number} x @param {number} y @param {unknown} dark */
function paint(cells, x, y, dark) {
  const row = cells[y];
  if (row && x >= 0 && x < cells.length) row[x] = Boolean(dark);
}

/** What each code of a version has, and the cells that are free, in the order in which bits go in. @param {number} version */
function emptyCode(version) {
  const size = 4 * version + 17;
  const cells = /** @type {Cells} */ (Array.from({ length: size }, () => []));
  for (let place = 0; place < size; place++) for (const [x, y] of both(place, 6)) paint(cells, x, y, place % 2 === 0);
  for (const [x, y] of [[3, 3], [size - 4, 3], [3, size - 4]]) rings(cells, x ?? 0, y ?? 0, 4, [1, 3]);
  if (version > 1) rings(cells, size - 7, size - 7, 2, [0, 2]);
  writeFormat(cells, 0);
  const free = /** @type {[number, number][]} */ ([]);
  for (let right = size - 1, up = true; right > 0; right -= right === 8 ? 3 : 2, up = !up)
    for (let step = 0; step < size; step++)
      for (const x of [right, right - 1]) {
        const y = up ? size - 1 - step : step;
        if (cells[y]?.[x] === undefined) free.push([x, y]);
      }
  return { cells, free };
}

/** @param {number} one @param {number} other @returns {[number, number][]} */
const both = (one, other) => [[one, other], [other, one]];

/** Squares around a cell, the rings at these distances dark; the inside of the first one, too. @param {Cells} cells @param {number} x @param {number} y @param {number} radius @param {number[]} dark */
function rings(cells, x, y, radius, dark) {
  for (let down = -radius; down <= radius; down++)
    for (let right = -radius; right <= radius; right++) {
      const distance = Math.max(Math.abs(down), Math.abs(right), dark[0] ?? 0);
      paint(cells, x + right, y + down, dark.includes(distance));
    }
}

/** Level and mask, twice, with check bits. @param {Cells} cells @param {number} mask */
function writeFormat(cells, mask) {
  let rest = mask << 10; // level M is 00
  for (let bit = 14; bit >= 10; bit--) if ((rest >> bit) & 1) rest ^= 0x537 << (bit - 10);
  const format = ((mask << 10) | rest) ^ 0x5412;
  const last = cells.length - 1;
  for (let bit = 0; bit < 15; bit++) {
    const dark = (format >> bit) & 1;
    const near = bit < 6 ? bit : bit < 8 ? bit + 1 : bit === 8 ? 7 : 14 - bit;
    if (bit < 8) paint(cells, 8, near, dark);
    else paint(cells, near, 8, dark);
    if (bit < 8) paint(cells, last - bit, 8, dark);
    else paint(cells, 8, last - 14 + bit, dark);
  }
  paint(cells, 8, last - 7, true);
}

/** Under the mask that is easiest to read. @param {Cells} cells @param {[number, number][]} free */
function bestMasked(cells, free) {
  const masked = MASKS.map((isKept, mask) => {
    const copy = cells.map((row) => [...row]);
    for (const [x, y] of free) if (isKept(x, y) === 0) paint(copy, x, y, !cells[y]?.[x]);
    writeFormat(copy, mask);
    return copy;
  });
  const penalties = masked.map(penalty);
  return /** @type {Cells} */ (masked[penalties.indexOf(Math.min(...penalties))]);
}

/** How hard it is to read: long runs, squares of one colour, what looks like a corner, more of one colour. @param {Cells} cells */
function penalty(cells) {
  const rows = cells.map((row) => row.map(Number).join(""));
  const columns = cells.map((_, x) => cells.map((row) => Number(row[x])).join(""));
  let sum = 0;
  for (const line of [...rows, ...columns]) {
    for (const [run] of line.matchAll(/0{5,}|1{5,}/g)) sum += run.length - 2;
    for (const _ of line.matchAll(/(?=00001011101|10111010000)/g)) sum += 40;
  }
  rows.forEach((row, y) => {
    for (let x = 1; y > 0 && x < row.length; x++)
      if (new Set([row[x], row[x - 1], rows[y - 1]?.[x], rows[y - 1]?.[x - 1]]).size === 1) sum += 3;
  });
  const dark = rows.join("").replaceAll("0", "").length / rows.length ** 2;
  return sum + 10 * Math.floor(Math.abs(dark - 0.5) * 20);
}
