/** Times and lengths in words. */

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A length in seconds as players show it: 0:07, 12:34, 1:02:03. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [
    Math.floor(whole / HOUR),
    Math.floor((whole % HOUR) / MINUTE),
    whole % MINUTE,
  ];
  const tail = String(rest).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${tail}` : `${minutes}:${tail}`;
}

/** A length in seconds as people say it: 8 seconds, 3 minutes, 2 hours 5 minutes. */
export function spoken(seconds: number): string {
  if (Math.round(seconds) < MINUTE) return plural(Math.round(seconds), "second");
  const all = Math.round(seconds / MINUTE);
  if (all < 60) return plural(all, "minute");
  const [hours, minutes] = [Math.floor(all / 60), all % 60];
  return minutes ? `${plural(hours, "hour")} ${plural(minutes, "minute")}` : plural(hours, "hour");
}

export function plural(count: number, noun: string): string {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}

const day = new Intl.DateTimeFormat("en", { day: "numeric", month: "short", year: "numeric" });
const time = new Intl.DateTimeFormat("en", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});

/** How long ago `moment` (ISO 8601) was at `now` (milliseconds since 1970); older than a week: the day. */
export function ago(moment: string, now: number): string {
  const seconds = (now - Date.parse(moment)) / 1000;
  if (seconds < MINUTE) return "just now";
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min ago`;
  if (seconds < DAY) return `${Math.floor(seconds / HOUR)} h ago`;
  if (seconds < 7 * DAY) return `${plural(Math.floor(seconds / DAY), "day")} ago`;
  return day.format(Date.parse(moment));
}

/** `moment` (ISO 8601) in full, by this machine's clock. */
export function inFull(moment: string): string {
  return `${day.format(Date.parse(moment))}, ${time.format(Date.parse(moment))}`;
}

export const timeOfDay = (moment: string): string => time.format(Date.parse(moment));
