/** What the measurements have in common: each is a function that runs in a fresh process and gives figures. */

export interface Setting {
  /** Its own, empty; on the disk that is measured. */
  readonly folder: string;
  /** How long it may load the queue. */
  readonly seconds: number;
  /** Folders of task stores with this many waiting tasks. They are used in turn, and left with as many. */
  readonly large: string;
  readonly small: string;
  /** How many tasks wait in the long one. */
  readonly waiting: number;
}

/** By name; the unit ends the name. NaN where there is none. */
export type Figures = Readonly<Record<string, number>>;

export type Measure = (setting: Setting) => Promise<Figures>;
