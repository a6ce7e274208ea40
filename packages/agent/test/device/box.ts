/** The image that tests of containers know: it holds `sh` and `sleep`. */
export const boxImage = "localhost/box:1";

/** A container of that image which runs on, of the engine behind a socket. */
export function boxPromise<Socket extends string>(socket: Socket) {
  return {
    image: boxImage,
    command: ["sleep", "600"],
    socket,
    stopTimeout: "1s",
    pull: "never",
    network: "host",
  } as const;
}
