/** What the system shows of a sound that plays, and its keys: https://www.w3.org/TR/mediasession/ */
import { effect } from "@preact/signals";
import type { Row } from "../api/operations.ts";
import type { Player } from "./player.ts";
import { SKIP } from "./steps.ts";

/** Until the function that comes back is called. */
export function tellSystem(player: Player, { story, voice }: Row): () => void {
  const session: MediaSession | undefined = navigator.mediaSession;
  if (!session) return () => undefined;
  const actions: Partial<Record<MediaSessionAction, MediaSessionActionHandler>> = {
    play: () => player.play(),
    pause: () => player.pause(),
    seekbackward: ({ seekOffset }) => player.skip(-(seekOffset ?? SKIP)),
    seekforward: ({ seekOffset }) => player.skip(seekOffset ?? SKIP),
    seekto: ({ seekTime }) => seekTime !== undefined && player.seek(seekTime),
    previoustrack: () => player.previousSentence(),
    nexttrack: () => player.nextSentence(),
  };
  const names = Object.keys(actions) as MediaSessionAction[];
  const set = (name: MediaSessionAction, handler: MediaSessionActionHandler | null) => {
    try {
      session.setActionHandler(name, handler);
    } catch {
      // This browser knows no such action.
    }
  };
  for (const name of names) set(name, actions[name]!);
  session.metadata = new MediaMetadata({ title: story.title, artist: voice.name, album: "Storycast" });
  const ends = [
    effect(() => void (session.playbackState = player.isPlaying.value ? "playing" : "paused")),
    effect(() => {
      void player.jumps.value;
      void player.isPlaying.value;
      const { duration, speed, time } = player;
      session.setPositionState({
        duration,
        playbackRate: speed.value,
        position: Math.min(time.peek(), duration),
      });
    }),
  ];
  return () => {
    for (const end of ends) end();
    for (const name of names) set(name, null);
    session.metadata = null;
    session.playbackState = "none";
  };
}
