/** What the system knows about a process, beyond its number: numbers are used again. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessIdentity {
  /** When it started, in the system's own terms; only equality means anything. */
  readonly startTime: string;
  /** Its arguments joined by spaces, the executable first. */
  readonly commandLine: string;
}

/** Undefined where no such process runs (one that ended and was not yet collected does not run). */
export function identityOf(pid: number): ProcessIdentity | undefined {
  return process.platform === 'linux' ? fromProc(pid) : fromPs(pid);
}

/** True while any process of the group `groupId` runs. */
export function isGroupRunning(groupId: number): boolean {
  try {
    process.kill(-groupId, 0);
  } catch (error) {
    return isErrno(error, 'EPERM');
  }
  // Ended processes that their parent does not collect (a container without an init) stay in the group for good.
  return process.platform !== 'linux' || runningMembers(groupId);
}

/** Signals every process of the group; false where there is none. */
export function signalGroup(groupId: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(-groupId, signal);
    return true;
  } catch {
    return false;
  }
}

interface ProcStat {
  readonly state: string;
  readonly groupId: number;
  readonly startTime: string;
}

function fromProc(pid: number): ProcessIdentity | undefined {
  const stat = readStat(pid);
  if (!stat || hasEnded(stat)) return undefined;
  const raw = readText(`/proc/${pid}/cmdline`);
  if (raw === undefined) return undefined;
  return { startTime: stat.startTime, commandLine: raw.replace(/\0$/, '').replaceAll('\0', ' ') };
}

function runningMembers(groupId: number): boolean {
  return readdirSync('/proc').some((name) => {
    if (!/^\d+$/.test(name)) return false;
    const stat = readStat(Number(name));
    return stat !== undefined && stat.groupId === groupId && !hasEnded(stat);
  });
}

/** Fields 3, 5 and 22 of /proc/PID/stat (proc_pid_stat(5)); field 2 is a name that may hold spaces and brackets. */
function readStat(pid: number): ProcStat | undefined {
  const text = readText(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, , groupId] = fields;
  const startTime = fields[22 - 3];
  if (state === undefined || startTime === undefined) return undefined;
  return { state, groupId: Number(groupId), startTime };
}

function hasEnded(stat: ProcStat): boolean {
  return stat.state === 'Z' || stat.state === 'X';
}

/** `ps` prints a start time of this many characters, such as `Thu Nov 21 13:00:00 2026`. */
const LSTART_CHARS = 24;

function fromPs(pid: number): ProcessIdentity | undefined {
  try {
    const line = execFileSync('ps', ['-ww', '-o', 'lstart=', '-o', 'command=', '-p', String(pid)], {
      encoding: 'utf8',
      env: { LC_ALL: 'C', PATH: '/usr/bin:/bin' },
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 5_000,
    }).trimEnd();
    return { startTime: line.slice(0, LSTART_CHARS), commandLine: line.slice(LSTART_CHARS).trim() };
  } catch {
    return undefined;
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
