/** The agent without what else its package offers: a module that is loaded late is loaded whole. */
export { startAgent } from "@antibody/agent";
