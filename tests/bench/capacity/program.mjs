// What the program does by itself, as its sources and defaults have it: lib/base/limits.h, lib/engine,
// lib/service, lib/domain.

export const partitions = 256;
export const leaseS = 10;

// Writing, and notifying other nodes.
export const queueMax = 4096;
export const groupEventsMax = 512;
export const companyMs = 3;
export const sendEveryMs = 5;

// Sending.
export const servedPerTickMax = 64;
export const readyMax = 256;
export const pageMax = 64;
export const inFlightMax = 32;
export const promptMaxMs = 1000;
export const timeoutMs = 15_000;
export const failuresMax = 10;
export const probeDelayMs = { first: 5000, most: 300_000 };
export const firstRetryMs = 5000;
export const jitter = 0.2;

// Looking for what waits.
export const lookEveryMs = 10_000;
export const lookPageMax = 256;
