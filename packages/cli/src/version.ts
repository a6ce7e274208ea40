/** The version that `--version` prints, and that the agent tells its peers. */
export const version = "0.1.0";
