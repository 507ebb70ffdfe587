import { useEffect, useRef } from "preact/hooks";

/** Calls `reached` when the end of a list comes near the screen. */
export function Sentinel({ reached }: { reached: () => void }) {
  const place = useRef<HTMLDivElement>(null);
  const latest = useRef(reached);
  latest.current = reached;
  useEffect(() => {
    const observer = new IntersectionObserver(
      (entries) => entries.some((entry) => entry.isIntersecting) && latest.current(),
      { rootMargin: "600px" },
    );
    observer.observe(place.current!);
    return () => observer.disconnect();
  }, []);
  return <div ref={place} aria-hidden="true" />;
}
