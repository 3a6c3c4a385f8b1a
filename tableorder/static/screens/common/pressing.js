// A button that is drawn anew while a finger is on it never hears of the tap. So what draws waits until the finger is up.

const LONGEST_PRESS = 5_000; // ms; in case the end of a press goes unnoticed

/** @type {number | undefined} */
let pressed;
/** @type {Set<() => void>} */
const waiting = new Set();

/** @param {() => void} draw at once, or once after the press however often it was asked for */
export function whenReleased(draw) {
  if (pressed === undefined) draw();
  else waiting.add(draw);
}

function release() {
  clearTimeout(pressed);
  pressed = undefined;
  const draws = [...waiting];
  waiting.clear();
  for (const draw of draws) draw();
}

addEventListener(
  "pointerdown",
  () => {
    clearTimeout(pressed);
    pressed = setTimeout(release, LONGEST_PRESS);
  },
  { capture: true },
);
for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => setTimeout(release), { capture: true });
