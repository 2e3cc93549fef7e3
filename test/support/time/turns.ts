/** A clock each look at which is a millisecond later. */
export function ticking() {
  let ms = 0;
  return { monotonic: () => ms++, now: () => 0 };
}

/** How many turns all else had while it was at work. */
export async function turnsDuring(
  work: () => Promise<unknown>,
): Promise<number> {
  let turns = 0;
  let isOver = false;
  const count = () => {
    turns += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  try {
    await work();
  } finally {
    isOver = true;
  }
  return turns;
}
