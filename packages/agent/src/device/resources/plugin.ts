import { durationMs, pluginTimeoutMsDefault, readPluginName, readPluginPromise } from "@antibody/core";
import type { PluginQuestion } from "../../plugins/host.ts";
import type { Plugins } from "../../plugins/plugins.ts";
import type { ResourceBody, Subject } from "../resourceBody.ts";

/** Resources of the owner's plug-ins. */
export function pluginBody(plugins: Plugins): ResourceBody {
  return {
    slow: true,
    observe: async (subject, signal) =>
      plugins.host(pluginOf(subject)).observe(questionOf(subject), timeoutMsOf(subject), signal),
    act: async (subject, plan, run) => {
      if (plan.verb !== "repair") throw new Error(`A plug-in cannot ${plan.verb}`);
      const question = { ...questionOf(subject), repair: plan.summary };
      return plugins.host(pluginOf(subject)).repair(question, plan.timeoutMs, run);
    },
  };
}

function pluginOf({ name }: Subject): string {
  return readPluginName(name).plugin;
}

function questionOf({ id, name, promise }: Subject): PluginQuestion {
  return { resource: id, name: readPluginName(name).of, fields: readPluginPromise(promise).fields ?? {} };
}

function timeoutMsOf({ promise }: Subject): number {
  const { timeout } = readPluginPromise(promise);
  return timeout === undefined ? pluginTimeoutMsDefault : durationMs(timeout);
}
