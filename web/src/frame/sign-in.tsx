/** Asking for a token, over the page as it is: what was underway goes on afterwards. */
import { useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { session, signInWith } from "../api/session.ts";
import { pasted, ways } from "../api/sign-in.ts";

export function SignIn() {
  const dialog = useRef<HTMLDialogElement>(null);
  const now = session.value;
  const isAsking = now.state === "asking";
  useEffect(() => {
    if (isAsking) dialog.current!.showModal();
  }, [isAsking]);
  // While it is there still, so that it gives the focus back to what had it.
  useSignalEffect(() => {
    if (session.value.state !== "asking") dialog.current?.close();
  });
  return (
    <dialog
      ref={dialog}
      class="sign-in"
      aria-labelledby="sign-in-title"
      aria-describedby="sign-in-why"
      onCancel={(event) => event.preventDefault()}
      onKeyDown={(event) => event.key === "Escape" && event.preventDefault()}
      // Browsers close it whatever is prevented, where Escape is pressed twice.
      onClose={(event) => session.peek().state === "asking" && event.currentTarget.showModal()}
    >
      {isAsking && <Asking again={now.again} />}
    </dialog>
  );
}

function Asking({ again }: { again: boolean }) {
  const elsewhere = ways.flatMap((way) => way.elsewhere ?? []);
  const takesTokens = ways.includes(pasted);
  return (
    <>
      <h2 id="sign-in-title">{again ? "Sign in again" : "Sign in to Storycast"}</h2>
      <p id="sign-in-why">
        {again
          ? "Your sign-in has expired. What you were doing is kept, and goes on from here."
          : takesTokens && "Paste the access token that you were given for this server."}
      </p>
      {elsewhere.map(({ label, leave }) => (
        <button key={label} type="button" class="primary" onClick={() => void leave()}>
          {label}
        </button>
      ))}
      {takesTokens && <TokenForm />}
    </>
  );
}

function TokenForm() {
  const field = useRef<HTMLTextAreaElement>(null);
  const refusal = useSignal<string | undefined>(undefined);
  const busy = useSignal(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (busy.peek()) return;
    busy.value = true;
    refusal.value = undefined;
    refusal.value = await signInWith(field.current!.value).then(
      () => undefined,
      (error: Error) => error.message,
    );
    busy.value = false;
    field.current?.focus();
  };
  return (
    <form onSubmit={submit}>
      <label for="token">Access token</label>
      <textarea
        ref={field}
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
  );
}
