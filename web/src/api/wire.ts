/** What the page's websockets have in common: where they lead, and how long a silence may be. */
import { address } from "./address.ts";

/** The code with which the server closes a socket whose token it does not take, or no longer. */
export const SIGN_IN_REFUSED = 4403;
export const PING_MS = 10_000;
const PONG_MS = 5_000;

export const socketAddress = (): string => address("graphql").href.replace(/^http/, "ws");

/** Gives a connection up that says nothing in time: it may swallow what it is given. */
export function patience(giveUp: () => void) {
  let silence: ReturnType<typeof setTimeout> | undefined;
  const heard = () => clearTimeout(silence);
  const expect = (limit: number) => {
    heard();
    silence = setTimeout(giveUp, limit);
  };
  return {
    /** Something has to be heard within `limit` milliseconds. */
    expect,
    heard,
    /** For a client's `on`: each of its pings wants an answer. */
    pings: {
      ping: (received: boolean) => {
        if (!received) expect(PONG_MS);
      },
      pong: (received: boolean) => {
        if (received) heard();
      },
    },
  };
}
