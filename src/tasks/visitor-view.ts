/** What a visitor sees of tasks: who is no admin is told what went wrong, and not where. The store and the logs keep both. */
import { withoutPlaces } from '../base/places.js';
import type { TaskReport } from '../protocol/task.js';
import type { LogEntry, LogView } from '../stream/record.js';

interface Viewer {
  readonly admin: boolean;
}

const ALL: LogView = (entries) => entries;
const WITHOUT_PLACES: LogView = (entries) => {
  const isFailure = ({ record }: LogEntry) => record.kind === 'error';
  return entries.some(isFailure) ? entries.map(withoutPlacesIn) : entries;
};

/** The same view for all who see the same. */
export function viewOf({ admin }: Viewer): LogView {
  return admin ? ALL : WITHOUT_PLACES;
}

export function reportFor(report: TaskReport, { admin }: Viewer): TaskReport {
  return admin || report.error === undefined ? report : { ...report, error: withoutPlaces(report.error) };
}

function withoutPlacesIn(entry: LogEntry): LogEntry {
  const { record } = entry;
  if (record.kind !== 'error') return entry;
  return { ...entry, record: { ...record, message: withoutPlaces(record.message) } };
}
