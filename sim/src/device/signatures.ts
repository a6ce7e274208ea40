import type { DeathCertificate, HealthRumor, Input, PeerMessage } from "@antibody/core";
import type { DeviceTimes } from "./times.ts";

/** The CPU time of a step with an input: what comes meanwhile waits. */
export function busyUsOf(input: Input, { stepUs, verifyUs, sessionUs }: DeviceTimes): number {
  return stepUs + verifyUs * signaturesOf(input) + (input.type === "connected" ? sessionUs : 0);
}

/**
 * How many signatures a device verifies before its mind gets an input. Each receipt counts, although a device
 * remembers those that it verified lately; but of a member only its entry does, since its certificates come with
 * every one and are remembered from the first.
 */
export function signaturesOf(input: Input): number {
  switch (input.type) {
    case "message":
      return inMessage(input.message);
    case "rumor":
      return inRumor(input.rumor);
    case "connected":
    case "policy":
      return 1;
    default:
      return 0;
  }
}

function inMessage(message: PeerMessage): number {
  switch (message.type) {
    case "votes":
      return message.votes.length;
    case "deaths":
      return inDeaths(message.deaths);
    case "items":
      return (
        message.members.length +
        inDeaths(message.deaths) +
        message.policy.length +
        (message.evictions?.length ?? 0)
      );
    default:
      return 0;
  }
}

function inRumor(rumor: HealthRumor): number {
  switch (rumor.type) {
    case "members":
      return rumor.members.length;
    case "deaths":
      return inDeaths(rumor.deaths);
    case "sightings":
      return rumor.sightings.length;
    case "evictions":
      return rumor.evictions.length;
    default:
      throw new Error(`unknown rumor ${rumor satisfies never}`);
  }
}

function inDeaths(deaths: readonly DeathCertificate[]): number {
  return deaths.reduce((sum, { votes }) => sum + votes.length, 0);
}
