/** Where one is in the pages: the part of the address behind `#`. */
import { signal } from "@preact/signals";
import type { Status } from "./api/operations.ts";

export type Route =
  | { readonly page: "stories" }
  | { readonly page: "new-story" }
  | { readonly page: "story"; readonly id: string }
  | { readonly page: "narrations"; readonly status: Status | undefined }
  | { readonly page: "narration"; readonly id: string }
  | { readonly page: "nowhere" };

const STATUSES: readonly string[] = ["PENDING", "IN_PROGRESS", "SUCCEEDED", "FAILED"] satisfies Status[];
const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The route of `hash`, which begins with `#` or is empty. */
export function parse(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  const [first = "", second = "", ...rest] = path.split("/");
  if (rest.length) return { page: "nowhere" };
  if (first === "" || (first === "stories" && !second)) return { page: "stories" };
  if (first === "stories" && second === "new") return { page: "new-story" };
  if (first === "stories" && ID.test(second)) return { page: "story", id: second };
  if (first === "narrations" && ID.test(second)) return { page: "narration", id: second };
  if (first !== "narrations" || second) return { page: "nowhere" };
  const status = new URLSearchParams(query).get("status")?.toUpperCase();
  return { page: "narrations", status: STATUSES.includes(status ?? "") ? (status as Status) : undefined };
}

/** The address of `route`, for a link. */
export function link(route: Route): string {
  switch (route.page) {
    case "new-story":
      return "#/stories/new";
    case "story":
      return `#/stories/${route.id}`;
    case "narrations":
      return route.status ? `#/narrations?status=${route.status.toLowerCase()}` : "#/narrations";
    case "narration":
      return `#/narrations/${route.id}`;
    default:
      return "#/stories";
  }
}

export const route = signal<Route>({ page: "stories" });

export function go(to: Route, how: "push" | "replace" = "push"): void {
  if (how === "push") location.hash = link(to);
  else location.replace(link(to));
}

/** Follow the address bar, once. Going back comes to where one had scrolled to; a link, to the top. */
export function followAddress(): void {
  history.scrollRestoration = "manual";
  const places = new Map<string, number>();
  let here = key();
  const arrive = () => {
    const known = history.state as { key?: string } | null;
    route.value = parse(location.hash);
    here = known?.key ?? key();
    if (!known?.key) history.replaceState({ key: here }, "");
    const place = places.get(here) ?? 0;
    // Behind the drawing of the page that the address leads to.
    requestAnimationFrame(() => requestAnimationFrame(() => scrollTo(0, place)));
  };
  // While it scrolls, each look at the place would cost a layout.
  const settled = "onscrollend" in window ? "scrollend" : "scroll";
  addEventListener(settled, () => places.set(here, scrollY), { passive: true });
  addEventListener("hashchange", arrive);
  arrive();
}

const key = (): string => Math.random().toString(36).slice(2);
