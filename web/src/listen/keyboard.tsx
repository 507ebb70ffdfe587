/** The player by its keys, and the card that tells them. */
import { useEffect, useRef } from "preact/hooks";
import { commandOf, focusOf, KEYS, type Command } from "./keys.ts";
import type { Player } from "./player.ts";

export function Keyboard({ player }: { player: Player }) {
  const card = useRef<HTMLDialogElement>(null);
  const show = () => card.current!.showModal();
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
      const command = commandOf(event, focusOf(document.activeElement));
      if (!command) return;
      event.preventDefault();
      if (command === "show-keys") show();
      else obey(player, command);
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, [player]);
  return (
    <>
      <button type="button" class="quiet keys-button" aria-haspopup="dialog" onClick={show}>
        Keys
      </button>
      <dialog ref={card} class="keys" aria-labelledby="keys-title">
        <form method="dialog">
          <h2 id="keys-title">Keys</h2>
          <dl>
            {KEYS.map(({ keys, what }) => (
              <div key={what}>
                <dt>
                  {keys.map((key) => (
                    <kbd key={key}>{key}</kbd>
                  ))}
                </dt>
                <dd>{what}</dd>
              </div>
            ))}
          </dl>
          <button type="submit">Close</button>
        </form>
      </dialog>
    </>
  );
}

function obey(player: Player, command: Exclude<Command, "show-keys">): void {
  switch (command) {
    case "toggle":
      return player.toggle();
    case "back-5":
      return player.skip(-5);
    case "forward-5":
      return player.skip(5);
    case "back-10":
      return player.skip(-10);
    case "forward-10":
      return player.skip(10);
    case "previous-sentence":
      return player.previousSentence();
    case "next-sentence":
      return player.nextSentence();
    case "slower":
      return player.faster(-1);
    case "faster":
      return player.faster(1);
  }
}
