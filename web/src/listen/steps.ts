/** How far one goes at once, in seconds: by arrows, by buttons, by a page of the slider. */
export const STEP = 5;
export const SKIP = 10;
export const LEAP = 60;
