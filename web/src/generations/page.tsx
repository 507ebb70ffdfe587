/** All narrations, newest first, by state. */
import type { Status } from "../api/operations.ts";
import { listOf } from "../live/following.ts";
import { link } from "../routes.ts";
import { Empty, PageTitle } from "../ui/parts.tsx";
import { LimitNote } from "./limit.tsx";
import { GenerationList } from "./list.tsx";

const FILTERS: readonly { status: Status | undefined; name: string; none: string }[] = [
  { status: undefined, name: "All", none: "No narrations yet." },
  { status: "PENDING", name: "Waiting", none: "Nothing waits." },
  { status: "IN_PROGRESS", name: "Narrating", none: "Nothing is being narrated." },
  { status: "SUCCEEDED", name: "Ready", none: "Nothing is ready to hear yet." },
  { status: "FAILED", name: "Failed", none: "Nothing failed, and nothing was canceled." },
];

export function GenerationsPage({ status }: { status: Status | undefined }) {
  const filter = FILTERS.find((one) => one.status === status)!;
  return (
    <div class="page">
      <div class="page-head">
        <PageTitle title="Narrations">Narrations</PageTitle>
        <nav class="filters" aria-label="Show by state">
          {FILTERS.map(({ status: each, name }) => (
            <a
              key={name}
              href={link({ page: "narrations", status: each })}
              aria-current={each === status ? "true" : undefined}
            >
              {name}
            </a>
          ))}
        </nav>
      </div>
      <LimitNote />
      <GenerationList
        key={filter.name}
        view={listOf(status)}
        label={status ? `Narrations: ${filter.name}` : "Narrations"}
        of="all"
        empty={
          <Empty title={filter.none}>
            {status ? (
              <a href={link({ page: "narrations", status: undefined })}>Show all narrations</a>
            ) : (
              <a href="#/stories">Go to your stories, and narrate one</a>
            )}
          </Empty>
        }
      />
    </div>
  );
}
