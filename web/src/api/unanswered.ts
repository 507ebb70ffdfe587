/** Requests that got no answer that can be used, and how that is said. */

/** The message is for people. */
export class Unanswered extends Error {}

export const unreachable = (): Unanswered =>
  new Unanswered("The server cannot be reached. Try again in a moment.");
export const answered = (status: number): Unanswered =>
  new Unanswered(`The server answered ${status}. Try again in a moment.`);

/** What is said of `error`. Throws whatever else it is: that is a fault of the page, for its console. */
export function wordsOf(error: unknown): string {
  if (error instanceof Unanswered) return error.message;
  throw error;
}

/** What `asked` answers; where there is no answer, why, in words. */
export async function inWords<Answer extends object>(asked: () => Promise<Answer>): Promise<Answer | string> {
  try {
    return await asked();
  } catch (error) {
    return wordsOf(error);
  }
}
