/** A request for a response that cannot be understood. */
import { GollamaError } from '../../base/errors.js';

/** `param`: the member at fault, such as `input[2].content`. */
export function invalid(param: string, problem: string): GollamaError {
  return new GollamaError('invalid_request', `${param} ${problem}`, { param });
}
