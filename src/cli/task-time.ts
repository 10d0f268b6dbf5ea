/** A time of a task as Ollama Queue's command line prints it, in UTC; `-` where there is none. */
export function timeText(rfc3339: string | undefined): string {
  return rfc3339 === undefined ? '-' : rfc3339.slice(0, 19).replace('T', ' ');
}
