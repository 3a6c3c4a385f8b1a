// Two notes for a new order, upwards; two downwards for what was taken back. A browser lets a page sound only after somebody has tapped it, so until then it is off.

import { keep, recall } from "../common/kept.js";

/** @type {AudioContext | null} */
let context = null;
let wanted = recall("staff.sound") !== false;
/** Whether it was on before the tap that is under way, which may itself have switched it on. */
let wasOn = false;

export const isSoundOn = () => wanted && context?.state === "running";

/** What a tap on its switch does. */
export function toggleSound() {
  wanted = !wasOn;
  keep("staff.sound", wanted);
  ring();
}

export const ring = () => play(659, 880);

export const ringDown = () => play(659, 440);

/** @param {number[]} frequencies Hz */
function play(...frequencies) {
  if (!context || !isSoundOn()) return;
  for (const [index, frequency] of frequencies.entries()) note(context, frequency, 0.16 * index);
}

/** @param {() => void} onChange the sound has become possible */
export function awaitTap(onChange) {
  const tapped = () => {
    wasOn = isSoundOn();
    context ??= new AudioContext();
    if (context.state !== "running") context.resume().then(onChange, () => {}); // as where there is no loudspeaker
  };
  addEventListener("click", tapped, { capture: true });
}

/**
 * @param {AudioContext} audio
 * @param {number} frequency Hz
 * @param {number} delay seconds
 */
function note(audio, frequency, delay) {
  const [tone, volume, from] = [audio.createOscillator(), audio.createGain(), audio.currentTime + delay];
  tone.frequency.value = frequency;
  volume.gain.setValueAtTime(0.0001, from);
  volume.gain.exponentialRampToValueAtTime(0.3, from + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.0001, from + 0.5);
  tone.connect(volume).connect(audio.destination);
  tone.start(from);
  tone.stop(from + 0.5);
}
