import { useRef, useState } from 'preact/hooks';

/** Counts that the rate is taken over. */
const OVER = 20;

/** Counts per second, over the latest counts. @returns the rate, and a function that counts */
export function useRate(): readonly [perSecond: number, count: () => void] {
  const times = useRef<readonly number[]>([]);
  const [perSecond, setRate] = useState(0);
  const count = () => {
    const now = performance.now();
    times.current = [...times.current, now].slice(-OVER);
    const [first = now] = times.current;
    if (now > first) setRate((1000 * (times.current.length - 1)) / (now - first));
  };
  return [perSecond, count];
}
