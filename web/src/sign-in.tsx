/** Asking for a token, over the page as it is: what was underway goes on afterwards. */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { session, signInWith } from "./api/session.ts";

export function SignIn() {
  const now = session.value;
  return now.state === "asking" ? <Asking again={now.again} /> : null;
}

function Asking({ again }: { again: boolean }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const refusal = useSignal<string | undefined>(undefined);
  const busy = useSignal(false);
  useEffect(() => dialog.current?.showModal(), []);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    busy.value = true;
    refusal.value = await signInWith(String(form.get("token"))).then(
      () => undefined,
      (error: Error) => error.message,
    );
    busy.value = false;
  };
  return (
    <dialog ref={dialog} class="sign-in" aria-labelledby="sign-in-title" onCancel={(event) => event.preventDefault()}>
      <form onSubmit={submit}>
        <h2 id="sign-in-title">{again ? "Sign in again" : "Sign in to Storycast"}</h2>
        <p>
          {again
            ? "Your sign-in has expired. What you were doing is kept, and goes on from here."
            : "Paste the access token that you were given for this server."}
        </p>
        <label for="token">Access token</label>
        <textarea
          id="token"
          name="token"
          class="token"
          rows={4}
          required
          spellcheck={false}
          autocomplete="off"
          aria-invalid={refusal.value !== undefined}
          aria-describedby="token-hint token-problem"
        />
        <p id="token-hint" class="hint">
          It stays in this tab, and goes to this server alone.
        </p>
        <p id="token-problem" class="field-problem" role="alert">
          {refusal}
        </p>
        <button type="submit" class="primary" disabled={busy.value}>
          {busy.value ? "Signing in …" : "Sign in"}
        </button>
      </form>
    </dialog>
  );
}
