/** Peers over libp2p: who may speak, what is said, and how a device joins. */
export {
  type InviteBook,
  type InviteState,
  type IssuedInvite,
  memoryInviteBook,
} from "./joining/inviteBook.ts";
export { type Invite, parseInviteCode } from "./joining/inviteCode.ts";
export {
  JoinError,
  type JoinErrorCode,
  type Joined,
  type JoinOptions,
  joinSwarm,
} from "./joining/joinSwarm.ts";
export { type Network, openNetwork } from "./network.ts";
export type { NetworkEvent, NetworkEventName, NetworkOptions } from "./networkOptions.ts";
export { RouteError, type RouteErrorCode } from "./routes/routes.ts";
