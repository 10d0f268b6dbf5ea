/** A server under measurement, from the side of its producers. */
export interface StreamServer {
  readonly port: number;
  /** Readers follow them by name. */
  readonly channels: readonly string[];
  /** A record of text for the channel of that place. False: `drained` is to be awaited before the next. */
  append(at: number, text: string): boolean;
  drained(): Promise<void>;
  /** Hears whenever a log is read; returns what ends it. */
  onRead(listener: (channel: string) => void): () => void;
}
