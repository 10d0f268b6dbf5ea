/**
 * The clock that two processes of one machine share: libuv's `uv_hrtime`, which is CLOCK_MONOTONIC on Linux,
 * mach_absolute_time on macOS and QueryPerformanceCounter on Windows. It means nothing on another machine.
 */

/** Microseconds since a moment that all processes of this machine agree on. */
export function monotonicUs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e6 + nanoseconds / 1e3;
}
