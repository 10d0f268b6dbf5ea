/** Keeps secrets out of the log. Never the whole answer to a leak: parts must not hand keys to the logger in the first place. */

const SECRET_FIELDS = new Set(['authorization', 'cookie', 'apiKey', 'api_key', 'x-api-key', 'password', 'secret']);
const HIDDEN = '[redacted]';
/** Deeper objects are somebody's data, not fields of a log line. */
const DEPTH_MAX = 4;

type Fields = Record<string, unknown>;

/** `fields` with its secrets hidden; the very same object where there are none, which is nearly always. */
export function withoutSecrets(fields: Fields, depth = 0): Fields {
  let copy: Fields | undefined;
  for (const name in fields) {
    const value = fields[name];
    const shown = shownValue(name, value, depth);
    if (shown === value) continue;
    copy ??= { ...fields };
    copy[name] = shown;
  }
  return copy ?? fields;
}

function shownValue(name: string, value: unknown, depth: number): unknown {
  if (SECRET_FIELDS.has(name) && value !== undefined) return HIDDEN;
  return isPlainObject(value) && depth < DEPTH_MAX ? withoutSecrets(value, depth + 1) : value;
}

/** Errors and other objects with a class have a form of their own in the log. */
function isPlainObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
