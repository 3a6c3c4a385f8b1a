// Won, as people read them.

const WITH_COMMAS = new Intl.NumberFormat("ko-KR");

/**
 * 12,000원 in Korean, ₩12,000 in other languages.
 * @param {number} amount
 * @param {string} [language]
 */
export function won(amount, language = document.documentElement.lang) {
  const number = WITH_COMMAS.format(Math.abs(amount));
  const sign = amount < 0 ? "−" : "";
  return language === "ko" ? `${sign}${number}원` : `${sign}₩${number}`;
}
