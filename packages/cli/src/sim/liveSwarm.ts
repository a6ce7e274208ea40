import type { Inspection, MemberView } from "@antibody/core";
import { type AuthorId, compileGuard, evaluateGuard, type Grant } from "@antibody/policy";
import type { DeviceKind, ScenarioBundle } from "@antibody/sim";

/** The swarm as one agent knows it: each device once, this one first. */
export interface LiveSwarm {
  readonly devices: readonly DeviceKind[];
  /** What this device's owner grants whose stream it is; absent where that is nobody, or several. */
  readonly grant?: Grant;
}

/** Whose devices a bundle would come to now. */
const living: readonly MemberView["verdict"][] = ["reachable", "suspected", "stalled"];

/**
 * Who lives in the agent's swarm. Of others it knows names alone: they are taken to be like this device, without its
 * tags.
 */
export function liveSwarm(inspection: Inspection, author: AuthorId | undefined): LiveSwarm {
  const { arch, hostname, tags } = inspection.contexts;
  const others = inspection.members.filter(
    ({ agent, verdict }) => agent !== inspection.agent && living.includes(verdict),
  );
  const devices = [
    { arch, hostname, name: inspection.name, tags },
    ...others.map(({ name }) => ({ arch, hostname: name, name })),
  ];
  const grant = inspection.grants.find((each) => each.author === author);
  return grant === undefined ? { devices } : { devices, grant };
}

/** The bundle as this device's owner lets it in. */
export function asGranted(bundle: ScenarioBundle, { grant }: LiveSwarm): ScenarioBundle {
  if (grant === undefined) return bundle;
  const { scope, powers, mode } = grant;
  return { ...bundle, scope, powers, mode };
}

/** Guards that hold on none of the devices. */
export function heldNowhere({ documents }: ScenarioBundle, { devices }: LiveSwarm): readonly string[] {
  const guards = new Set(documents.flatMap(({ when }) => (when === undefined ? [] : [when])));
  return [...guards].filter((when) => {
    const guard = compileGuard(when);
    if (!("expression" in guard)) return true;
    const usual = { arch: "", hostname: "", name: "", os: "linux", tags: [] };
    return !devices.some((device) => evaluateGuard(guard, { ...usual, ...device }) === true);
  });
}
