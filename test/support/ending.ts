/** What a test began and what has to end after it, whatever came of the test. */
const endings: (() => unknown)[] = [];

export function atEnd(end: () => unknown): void {
  endings.push(end);
}

/** For `afterEach` or `afterAll`: ends everything, the last begun first, also behind an ending that fails. */
export async function endAll(): Promise<void> {
  const failures: unknown[] = [];
  for (let end = endings.pop(); end; end = endings.pop()) {
    try {
      await end();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
