/** The frame of every page, and the page in it. */
import { owner } from "../api/session.ts";
import { GenerationsPage } from "../generations/page.tsx";
import { ListenPage } from "../listen/page.tsx";
import { announcement } from "../live/announcements.ts";
import { route } from "../routes.ts";
import { FilesAtHand } from "../stories/files-at-hand.tsx";
import { StoriesPage } from "../stories/page.tsx";
import { Empty, PageTitle, Waiting } from "../ui/parts.tsx";
import { Toasts } from "../ui/toasts.tsx";
import { Connection } from "./connection.tsx";
import { Header } from "./header.tsx";
import { SignIn } from "./sign-in.tsx";

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
      {owner.value && <FilesAtHand />}
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
