/** Links to audio and captions: they work for a while, so they are asked for again. */

/** Links are replaced this much before they end: a tenth of their time, at most a minute. */
const SHARE = 0.1;
const MOST_MS = 60_000;

/**
 * Until when `link`, got at `now`, is good to use, in milliseconds since 1970; without end where it does not say.
 * By this machine's clock, which may be wrong: what it takes for good may be refused all the same.
 */
export function goodUntil(link: string, now: number): number {
  const end = endOf(new URL(link).searchParams);
  return end === undefined ? Infinity : end - Math.min(MOST_MS, Math.max(0, end - now) * SHARE);
}

function endOf(query: URLSearchParams): number | undefined {
  // The server's own, or a bucket's: AWS Signature Version 4.
  const own = Number(query.get("expires"));
  if (own) return own * 1000;
  const [, ...parts] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(query.get("X-Amz-Date") ?? "") ?? [];
  const lifetime = Number(query.get("X-Amz-Expires"));
  if (!parts.length || !lifetime) return undefined;
  const [year, month, ...rest] = parts.map(Number) as [number, number, number, number, number, number];
  return Date.UTC(year, month - 1, ...rest) + lifetime * 1000;
}

/** `link` as one to save from. A bucket's is signed as it is, and has to stay so. */
export function toSave(link: string): string {
  const address = new URL(link);
  if (!address.searchParams.has("signature")) return link;
  address.searchParams.set("download", "1");
  return address.href;
}
