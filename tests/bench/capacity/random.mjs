// Randomness that depends on a seed and on what it is drawn for, never on the order of drawing: two
// runs that differ in capacity alone see the same events and the same receivers.

/** 32 well-mixed bits of three numbers. */
export function hashed(seed, kind, number) {
  let h = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(kind + 0x7f4a7c15, 0xc2b2ae35);
  h ^= Math.imul(number | 0, 0x27d4eb2f) ^ Math.imul(Math.floor(number / 2 ** 32), 0x165667b1);
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return (h ^ (h >>> 16)) >>> 0;
}

/** In (0, 1). */
export const unit = (seed, kind, number) => (hashed(seed, kind, number) + 0.5) / 2 ** 32;

/** Of an exponential distribution with mean 1. */
export const exponential = (u) => -Math.log(u);

/** Of a normal distribution, from two numbers in (0, 1). */
const normal = (u, v) => Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v);

export const lognormal = (median, sigma, u, v) => median * Math.exp(sigma * normal(u, v));

/** How popular endpoints are: the one of rank r has a share that falls with r to the power s < 1. */
export class Zipf {
  constructor(count, s) {
    this.power = 1 - s;
    this.count = count;
    this.first = 0.5 ** this.power;
    this.whole = (count + 0.5) ** this.power - this.first;
  }

  /** A rank from 1. */
  rank(u) {
    const rank = Math.round((this.first + u * this.whole) ** (1 / this.power));
    return Math.min(Math.max(rank, 1), this.count);
  }

  share(rank) {
    return ((rank + 0.5) ** this.power - (rank - 0.5) ** this.power) / this.whole;
  }
}
