import {
  type ActionResult,
  type Plan,
  type RouteObservation,
  type RouteVerb,
  readRoutePromise,
} from "@antibody/core";
import type { ResourceId } from "@antibody/policy";
import { codeOf } from "../deviceError.ts";
import { done, type ResourceBody, type Subject } from "../resourceBody.ts";
import type { Listening, RouteListeners } from "../route/listeners.ts";

/** Local listeners to capabilities of peers. */
export function routeBody(listeners: RouteListeners): ResourceBody {
  /** Why the last listener could not be opened. */
  const errors = new Map<ResourceId, string>();
  return {
    slow: false,
    observe: ({ id }) => observeRoute(listeners.listening(id), errors.get(id)),
    act: (subject, plan) => actOnRoute(listeners, errors, subject, plan),
  };
}

function observeRoute(open: Listening | undefined, error: string | undefined): RouteObservation {
  if (open !== undefined) return { type: "listening", address: open.address, protocol: open.protocol };
  return { type: "closed", ...(error === undefined ? {} : { error }) };
}

async function actOnRoute(
  listeners: RouteListeners,
  errors: Map<ResourceId, string>,
  { id, name, promise }: Subject,
  plan: Plan,
): Promise<ActionResult> {
  const { listen, protocol = "tcp" } = readRoutePromise(promise);
  const verb = plan.verb as RouteVerb;
  errors.delete(id);
  switch (verb) {
    case "listen":
      try {
        await listeners.listen(id, name, { address: listen, protocol });
        return done(`listens on ${listen}`);
      } catch (error) {
        errors.set(id, codeOf(error));
        throw error;
      }
    case "close":
      await listeners.close(id);
      listeners.forget(id);
      return done("closed");
    default:
      verb satisfies never;
      throw new Error(`A route cannot ${plan.verb}`);
  }
}
