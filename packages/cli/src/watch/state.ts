import { type OwnerCommand, parseDuration, pauseMsMax, pauseReasonCharactersMax } from "@antibody/core";
import type { ResourceId } from "@antibody/policy";
import type { ResourceFields } from "../views/resource.ts";
import type { WatchView } from "../views/watch.ts";
import type { Key } from "./keys.ts";

/** What a person sees and is in the middle of. Never changes: each key makes a new one. */
export interface WatchState {
  readonly page: Page;
  /** The resource that keys are about; the first one where it is gone. */
  readonly cursor: string | undefined;
  /** A question at the foot of the screen, with what was typed so far. */
  readonly prompt?: Prompt;
  /** What the last key came to. */
  readonly message: string;
  /** Nothing is painted, so that people can select and copy. */
  readonly held: boolean;
}

type Page =
  | { readonly type: "list" }
  | { readonly type: "why"; readonly resource: string; readonly from: number }
  | { readonly type: "help" };

/** What is asked before something is done. */
type Prompt =
  | { readonly type: "reason"; readonly target: string; readonly typed: string }
  | { readonly type: "span"; readonly target: string; readonly reason: string; readonly typed: string }
  | { readonly type: "cancel"; readonly resource: string; readonly action: string; readonly typed: "" };

/** What a key asks for. */
type Asked =
  | { readonly type: "nothing" }
  | { readonly type: "quit" }
  | { readonly type: "command"; readonly command: OwnerCommand };

/** What a key leads to. */
export interface Pressed {
  readonly state: WatchState;
  readonly asked: Asked;
}

export const firstState: WatchState = { page: { type: "list" }, cursor: undefined, message: "", held: false };

/** How far the keys for pages go. */
const pageRows = 10;
/** What a pause lasts where nothing is typed. */
export const pauseSpanDefault = "10m";

/** The resource that keys are about. */
export function chosen(state: WatchState, view: WatchView): ResourceFields | undefined {
  return view.resources.find(({ resource }) => resource === state.cursor) ?? view.resources[0];
}

/** Takes one key. */
export function press(state: WatchState, key: Key, view: WatchView): Pressed {
  if (key === "interrupt") return { state, asked: { type: "quit" } };
  const fresh = { ...state, message: "" };
  if (state.prompt !== undefined) return answer(fresh, state.prompt, key);
  switch (state.page.type) {
    case "list":
      return inList(fresh, key, view);
    case "why":
      return inText(fresh, state.page, key);
    case "help":
      return just({ ...fresh, page: { type: "list" } });
    default:
      return state.page satisfies never;
  }
}

function inList(state: WatchState, key: Key, view: WatchView): Pressed {
  const at = chosen(state, view);
  switch (key) {
    case "q":
      return { state, asked: { type: "quit" } };
    case "?":
    case "h":
      return just({ ...state, page: { type: "help" } });
    case " ":
      return just({ ...state, held: !state.held });
    case "up":
    case "k":
      return move(state, view, -1);
    case "down":
    case "j":
      return move(state, view, 1);
    case "pageUp":
      return move(state, view, -pageRows);
    case "pageDown":
      return move(state, view, pageRows);
    case "P":
      return just({ ...state, prompt: { type: "reason", target: "*", typed: "" } });
    case "R":
      return ask(state, { type: "resume", target: "*" });
    case "S":
      return ask(state, { type: "step", target: "*" });
    default:
      return at === undefined ? just(state) : onResource(state, key, at);
  }
}

function onResource(state: WatchState, key: Key, { resource, action }: ResourceFields): Pressed {
  const target = resource as ResourceId;
  switch (key) {
    case "enter":
    case "w":
      return just({ ...state, page: { type: "why", resource, from: 0 } });
    case "p":
      return just({ ...state, prompt: { type: "reason", target, typed: "" } });
    case "r":
      return ask(state, { type: "resume", target });
    case "s":
      return ask(state, { type: "step", target });
    case "c":
      return action === undefined
        ? just({ ...state, message: `no repair of ${resource} runs` })
        : just({ ...state, prompt: { type: "cancel", resource, action: action.id, typed: "" } });
    default:
      return just(state);
  }
}

function inText(state: WatchState, page: Extract<Page, { readonly type: "why" }>, key: Key): Pressed {
  const scrolled = (by: number): Pressed =>
    just({ ...state, page: { ...page, from: Math.max(0, page.from + by) } });
  switch (key) {
    case "up":
    case "k":
      return scrolled(-1);
    case "down":
    case "j":
      return scrolled(1);
    case "pageUp":
      return scrolled(-pageRows);
    case "pageDown":
      return scrolled(pageRows);
    case " ":
      return just({ ...state, held: !state.held });
    default:
      return just({ ...state, page: { type: "list" } });
  }
}

function answer(state: WatchState, prompt: Prompt, key: Key): Pressed {
  const { prompt: _prompt, ...without } = state;
  if (key === "escape") return just({ ...without, message: "nothing was done" });
  if (prompt.type === "cancel") {
    if (key !== "y") return just({ ...without, message: "nothing was done" });
    return ask(without, { type: "cancel", action: prompt.action as `${number}-${number}` });
  }
  if (key === "enter") return entered(without, prompt);
  const typed =
    key === "backspace"
      ? Array.from(prompt.typed).slice(0, -1).join("")
      : `${prompt.typed}${Array.from(key).length === 1 ? key : ""}`;
  return just({ ...state, prompt: { ...prompt, typed: typed.slice(0, pauseReasonCharactersMax) } });
}

function entered(without: WatchState, prompt: Exclude<Prompt, { readonly type: "cancel" }>): Pressed {
  const typed = prompt.typed.trim();
  if (prompt.type === "reason") {
    if (typed === "") return just({ ...without, prompt, message: "a pause needs a reason; Esc gives up" });
    return just({ ...without, prompt: { type: "span", target: prompt.target, reason: typed, typed: "" } });
  }
  const forMs = parseDuration(typed === "" ? pauseSpanDefault : typed);
  if (forMs === undefined || forMs > pauseMsMax)
    return just({ ...without, prompt, message: "write a duration such as 30s, 10m, 2h or 1d" });
  const target = prompt.target as ResourceId | "*";
  return ask(without, { type: "pause", target, reason: prompt.reason, forMs });
}

function move(state: WatchState, view: WatchView, by: number): Pressed {
  const ids = view.resources.map(({ resource }) => resource);
  const from = Math.max(0, ids.indexOf(chosen(state, view)?.resource ?? ""));
  return just({ ...state, cursor: ids[Math.max(0, Math.min(ids.length - 1, from + by))] });
}

function ask(state: WatchState, command: OwnerCommand): Pressed {
  return { state, asked: { type: "command", command } };
}

function just(state: WatchState): Pressed {
  return { state, asked: { type: "nothing" } };
}
