// Numbers, times and names as they are read at night.

/** A number with its thousands apart: 1,204. Those that a browser would round come as text. */
export function number(value) {
  const digits = String(value);
  const sign = digits.startsWith("-") ? "-" : "";
  return sign + digits.slice(sign.length).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** One or many of something: 1 member, 3 members. */
export function count(value, one, many = `${one}s`) {
  return `${number(value)} ${value === 1 ? one : many}`;
}

/** Bytes in MiB or, below one, in KiB: 1,204 MiB, 26 KiB. */
export function bytes(value) {
  const mebibytes = value >= 1048576;
  return `${number(Math.round(value / (mebibytes ? 1048576 : 1024)))} ${mebibytes ? "MiB" : "KiB"}`;
}

/** Milliseconds in the two largest units that they fill: 7m12s, 2d, 0s. */
export function duration(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const two = (large, unit, small, part) => `${large}${unit}${small > 0 ? `${small}${part}` : ""}`;
  const [minutes, hours, days] = [60, 3600, 86400].map((unit) => Math.floor(seconds / unit));
  if (days > 0) return two(days, "d", hours % 24, "h");
  if (hours > 0) return two(hours, "h", minutes % 60, "m");
  if (minutes > 0) return two(minutes, "m", seconds % 60, "s");
  return `${seconds}s`;
}

/** A share as a percentage; what is not all of it is never called so. */
export function share(value) {
  return `${value >= 1 ? 100 : Math.min(99, Math.round(value * 100))} %`;
}

// Control characters, and those that are not seen: separators, joiners, marks of direction.
const UNSEEN = /[\p{Cc}\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/gu;

/** A name in which nothing hides: `pay\u{202e}` for a mark of direction, `""` for none at all. */
export function shown(name) {
  if (name === "") return '""';
  return name.replace(UNSEEN, (character) => `\\u{${character.codePointAt(0).toString(16)}}`);
}

/** A clock time: 03:12:07. */
export function clock(date) {
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, "0")).join(":");
}
