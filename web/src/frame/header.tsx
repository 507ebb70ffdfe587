/** Where one can go, and who is signed in. */
import { computed } from "@preact/signals";
import { owner, session, signOut, switchTo } from "../api/session.ts";
import { unfinished } from "../live/generations.ts";
import { route } from "../routes.ts";

/** Which of the two one is at, or within. */
const section = computed(() => {
  const { page } = route.value;
  if (page === "nowhere") return undefined;
  return page.startsWith("narration") ? "narrations" : "stories";
});
const underway = computed(() => unfinished.value.length);

export function Header() {
  const current = (name: string) => {
    if (section.value !== name) return undefined;
    return route.value.page === name ? "page" : "true";
  };
  return (
    <header class="top">
      <a class="brand" href="#/stories">
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <path d="M4 14v4M10 9v14M16 4v24M22 11v10M28 15v2" />
        </svg>
        Storycast
      </a>
      <nav aria-label="Pages">
        <a href="#/stories" aria-current={current("stories")}>
          Stories
        </a>
        <a href="#/narrations" aria-current={current("narrations")}>
          Narrations
          {underway.value > 0 && (
            <span class="badge">
              {underway}
              <span class="unseen"> underway</span>
            </span>
          )}
        </a>
      </nav>
      <Account />
    </header>
  );
}

function Account() {
  const now = session.value;
  if (!owner.value || now.state !== "signed-in") return <div class="account" />;
  const others = now.way.others?.() ?? [];
  if (!others.length) {
    return (
      <div class="account">
        <span class="who">{owner.value.name}</span>
        {now.way.signOut && (
          <button type="button" class="quiet" onClick={() => void signOut()}>
            Sign out
          </button>
        )}
      </div>
    );
  }
  const mine = others.find(({ name }) => name === now.signed.user.name)?.key;
  return (
    <div class="account">
      <label class="unseen" for="who">
        Signed in as
      </label>
      <p id="who-hint" class="unseen">
        Choosing another one loads the page again.
      </p>
      <select
        id="who"
        aria-describedby="who-hint"
        value={mine}
        onChange={(event) => switchTo(event.currentTarget.value)}
      >
        {others.map(({ key, name }) => (
          <option key={key} value={key}>
            {name}
          </option>
        ))}
      </select>
    </div>
  );
}
