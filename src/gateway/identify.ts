/** Who follows a channel: by a token, a header field or a ticket, whatever its transport lets it send. */
import type { Clock } from '../base/clock.js';
import type { Visitor } from '../tasks/task-queue.js';
import { type Authenticator, presentedKey } from './auth.js';
import type { Credentials } from './centrifuge/face.js';

/** The first that was brought counts: one that is wrong is not made good by another. */
export function identify(auth: Authenticator, clock: Clock): (credentials: Credentials) => Visitor | undefined {
  return ({ headers, ticket, token }) => {
    const key = token ?? presentedKey(headers);
    if (key !== undefined) return auth.callerOf(key);
    return auth.holderOf(ticket ?? '', clock.epoch());
  };
}
