import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runModelSwarm } from "../calibration/modelSwarm.ts";
import { runRealSwarm, slowLinksFlags } from "../calibration/realSwarm.ts";
import { meanSwarmOf, type SwarmFigures, swarmPlan } from "../calibration/swarmFigures.ts";
import { makeColony, type TestColony } from "../harness/colonies.ts";

/** Forming, resting, publishing and dying take under two minutes on a machine that does much else. */
const boundMs = 400_000;
/** Counts hardly depend on how busy a machine is. */
const countBound = 0.15;
/** Times do: a real agent's work takes time, the model's does not. */
const [timesMin, timesMax] = [0.5, 3];

let test: TestColony;
let real: SwarmFigures;
const model = meanSwarmOf([1, 2, 3].map((seed) => runModelSwarm(swarmPlan, seed)));

beforeAll(async () => {
  test = makeColony({ nodeFlags: slowLinksFlags, lifeMs: boundMs });
  real = await runRealSwarm(test, swarmPlan);
}, boundMs);

afterAll(() => test.end());

/** Twenty processes over links of 50 ms, and as many minds in the simulator over the same. */
describe("the simulator does what real agents do", () => {
  it.each(["restMessages", "restBytes", "publishBytes"] as const)("%s", (figure) => {
    expect(Math.abs(model[figure] / real[figure] - 1), `${model[figure]}, real ${real[figure]}`).toBeLessThan(
      countBound,
    );
  });

  it.each(["arrivals", "deaths"] as const)("%s reach everyone, about as soon", (what) => {
    expect([real[what].reach, model[what].reach]).toEqual([1, 1]);
    for (const time of ["medianMs", "lastMs"] as const) {
      const quotient = real[what][time] / model[what][time];
      expect(quotient, `${time}: model ${model[what][time]}, real ${real[what][time]}`).toBeGreaterThan(
        timesMin,
      );
      expect(quotient, `${time}: model ${model[what][time]}, real ${real[what][time]}`).toBeLessThan(
        timesMax,
      );
    }
  });

  it("nobody is held dead who lives", () => {
    expect([real.falseDeaths, model.falseDeaths]).toEqual([0, 0]);
  });
});
