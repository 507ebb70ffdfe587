/** What a narration's state is called, and what is said about it. */
import type { Row } from "../api/operations.ts";
import { clock, spoken } from "../ui/time.ts";

export type State = "waiting" | "narrating" | "ready" | "failed" | "canceled";

export function stateOf({ status, error }: Row): State {
  if (status === "PENDING") return "waiting";
  if (status === "IN_PROGRESS") return "narrating";
  if (status === "SUCCEEDED") return "ready";
  return error?.code === "CANCELED" ? "canceled" : "failed";
}

export const NAMES: Record<State, string> = {
  waiting: "Waiting",
  narrating: "Narrating",
  ready: "Ready",
  failed: "Failed",
  canceled: "Canceled",
};

/** What one that waits does. */
export const WAITS = "starts as soon as a worker is free";

/** What there is to know besides the state's name; empty where there is nothing. */
export function detail(row: Row, left: number | undefined): string {
  switch (stateOf(row)) {
    case "waiting":
      return WAITS;
    case "narrating":
      return `${row.progress} %${left === undefined ? "" : `, about ${spoken(left)} left`}`;
    case "ready":
      return row.durationSeconds === null ? "" : clock(row.durationSeconds);
    case "failed":
      return row.error?.message ?? "";
    case "canceled":
      return "";
  }
}
