// A picture as a field of a form. It is made small here, so that it is soon there, and loses what a camera writes into it,
// such as where it was taken.

import { h, show } from "../common/dom.js";
import { office } from "../words/office/index.js";

const LONGEST_SIDE = 1280; // px
const QUALITY = 0.85;

/**
 * @param {string | null | undefined} present
 * @returns {{ element: HTMLElement, value: () => string | null | undefined }} the value is undefined if it was not changed
 */
export function pictureField(present) {
  const words = office();
  let value = /** @type {string | null | undefined} */ (undefined);
  const preview = h("div", { class: "picture-preview" });
  const problem = h("p", { class: "notice wrong", role: "alert" });
  const file = h("input", { type: "file", accept: "image/*", class: "unseen", name: "picture" });
  const remove = h("button", { type: "button", class: "plain", onclick: () => take(null) }, words.removePicture);

  /** @param {string | null | undefined} picture */
  const draw = (picture) => {
    show(preview, picture && h("img", { src: picture, alt: "" }));
    remove.hidden = !picture;
  };
  /** @param {string | null} picture */
  const take = (picture) => {
    value = picture;
    draw(picture);
  };
  file.addEventListener("change", async () => {
    const [chosen] = file.files ?? [];
    if (!chosen) return;
    show(problem);
    try {
      take(await shrink(chosen));
    } catch {
      show(problem, words.badPicture);
    }
  });
  draw(present);
  const choose = h("label", { class: "button" }, words.choosePicture, file);
  const element = h("fieldset", { class: "picture" }, h("legend", {}, words.picture), preview, h("div", { class: "picture-buttons" }, choose, remove), problem);
  return { element, value: () => value };
}

/** @param {Blob} file @returns {Promise<string>} a data URL */
async function shrink(file) {
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, LONGEST_SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = h("canvas", { width: Math.round(bitmap.width * scale), height: Math.round(bitmap.height * scale) });
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser cannot draw");
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL("image/webp", QUALITY); // one that cannot write WebP gives a PNG
}
