/** What a value's text turned out to be. `wrong` ends the sentence "got X, ..." in a report. */
export type Reading<T> = { readonly value: T } | { readonly wrong: string };
