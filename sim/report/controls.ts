import { button, element, icon } from "./dom.ts";
import { moment } from "./format.ts";
import { type Player, speeds } from "./player.ts";

/** An arrow key moves by such a share of the run; with Shift, by a tenth of that. */
const arrowShare = 1 / 120;

const icons = {
  play: "M7 4.5v15l13-7.5z",
  pause: "M6 4.5h4.5v15H6zM13.5 4.5H18v15h-4.5z",
  before: "M5 5h2.6v14H5zM19 5v14L8.6 12z",
  next: "M16.4 5H19v14h-2.6zM5 5v14l10.4-7z",
} as const;

/** Play, speed, and steps from change to change; the keys that do the same. */
export function createControls(player: Player): HTMLElement {
  const time = element("output", { class: "now", "aria-live": "off" });
  const play = button({ class: "play", title: "Play or pause (space)" }, () => player.toggle());
  const speed = element("select", { title: "Virtual seconds per second", "aria-label": "Speed" });
  for (const each of speeds) speed.append(element("option", { value: each }, `${each}×`));
  speed.value = String(player.speed);
  speed.addEventListener("change", () => {
    player.speed = Number(speed.value);
    speed.blur();
  });
  const quiet = element("input", { type: "checkbox", checked: true });
  quiet.addEventListener("change", () => {
    player.skipsQuiet = quiet.checked;
  });
  player.onChange(() => {
    time.textContent = moment(player.nowMs, player.durationMs);
    play.replaceChildren(icon(player.isPlaying ? icons.pause : icons.play));
    play.setAttribute("aria-label", player.isPlaying ? "Pause" : "Play");
  });
  listenToKeys(player);
  return element(
    "div",
    { class: "controls" },
    button(
      { title: "To the change before ( , )", "aria-label": "Change before" },
      () => player.seekChange(-1),
      icon(icons.before),
    ),
    play,
    button(
      { title: "To the next change ( . )", "aria-label": "Next change" },
      () => player.seekChange(1),
      icon(icons.next),
    ),
    time,
    element("label", {}, "Speed ", speed),
    element(
      "label",
      { title: "Cross stretches in which nothing changes quickly" },
      quiet,
      " Skip what is quiet",
    ),
    element(
      "span",
      { class: "keys" },
      key("space"),
      " play ",
      key("←"),
      key("→"),
      " move ",
      key(","),
      key("."),
      " changes",
    ),
  );
}

function key(name: string): HTMLElement {
  return element("kbd", {}, name);
}

function listenToKeys(player: Player): void {
  const stride = player.durationMs * arrowShare;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { target } = event;
    const isButton = target instanceof HTMLButtonElement;
    if (target instanceof HTMLSelectElement || (isButton && event.key === " ")) return;
    const distance = event.shiftKey ? stride / 10 : stride;
    switch (event.key) {
      case " ":
        player.toggle();
        break;
      case "ArrowLeft":
        player.seek(Math.round(player.nowMs - distance));
        break;
      case "ArrowRight":
        player.seek(Math.round(player.nowMs + distance));
        break;
      case ",":
        player.seekChange(-1);
        break;
      case ".":
        player.seekChange(1);
        break;
      case "Home":
        player.seek(0);
        break;
      case "End":
        player.seek(player.durationMs);
        break;
      default:
        return;
    }
    event.preventDefault();
  });
}
