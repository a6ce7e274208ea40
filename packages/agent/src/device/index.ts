export { Device, type DeviceOptions } from "./device.ts";
