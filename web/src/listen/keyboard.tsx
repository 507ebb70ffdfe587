/** The player by its keys, and the card that tells them. */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { commandOf, focusOf, KEYS, type Command } from "./keys.ts";
import { areSignsOn, rememberSigns } from "./memory.ts";
import type { Player } from "./player.ts";
import { SKIP, STEP } from "./steps.ts";

export function Keyboard({ player }: { player: Player }) {
  const card = useRef<HTMLDialogElement>(null);
  const areOn = useSignal(areSignsOn());
  const show = () => card.current!.showModal();
  const turn = (on: boolean) => {
    areOn.value = on;
    rememberSigns(on);
  };
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
      const command = commandOf(event, focusOf(document.activeElement), areOn.peek());
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
          <label class="keys-switch">
            <input
              type="checkbox"
              role="switch"
              checked={areOn.value}
              onChange={(event) => turn(event.currentTarget.checked)}
            />
            Letters and signs are keys of the player
          </label>
          <button type="submit" autofocus>
            Close
          </button>
        </form>
      </dialog>
    </>
  );
}

function obey(player: Player, command: Exclude<Command, "show-keys">): void {
  switch (command) {
    case "toggle":
      return player.toggle();
    case "step-back":
      return player.skip(-STEP);
    case "step-on":
      return player.skip(STEP);
    case "skip-back":
      return player.skip(-SKIP);
    case "skip-on":
      return player.skip(SKIP);
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
