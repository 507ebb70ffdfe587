/** One narration, in whichever state it is, live. */
import { useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import type { Narration, Row } from "../api/operations.ts";
import { show } from "../live/following.ts";
import { isFinal, isGone } from "../live/generations.ts";
import { link } from "../routes.ts";
import { everyMinute } from "../ui/now.ts";
import { Empty, PageTitle, Problem, Waiting } from "../ui/parts.tsx";
import { ago, clock, inFull } from "../ui/time.ts";
import { Failed } from "./after.tsx";
import { Heard } from "./heard.tsx";
import { Log } from "./log.tsx";
import { Source } from "./source.ts";
import { Underway } from "./underway.tsx";

const AGAIN_MS = 2_000;

export function ListenPage({ id }: { id: string }) {
  const source = useMemo(() => new Source(id), [id]);
  useEffect(() => show(source.view), [source]);
  const tries = useSignal(0);
  useSignalEffect(() => {
    void tries.value;
    const { value: row } = source.row;
    const { value: known } = source.narration;
    if (!row || !known || !isBehind(known, row)) return undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    // That the connection is lost is told elsewhere.
    source.ask().catch(() => (timer = setTimeout(() => (tries.value += 1), AGAIN_MS)));
    return () => clearTimeout(timer);
  });
  const row = source.row.value;
  if (!row) return <Absent id={id} source={source} />;
  return (
    <article class="page listen">
      <Head row={row} />
      <Body row={row} source={source} />
    </article>
  );
}

/** Whether the server has more to tell of `row` than is known: a log that goes on, links. */
function isBehind(known: Narration, row: Row): boolean {
  return known.revision < row.revision && (known.status !== row.status || known.attempts !== row.attempts);
}

function Body({ row, source }: { row: Row; source: Source }) {
  if (row.status === "SUCCEEDED") {
    if (source.narration.value?.resultUrl) return <Heard source={source} row={row} />;
    return <Loading source={source} label="Loading the player" />;
  }
  return (
    <div class="made">
      {isFinal(row) ? <Failed row={row} /> : <Underway row={row} />}
      <Log narration={source.narration.value} />
    </div>
  );
}

function Head({ row }: { row: Row }) {
  const { story, voice, createdAt, durationSeconds, attempts } = row;
  return (
    <header class="listen-head">
      <PageTitle title={story.title}>
        <a href={link({ page: "story", id: story.id })}>{story.title}</a>
      </PageTitle>
      <p class="listen-facts">
        <span>Read by {voice.name}</span>
        {durationSeconds !== null && <span>{clock(durationSeconds)}</span>}
        <time dateTime={createdAt} title={inFull(createdAt)}>
          {ago(createdAt, everyMinute.value)}
        </time>
        {attempts > 1 && <span>attempt {attempts}</span>}
      </p>
    </header>
  );
}

function Loading({ source, label }: { source: Source; label: string }) {
  const failure = source.view.failure.value;
  if (failure) return <Problem retry={() => void source.view.more()}>{failure}</Problem>;
  return <Waiting rows={4} label={label} />;
}

/** It is not known yet, or not there. */
function Absent({ id, source }: { id: string; source: Source }) {
  const isMissing = isGone(id) || source.view.state.value === "ready";
  return (
    <div class="page listen">
      <PageTitle title="Narration">Narration</PageTitle>
      {isMissing ? (
        <Empty title={isGone(id) ? "This narration was deleted." : "There is no such narration."}>
          {!isGone(id) && <p>It was deleted, or it is not yours.</p>}
          <a href={link({ page: "narrations", status: undefined })}>Go to your narrations</a>
        </Empty>
      ) : (
        <Loading source={source} label="Loading the narration" />
      )}
    </div>
  );
}
