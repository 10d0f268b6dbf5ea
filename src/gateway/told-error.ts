/** What a caller is told of an error. */
import { GollamaError } from '../base/errors.js';
import { withoutPlaces } from '../base/places.js';

/** The codes from here on are of the server's side: their words are ours, the system's or an engine's, not the caller's. */
const SERVER_STATUS_MIN = 500;

/** Who is no admin is not told addresses and paths; the log has the error as it was. */
export function toldError(error: GollamaError, caller: { readonly admin: boolean }): GollamaError {
  if (caller.admin || error.status < SERVER_STATUS_MIN) return error;
  const message = withoutPlaces(error.message);
  if (message === error.message) return error;
  const { code, param, retryAfterS } = error;
  return new GollamaError(code, message, {
    cause: error,
    ...(param === undefined ? {} : { param }),
    ...(retryAfterS === undefined ? {} : { retryAfterS }),
  });
}
