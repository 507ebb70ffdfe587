import { soon, tell } from "./toasts.tsx";

export interface Deletion {
  /** What is deleted, as a sentence begins with it. */
  readonly name: string;
  /** What is said at once. */
  readonly sentence: string;
  hide(isHidden: boolean): void;
  /** Ask the server; why it was refused, in words, or nothing where it is gone. */
  send(): Promise<string | undefined>;
  /** It is gone. */
  drop(): void;
}

/** Delete in a while, unless that is undone. What is refused comes back, with the reason. */
export function deleteSoon({ name, sentence, hide, send, drop }: Deletion): void {
  const finish = async () => {
    const refusal = await send();
    if (refusal === undefined) return drop();
    hide(false);
    tell(`${name} was not deleted. ${refusal}`, "bad");
  };
  soon(
    sentence,
    () => hide(true),
    () => hide(false),
    () => void finish(),
  );
}
