import type { Inspection, Outline, Overlay } from "./contract/inspection.ts";
import type { MindOptions } from "./contract/mind.ts";
import type { Now } from "./contract/time.ts";
import type { MindParts } from "./mindParts.ts";
import type { StagePorts } from "./rollout/ports.ts";

/** A read-only snapshot of everything that people and checkers may see. */
export function inspectMind(
  options: MindOptions,
  { swarm, policies, healing, routing, roles, rollouts }: MindParts,
  stagePorts: StagePorts,
  now: Now,
): Inspection {
  const { queues: swarmQueues, ...ofSwarm } = swarm.inspect(now);
  const { queues: policyQueues, ...ofPolicies } = policies.inspect();
  const { queues: healingQueues, ...ofHealing } = healing.inspect();
  return {
    v: 1,
    nowMs: now.monoMs,
    wallMs: now.wallMs,
    agent: options.agent,
    name: options.certificate.certificate.name,
    swarm: options.swarm,
    build: options.build,
    contexts: options.contexts,
    ...ofSwarm,
    ...ofPolicies,
    ...ofHealing,
    ...routing.inspect(),
    ...(roles.count === 0 ? {} : { roles: roles.inspect(now) }),
    ...(rollouts.count === 0 ? {} : { rollouts: rollouts.inspect(stagePorts, now) }),
    queues: [...swarmQueues, ...policyQueues, ...healingQueues],
  };
}

/** The part of an inspection that can be looked at all the time, without the list of members. */
export function outlineMind(options: MindOptions, parts: MindParts): Outline {
  const { incarnation, members, directory, queues } = parts.swarm.outline();
  const policies = parts.policies.inspect();
  const healing = parts.healing.inspect();
  return {
    agent: options.agent,
    name: options.certificate.certificate.name,
    incarnation,
    members,
    directory,
    streams: policies.streams,
    heldClaims: policies.heldClaims,
    resources: healing.resources,
    queues: [...queues, ...policies.queues, ...healing.queues],
  };
}

/** Who observes whom, as this agent knows it. */
export function overlayOfMind({ agent }: MindOptions, { swarm }: MindParts, now: Now): Overlay {
  return { v: 1, nowMs: now.monoMs, wallMs: now.wallMs, agent, members: swarm.overlay() };
}
