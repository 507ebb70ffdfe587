/** The frame of every page: where one can go, who is signed in, whether the connection stands. */
import { computed, useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { owner, session, signOut, switchTo } from "./api/session.ts";
import { connection } from "./api/socket.ts";
import { GenerationsPage } from "./generations/page.tsx";
import { ListenPage } from "./listen/page.tsx";
import { announcement } from "./live/announcements.ts";
import { trouble } from "./live/following.ts";
import { unfinished } from "./live/generations.ts";
import { route } from "./routes.ts";
import { SignIn } from "./sign-in.tsx";
import { StoriesPage } from "./stories/page.tsx";
import { Empty, PageTitle, Waiting } from "./ui/parts.tsx";
import { Toasts } from "./ui/toasts.tsx";

export function App() {
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>
        Skip to the page
      </a>
      <Header />
      <Connection />
      <main id="main" tabIndex={-1}>
        {owner.value ? <Page /> : <Waiting rows={4} label="Signing in" />}
      </main>
      <Toasts />
      <p class="unseen" aria-live="polite">
        {announcement}
      </p>
      <SignIn />
    </>
  );
}

/** The address behind `#` is the route's, so the link must not change it. */
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

function Page() {
  const here = route.value;
  switch (here.page) {
    case "narrations":
      return <GenerationsPage status={here.status} />;
    case "narration":
      return <ListenPage key={here.id} id={here.id} />;
    case "nowhere":
      return (
        <>
          <PageTitle title="Not found">There is no such page</PageTitle>
          <Empty title="The address leads nowhere.">
            <a href="#/stories">Go to your stories</a>
          </Empty>
        </>
      );
    default:
      return <StoriesPage here={here} />;
  }
}

const section = computed(() => (route.value.page.startsWith("narration") ? "narrations" : "stories"));
const underway = computed(() => unfinished.value.length);

function Header() {
  const current = (name: string) => (section.value === name ? "page" : undefined);
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
      <select id="who" value={mine} onChange={(event) => switchTo(event.currentTarget.value)}>
        {others.map(({ key, name }) => (
          <option key={key} value={key}>
            {name}
          </option>
        ))}
      </select>
    </div>
  );
}

const GRACE_MS = 1_000;
const SLOW_MS = 5_000;

/** Told when it lasts: a server that restarts is back before anybody has read the sentence. */
function Connection() {
  const isLost = useSignal(false);
  const patience = useComputed(() => {
    if (session.value.state === "unreachable") return GRACE_MS;
    if (session.value.state !== "signed-in" || connection.value === "live") return undefined;
    return connection.value === "lost" ? GRACE_MS : SLOW_MS;
  });
  useSignalEffect(() => {
    if (patience.value === undefined) return void (isLost.value = false);
    const timer = setTimeout(() => (isLost.value = true), patience.value);
    return () => clearTimeout(timer);
  });
  const sentence = isLost.value ? loss() : trouble.value && `Live news stopped: ${trouble.value}`;
  return (
    <div class="connection" role="status" data-connection={isLost.value ? "lost" : connection.value}>
      {sentence && <p>{sentence}</p>}
    </div>
  );
}

const loss = (): string =>
  owner.value
    ? "Connection lost. What you see may be out of date; trying to come back …"
    : "The server cannot be reached. Trying again …";
