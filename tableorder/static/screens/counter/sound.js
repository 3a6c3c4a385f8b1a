// Two notes for a new order. A browser lets a page sound only after somebody has touched it.

import { keep, recall } from "../shared/kept.js";

/** @type {AudioContext | null} */
let context = null;
let wanted = recall("counter.sound") !== false;

export const isSoundOn = () => wanted;

/** @param {boolean} on */
export function setSound(on) {
  wanted = on;
  keep("counter.sound", on);
  if (on) ring();
}

export function ring() {
  if (!wanted || !context || context.state !== "running") return;
  note(context, 659, 0);
  note(context, 880, 0.16);
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

addEventListener("pointerdown", () => void (context ??= new AudioContext()).resume(), { capture: true });
