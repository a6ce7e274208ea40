import { messageOf } from "../state/stateError.ts";

/**
 * Why the network could not be opened, on one line. Of addresses that cannot be listened on libp2p tells what a
 * programmer may do about it, and the stack of each.
 */
export function listenFailure(error: unknown): string {
  const message = messageOf(error);
  const causes = Array.from(
    message.matchAll(/^ {2}(\/\S+): (?:Error: )?(.+)$/gm),
    ([, address = "", cause = ""]) => `${address}: ${cause}`,
  );
  return causes.length === 0 ? message : causes.join("; ");
}
